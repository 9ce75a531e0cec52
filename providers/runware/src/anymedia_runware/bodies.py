"""From a resolved request to the task that goes on the wire. Local inputs stay `Media` until they are encoded."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from anymedia.catalog import ModelInfo, Size
from anymedia.errors import InvalidRequestError, Issue, MediaInputError
from anymedia.json import JSON
from anymedia.media import Media
from anymedia.provider import merge_options
from anymedia.requests import (
    CharacterPerformance,
    ImageToImage,
    ImageToVideo,
    Native,
    Reference,
    Request,
    VideoToVideo,
)
from anymedia.results import Result
from anymedia_runware.kinds import kind_of_media

__all__ = ["body_of", "call_of", "count_of", "encoded_body", "has_local_input"]

_CALLS: Final[Mapping[str, str]] = {
    "text_to_image": "imageInference",
    "image_to_image": "imageInference",
    "text_to_video": "videoInference",
    "image_to_video": "videoInference",
    "video_to_video": "videoInference",
    "character_performance": "videoInference",
    "upscale_image": "upscale",
    "upscale_video": "upscale",
    "remove_background": "removeBackground",
    "remove_video_background": "removeBackground",
}
_PLAIN: Final[Mapping[str, str]] = {
    "prompt": "positivePrompt",
    "negative_prompt": "negativePrompt",
    "resolution": "resolution",
    "seed": "seed",
    "strength": "strength",
    "duration": "duration",
    "fps": "fps",
    "factor": "upscaleFactor",
}
"""The vendor's name for each field that needs nothing else."""

_FORMATS: Final[Mapping[str, str]] = {"remove_video_background": "webm"}
"""What comes out when the request does not say: PNG for images and MP4 for films, but for these."""

_OURS: Final = ("taskType", "taskUUID", "deliveryMethod", "apiKey")
_UNPAID: Final = (
    "authentication ping getResponse getTaskDetails imageUpload mediaStorage modelSearch modelUpload accountManagement"
).split()
_UNLISTED: Final[Mapping[str, JSON]] = {"count": True, "image": "seedImage", "mask": "maskImage", "video": "video"}
_UNLISTED_STEP: Final = 64
_TYPICAL_SIDE: Final = 1024


def call_of(request: Request[Result]) -> str:
    """The task type a request becomes.

    Raises:
        InvalidRequestError: A `Native` call that starts no task.
    """
    if not isinstance(request, Native):
        return _CALLS[request.operation]
    if request.call in _UNPAID:
        issue = Issue(field="call", message=f"{request.call} starts no task; a Native call must be a paid one")
        raise InvalidRequestError(str(issue), provider="runware", issues=[issue])
    return request.call


def count_of(request: Request[Result]) -> int:
    """How many results a request asks for."""
    if isinstance(request, Native):
        asked = request.payload.get("numberResults") or request.payload.get("promptVersions")
        return asked if isinstance(asked, int) and asked > 0 else 1
    return int(getattr(request, "count", 1))


def body_of(request: Request[Result], model: ModelInfo) -> dict[str, object]:
    """The task without its type, id and way of delivery, which belong to the attempt.

    Raises:
        InvalidRequestError: An option contradicts the request, or is the library's business.
        MediaInputError: An input is of a kind the model does not take.
    """
    if isinstance(request, Native):
        body = merge_options(dict(request.payload), request, "runware")
        return {"includeCost": True, **_checked(body)}
    wire = model.operations[request.operation].wire if model.listed else _UNLISTED
    body = {"model": model.id, **_plain_fields(request), **_size(request)}
    inputs = _inputs(request, wire)
    if model.listed:
        body |= {"inputs": inputs} if inputs else {}
    else:
        body |= {**_unlisted_size(request, body), **_flat(inputs)}
    if wire.get("count") and hasattr(request, "count"):
        body["numberResults"] = count_of(request)
    body = _checked(merge_options(_with_sound(body, request, wire), request, "runware"))
    return {**_defaults(request, model), **body}


def has_local_input(request: Request[Result]) -> bool:
    """Whether bytes have to be encoded before the body can be sent."""
    return any(media.data is not None for _, media in request.media())


def encoded_body(body: Mapping[str, object]) -> dict[str, object]:
    """The body with every `Media` in the vendor's form: a URL or an id as it is, bytes as a data URI."""
    return {key: _encoded(value) for key, value in body.items()}


def _encoded(value: object) -> object:
    if isinstance(value, Media):
        return value.url or value.ref or value.data_uri
    if isinstance(value, Mapping):
        return encoded_body(cast("Mapping[str, object]", value))
    return [_encoded(inner) for inner in cast("list[object]", value)] if isinstance(value, list) else value


def _checked(body: dict[str, object]) -> dict[str, object]:
    issues = [Issue(field=key, message="is set by the library") for key in _OURS if key in body]
    if issues:
        raise InvalidRequestError("; ".join(map(str, issues)), provider="runware", issues=issues)
    return body


