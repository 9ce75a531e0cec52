"""The rules between fields that no single field can express."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from anymedia_runway.emulator import issues
from anymedia_runway.emulator.issues import Issue
from anymedia_runway.emulator.models import Model

__all__ = ["broken_rules"]

Body = Mapping[str, Any]

# Source: runwayml 5.24.0, docstrings of `prores_profile`; 2026-11
_PRORES = {
    "prores": ("422", "4444", "422 Proxy", "422 LT", "422 HQ", "4444 XQ"),
    "hdr_prores": ("422", "422 HQ", "4444"),
}
# Source: runwayml 5.24.0, types/recipe_multi_shot_video_params.py; 2026-11
_USUAL_SHOTS_SECONDS = 10
_SUBJECT_LIMITS = {"human": 5, "object": 9}


def broken_rules(model: Model, body: Body) -> list[Issue]:
    """Every broken rule of a body whose fields are fine one by one."""
    rules = (*_EVERYWHERE, *_BY_MODEL.get(model.name, ()))
    return [issue for rule in rules for issue in rule(model.endpoint, body)]


def _frames(endpoint: str, body: Body) -> Iterator[Issue]:
    frames = _listed(body, "promptImage")
    positions = [frame["position"] for frame in frames if "position" in frame]
    if len(set(positions)) < len(positions):
        message = "Each position (`first`, `last`) may only be used once."
        yield issues.custom(["promptImage"], f"Duplicate position values are not allowed. {message}")
    if positions and "first" not in positions:
        yield issues.custom(["promptImage"], "You must specify a frame in position `first`.")
    if positions and len(positions) < len(frames):
        yield issues.custom(["promptImage"], "Frames with a position and reference images cannot be mixed.")


def _listed(body: Body, field: str) -> Sequence[Body]:
    value = body.get(field)
    return cast("Sequence[Body]", value) if isinstance(value, list) else ()


def _profile(endpoint: str, body: Body) -> Iterator[Issue]:
    if "proresProfile" not in body:
        return
    allowed = _PRORES.get(body.get("outputFormat", ""), ())
    if body["proresProfile"] not in allowed:
        yield issues.custom(["proresProfile"], "proresProfile does not go with this outputFormat.")


def _tags(endpoint: str, body: Body) -> Iterator[Issue]:
    tags = [image["tag"] for image in body.get("referenceImages", []) if "tag" in image]
    if len(set(tags)) < len(tags):
        yield issues.custom(["referenceImages"], "Reference tags must be unique.")


def _subjects(endpoint: str, body: Body) -> Iterator[Issue]:
    if not body.get("model", "").startswith("gemini_image3"):
        return
    subjects = [image.get("subject", "object") for image in body.get("referenceImages", [])]
    for subject, limit in _SUBJECT_LIMITS.items():
        if subjects.count(subject) > limit:
            yield issues.custom(["referenceImages"], f"At most {limit} references may have the subject `{subject}`.")


def _keyframes(endpoint: str, body: Body) -> Iterator[Issue]:
    keyframes: Sequence[Body] = body.get("keyframes", [])
    ranged = [frame for frame in keyframes if "range" in frame]
    if ranged and len(ranged) < len(keyframes):
        yield issues.custom(["keyframes"], "Either all keyframes or none carry a range.")
    for index, frame in enumerate(keyframes):
        window = frame.get("range")
        if window and not _inside(frame.get("seconds"), window["start_seconds"], window["end_seconds"]):
            yield issues.custom(["keyframes", index, "range"], "The keyframe must lie inside its range.")


def _inside(moment: float | None, start: float, end: float) -> bool:
    return start < end and (moment is None or start <= moment < end)


def _adaptive(endpoint: str, body: Body) -> Iterator[Issue]:
    if body.get("ratio") == "adaptive" and not _has_pictures(body):
        yield issues.custom(["ratio"], "`adaptive` needs an image or a video.")


def _has_pictures(body: Body) -> bool:
    return any(body.get(field) for field in ("promptImage", "promptVideo", "references", "referenceVideos"))


def _wan_frames(endpoint: str, body: Body) -> Iterator[Issue]:
    frames = _listed(body, "promptImage")
    keyed = isinstance(body.get("promptImage"), str) or any("position" in frame for frame in frames)
    if keyed and not body.get("ratio", "auto_1080p").startswith("auto_"):
        yield issues.custom(["ratio"], "Requests with frames must use an `auto_*` ratio.")


def _draft(endpoint: str, body: Body) -> Iterator[Issue]:
    if "draftTaskId" in body:
        others = sorted(set(body) - {"model", "draftTaskId"})
        if others:
            yield issues.unrecognized_keys(others, [])
    if body.get("draft") and body.get("outputFormat", "mp4") != "mp4":
        yield issues.custom(["outputFormat"], "A draft is always mp4.")


def _mode(endpoint: str, body: Body) -> Iterator[Issue]:
    mode = body.get("mode", "reference")
    if mode == "reference":
        return
    if "promptText" not in body:
        yield issues.undefined("string", ["promptText"])
    if "ratio" in body:
        yield issues.custom(["ratio"], f"ratio cannot be used in `{mode}` mode.")
    if mode == "edit" and body.get("duration") != "auto":
        yield issues.custom(["duration"], "`edit` mode needs the duration `auto`.")


def _grok_edit(endpoint: str, body: Body) -> Iterator[Issue]:
    if body.get("edit") and not body.get("referenceImages"):
        yield issues.custom(["edit"], "edit needs at least one reference image.")


def _grok_audio(endpoint: str, body: Body) -> Iterator[Issue]:
    if body.get("referenceAudio") and not body.get("references"):
        yield issues.custom(["referenceAudio"], "referenceAudio needs at least one image reference.")


def _ideogram_edit(endpoint: str, body: Body) -> Iterator[Issue]:
    references, precise = body.get("referenceImages"), body.get("preciseEdit")
    editing = [field for field in ("maskUri", "preciseEdit") if body.get(field)]
    for field in editing:
        if not references:
            yield issues.custom([field], f"{field} needs at least one reference image.")
    if editing and "ratio" in body:
        yield issues.custom(["ratio"], f"ratio cannot be used with {editing[0]}.")
    if body.get("quality") == "very_low" and (precise or not references):
        yield issues.custom(["quality"], "`very_low` needs reference images and excludes preciseEdit.")


def _bria_size(endpoint: str, body: Body) -> Iterator[Issue]:
    if body.get("ratio", "auto") != "auto" and len(body["referenceImages"]) < 2:
        yield issues.custom(["ratio"], "A size needs at least two reference images.")


def _shots(endpoint: str, body: Body) -> Iterator[Issue]:
    needed, foreign = ("prompt", "shots") if body["mode"] == "auto" else ("shots", "prompt")
    if needed not in body:
        yield issues.undefined("string" if needed == "prompt" else "array", [needed])
    if foreign in body:
        yield issues.unrecognized_keys([foreign], [])
    total = sum(shot["duration"] for shot in body.get("shots", ()))
    if needed == "shots" and "shots" in body and total != body.get("duration", _USUAL_SHOTS_SECONDS):
        yield issues.custom(["shots"], "The durations of the shots must sum to duration.")


Rule = Callable[[str, Body], Iterator[Issue]]

_EVERYWHERE: tuple[Rule, ...] = (_frames, _profile, _tags, _subjects)
_BY_MODEL: Mapping[str, Sequence[Rule]] = {
    "aleph2": (_keyframes,),
    "hailuo3": (_adaptive,),
    "wan3": (_wan_frames,),
    "wan3_prime": (_wan_frames,),
    "seedance2_5": (_draft, _mode),
    "grok_imagine_image_2": (_grok_edit,),
    "grok_imagine_1_5": (_grok_audio,),
    "ideogram_4_5": (_ideogram_edit,),
    "bria_fibo_edit_1_5": (_bria_size,),
    "multi_shot_video": (_shots,),
}
