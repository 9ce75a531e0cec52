"""What video models can be asked for."""

from collections.abc import Iterator
from typing import Final

from anymedia.catalog import Size
from anymedia.json import JSON
from anymedia_runware import facts
from anymedia_runware.capabilities.sheet import Offer, Sheet, when

__all__ = ["films"]

_WIDE: Final = Size(1280, 720)
_FIELDS: Final = ("count", "negative_prompt", "seed", "output_format", "duration", "fps")


def films(sheet: Sheet) -> Iterator[tuple[str, Offer]]:
    """videoInference."""
    if not sheet.params:
        yield from _unpublished()
    elif sheet.air in facts.PERFORMANCE:
        yield "character_performance", _offer(sheet, {"character", "performance", *sheet.fields("seed")})
    elif sheet.air in facts.SPEAKING:
        # What the face says comes as a sound among the references, or in the option `speech`.
        fields = _without_size(sheet, _filming(sheet)) | {"image", "references"}
        yield "image_to_video", _offer(sheet, fields, {"image": "image", "audio": "audio"}, references=1)
    elif sheet.air in facts.LIP_SYNC:
        fields = _without_size(sheet, _filming(sheet)) | {"video", "references"}
        yield "video_to_video", _offer(sheet, fields, {"video": "video", "audio": "audio"}, references=1)
    else:
        yield from _directed(sheet)


def _directed(sheet: Sheet) -> Iterator[tuple[str, Offer]]:
    """Films from words, frames or other films."""
    if sheet.air in facts.VIDEO_INPUT:
        yield "video_to_video", _from_film(sheet)
    if not sheet.has("positivePrompt", "duration"):
        return
    if "inputs" not in sheet.required:
        yield "text_to_video", _offer(sheet, _filming(sheet), sized=sheet.has("width"))
    if sheet.has("inputs") and sheet.air not in facts.NO_FRAMES:
        yield "image_to_video", _from_frames(sheet)


def _from_frames(sheet: Sheet) -> Offer:
    frames = {"image"} if sheet.air in facts.FIRST_FRAME_ONLY else {"image", "last_frame"}
    if "width" in sheet.required:
        return _offer(sheet, _filming(sheet) | frames, sized=True)
    # The first frame decides the shape; most models refuse a width and a height beside it.
    return _offer(sheet, _without_size(sheet, _filming(sheet)) | frames)


def _from_film(sheet: Sheet) -> Offer:
    name = facts.VIDEO_INPUT[sheet.air]
    fields = _without_size(sheet, _filming(sheet)) | {"video"}
    return _offer(sheet, fields - {"duration"} if name == "video" else fields, {"video": name})


def _unpublished() -> Iterator[tuple[str, Offer]]:
    """A model whose schema is not published is spoken to in the older dialect, and nothing is checked."""
    fields = {"prompt", "aspect_ratio", "size", "resolution", *_FIELDS} - {"fps"}
    wire: dict[str, JSON] = {"flat": True, "format": "mp4", "count": "numberResults"}
    yield "text_to_video", Offer(fields=fields, wire=wire, default_size=_WIDE)
    yield "image_to_video", Offer(fields={*fields, "image", "last_frame"}, wire=wire)


def _offer(
    sheet: Sheet,
    fields: set[str],
    wire: dict[str, JSON] | None = None,
    *,
    sized: bool = False,
    references: int | None = None,
) -> Offer:
    most = references or facts.REFERENCES.get(sheet.air, sheet.limits.get("referenceImages", {}).get("max_items"))
    return Offer(
        fields=frozenset(fields),
        wire={"sound": facts.SOUND.get(sheet.air), "format": "mp4", **(wire or {})},
        default_size=_WIDE if sized else None,
        size_required=sized,
        references=most,
    )


def _filming(sheet: Sheet) -> set[str]:
    fields = sheet.fields(*_FIELDS) | when(sheet.has("positivePrompt"), "prompt")
    fields |= when(sheet.has("width", "height"), "size", "aspect_ratio", "resolution")
    fields |= when(sheet.values("resolution"), "resolution")
    fields |= when(sheet.air in facts.SOUND, "audio")
    return fields | when(sheet.air in facts.REFERENCES, "references")


def _without_size(sheet: Sheet, fields: set[str]) -> set[str]:
    kept = fields - {"size", "aspect_ratio", "resolution"}
    return kept | {"resolution"} if sheet.values("resolution") else kept