def _defaults(request: Request[Result], model: ModelInfo) -> dict[str, object]:
    """What is said aloud although the vendor has a default of its own for it."""
    rules = model.operations.get(request.operation)
    made = "mp4" if "video" in request.operation or request.operation == "character_performance" else "png"
    format = _FORMATS.get(request.operation, made)
    if rules is not None and rules.formats and format not in rules.formats:
        format = rules.formats[0]
    factor = {"upscaleFactor": rules.wire["factor"]} if rules is not None and "factor" in rules.wire else {}
    return {"outputFormat": format.upper(), "includeCost": True, **factor}


def _plain_fields(request: Request[Result]) -> dict[str, object]:
    values = {name: getattr(request, field, None) for field, name in _PLAIN.items()}
    values["outputFormat"] = str(getattr(request, "output_format", None) or "").upper() or None
    return {name: _number(value) for name, value in values.items() if value is not None}


def _number(value: object) -> object:
    """Whole numbers without a point: the vendor types most of them as integers."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _size(request: Request[Result]) -> dict[str, object]:
    given: str | None = getattr(request, "size", None)
    return _pixels(Size.parse(given)) if given is not None else {}


def _pixels(size: Size) -> dict[str, object]:
    return {"width": size.width, "height": size.height}


def _unlisted_size(request: Request[Result], body: Mapping[str, object]) -> dict[str, object]:
    """A size where nobody has chosen one: checkpoints need it, and know no aspect ratio by name."""
    ratio: str | None = getattr(request, "aspect_ratio", None)
    if "width" in body or not (ratio or call_of(request) == "imageInference"):
        return {}
    width, height = map(int, (ratio or "1:1").split(":"))
    stretch = math.sqrt(width / height)
    return _pixels(Size(_stepped(_TYPICAL_SIDE * stretch), _stepped(_TYPICAL_SIDE / stretch)))


def _stepped(side: float) -> int:
    return max(1, round(side / _UNLISTED_STEP)) * _UNLISTED_STEP


def _inputs(request: Request[Result], wire: Mapping[str, JSON]) -> dict[str, object]:
    """What goes under `inputs`, by the names the model uses."""
    references = _references(request)
    match request:
        case ImageToImage():
            name = str(wire["image"])
            image = Media.of(request.image)
            found = {name: [image, *references.pop(name, ())]} if name == "referenceImages" else {name: image}
            return {**found, **references, **({str(wire["mask"]): Media.of(request.mask)} if request.mask else {})}
        case ImageToVideo():
            frames: list[object] = [{"image": Media.of(request.image), "frame": "first"}]
            frames += [{"image": Media.of(request.last_frame), "frame": "last"}] if request.last_frame else []
            return {"frameImages": frames, **references}
        case VideoToVideo():
            video, name = Media.of(request.video), str(wire["video"])
            return {**references, **({name: video} if name == "video" else {name: [video, *references.get(name, ())]})}
        case CharacterPerformance():
            return _performance(request)
        case _:
            return {**references, **{field: media for field, media in request.media() if "[" not in field}}


def _performance(request: CharacterPerformance) -> dict[str, object]:
    character = Media.of(request.character)
    if kind_of_media(character) == "video":
        issue = Issue(field="character", message="must be an image here")
        raise MediaInputError(str(issue), provider="runware", issues=[issue])
    return {"referenceImages": [character], "referenceVideos": [Media.of(request.performance)]}


def _references(request: Request[Result]) -> dict[str, list[object]]:
    """References by kind; one of unknown kind counts as an image."""
    given: Sequence[Reference] = getattr(request, "references", ())
    is_film = "video" in request.operation
    found: dict[str, list[object]] = {}
    for reference in given:
        media = Media.of(reference.media)
        kind = kind_of_media(media) or "image"
        found.setdefault(f"reference{kind.capitalize()}s", []).append(
            _tagged(media, kind, reference.tag, is_film=is_film)
        )
    return found


def _tagged(media: Media, kind: str, tag: str | None, *, is_film: bool) -> object:
    if tag is None:
        return media
    return {"images": [media], "tag": tag} if is_film and kind == "image" else {kind: media, "tag": tag}


def _flat(inputs: Mapping[str, object]) -> dict[str, object]:
    """The older dialect, for models whose schema is not known: inputs at the root, films excepted."""
    found = dict(inputs)
    nested = {"inputs": {"video": found.pop("video")}} if "video" in found else {}
    if "image" in found:
        found["inputImage"] = found.pop("image")
    if "frameImages" in found:
        frames = cast("list[dict[str, object]]", found["frameImages"])
        found["frameImages"] = [{"inputImage": frame["image"], "frame": frame["frame"]} for frame in frames]
    return {**found, **nested}


def _with_sound(body: Mapping[str, object], request: Request[Result], wire: Mapping[str, JSON]) -> Mapping[str, object]:
    audio, path = getattr(request, "audio", None), wire.get("sound")
    if audio is None or not isinstance(path, str):
        return body
    value: Any = audio
    for name in reversed(path.split(".")):
        value = {name: value}
    return {**body, **value}
