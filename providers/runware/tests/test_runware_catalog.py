"""What each model accepts, as the core reads it."""

import re

import pytest

from anymedia.catalog import Range, Size
from anymedia.errors import ModelNotFoundError, UnsupportedError
from anymedia.requests import OPERATIONS
from anymedia_runware.catalog import catalog
from anymedia_runware.facts import (
    DEFAULTS,
    EFFECTS,
    FILM_CAPTIONS,
    FIRST_FRAME_ONLY,
    IMAGE_INPUT,
    LIP_SYNC,
    MASKED,
    MUSIC,
    NO_FRAMES,
    PERFORMANCE,
    PORTABLE,
    REFERENCES,
    SIZES,
    SOUND,
    SOUND_FOR_FILMS,
    SPEAKING,
    SPEAKS_ITS_PROMPT,
    UNCURATED,
    VIDEO_INPUT,
)
from anymedia_runware.kinds import AIR

TABLES = {
    "effects": EFFECTS,
    "film captions": FILM_CAPTIONS,
    "first frame only": FIRST_FRAME_ONLY,
    "image input": IMAGE_INPUT,
    "lip sync": LIP_SYNC,
    "masked": MASKED,
    "music": MUSIC,
    "no frames": NO_FRAMES,
    "performance": PERFORMANCE,
    "portable": PORTABLE,
    "references": REFERENCES,
    "sizes": SIZES,
    "sound": SOUND,
    "sound for films": SOUND_FOR_FILMS,
    "speaking": SPEAKING,
    "speaks its prompt": SPEAKS_ITS_PROMPT,
    "video input": VIDEO_INPUT,
}


def test_every_operation_has_a_default_that_can_do_it() -> None:
    """A request that names no model gets one that offers the operation."""
    assert set(DEFAULTS) <= set(OPERATIONS) - {"native"}
    for operation, air in DEFAULTS.items():
        assert operation in catalog().find(air, operation).operations


@pytest.mark.parametrize("name", TABLES)
def test_tables_name_real_models(name: str) -> None:
    """No fact is kept about a model that does not exist."""
    assert set(TABLES[name]) <= set(catalog().models)


def test_names() -> None:
    """A model is found by its AIR, its slug and its portable name, and no two models share a name."""
    for name in ("google:3@3", "google-veo-3-1-fast", "google-veo-3.1-fast"):
        assert catalog().find(name, "text_to_video").id == "google:3@3"
    names = [name for model in catalog().models.values() for name in {model.id, *model.names}]
    assert len(set(names)) == len(names)


def test_an_unlisted_air_is_taken_on_trust() -> None:
    """Only what is no AIR is an error, with near names."""
    model = catalog().find("civitai:4384@128713", "text_to_image")
    assert (model.id, model.listed) == ("civitai:4384@128713", False)
    assert catalog().find("unlisted:anything", "text_to_image").id == "anything"
    with pytest.raises(ModelNotFoundError, match="google-veo"):
        catalog().find("google-veo-3.1-fasst", "text_to_video")
    with pytest.raises(UnsupportedError, match="does not do text_to_image"):
        catalog().find("runware:504@1", "text_to_image")
    assert all(AIR.fullmatch(air) for air in catalog().models)
    assert not any(AIR.fullmatch(name) for name in ("unlisted:a", "a:b", "A:b@c", "a:b@", "https://a:b@c"))


def test_the_default_image_model() -> None:
    """Its window of sizes, its prompt and its counts are firm: the vendor documents them."""
    rules = catalog().find("runware:101@1", "text_to_image").operations["text_to_image"]
    assert (rules.sides, rules.default_size, rules.size_required) == (Range(128, 2048, 64), Size(1024, 1024), True)
    assert (rules.prompt, rules.counts) == (Range(2, 3000), Range(1, 20))
    assert rules.formats == ("jpg", "png", "webp")
    assert {"sizes", "prompt", "counts", "formats"} <= rules.confirmed
    assert "references" not in rules.fields
    changing = catalog().find("runware:101@1", "image_to_image").operations["image_to_image"]
    assert {"image", "mask", "strength", "seed"} <= changing.fields


def test_the_default_film_model() -> None:
    """Text, first and last frame; the frame decides the shape; its window of seconds is not firm."""
    model = catalog().find("kling-3.0-standard", "image_to_video")
    text, image = model.operations["text_to_video"], model.operations["image_to_video"]
    assert (text.duration, text.default_duration) == (Range(3, 15, 1), 5)
    assert text.default_size == Size(1280, 720)
    assert {"image", "last_frame", "audio"} <= image.fields
    assert not {"size", "aspect_ratio", "resolution"} & image.fields
    assert "duration" not in text.confirmed


