"""How each wire field is filled from a request: one table for every model, since a name means the same everywhere."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from anymedia.errors import InvalidRequestError, Issue
from anymedia.media import Media
from anymedia_runway.forms import Form
from anymedia_runway.inputs import kind_of_input
from anymedia_runway.options import RunwayOptions
from anymedia_runway.references import reference_items

__all__ = ["FORMAT_WORDS", "WRITERS", "Writer"]

FORMAT_WORDS: Mapping[str, str] = {"jpg": "jpeg", "ogg": "ogg_opus"}
"""Output formats that the vendor calls otherwise."""


@dataclass(frozen=True)
class Writer:
    """How one wire field is filled.

    Attributes:
        reads: The request fields it is made of.
        write: Its value, or None to leave it out.
    """

    reads: tuple[str, ...]
    write: Callable[[Any, Form], object]


def _setting(*names: str) -> Writer:
    """The first of the fields that the request has."""
    return Writer(
        names, lambda request, _: next((getattr(request, name) for name in names if hasattr(request, name)), None)
    )


def _whole(name: str) -> Writer:
    """The vendor's integers; what the request holds as 5.0 travels as 5."""

    def write(request: Any, _: Form) -> float | None:
        number: float | None = getattr(request, name, None)
        return int(number) if number is not None and number == int(number) else number

    return Writer((name,), write)


def _input(name: str) -> Writer:
    return Writer((name,), lambda request, _: _media(request, name))


def _typed(name: str, otherwise: str) -> Writer:
    """An input that says its kind; `otherwise` where nothing tells."""

    def write(request: Any, _: Form) -> dict[str, object]:
        media = Media.of(getattr(request, name))
        return {"type": kind_of_input(media, otherwise), "uri": media}

    return Writer((name,), write)


def _references(name: str) -> Writer:
    def write(request: Any, form: Form) -> list[object] | None:
        # Where there is no field for an image to change, it is the first of the reference images.
        first = _media(request, "image") if name == "referenceImages" else None
        subjects = _options(request).subjects or {}
        return reference_items(request.references, name, form, first=first, subjects=subjects) or None

    return Writer(("references", "image") if name == "referenceImages" else ("references",), write)


def _media(request: Any, name: str) -> Media | None:
    value = getattr(request, name, None)
    return Media.of(value) if value is not None else None


def _options(request: Any) -> RunwayOptions:
    options = request.provider_options.get("runway")
    return options if isinstance(options, RunwayOptions) else RunwayOptions()


def _count(request: Any, _: Form) -> int | None:
    return request.count if request.count > 1 else None


def _format(request: Any, _: Form) -> str | None:
    wanted: str | None = request.output_format
    return FORMAT_WORDS.get(wanted, wanted) if wanted else None


def _ratio(request: Any, form: Form) -> str | None:
    size: str | None = getattr(request, "size", None)
    if size:
        return size.replace("x", ":")
    aspect_ratio: str | None = request.aspect_ratio
    resolution: str | None = getattr(request, "resolution", None)
    if resolution and not aspect_ratio and "resolution" not in form.fields:
        return f"auto_{resolution}"
    return aspect_ratio


def _frame_rate(request: Any, _: Form) -> str | None:
    # The vendor writes 23.98 as "23_98".
    return f"{request.fps:g}".replace(".", "_") if request.fps else None


def _expression(request: Any, _: Form) -> int | None:
    return 1 + round(4 * request.expression) if request.expression is not None else None


def _speech_rate(request: Any, _: Form) -> int | None:
    # 0 is normal, 100 twice as fast, -50 half as fast.
    speed: float | None = getattr(request, "speed", None)
    return round(100 * (speed - 1)) if speed is not None else None


def _frames(request: Any, _: Form) -> object:
    middle = _options(request).middle_frame
    placed = {
        "first": Media.of(request.image),
        "middle": Media.of(middle) if middle is not None else None,
        "last": _media(request, "last_frame"),
    }
    frames = {position: media for position, media in placed.items() if media is not None}
    if list(frames) == ["first"]:
        return frames["first"]
    return [{"uri": media, "position": position} for position, media in frames.items()]


def _voice(request: Any, _: Form) -> dict[str, object] | None:
    sample = _media(request, "voice_sample")
    if sample is not None:
        return {"type": "reference-audio", "audioUri": sample}
    return {"type": "runway-preset", "presetId": request.voice} if request.voice else None


def _recording(request: Any, _: Form) -> Media:
    media = Media.of(request.recording)
    if kind_of_input(media, otherwise="audio") != "audio":
        raise _refused("recording", "this model takes sounds only; hand in the film's sound track")
    return media


def _refused(field: str, message: str) -> InvalidRequestError:
    issue = Issue(field=field, message=message)
    return InvalidRequestError(str(issue), provider="runway", issues=[issue])


WRITERS: Mapping[str, Writer] = {
    "promptText": _setting("prompt", "text"),
    "negativePrompt": _setting("negative_prompt"),
    "seed": _setting("seed"),
    "audio": _setting("audio"),
    "resolution": _setting("resolution"),
    "bodyControl": _setting("body_control"),
    "targetAspectRatio": _setting("aspect_ratio"),
    "languageCode": _setting("language"),
    "targetLang": _setting("language"),
    "numSpeakers": _setting("speakers"),
    "loop": _setting("loop"),
    "duration": _whole("duration"),
    "scaleFactor": _whole("factor"),
    "speed": _whole("speed"),
    "speechRate": Writer(("speed",), _speech_rate),
    "imageUri": _input("image"),
    "maskUri": _input("mask"),
    "videoUri": _input("video"),
    "promptVideo": _input("video"),
    "ratio": Writer(("size", "aspect_ratio", "resolution"), _ratio),
    "outputCount": Writer(("count",), _count),
    "numVariants": Writer(("count",), _count),
    "outputFormat": Writer(("output_format",), _format),
    "format": Writer(("output_format",), _format),
    "targetFramerate": Writer(("fps",), _frame_rate),
    "expressionIntensity": Writer(("expression",), _expression),
    "promptImage": Writer(("image", "last_frame"), _frames),
    "character": _typed("character", "image"),
    "reference": _typed("performance", "video"),
    "media": _typed("recording", "audio"),
    "audioUri": Writer(("recording",), _recording),
    "voice": Writer(("voice", "voice_sample"), _voice),
    "referenceImages": _references("referenceImages"),
    "references": _references("references"),
    "referenceVideos": _references("referenceVideos"),
    "referenceAudio": _references("referenceAudio"),
    "referenceAudios": _references("referenceAudios"),
}
"""Every wire field that a request can fill, by its name."""
