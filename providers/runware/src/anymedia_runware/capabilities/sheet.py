"""The vendor's data sheet of one model, and how its parameters become rules for a request."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from anymedia.catalog import Capabilities, Range, Size
from anymedia.json import JSON
from anymedia_runware import facts

__all__ = ["Offer", "Sheet", "rules", "when"]

_ANY_SIDE: Final = Range(64, 6144, 16)
_DURATION: Final = 5.0
_WORDS: Final = ("positivePrompt", "prompt")
_FROM_REQUEST: Final[Mapping[str, str]] = {
    "inputs": "",
    "messages": "prompt",
    "importModel": "dataset",
    "speech": "text",
    "positivePrompt": "prompt",
    "prompt": "prompt",
    "width": "size",
    "height": "size",
    "duration": "duration",
}
"""The field of ours that fills a parameter; inputs are asked for by name."""

_BY_PARAM: Final[Mapping[str, str]] = {
    "numberResults": "count",
    "negativePrompt": "negative_prompt",
    "seed": "seed",
    "outputFormat": "output_format",
    "duration": "duration",
    "fps": "fps",
    "strength": "strength",
    "upscaleFactor": "factor",
}
_CHOICES: Final[Mapping[str, str]] = {"fps": "fps", "factor": "upscaleFactor"}
_SHORT_SIDES: Final[Mapping[str, tuple[int, int]]] = {
    "360p": (640, 360),
    "480p": (854, 480),
    "540p": (960, 540),
    "720p": (1280, 720),
    "768p": (1366, 768),
    "1080p": (1920, 1080),
    "1440p": (2560, 1440),
    "4k": (3840, 2160),
}


@dataclass(frozen=True)
class Sheet:
    """One model as the data file has it.

    Attributes:
        air: Its id.
        task_type: The only task type it takes.
        kind: What comes out: `image`, `video`, ...
        params: The names of its parameters with their types or legal values; empty where nothing is published.
        required: Those it cannot do without.
        limits: Windows on their values.
        documented: Whether the vendor's own pages tell the windows.
    """

    air: str
    task_type: str
    kind: str
    params: Mapping[str, JSON]
    required: frozenset[str]
    limits: Mapping[str, Any]
    documented: bool

    def has(self, *names: str) -> bool:
        """Whether the model takes all of these parameters."""
        return all(name in self.params for name in names)

    def values(self, name: str) -> tuple[Any, ...]:
        """The legal values of a parameter, where there is a list."""
        found = self.params.get(name)
        return tuple(found) if isinstance(found, list) else ()

    def window(self, name: str, step: str = "multiple") -> Range | None:
        """The legal numbers for a parameter, where there are both ends."""
        found = self.limits.get(name, {})
        if "min" not in found or "max" not in found:
            return None
        return Range(found["min"], found["max"], found.get(step, 0))

    def fields(self, *names: str) -> set[str]:
        """Those of our fields that the model has a parameter for."""
        return {field for param, field in _BY_PARAM.items() if field in names and self.has(param)}


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One operation of a model: what a request for it may hold, and what the codec has to know.

    Attributes:
        fields: The request fields that reach the wire.
        wire: Names and habits, for `bodies`.
        required: Fields the model cannot do without, beside those its sheet tells.
        default_size: Sent when the request gives none and the model needs one.
        size_required: Whether it does.
        default_duration: Seconds sent when the request gives none, where the sheet tells nothing better.
        references: The most references.
        formats: The kinds of output format that make sense here; empty takes all of the model's.
    """

    fields: Iterable[str]
    wire: Mapping[str, JSON]
    required: frozenset[str] = frozenset()
    default_size: Size | None = None
    size_required: bool = False
    default_duration: float | None = _DURATION
    references: int | None = None
    formats: frozenset[str] = frozenset()


def when(condition: object, *fields: str) -> set[str]:
    """These fields, or none."""
    return set(fields) if condition else set()