def test_sizes_where_only_scales_are_published() -> None:
    """A film model that names scales gets the usual pixels for each, both ways round."""
    rules = catalog().find("google:3@3", "text_to_video").operations["text_to_video"]
    assert {Size(1280, 720), Size(720, 1280), Size(1920, 1080), Size(3840, 2160)} <= set(rules.sizes)
    assert rules.durations == (4, 6, 7, 8)
    frames = catalog().find("google:3@3", "image_to_video").operations["image_to_video"]
    assert frames.resolutions == ("720p", "1080p", "4K")
    assert frames.sizes == ()


def test_every_model_can_be_asked_for_something() -> None:
    """All that is sold has an operation, but for the editing tool, whose calls are its own."""
    assert len(catalog().models) == 363 + len(UNCURATED)
    assert [air for air, model in catalog().models.items() if not model.operations] == ["runware:ffmpeg@0"]


def test_models_that_need_more_than_a_request_holds() -> None:
    """What a model cannot do without and no request holds is asked for among the options."""
    needs = {
        (air, operation): rules.wire["needs"]
        for air, model in catalog().models.items()
        for operation, rules in model.operations.items()
        if rules.wire.get("needs")
    }
    assert needs == {
        ("alibaba:qwen@3-tts-1.7b-voicedesign", "text_to_speech"): ["positivePrompt"],
        ("bfl:1@3", "image_to_image"): ["outpaint"],
        ("bfl:flux@outpainting", "image_to_image"): ["outpaint"],
        ("topazlabs:proteus@4", "upscale_video"): ["height", "width"],
        ("topazlabs:starlight-precise@2.5", "upscale_video"): ["height", "width"],
    }


@pytest.mark.parametrize(
    ("air", "operation", "fields"),
    [
        ("minimax:speech@2.8", "text_to_speech", {"text", "voice", "language", "speed", "output_format"}),
        ("fishaudio:s2.1@pro", "text_to_speech", {"voice_sample"}),
        ("bytedance:seed-audio@1.0", "sound_effect", {"prompt", "references"}),
        ("runware:ace-step@v1.5-turbo", "generate_music", {"lyrics", "instrumental", "duration", "references"}),
        ("mirelo:1@1", "video_to_audio", {"video", "prompt", "duration"}),
        ("runware:152@2", "caption_image", {"image", "prompt"}),
        ("memories:1@1", "caption_video", {"video"}),
        ("runware:35@4", "mask_image", {"image", "confidence", "max_detections"}),
        ("recraft:v4@vector", "text_to_image", {"prompt", "size"}),
        ("openai:gpt@5-nano", "generate_text", {"prompt", "references", "json_schema", "stream"}),
        ("meta:sam@3d", "generate_3d", {"prompt", "image"}),
        ("runware:z-image@style-lora-training", "train_model", {"dataset", "trigger_word", "steps", "learning_rate"}),
        ("klingai:avatar@2.0-pro", "image_to_video", {"image", "references"}),
        ("sync:3@0", "video_to_video", {"video", "references"}),
        ("vidu:4@2", "image_to_video", {"image", "last_frame", "prompt"}),
    ],
)
def test_what_a_model_can_be_asked_for(air: str, operation: str, fields: set[str]) -> None:
    """Operations follow from a model's task type, its parameters and what its pages say."""
    assert fields <= catalog().find(air, operation).operations[operation].fields


def test_a_sound_is_a_sound() -> None:
    """A model that also writes films is asked for sounds only where a sound is wanted."""
    assert catalog().models["mirelo:1@1"].operations["video_to_audio"].formats == ("mp3", "wav", "flac", "ogg")


def test_every_rule_is_about_a_known_field() -> None:
    """Fields are fields of the request, wherever a rule speaks of one."""
    for model in catalog().models.values():
        for operation, rules in model.operations.items():
            known = set(OPERATIONS[operation].model_fields)
            assert rules.fields | rules.required | set(rules.choices) <= known, (model.id, operation)
            assert rules.default_size is None or not rules.sizes or rules.default_size in rules.sizes
            assert all(re.fullmatch(r"\d+p|[\d.]+[kK]", name) for name in rules.resolutions)
