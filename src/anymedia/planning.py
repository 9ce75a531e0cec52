"""A request and a model become a plan, or an error that names everything wrong at once. Nothing is sent."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from hashlib import sha256
from typing import Any, Literal, TypeVar

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from anymedia.catalog import Capabilities, Catalog, ModelInfo, Size
from anymedia.config import Config
from anymedia.errors import BudgetExceededError, ConfigurationError, InvalidRequestError, Issue, UnsupportedError
from anymedia.media import Media, load
from anymedia.provider import Plan, Provider
from anymedia.registry import provider_class, provider_names
from anymedia.requests import MEDIA_FIELDS, Native, ProviderOptions, Request
from anymedia.results import Notice, Result
from anymedia.sizing import ALIKE, nearest_ratio, nearest_resolution, nearest_size, off_ratio, ratio_of, size_for

__all__ = ["PlanPolicy", "make_plan", "resolve"]

AnyRequest = TypeVar("AnyRequest", bound=Request[Result])

_OWN = frozenset(Request.model_fields)
_SIZE_FIELDS = ("size", "aspect_ratio", "resolution")


@dataclass(frozen=True, kw_only=True)
class PlanPolicy:
    """How a request is to be read.

    Attributes:
        strict: Whether a setting that would be dropped is an error.
        size_policy: `exact` refuses an illegal size, `nearest` takes the legal one most like it.
        max_cost: US dollars; an estimate above it is an error.
    """

    strict: bool = False
    size_policy: Literal["exact", "nearest"] = "exact"
    max_cost: Decimal | None = None


async def make_plan(request: Request[Result], provider: Provider, config: Config, policy: PlanPolicy) -> Plan:
    """Resolve a request for one provider: its model, its inputs, its size; all problems are told together.

    Raises:
        InvalidRequestError: The request cannot work; see `issues`.
        MediaInputError: An input cannot be read.
        UnsupportedError: The provider has no such operation; the message names one that has.
        ModelNotFoundError: The provider has no such model.
        BudgetExceededError: The estimate is above `policy.max_cost`.
    """
    asked = request
    model = _model(request, provider, config)
    request, option_notices = _with_options(request, provider)
    resolved, notices = resolve(request, model, provider.catalog(), policy)
    loaded = {
        name: await load(media, field=name, kinds=MEDIA_FIELDS[name.split("[")[0]]) for name, media in resolved.media()
    }
    plan = provider.plan(resolved.with_media(loaded), model)
    _check_budget(plan, policy.max_cost)
    notices = option_notices + notices + plan.notices
    return replace(plan, notices=notices, fingerprint=_fingerprint(asked, loaded))


def _fingerprint(request: Request[Result], loaded: Mapping[str, Media]) -> str:
    """A digest of what is asked: the same for the same request, whatever form its inputs came in."""
    hashed = {name: Media(ref=media.sha256) if media.sha256 else media for name, media in loaded.items()}
    try:
        text = request.with_media(hashed).model_dump_json(exclude={"idempotency_key", "metadata"})
    except PydanticSerializationError as error:
        raise InvalidRequestError(f"{request.operation} holds what cannot be written as JSON: {error}") from error
    return sha256(f"{request.operation} {text}".encode()).hexdigest()


def _check_budget(plan: Plan, most: Decimal | None) -> None:
    if most is not None and plan.estimate is not None and plan.estimate.usd is not None and plan.estimate.usd > most:
        message = f"{plan.model} should cost ${plan.estimate.usd:f}, above max_cost ${most:f}; nothing was sent"
        raise BudgetExceededError(message, provider=plan.provider)


def _model(request: Request[Result], provider: Provider, config: Config) -> ModelInfo:
    catalog, operation = provider.catalog(), request.operation
    if isinstance(request, Native):
        return ModelInfo(id=str(request.payload.get("model") or request.call), listed=False)
    if request.model is not None:
        return catalog.find(config.model_named(request.model, provider.name), operation)
    if operation in provider.settings.models:
        return catalog.find(provider.settings.models[operation], operation)
    if operation not in catalog.defaults:
        raise _unsupported(operation, provider.name)
    return catalog.find(catalog.default(operation), operation)


def _unsupported(operation: str, name: str) -> UnsupportedError:
    others = [other for other in provider_names() if _offers(other, operation)]
    hint = f"{' and '.join(others)} can" if others else "no installed provider can"
    issue = Issue(
        field="provider", message=f"has no {operation}", legal=tuple(others), nearest=next(iter(others), None)
    )
    return UnsupportedError(f"{name} does not offer {operation}; {hint}", provider=name, issues=[issue])


def _offers(name: str, operation: str) -> bool:
    try:
        return operation in provider_class(name).catalog().defaults
    except ConfigurationError:  # a broken provider is no help, but not this request's problem either
        return False


def _with_options(request: AnyRequest, provider: Provider) -> tuple[AnyRequest, tuple[Notice, ...]]:
    given = request.provider_options.get(provider.name)
    if given is None:
        return request, ()
    field = f"provider_options.{provider.name}"
    data = given.model_dump(by_alias=True, exclude_unset=True) if isinstance(given, ProviderOptions) else given
    try:
        options = provider.options.model_validate(data)
    except ValidationError as error:
        details = error.errors(include_url=False)
        issues = [Issue(field=".".join([field, *map(str, item["loc"])]), message=item["msg"]) for item in details]
        raise InvalidRequestError("; ".join(map(str, issues)), provider=provider.name, issues=issues) from error
    notices = tuple(
        Notice(code="unknown_option", message="not known here; sent as it is", field=f"{field}.{key}")
        for key in options.model_extra or {}
    )
    return request.model_copy(update={"provider_options": {provider.name: options}}), notices


def resolve(
    request: AnyRequest, model: ModelInfo, catalog: Catalog, policy: PlanPolicy
) -> tuple[AnyRequest, tuple[Notice, ...]]:
    """The request with everything decided that the model leaves open, and what was dropped or adjusted on the way.

    Raises:
        InvalidRequestError: Something in it is illegal for this model; every problem is in `issues`.
    """
    if not model.listed:
        return request, ()
    check = _Check(request, model, catalog, policy)
    check.fields()
    check.lengths()
    check.numbers()
    check.size()
    if check.issues:
        about = "; ".join(map(str, check.issues))
        message = f"{request.operation} with {model.id}: {about}"
        raise InvalidRequestError(message, provider=catalog.provider, issues=check.issues)
    return request.model_copy(update=check.update), tuple(check.notices)


class _Check:
    """One pass over a request; collects issues, notices and the fields to change."""

    def __init__(self, request: Request[Result], model: ModelInfo, catalog: Catalog, policy: PlanPolicy) -> None:
        self.request = request
        self.rules: Capabilities = model.operations[request.operation]
        self.model = model
        self.catalog = catalog
        self.policy = policy
        self.issues: list[Issue] = []
        self.notices: list[Notice] = []
        self.update: dict[str, Any] = {}

    def value(self, name: str) -> Any:
        """A field as it now stands; None for a field this operation lacks."""
        return self.update.get(name, getattr(self.request, name, None))

    def fields(self) -> None:
        """Drop settings the model lacks; refuse inputs it lacks; ask for what it needs."""
        for name, info in type(self.request).model_fields.items():
            default = info.get_default(call_default_factory=True) if not info.is_required() else None
            given = getattr(self.request, name) != default
            if name in _OWN or name in self.rules.fields or not given or name in _SIZE_FIELDS:
                continue
            if name in MEDIA_FIELDS:
                self.issues.append(self._lacks_input(name))
            else:
                self._drop(name, default)
        for name in sorted(self.rules.required):
            if not self.value(name):
                self.issues.append(Issue(field=name, message=f"is required by {self.model.id}"))

    def lengths(self) -> None:
        """Hold the prompt (or the text to speak), the references and the output format against the rules."""
        spoken = "text" if self.value("text") else "prompt"
        prompt = self.value(spoken)
        if prompt and self.rules.prompt is not None:
            units = len(prompt.encode("utf-16-le")) // 2 if self.rules.prompt_unit == "utf16" else len(prompt)
            if units not in self.rules.prompt:
                self._broken(
                    "prompt", spoken, f"has {units} {self.rules.prompt_unit} units, legal are {self.rules.prompt}"
                )
        references = self.value("references") or ()
        if self.rules.references is not None and len(references) > self.rules.references:
            self._broken("references", "references", f"{len(references)} are too many; at most {self.rules.references}")
        wanted = self.value("output_format")
        if wanted:
            plain = str(wanted).lower()
            self.update["output_format"] = "jpg" if plain == "jpeg" else plain
            self._one_of("formats", "output_format", self.update["output_format"], self.rules.formats)

    def numbers(self) -> None:
        """Hold duration, count, seed and the model's own choices against the rules."""
        if self.value("duration") is None and self.rules.default_duration and "duration" in self.rules.fields:
            self.update["duration"] = self.rules.default_duration
        if self.value("duration") is not None:
            self._one_of("durations", "duration", self.value("duration"), self.rules.durations)
            self._within("duration", "duration", self.rules.duration)
        self._within("counts", "count", self.rules.counts)
        self._within("seeds", "seed", self.rules.seeds)
        for name, legal in self.rules.choices.items():
            if self.value(name) is not None:
                self._one_of("choices", name, self.value(name), legal)

    def size(self) -> None:
        """Turn size, aspect ratio and resolution into what the model takes."""
        rules = self.rules
        if rules.sizes or rules.sides:
            self._exact_size()
        elif rules.aspect_ratios or rules.resolutions:
            self._named_size()
        else:
            for name in _SIZE_FIELDS:
                if self.value(name) is not None and name not in rules.fields:
                    self._drop(name, None)

    def _exact_size(self) -> None:
        size, ratio, resolution = (self.value(name) for name in _SIZE_FIELDS)
        if size is not None:
            wanted = Size.parse(size)
            chosen = nearest_size(wanted, self.rules)
            if chosen != wanted:
                self._adjust("size", "sizes", size, str(chosen), "size")
        elif ratio or resolution:
            default = self.rules.default_size
            shape = ratio_of(ratio) if ratio else default.ratio if default else 1.0
            chosen = size_for(shape, resolution, self.rules)
            if ratio and off_ratio(chosen.ratio, shape) > ALIKE:
                self._adjust("aspect_ratio", "sizes", ratio, str(chosen), "size")
            self._set_size(str(chosen))
        elif self.rules.size_required and self.rules.default_size:
            self._set_size(str(self.rules.default_size))

    def _set_size(self, size: str | None, ratio: str | None = None, resolution: str | None = None) -> None:
        self.update.update(size=size, aspect_ratio=ratio, resolution=resolution)

    def _named_size(self) -> None:
        size, ratio, resolution = (self.value(name) for name in _SIZE_FIELDS)
        if size is not None:
            ratio = (
                nearest_ratio(Size.parse(size).ratio, self.rules.aspect_ratios) if self.rules.aspect_ratios else None
            )
            self._adjust("size", "sizes", size, f"aspect_ratio {ratio}" if ratio else "no size", None)
        elif ratio is not None and self.rules.aspect_ratios and ratio not in self.rules.aspect_ratios:
            chosen = nearest_ratio(ratio_of(ratio), self.rules.aspect_ratios)
            if off_ratio(ratio_of(chosen), ratio_of(ratio)) > ALIKE:
                self._adjust("aspect_ratio", "aspect_ratios", ratio, chosen, None)
            ratio = chosen
        elif ratio is not None and not self.rules.aspect_ratios and "aspect_ratio" not in self.rules.fields:
            self._drop("aspect_ratio", None)
            ratio = None
        if resolution is not None and self.rules.resolutions:
            resolution = nearest_resolution(resolution, self.rules.resolutions)
        elif resolution is not None and "resolution" not in self.rules.fields:
            self._drop("resolution", None)
            resolution = None
        self._set_size(None, ratio, resolution)

    def _adjust(self, field: str, rule: str, given: str, chosen: str, into: str | None) -> None:
        if self.policy.size_policy == "nearest":
            self.notices.append(Notice(code="adjusted", message=f"{given} became {chosen}", field=field))
            if into:
                self.update[into] = chosen
            return
        legal = tuple(map(str, self.rules.sizes)) or self.rules.aspect_ratios
        window = f" (sides {self.rules.sides})" if self.rules.sides else ""
        self._broken(rule, field, f"{given} is not legal for {self.model.id}{window}", legal=legal, nearest=chosen)

    def _drop(self, name: str, default: object) -> None:
        message = f"{self.model.id} has no such setting"
        if self.policy.strict:
            self.issues.append(Issue(field=name, message=message))
            return
        self.notices.append(Notice(code="dropped", message=f"{message}; not sent", field=name))
        self.update[name] = default

    def _lacks_input(self, name: str) -> Issue:
        operation = self.request.operation
        takers = [
            model.id
            for model in self.catalog.models.values()
            if operation in model.operations and name in model.operations[operation].fields
        ]
        return Issue(
            field=name,
            message=f"{self.model.id} takes no {name} for {operation}",
            legal=tuple(takers),
            nearest=f"model {takers[0]!r}" if takers else None,
        )

    def _one_of(self, rule: str, field: str, value: float | str, legal: tuple[float | str, ...]) -> None:
        if not legal or value in legal:
            return
        numbers = [item for item in legal if isinstance(item, int | float)]
        nearest = min(numbers, key=lambda item: abs(item - float(value))) if numbers else legal[0]
        shown = tuple(f"{item:g}" if isinstance(item, float) else str(item) for item in legal)
        self._broken(
            rule, field, f"{value} is not legal; legal are {', '.join(shown)}", legal=shown, nearest=str(nearest)
        )

    def _within(self, rule: str, field: str, legal: Any) -> None:
        value = self.value(field)
        if value is not None and legal is not None and value not in legal:
            self._broken(rule, field, f"{value} is not legal; legal is {legal}", nearest=f"{legal.nearest(value):g}")

    def _broken(
        self, rule: str, field: str, message: str, *, legal: tuple[str, ...] = (), nearest: str | None = None
    ) -> None:
        if rule in self.rules.confirmed:
            self.issues.append(Issue(field=field, message=message, legal=legal, nearest=nearest))
        else:
            hint = f"{message}; the catalogue may be out of date, so it is sent as it is"
            self.notices.append(Notice(code="unconfirmed", message=hint, field=field))
