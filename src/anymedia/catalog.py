"""What each model accepts, and how a model's name is found."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from typing_extensions import override

from anymedia.errors import InvalidRequestError, Issue, ModelNotFoundError, UnsupportedError
from anymedia.json import JSON

__all__ = ["Capabilities", "Catalog", "ModelInfo", "Range", "Size"]

_UNLISTED = "unlisted:"
"""Before a model id that the catalogue does not hold and the caller vouches for."""


@dataclass(frozen=True, order=True)
class Size:
    """Width and height in pixels."""

    width: int
    height: int

    @override
    def __str__(self) -> str:
        return f"{self.width}x{self.height}"

    @classmethod
    def parse(cls, text: str) -> "Size":
        """Read `1280x720` (or a vendor's `1280:720`)."""
        width, height = text.replace(":", "x").split("x")
        return cls(int(width), int(height))

    @property
    def ratio(self) -> float:
        """Width over height."""
        return self.width / self.height


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high` inclusive, in steps; a step of 0 allows any."""

    low: float
    high: float
    step: float = 0

    def nearest(self, value: float) -> float:
        """The legal number closest to `value`."""
        inside = min(max(value, self.low), self.high)
        if not self.step:
            return inside
        steps = round((inside - self.low) / self.step)
        stepped = self.low + steps * self.step
        return stepped if stepped <= self.high else stepped - self.step

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high and abs(self.nearest(value) - value) < 1e-6

    @override
    def __str__(self) -> str:
        step = f" in steps of {self.step:g}" if self.step else ""
        return f"{self.low:g} to {self.high:g}{step}"


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What one model accepts for one operation. Empty or None means that nothing is known, so nothing is refused.

    Attributes:
        fields: The request fields that reach the wire; other settings are dropped with a notice.
        required: The request fields without which the vendor refuses.
        sizes: Every legal size, where there is a list.
        sides: The legal width and height, where there is a window.
        pixels: The legal product of both.
        aspect_ratios: For a model that takes a ratio by name in place of a size.
        resolutions: Scales the model takes by name, such as `720p`.
        size_required: Whether a size must be on the wire; one is chosen when the request gives none.
        default_size: The size chosen then.
        durations: Legal seconds, where there is a list.
        duration: Legal seconds, where there is a window.
        default_duration: Seconds sent when the request gives none; None sends nothing.
        prompt: Legal length of the prompt, or of the text to speak.
        prompt_unit: What the vendor counts: `characters` or `utf16`.
        counts: Legal numbers of outputs.
        references: The most reference inputs.
        formats: Output formats, lower case.
        seeds: Legal seeds.
        choices: Legal values of any other field, such as `factor`.
        confirmed: The rules (by attribute name) that are errors when broken; the others only give a notice.
        wire: What the provider's codec needs to know, in its own words.
    """

    fields: frozenset[str]
    required: frozenset[str] = frozenset()
    sizes: tuple[Size, ...] = ()
    sides: Range | None = None
    pixels: Range | None = None
    aspect_ratios: tuple[str, ...] = ()
    resolutions: tuple[str, ...] = ()
    size_required: bool = False
    default_size: Size | None = None
    durations: tuple[float, ...] = ()
    duration: Range | None = None
    default_duration: float | None = None
    prompt: Range | None = None
    prompt_unit: str = "characters"
    counts: Range | None = None
    references: int | None = None
    formats: tuple[str, ...] = ()
    seeds: Range | None = None
    choices: Mapping[str, tuple[float | str, ...]] = field(default_factory=dict[str, tuple[float | str, ...]])
    confirmed: frozenset[str] = frozenset()
    wire: Mapping[str, JSON] = field(default_factory=dict[str, JSON])


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """One model of a provider.

    Attributes:
        id: The vendor's own name, as it goes on the wire.
        names: Other names for it: portable ones that mean the same model at another provider, the vendor's slug.
        operations: What it can do, and what it accepts for each.
        listed: False for a model the catalogue does not hold; then nothing is checked.
    """

    id: str
    names: tuple[str, ...] = ()
    operations: Mapping[str, Capabilities] = field(default_factory=dict[str, Capabilities])
    listed: bool = True


class Catalog:
    """The models of one provider, by every name they have.

    Args:
        provider: The provider's name, for errors.
        models: What it sells.
        defaults: The model used for each operation when a request names none.
    """

    def __init__(self, provider: str, models: Iterable[ModelInfo], defaults: Mapping[str, str]) -> None:
        self.provider = provider
        self.models: Mapping[str, ModelInfo] = {model.id: model for model in models}
        self.defaults: Mapping[str, str] = dict(defaults)
        self._names = {name: model for model in self.models.values() for name in (*model.names, model.id)}

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def operations(self) -> frozenset[str]:
        """Every operation that some model offers."""
        return frozenset(operation for model in self.models.values() for operation in model.operations)

    def offering(self, operation: str) -> tuple[str, ...]:
        """The ids of the models that offer an operation."""
        return tuple(model.id for model in self.models.values() if operation in model.operations)

    def default(self, operation: str) -> str:
        """The model for an operation when a request names none.

        Raises:
            UnsupportedError: The provider does not offer the operation.
        """
        if operation not in self.defaults:
            raise UnsupportedError(f"{self.provider} does not offer {operation}", provider=self.provider)
        return self.defaults[operation]

    def find(self, name: str, operation: str) -> ModelInfo:
        """The model of that name (an id, a portable name or a slug), if it offers the operation.

        Raises:
            ModelNotFoundError: No model has that name; the error names those most like it.
            UnsupportedError: The model does not offer the operation; the error names models that do.
        """
        if name.startswith(_UNLISTED):
            return ModelInfo(id=name.removeprefix(_UNLISTED), listed=False)
        model = self._names.get(name)
        if model is None:
            raise self._not_found(name, operation)
        if operation not in model.operations:
            raise self._not_offered(model, operation)
        return model

    def _not_found(self, name: str, operation: str) -> ModelNotFoundError:
        near = difflib.get_close_matches(name, self._names, 3, cutoff=0.4)
        hint = ", ".join(near) or ", ".join(self.offering(operation)[:5])
        message = f"{self.provider} has no model {name!r}; try {hint} (or unlisted:{name} to send it as it is)"
        issue = Issue(field="model", message="unknown model", legal=tuple(near), nearest=near[0] if near else None)
        return ModelNotFoundError(message, provider=self.provider, issues=[issue])

    def _not_offered(self, model: ModelInfo, operation: str) -> InvalidRequestError:
        others = self.offering(operation)
        hint = f"models that do: {', '.join(others[:5])}" if others else f"{self.provider} has no model for it"
        offers = ", ".join(sorted(model.operations))
        issue = Issue(field="model", message=f"offers {offers}", legal=others, nearest=others[0] if others else None)
        message = f"{model.id} at {self.provider} does not do {operation} (it does {offers}); {hint}"
        return UnsupportedError(message, provider=self.provider, issues=[issue])
