"""Works out what a request is to make: medium, size, length, number and format of its outputs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from anymedia_runway.emulator import issues
from anymedia_runway.emulator.assets import Asset
from anymedia_runway.emulator.errors import invalid_body
from anymedia_runway.emulator.models import Model, Models, Schema

__all__ = ["Job", "plan"]

Body = Mapping[str, Any]
Size = tuple[int, int]

# The vendor does not publish default durations.
_USUAL_SECONDS = 5
_USUAL_FPS = 24.0
_USUAL_SIDE = {"image": 1024, "video": 720}
_USUAL_ASPECT = {"image": 1.0, "video": 16 / 9}
_SMALLEST_WIDTH = 64
_DRAFT_SIDE = 480
_CHARACTERS_PER_SECOND = 15
_BOOST = 2


@dataclass(frozen=True)
class Job:
    """What is to be made. `most_seconds` is what the request might take; it is charged up front."""

    medium: str
    format: str
    size: Size = (0, 0)
    seconds: float = 0
    most_seconds: float = 0
    fps: float = _USUAL_FPS
    count: int = 1
    sound: bool = False
    words: str = ""

    @property
    def frames(self) -> float:
        """How many frames a film has."""
        return self.seconds * self.fps


def plan(models: Models, model: Model, body: Body, assets: Sequence[Asset]) -> Job:
    """What this request makes.

    Raises:
        ApiError: The output would be larger than the model allows.
    """
    request = _Request(models, model, body, assets)
    usual = _picture if model.makes.get("medium") == "image" else _film
    return replace(_PLANNERS.get(model.endpoint, usual)(request), words=request.words)


@dataclass(frozen=True)
class _Request:
    models: Models
    model: Model
    body: Body
    assets: Sequence[Asset]

    def get(self, field: str) -> Any:
        """A field's value, or its default."""
        return self.body.get(field, self.model.fields.get(field, {}).get("default"))

    def first(self, *kinds: str) -> Asset | None:
        return next((asset for asset in self.assets if asset.kind in kinds), None)

    @property
    def source(self) -> Asset | None:
        """The film to be changed."""
        fields = ("videoUri", "promptVideo", self.model.makes.get("source"))
        return next((asset for asset in self.assets if asset.path[0] in fields), None)

    @property
    def words(self) -> str:
        """What the request says in words."""
        said = (_at(self.body, field) for field in self.model.makes.get("words", ("promptText",)))
        return " ".join(str(each) for each in said if each is not None)

    def size(self, medium: str) -> Size:
        """The size a ratio or resolution names; without one, that of the first picture."""
        ratio, resolution = self.get("ratio") or self.get("targetAspectRatio") or "", self.get("resolution") or ""
        pixels = _as_size(ratio)
        if pixels and pixels[0] >= _SMALLEST_WIDTH:
            return pixels
        name = ratio if ratio in self.models.sides else resolution.lower()
        if pixels is None and name not in self.models.sides and self.source:
            return self.source.size
        seen = self.source or self.first("image", "video")
        aspect = pixels[0] / pixels[1] if pixels else seen.aspect if seen else _USUAL_ASPECT[medium]
        return _with_side(self.models.sides.get(name, _USUAL_SIDE[medium]), aspect)

    def seconds(self) -> float:
        """How long the film is to be."""
        settings: Body = self.body.get("providerSettings", {})
        if shots := settings.get("multiPrompt"):
            return float(sum(shot["duration"] for shot in shots))
        asked = self.get("duration")
        if isinstance(asked, int | float):
            before = self.source.seconds if self.source and self.body.get("mode") == "extend" else 0.0
            return float(asked) + before
        if self.source:
            return self.source.seconds
        return _nearest(self.model.fields.get("duration", {}))

    def most_seconds(self) -> float:
        """The longest that the film can become."""
        if self.get("duration") != "auto":
            return self.seconds()
        longest = max(float(each.get("max", 0)) for each in self.model.fields["duration"]["anyOf"])
        return max(self.seconds(), longest)


def _picture(request: _Request) -> Job:
    made = "svg" if request.model.name.endswith("_vector") else request.get("outputFormat") or "png"
    return Job("image", made, request.size("image"), count=request.get("outputCount") or 1)


