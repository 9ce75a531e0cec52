"""What goes under `inputs`, by the names the model uses. Source: runware 0.5.24, input classes; 2026-10."""

from collections.abc import Mapping, Sequence
from functools import singledispatch
from typing import cast

from anymedia.errors import Issue, MediaInputError
from anymedia.json import JSON
from anymedia.media import Media
from anymedia.requests import (
    CharacterPerformance,
    Generate3D,
    GenerateText,
    ImageToImage,
    ImageToVideo,
    Reference,
    Request,
    TextToSpeech,
    VideoToVideo,
)
from anymedia.results import Result
from anymedia_runware.kinds import kind_of_media

__all__ = ["inputs_of"]


@singledispatch
def inputs_of(request: Request[Result], wire: Mapping[str, JSON]) -> dict[str, object]:
    """Every medium of a request under its name."""
    plain = {field: media for field, media in request.media() if "[" not in field}
    return {**_references(request, wire), **plain}


@inputs_of.register
def _of_image(request: ImageToImage, wire: Mapping[str, JSON]) -> dict[str, object]:
    found, name, image = _references(request, wire), str(wire["image"]), Media.of(request.image)
    found[name] = [image, *cast("list[object]", found.get(name, []))] if name == "referenceImages" else image
    return found | ({str(wire["mask"]): Media.of(request.mask)} if request.mask else {})


@inputs_of.register
def _of_frames(request: ImageToVideo, wire: Mapping[str, JSON]) -> dict[str, object]:
    references = _references(request, wire)
    if wire.get("image"):
        return {str(wire["image"]): Media.of(request.image), **references}
    frames: list[object] = [{"image": Media.of(request.image), "frame": "first"}]
    frames += [{"image": Media.of(request.last_frame), "frame": "last"}] if request.last_frame else []
    return {"frameImages": frames, **references}


@inputs_of.register
def _of_film(request: VideoToVideo, wire: Mapping[str, JSON]) -> dict[str, object]:
    references = _references(request, wire)
    video, name = Media.of(request.video), str(wire["video"])
    if name == "video":
        return {**references, name: video}
    return {**references, name: [video, *cast("list[object]", references.get(name, []))]}


@inputs_of.register
def _of_performance(request: CharacterPerformance, wire: Mapping[str, JSON]) -> dict[str, object]:
    del wire
    character = Media.of(request.character)
    if kind_of_media(character) == "video":
        raise _wrong_kind("character", "an image")
    return {"referenceImages": [character], "referenceVideos": [Media.of(request.performance)]}


@inputs_of.register
def _of_voice(request: TextToSpeech, wire: Mapping[str, JSON]) -> dict[str, object]:
    del wire
    return {"referenceVoices": [{"audio": Media.of(request.voice_sample)}]} if request.voice_sample else {}


@inputs_of.register
def _of_views(request: Generate3D, wire: Mapping[str, JSON]) -> dict[str, object]:
    """One image as `image`, several views of the thing as `images`."""
    del wire
    image = [Media.of(request.image)] if request.image else []
    views = [*image, *(Media.of(reference.media) for reference in _given(request))]
    return {"images": views} if len(views) > len(image) else {"image": views[0]} if views else {}


@inputs_of.register
def _of_subjects(request: GenerateText, wire: Mapping[str, JSON]) -> dict[str, object]:
    del wire
    found: dict[str, object] = {}
    media = [Media.of(reference.media) for reference in _given(request)]
    for one in media:
        kind = kind_of_media(one) or "image"
        if kind == "audio":
            raise _wrong_kind("references", "images or films")
        found[f"{kind}s"] = [*cast("list[object]", found.get(f"{kind}s", [])), one]
    return found


def _references(request: Request[Result], wire: Mapping[str, JSON]) -> dict[str, object]:
    """References by kind; one of unknown kind is what the model mostly takes."""
    usual, is_film = "audio" if wire.get("audio") else "image", "video" in request.operation
    found: dict[str, list[object]] = {}
    for reference in _given(request):
        media = Media.of(reference.media)
        kind = kind_of_media(media) or usual
        name = str(wire["audio"]) if kind == "audio" and wire.get("audio") else f"reference{kind.capitalize()}s"
        found.setdefault(name, []).append(_tagged(media, kind, reference.tag, is_film=is_film))
    return {name: media[0] if name == "audio" else media for name, media in found.items()}


def _tagged(media: Media, kind: str, tag: str | None, *, is_film: bool) -> object:
    if tag is None:
        return media
    return {"images": [media], "tag": tag} if is_film and kind == "image" else {kind: media, "tag": tag}


def _given(request: Request[Result]) -> Sequence[Reference]:
    found: Sequence[Reference] = getattr(request, "references", ())
    return found


def _wrong_kind(field: str, wanted: str) -> MediaInputError:
    issue = Issue(field=field, message=f"must be {wanted} here")
    return MediaInputError(str(issue), provider="runware", issues=[issue])