def rules(sheet: Sheet, offer: Offer) -> Capabilities:
    """What the model accepts for the operation."""
    fields = frozenset(offer.fields)
    sizes, sides = _sizes(sheet) if "size" in fields else ((), None)
    legal = tuple(str(name).lower() for name in sheet.values("outputFormat"))
    formats = tuple(name for name in legal if name in offer.formats) or legal
    return Capabilities(
        fields=fields,
        required=offer.required | _required(sheet, fields),
        sizes=sizes,
        sides=sides,
        pixels=sheet.window("pixels"),
        resolutions=sheet.values("resolution") if "resolution" in fields else (),
        size_required=offer.size_required,
        default_size=sizes[0] if sizes and offer.default_size not in sizes else offer.default_size,
        durations=sheet.values("duration") if "duration" in fields else (),
        duration=_durations(sheet) if "duration" in fields else None,
        default_duration=_default_duration(sheet, offer.default_duration) if "duration" in fields else None,
        prompt=_prompt(sheet) if fields & {"prompt", "text"} else None,
        counts=_counts(sheet) if "count" in fields else None,
        references=offer.references,
        formats=formats,
        choices=_choices(sheet, fields),
        confirmed=_confirmed(sheet),
        wire=_wire(sheet, fields, formats, offer.wire),
    )


def _wire(sheet: Sheet, fields: frozenset[str], formats: tuple[str, ...], own: Mapping[str, JSON]) -> dict[str, JSON]:
    given = {name for name, field in _FROM_REQUEST.items() if not field or field in fields}
    needs: list[JSON] = [name for name in sorted(sheet.required - given) if name != own.get("text")]
    wanted = str(own.get("format", ""))
    format = wanted if wanted in formats or not formats else formats[0]
    count = "numberResults" if sheet.has("numberResults") else None
    return {"task": sheet.task_type, "count": count, **own, "format": format, "needs": needs}


def _required(sheet: Sheet, fields: frozenset[str]) -> frozenset[str]:
    """The prompt is asked for where the model needs it; our requests ask for the rest themselves."""
    return frozenset({"prompt"}) if sheet.required.intersection(_WORDS) and "prompt" in fields else frozenset()


def _prompt(sheet: Sheet) -> Range | None:
    name = next((name for name in _WORDS if sheet.has(name)), "")
    found = sheet.limits.get(name, {})
    return Range(found.get("min_length", 1), found["max_length"]) if "max_length" in found else None


def _counts(sheet: Sheet) -> Range | None:
    return sheet.window("promptVersions" if sheet.has("promptVersions") else "numberResults", step="step")


def _sizes(sheet: Sheet) -> tuple[tuple[Size, ...], Range | None]:
    listed = sheet.limits.get("sizes") or facts.SIZES.get(sheet.air)
    if listed:
        return tuple(Size(width, height) for width, height in listed), None
    sides = sheet.window("width")
    if sides is not None or sheet.kind == "image":
        return (), sides or _ANY_SIDE
    names = [str(name).lower() for name in sheet.values("resolution")] or ["720p"]
    pairs = [_SHORT_SIDES[name] for name in names if name in _SHORT_SIDES]
    return tuple(Size(*pair) for wide, high in pairs for pair in ((wide, high), (high, wide))), None


def _durations(sheet: Sheet) -> Range | None:
    window = sheet.window("duration")
    whole = str(sheet.params.get("duration", "")).startswith("integer")
    return replace(window, step=1) if window and whole else window


def _default_duration(sheet: Sheet, usual: float | None) -> float | None:
    durations, window = sheet.values("duration"), sheet.window("duration")
    if usual is None:
        return None
    if durations:
        return float(min(durations, key=lambda seconds: abs(seconds - usual)))
    return window.nearest(usual) if window else usual


def _choices(sheet: Sheet, fields: frozenset[str]) -> dict[str, tuple[float | str, ...]]:
    found = {field: sheet.values(param) for field, param in _CHOICES.items() if field in fields and sheet.values(param)}
    return {**found, "preprocessor": facts.PREPROCESSORS} if "preprocessor" in fields else found


def _confirmed(sheet: Sheet) -> frozenset[str]:
    """Lists of values come from the vendor's schemas; windows only sometimes from its pages."""
    firm = {"durations", "formats", "choices"}
    if sheet.kind == "image":
        firm.add("counts")
    if sheet.documented:
        firm |= {"sizes", "duration", "prompt", "references"}
    return frozenset(firm)