def _film(request: _Request) -> Job:
    sound = bool(request.get("audio") or (request.source and request.source.has_sound))
    size = request.size("video")
    if request.get("draft"):
        size = _with_side(_DRAFT_SIDE, size[0] / size[1])
    return Job(
        "video",
        request.get("outputFormat") or "mp4",
        size,
        request.seconds(),
        request.most_seconds(),
        sound=sound,
    )


def _performance(request: _Request) -> Job:
    reference = next(asset for asset in request.assets if asset.path[0] == "reference")
    size = request.size("video") if "ratio" in request.body else _with_side(720, _USUAL_ASPECT["video"])
    return Job("video", "mp4", size, reference.seconds, reference.seconds, sound=reference.has_sound)


def _talk(request: _Request) -> Job:
    face, recording = request.first("image"), request.first("audio")
    seconds = recording.seconds if recording else _spoken(request.words)
    size = _with_side(_USUAL_SIDE["video"], face.aspect if face else _USUAL_ASPECT["video"])
    return Job("video", "mp4", size, seconds, seconds, sound=True)


def _larger_picture(request: _Request) -> Job:
    width, height = request.assets[0].size
    factor = request.get("scaleFactor")
    limit = request.model.max_output_pixels
    if limit and width * height * factor**2 > limit:
        raise invalid_body([issues.too_big("number", limit, ["scaleFactor"], "The output would have too many pixels")])
    return Job("image", "png", (width * factor, height * factor))


def _larger_film(request: _Request) -> Job:
    source = request.assets[0]
    fps, size = source.fps, source.size
    if "targetFramerate" in request.body:
        fps = float(request.body["targetFramerate"].replace("_", "."))
    else:
        size = _with_side(max(min(size), request.models.sides[request.get("resolution")]), source.aspect)
        fps *= _BOOST if request.get("fpsBoost") else 1
    return Job("video", "mp4", size, source.seconds, source.seconds, fps, sound=source.has_sound)


def _graded_film(request: _Request) -> Job:
    source = request.assets[0]
    made = request.get("outputFormat")
    return Job("video", made, source.size, source.seconds, source.seconds, source.fps, sound=source.has_sound)


def _sound(request: _Request) -> Job:
    seconds = request.seconds()
    if request.model.endpoint == "text_to_speech":
        seconds = _spoken(request.words)
    elif request.model.endpoint in ("voice_isolation", "voice_dubbing", "speech_to_speech"):
        seconds = request.assets[0].seconds
    made = request.get("outputFormat") or request.get("format") or "mp3"
    return Job("audio", made.partition("_")[0], (0, 0), seconds, seconds, count=request.get("numVariants") or 1)


_PLANNERS: Mapping[str, Callable[[_Request], Job]] = {
    "text_to_image": _picture,
    "image_upscale": _larger_picture,
    "video_upscale": _larger_film,
    "video_to_hdr": _graded_film,
    "character_performance": _performance,
    "avatar_videos": _talk,
    **dict.fromkeys(("text_to_speech", "sound_effect", "speech_to_speech"), _sound),
    **dict.fromkeys(("voice_dubbing", "voice_isolation", "video_to_audio"), _sound),
}


def _at(body: Any, field: str) -> Any:
    """What a dotted path leads to; None where it leads nowhere."""
    found = body
    for step in field.split("."):
        if isinstance(found, dict):
            found = cast("Body", found).get(step)
        elif isinstance(found, list):
            found = cast("Sequence[Any]", found)[int(step)]
    return found


def _spoken(text: str) -> float:
    """How many seconds it takes to say something."""
    return max(1.0, len(text) / _CHARACTERS_PER_SECOND)


def _as_size(ratio: str) -> Size | None:
    width, colon, height = ratio.partition(":")
    return (int(width), int(height)) if colon and width.isdigit() and height.isdigit() else None


def _with_side(side: int, aspect: float) -> Size:
    width, height = (side * aspect, side) if aspect >= 1 else (side, side / aspect)
    return 2 * round(width / 2), 2 * round(height / 2)


def _nearest(schema: Schema) -> float:
    """The usual duration, or the legal one nearest to it."""
    if "default" in schema:
        return float(schema["default"])
    if "enum" in schema:
        choices: list[float] = schema["enum"]
        return float(min(choices, key=lambda seconds: abs(seconds - _USUAL_SECONDS)))
    bounds: Schema = schema.get("anyOf", [schema])[0]
    return float(max(bounds.get("min", 0), min(bounds.get("max", _USUAL_SECONDS), _USUAL_SECONDS)))
