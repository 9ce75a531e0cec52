"""Says in each model's own fields what a request to the model router says in common ones."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from anymedia_runway.emulator.models import Model, Models, Schema
from anymedia_runway.emulator.rules import broken_rules
from anymedia_runway.emulator.validation import validate

__all__ = ["Candidate", "candidates"]

Body = Mapping[str, Any]

_CLOSE = 0.06
_MEDIA_FIELDS = ("promptImage", "videoUri", "promptVideo", "voice")


@dataclass
class Candidate:
    """A model that might take the request, the body it would get, and the stages at which it drops out."""

    model: Model
    body: dict[str, Any]
    fails: set[str] = field(default_factory=set[str])
    ratio: str = ""


def candidates(models: Models, medium: str, wanted: Body) -> list[Candidate]:
    """One for each model that makes this medium in the way the request's media call for."""
    endpoint, say = _endpoint(medium, wanted), _SAYERS[medium]
    made = [say(models, model, wanted) for model in models.endpoints[endpoint].values()]
    for each in made:
        each.fails |= _refusals(each)
    return made


def _refusals(candidate: Candidate) -> set[str]:
    """The stages at which the model's own rules drop it."""
    wrong = validate(candidate.model, candidate.body, strict=True).issues
    if not wrong:
        wrong = broken_rules(candidate.model, candidate.body)
    return {_stage_of(issue["path"][0] if issue["path"] else "") for issue in wrong}


def _stage_of(name: str) -> str:
    if name == "promptText":
        return "prompt_length"
    return "input_support" if name.startswith("reference") or name in _MEDIA_FIELDS else "capability"


def _endpoint(medium: str, wanted: Body) -> str:
    if medium == "image":
        return "text_to_image"
    if medium == "audio":
        return "text_to_speech" if wanted["type"] == "speech" else "sound_effect"
    if any(video["role"] == "source" for video in wanted.get("referenceVideos", ())):
        return "video_to_video"
    framed = any(image["role"] in ("first", "last") for image in wanted.get("referenceImages", ()))
    return "image_to_video" if framed else "text_to_video"


def _image(models: Models, model: Model, wanted: Body) -> Candidate:
    made = Candidate(model, {"model": model.name, "promptText": wanted["promptText"]})
    low, high = models.routing["megapixels"][wanted["resolution"]]
    _choose_ratio(made, wanted["aspectRatio"], lambda width, height: low <= width * height / 1e6 <= high)
    _say(made, "outputCount", wanted.get("outputCount"))
    _say(made, "contentModeration", wanted.get("contentModeration"))
    if "seed" in wanted:
        _say(made, "seed", wanted["seed"] if model.name in models.routing["seeded_images"] else None, needed=True)
    _hand_over(made, "referenceImages", wanted.get("referenceImages", ()))
    return made


def _video(models: Models, model: Model, wanted: Body) -> Candidate:
    made = Candidate(model, {"model": model.name})
    _say(made, "promptText", wanted.get("promptText"))
    source = next((each["uri"] for each in wanted.get("referenceVideos", ()) if each["role"] == "source"), None)
    if source is None:
        low, high = models.routing["lines"][wanted["resolution"]]
        _choose_ratio(made, wanted["aspectRatio"], lambda width, height: low <= min(width, height) <= high)
        _say(made, "duration", wanted["duration"])
        _choose_frames(made, wanted)
    else:
        made.body["videoUri" if "videoUri" in model.fields else "promptVideo"] = source
        _say(made, "duration", wanted.get("asked_duration"))
    if wanted.get("audio") or (wanted.get("audio") is False and "audio" in model.fields):
        _say(made, "audio", wanted["audio"])
    for name in ("negativePrompt", "seed", "contentModeration", "keyframes"):
        _say(made, name, wanted.get(name))
    _hand_over(made, "references", _in_role(wanted, "referenceImages", "reference"))
    _hand_over(made, "referenceVideos", _in_role(wanted, "referenceVideos", "reference"), type="video")
    _hand_over(made, "referenceAudio", wanted.get("referenceAudio", ()), type="audio")
    return made


def _audio(models: Models, model: Model, wanted: Body) -> Candidate:
    made = Candidate(model, {"model": model.name, "promptText": wanted["promptText"]})
    for name in ("duration", "loop"):
        _say(made, name, wanted.get(name))
    _hand_over(made, "referenceAudios", wanted.get("referenceAudios", ()), bare=True)
    voice = wanted.get("voice")
    if voice and voice["type"] == "preset":
        voice = {"type": "runway-preset", "presetId": voice["presetId"]}
    _say(made, "voice", voice)
    if voice and "voice" in model.fields:
        forms = model.fields["voice"]["fields"]["type"]["enum"]
        made.fails |= set() if voice["type"] in forms else {"capability"}
    return made


_SAYERS: Mapping[str, Callable[[Models, Model, Body], Candidate]] = {"image": _image, "video": _video, "audio": _audio}


def _say(made: Candidate, name: str, value: Any, *, needed: bool = False) -> None:
    """Put a value into a field; a model that lacks the field, or the value, drops out."""
    if value is None and not needed:
        return
    if value is None or name not in made.model.fields:
        made.fails.add("capability")
    else:
        made.body[name] = value


def _choose_ratio(made: Candidate, aspect: str, fits: Callable[[int, int], bool]) -> None:
    if "ratio" not in made.model.fields:
        return
    width, height = map(int, aspect.split(":"))
    for name, across, down in _sizes(made.model.fields["ratio"]):
        if fits(across, down) and abs(across / down / (width / height) - 1) < _CLOSE:
            made.body["ratio"] = made.ratio = name
            return
    made.fails.add("capability")


def _sizes(schema: Schema) -> Iterator[tuple[str, int, int]]:
    forms: Sequence[Schema] = schema.get("anyOf", [schema])
    for form in forms:
        for name in form.get("enum", ()):
            across, colon, down = str(name).partition(":")
            if colon and int(across) > 100:
                yield name, int(across), int(down)


def _choose_frames(made: Candidate, wanted: Body) -> None:
    frames = [
        {"uri": image["uri"], "position": image["role"]}
        for image in wanted.get("referenceImages", ())
        if image["role"] in ("first", "last")
    ]
    if frames:
        made.body["promptImage"] = frames


def _in_role(wanted: Body, name: str, role: str) -> list[Body]:
    return [{"uri": each["uri"]} for each in wanted.get(name, ()) if each["role"] == role]


def _hand_over(made: Candidate, name: str, media: Sequence[Body], *, bare: bool = False, **extra: str) -> None:
    """Put media into a list; a model without that list drops out."""
    if not media:
        return
    if name not in made.model.fields:
        made.fails.add("input_support")
        return
    known = made.model.fields[name].get("items", {}).get("fields", {})
    kept = {key: value for key, value in extra.items() if key in known}
    made.body[name] = [each["uri"] if bare else {**kept, "uri": each["uri"]} for each in media]
