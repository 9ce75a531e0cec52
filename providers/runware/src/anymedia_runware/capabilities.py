"""From the vendor's data sheet of a model to what it accepts for each of our operations."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from anymedia.catalog import Capabilities, Range, Size
from anymedia.json import JSON
from anymedia_runware import facts

__all__ = ["Sheet", "operations_of"]

_ANY_SIDE: Final = Range(64, 6144, 16)
_SQUARE: Final = Size(1024, 1024)
_WIDE: Final = Size(1280, 720)
_DURATION: Final = 5.0
_COMMON: Final = frozenset({"inputs", "positivePrompt", "width", "height", "duration"})
"""What our requests can fill in; a model that requires more is left to `Native`."""

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
        params: The names of its parameters with their types or legal values.
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


def operations_of(sheet: Sheet) -> dict[str, Capabilities]:
    """Every operation of ours that the model can do."""
    if not sheet.params or not sheet.required <= _COMMON:
        return {}
    makers = {
        "imageInference": _images,
        "videoInference": _videos,
        "upscale": _upscales,
        "removeBackground": _backgrounds,
    }
    maker = makers.get(sheet.task_type)
    return dict(maker(sheet)) if maker else {}


def _images(sheet: Sheet) -> Iterator[tuple[str, Capabilities]]:
    if not sheet.has("positivePrompt"):
        return
    name = facts.IMAGE_INPUT.get(sheet.air, "seedImage" if sheet.has("strength") else "referenceImages")
    fields = _generation_fields(sheet)
    if sheet.has("inputs") and name == "referenceImages":
        fields.add("references")
    if "inputs" not in sheet.required:
        yield "text_to_image", _capabilities(sheet, fields, default_size=_SQUARE, size_required=sheet.has("width"))
    if sheet.has("inputs"):
        mask = facts.MASKED.get(sheet.air, "maskImage" if sheet.has("maskMargin") else None)
        fields |= {"image"} if mask is None else {"image", "mask"}
        fields |= {field for field in ("strength",) if sheet.has(field)}
        required = "width" in sheet.required
        wire: Mapping[str, JSON] = {"image": name, "mask": mask}
        changing = _capabilities(sheet, fields, default_size=_SQUARE, size_required=required, wire=wire)
        yield "image_to_image", changing


def _videos(sheet: Sheet) -> Iterator[tuple[str, Capabilities]]:
    if sheet.air == facts.DEFAULTS["character_performance"]:
        yield "character_performance", _capabilities(sheet, {"character", "performance", "seed"})
    if sheet.air in facts.VIDEO_INPUT:
        yield "video_to_video", _video_to_video(sheet)
    if not sheet.has("positivePrompt", "duration"):
        return
    fields = _generation_fields(sheet) | _filming_fields(sheet)
    if "inputs" not in sheet.required:
        yield "text_to_video", _capabilities(sheet, fields, default_size=_WIDE, size_required=sheet.has("width"))
    if sheet.has("inputs") and sheet.air not in facts.NO_FRAMES:
        yield "image_to_video", _image_to_video(sheet, fields)


def _image_to_video(sheet: Sheet, fields: set[str]) -> Capabilities:
    frames = {"image"} if sheet.air in facts.FIRST_FRAME_ONLY else {"image", "last_frame"}
    if "width" in sheet.required:
        return _capabilities(sheet, fields | frames, default_size=_WIDE, size_required=True)
    # The first frame decides the shape; most models refuse a width and a height beside it.
    return _capabilities(sheet, _without_size(sheet, fields) | frames)


def _video_to_video(sheet: Sheet) -> Capabilities:
    name = facts.VIDEO_INPUT[sheet.air]
    fields = _without_size(sheet, _generation_fields(sheet) | _filming_fields(sheet)) | {"video"}
    return _capabilities(sheet, fields - {"duration"} if name == "video" else fields, wire={"video": name})


def _upscales(sheet: Sheet) -> Iterator[tuple[str, Capabilities]]:
    if "width" in sheet.required:
        return
    fields, wire = {sheet.kind}, dict[str, JSON]()
    if sheet.has("upscaleFactor"):
        fields.add("factor")
        wire["factor"] = 2
    if sheet.kind == "video":
        fields |= {name for name in ("resolution", "fps") if sheet.has(name)}
    yield f"upscale_{sheet.kind}", _capabilities(sheet, fields, wire=wire)


def _backgrounds(sheet: Sheet) -> Iterator[tuple[str, Capabilities]]:
    operation = "remove_background" if sheet.kind == "image" else "remove_video_background"
    yield operation, _capabilities(sheet, {sheet.kind})


def _generation_fields(sheet: Sheet) -> set[str]:
    by_param = {"numberResults": "count", "negativePrompt": "negative_prompt", "seed": "seed"}
    fields = {"prompt", "output_format", *(field for param, field in by_param.items() if sheet.has(param))}
    if sheet.has("width", "height"):
        fields |= {"size", "aspect_ratio", "resolution"}
    if sheet.values("resolution"):
        fields.add("resolution")
    return fields


def _without_size(sheet: Sheet, fields: set[str]) -> set[str]:
    kept = fields - {"size", "aspect_ratio", "resolution"}
    return kept | {"resolution"} if sheet.values("resolution") else kept


def _filming_fields(sheet: Sheet) -> set[str]:
    fields = {name for name in ("duration", "fps") if sheet.has(name)}
    if sheet.air in facts.SOUND:
        fields.add("audio")
    if sheet.air in facts.REFERENCES:
        fields.add("references")
    return fields


def _capabilities(
    sheet: Sheet,
    fields: set[str],
    *,
    default_size: Size | None = None,
    size_required: bool = False,
    wire: Mapping[str, JSON] | None = None,
) -> Capabilities:
    sizes, sides = _sizes(sheet) if "size" in fields else ((), None)
    durations = sheet.values("duration") if "duration" in fields else ()
    lengths = sheet.limits.get("positivePrompt", {})
    return Capabilities(
        fields=frozenset(fields),
        required=frozenset({"prompt"}) if "positivePrompt" in sheet.required and "prompt" in fields else frozenset(),
        sizes=sizes,
        sides=sides,
        pixels=sheet.window("pixels"),
        resolutions=sheet.values("resolution") if "resolution" in fields else (),
        size_required=size_required,
        default_size=sizes[0] if sizes and default_size not in sizes else default_size,
        durations=durations,
        duration=_durations(sheet) if "duration" in fields else None,
        default_duration=_default_duration(sheet, durations) if "duration" in fields else None,
        prompt=Range(lengths.get("min_length", 1), lengths["max_length"]) if "max_length" in lengths else None,
        counts=sheet.window("numberResults", step="step") if "count" in fields else None,
        references=facts.REFERENCES.get(sheet.air, sheet.limits.get("referenceImages", {}).get("max_items")),
        formats=tuple(str(name).lower() for name in sheet.values("outputFormat")),
        choices=_choices(sheet, fields),
        confirmed=_confirmed(sheet),
        wire={"count": sheet.has("numberResults"), "sound": facts.SOUND.get(sheet.air), **(wire or {})},
    )


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


def _default_duration(sheet: Sheet, durations: tuple[Any, ...]) -> float | None:
    if durations:
        return float(min(durations, key=lambda seconds: abs(seconds - _DURATION)))
    window = sheet.window("duration")
    return window.nearest(_DURATION) if window else _DURATION


def _choices(sheet: Sheet, fields: set[str]) -> dict[str, tuple[float | str, ...]]:
    params = {"fps": "fps", "factor": "upscaleFactor"}
    return {field: sheet.values(param) for field, param in params.items() if field in fields and sheet.values(param)}


def _confirmed(sheet: Sheet) -> frozenset[str]:
    """Lists of values come from the vendor's schemas; windows only sometimes from its pages."""
    firm = {"durations", "formats", "choices"}
    if sheet.kind == "image":
        firm.add("counts")
    if sheet.documented:
        firm |= {"sizes", "duration", "prompt", "references"}
    return frozenset(firm)
