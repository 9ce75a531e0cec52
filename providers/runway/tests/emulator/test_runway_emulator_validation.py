"""What the emulated API accepts and how it words what it does not."""

import json
from importlib.resources import files
from typing import Any

import pytest
from smallest_bodies import MODELS, named, smallest_body

from anymedia_runway.emulator.models import load
from anymedia_runway.emulator.rules import broken_rules
from anymedia_runway.emulator.validation import find_model, validate

_PICTURE = "https://example.com/in.png"
_FILM = "https://example.com/in.mp4"


def issues_of(endpoint: str, body: dict[str, Any], *, strict: bool = True) -> list[dict[str, Any]]:
    """All that is wrong with a body."""
    model = find_model(load().endpoints[endpoint], body)
    if isinstance(model, list):
        return model
    return validate(model, body, strict=strict).issues or broken_rules(model, body)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: f"{model.endpoint}-{model.name}")
def test_smallest_body_of_every_model_passes(model: Any) -> None:
    """For each model the required fields alone are enough, and leaving any of them out is not."""
    body = smallest_body(model)
    assert issues_of(model.endpoint, body) == []
    for name, field in model.fields.items():
        if field.get("required"):
            without = {key: value for key, value in body.items() if key != name}
            assert [issue["path"] for issue in issues_of(model.endpoint, without)] == [[name]]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: f"{model.endpoint}-{model.name}")
def test_every_field_of_every_model_is_checked(model: Any) -> None:
    """A value of the wrong type is refused in every field of every model, all at once."""
    body = named(model) | dict.fromkeys(model.fields, None)
    assert [issue["path"] for issue in issues_of(model.endpoint, body)] == [[name] for name in model.fields]


def test_facts_are_whole() -> None:
    """Sets have no doubles, sets and shapes are used, prices are for models that exist, and no model is missing."""
    text = files("anymedia_runway").joinpath("models.json").read_text("utf-8")
    facts = json.loads(text)
    assert all(len(set(values)) == len(values) for values in facts["sets"].values())
    assert [name for name in facts["sets"] if f'"enum": "{name}"' not in text] == []
    assert [name for name in facts["shapes"] if f'"shape": "{name}"' not in text] == []
    assert set(facts["prices"]) <= set(load().names)
    sizes = {endpoint: len(offered) for endpoint, offered in load().endpoints.items() if len(offered) > 4}
    assert sizes == {"image_to_video": 25, "text_to_video": 24, "video_to_video": 12, "text_to_image": 21}


def test_a_default_is_one_of_the_values() -> None:
    """No default stands outside its own set of values, however deep it lies in a body."""
    schemas = [schema for model in MODELS for schema in model.fields.values()]
    for schema in schemas:  # grows while it is walked
        schemas += [*schema.get("anyOf", ()), *schema.get("fields", {}).values()]
        schemas += [schema["items"]] if isinstance(schema.get("items"), dict) else []
    chosen = [schema for schema in schemas if {"default", "enum"} <= schema.keys()]
    assert len(chosen) > 20
    assert [schema for schema in chosen if schema["default"] not in schema["enum"]] == []


def test_empty_body_is_answered_as_seen_live() -> None:
    """An empty body brings the two issues that the vendor was seen to send."""
    assert issues_of("text_to_image", {}) == [
        {
            "expected": "string",
            "code": "invalid_type",
            "path": ["model"],
            "message": "Invalid input: expected string, received undefined",
        },
        {
            "code": "invalid_union",
            "errors": [],
            "note": "No matching discriminator",
            "discriminator": "model",
            "path": ["model"],
            "message": "Invalid input",
        },
    ]


def test_model_of_another_endpoint_is_unknown() -> None:
    """A model is only known where it is offered."""
    codes = [issue["code"] for issue in issues_of("text_to_video", {"model": "gen4_turbo"})]
    assert codes == ["invalid_union"]


def test_all_issues_come_at_once() -> None:
    """Every wrong field is reported in one answer, worded as Zod words it."""
    body = {"model": "gen4.5", "promptText": "", "ratio": "1:1", "duration": 2.5, "seed": -1, "foo": 1, "bar": 2}
    found = {tuple(issue["path"]): issue["message"] for issue in issues_of("text_to_video", body)}
    assert found == {
        ("promptText",): "Too small: expected string to have >=1 characters",
        ("ratio",): 'Invalid option: expected one of "1280:720"|"720:1280"',
        ("duration",): "Invalid input: expected int, received number",
        ("seed",): "Too small: expected number to be >=0",
        (): 'Unrecognized keys: "foo", "bar"',
    }


def test_prompt_is_measured_in_utf16_units() -> None:
    """A character beyond the basic plane counts twice."""
    body = {"model": "gen4_image", "ratio": "1280:720", "promptText": "🪁" * 500}
    assert issues_of("text_to_image", body) == []
    body["promptText"] += "a"
    assert issues_of("text_to_image", body) == [
        {
            "origin": "string",
            "code": "too_big",
            "maximum": 1000,
            "inclusive": True,
            "path": ["promptText"],
            "message": "Too big: expected string to have <=1000 characters",
        }
    ]


def test_unknown_keys_pass_where_tolerated_unless_strict() -> None:
    """Open models take unknown keys when the emulator is told to be lenient; closed models never do."""
    opened = {"model": "gen4_image", "promptText": "a", "ratio": "1280:720", "foo": 1}
    closed = {"model": "muse_image", "promptText": "a", "ratio": "auto", "foo": 1}
    assert issues_of("text_to_image", opened, strict=False) == []
    assert issues_of("text_to_image", opened)[0]["code"] == "unrecognized_keys"
    assert issues_of("text_to_image", closed, strict=False)[0]["keys"] == ["foo"]


def test_bounds_nobody_published_are_not_enforced() -> None:
    """A limit that is only assumed refuses nothing."""
    body = {"model": "kling3.0_pro", "ratio": "1920:1080", "promptText": "a" * 3000, "duration": 16}
    assert issues_of("text_to_video", body) == []


@pytest.mark.parametrize(
    ("duration", "messages"),
    [
        (4, []),
        ("auto", []),
        (3, ["Too small: expected number to be >=4"]),
        ("long", ['Invalid input: expected "auto"']),
        (True, ["Invalid input"]),
    ],
)
def test_alternatives_are_judged_by_the_one_that_fits(duration: object, messages: list[str]) -> None:
    """Of two forms the one with the value's type speaks; when neither has it, the union does."""
    body = {"model": "seedance2", "promptText": "a", "duration": duration}
    assert [issue["message"] for issue in issues_of("text_to_video", body)] == messages


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (_PICTURE, None),
        ([{"uri": _PICTURE, "position": "first"}, {"uri": _PICTURE, "position": "last"}], None),
        ([{"uri": _PICTURE, "position": "last"}], "You must specify a frame in position `first`."),
        ([{"uri": _PICTURE, "position": "first"}] * 2, "Duplicate position values are not allowed."),
        ([{"uri": _PICTURE, "position": "first"}] * 3, "Too big: expected array to have <=2 items"),
        ([], "Too small: expected array to have >=1 items"),
    ],
)
def test_frames_have_places(frames: object, message: str | None) -> None:
    """A first frame is needed, a last one may follow, and no place is taken twice."""
    body = {"model": "veo3.1", "ratio": "1280:720", "promptImage": frames}
    found = [issue["message"] for issue in issues_of("image_to_video", body)]
    assert len(found) == (message is not None)
    assert all(each.startswith(message or "") for each in found)


_KEYFRAME = {"uri": _PICTURE, "seconds": 1.5}
_RANGE = {"start_seconds": 1, "end_seconds": 3}


@pytest.mark.parametrize(
    ("endpoint", "body", "path"),
    [
        ("image_to_video", {"model": "seedance2", "promptImage": [{"uri": _PICTURE}, {"uri": _PICTURE, "position": "first"}]}, ["promptImage"]),
        ("text_to_video", {"model": "gen4.5", "promptText": "a", "ratio": "1280:720", "duration": 5, "proresProfile": "422"}, ["proresProfile"]),
        ("video_to_hdr", {"model": "ruby", "videoUri": _FILM, "outputFormat": "hdr10", "proresProfile": "422"}, ["proresProfile"]),
        ("text_to_image", {"model": "gen4_image", "promptText": "a", "ratio": "1280:720", "referenceImages": [{"uri": _PICTURE, "tag": "hero"}] * 2}, ["referenceImages"]),
        ("text_to_image", {"model": "gen4_image", "promptText": "a", "ratio": "1280:720", "referenceImages": [{"uri": _PICTURE, "tag": "Hero"}]}, ["referenceImages", 0, "tag"]),
        ("text_to_image", {"model": "gemini_image3_pro", "promptText": "a", "ratio": "1024:1024", "referenceImages": [{"uri": _PICTURE, "subject": "human"}] * 6}, ["referenceImages"]),
        ("text_to_image", {"model": "seedream5_lite", "promptText": "a", "ratio": "100:100"}, ["ratio"]),
        ("text_to_image", {"model": "grok_imagine_image_2", "promptText": "a", "ratio": "auto_1k", "edit": True}, ["edit"]),
        ("text_to_image", {"model": "ideogram_4_5", "promptText": "a", "preciseEdit": True}, ["preciseEdit"]),
        ("text_to_image", {"model": "ideogram_4_5", "promptText": "a", "quality": "very_low"}, ["quality"]),
        ("text_to_image", {"model": "bria_fibo_edit_1_5", "promptText": "a", "ratio": "1024:1024", "referenceImages": [{"uri": _PICTURE}]}, ["ratio"]),
        ("text_to_video", {"model": "hailuo3", "promptText": "a", "ratio": "adaptive"}, ["ratio"]),
        ("text_to_video", {"model": "kling3.0_pro", "ratio": "1920:1080", "providerSettings": {"multiPrompt": [{"prompt": "a", "duration": 2}]}}, ["providerSettings", "multiPrompt"]),
        ("text_to_video", {"model": "seedance2_5", "draftTaskId": "x", "seed": 1}, []),
        ("text_to_video", {"model": "seedance2_5", "promptText": "a", "draft": True, "outputFormat": "mov"}, ["outputFormat"]),
        ("text_to_video", {"model": "grok_imagine_1_5", "promptText": "a", "referenceAudio": [{"type": "audio", "uri": _FILM}]}, ["referenceAudio"]),
        ("image_to_video", {"model": "wan3", "promptText": "a", "promptImage": _PICTURE, "ratio": "1280:720"}, ["ratio"]),
        ("video_to_video", {"model": "seedance2_5", "promptVideo": _FILM, "promptText": "a", "mode": "edit"}, ["duration"]),
        ("video_to_video", {"model": "seedance2_5", "promptVideo": _FILM, "promptText": "a", "mode": "extend", "ratio": "1280:720"}, ["ratio"]),
        ("video_to_video", {"model": "aleph2", "videoUri": _FILM, "keyframes": [_KEYFRAME, {**_KEYFRAME, "range": _RANGE}]}, ["keyframes"]),
        ("video_to_video", {"model": "aleph2", "videoUri": _FILM, "keyframes": [{**_KEYFRAME, "seconds": 4, "range": _RANGE}]}, ["keyframes", 0, "range"]),
    ],
)  # fmt: skip
def test_rules_between_fields_hold(endpoint: str, body: dict[str, Any], path: list[str | int]) -> None:
    """Fields that are fine alone but not together are refused, at the field to blame."""
    assert [issue["path"] for issue in issues_of(endpoint, body)] == [path]


@pytest.mark.parametrize(
    ("uri", "fine"),
    [
        ("https://example.com/in.png", True),
        ("runway://6f2d", True),
        ("data:image/png;base64,AAAA", True),
        ("http://127.0.0.1:8000/in.png", True),
        ("http://localhost/in.png", True),
        ("http://example.com/in.png", False),
        ("https://203.0.113.7/in.png", False),
        ("https://[", False),
        ("data:video/mp4;base64,AAAA", False),
        ("runway://", False),
        ("in.png", False),
        ("https://example.com/" + "a" * 2048, False),
        ("data:image/png;base64," + "A" * 5_242_880, False),
    ],
)
def test_media_uris_have_four_forms(uri: str, fine: bool) -> None:
    """https with a host name, runway, data of the right kind, and loopback; each within its length."""
    body = {"model": "image_upscale", "imageUri": uri} | {"model": "magnific_precision_upscaler_v2"}
    assert [issue["path"] for issue in issues_of("image_upscale", body)] == ([] if fine else [["imageUri"]])
