"""How requests are laid out on the wire."""

from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia.catalog import ModelInfo
from anymedia.errors import InvalidRequestError, UnsupportedError
from anymedia.media import Media
from anymedia.provider import Plan
from anymedia.requests import (
    CharacterPerformance,
    ImageToImage,
    ImageToVideo,
    Native,
    Reference,
    RemoveBackground,
    Request,
    TextToImage,
    TextToVideo,
    UpscaleImage,
    UpscaleVideo,
    VideoToVideo,
)
from anymedia.results import Result
from anymedia_runway import RunwayOptions, RunwayProvider
from anymedia_runway.bodies import native_call, refuse_unsendable

MakePlan = Callable[[Request[Result]], Awaitable[Plan]]
IMAGE = "https://example.com/a.png"
FILM = "https://example.com/a.mp4"
SOUND = "https://example.com/a.mp3"


async def test_text_to_image(planned: MakePlan) -> None:
    """Prompt, exact size and seed go where gen4_image has them."""
    plan = await planned(TextToImage(prompt="a kite", size="1280x720", seed=7))
    assert plan.call == "POST /v1/text_to_image"
    assert plan.model == "gen4_image"
    assert plan.body == {"model": "gen4_image", "promptText": "a kite", "ratio": "1280:720", "seed": 7}


async def test_number_and_format_of_outputs(planned: MakePlan) -> None:
    """`count` becomes `outputCount`, and our `jpg` the vendor's `jpeg`; the plan knows how many are expected."""
    plan = await planned(TextToImage(prompt="x", model="seedream5_pro", count=3, output_format="jpg"))
    assert plan.count == 3
    assert plan.body["outputCount"] == 3
    assert plan.body["outputFormat"] == "jpeg"


async def test_one_output_needs_no_word(planned: MakePlan) -> None:
    """One output is what the vendor makes unasked."""
    plan = await planned(TextToImage(prompt="x", model="seedream5_pro"))
    assert "outputCount" not in plan.body


async def test_text_to_video_says_everything(planned: MakePlan) -> None:
    """Duration, size and sound are always explicit, because their defaults are not published."""
    plan = await planned(TextToVideo(prompt="waves", model="kling3.0_pro"))
    assert plan.body == {
        "model": "kling3.0_pro",
        "promptText": "waves",
        "ratio": "1920:1080",
        "duration": 5,
        "audio": True,
    }


async def test_silence_and_negative_prompt(planned: MakePlan) -> None:
    """`audio=False` is sent as such, and the negative prompt under the vendor's name."""
    request = TextToVideo(prompt="waves", negative_prompt="boats", audio=False, duration=6, model="veo3.1")
    plan = await planned(request)
    assert plan.body["audio"] is False
    assert plan.body["negativePrompt"] == "boats"
    assert plan.body["duration"] == 6
    assert not isinstance(plan.body["duration"], float)


async def test_image_to_video_frames(planned: MakePlan) -> None:
    """First and last frame travel as a list with positions."""
    plan = await planned(ImageToVideo(image=IMAGE, last_frame=IMAGE, prompt="x", model="veo3.1"))
    assert plan.body["promptImage"] == [
        {"uri": Media(url=IMAGE), "position": "first"},
        {"uri": Media(url=IMAGE), "position": "last"},
    ]


async def test_last_frame_error_names_a_model_that_takes_one(planned: MakePlan) -> None:
    """The default model takes no last frame; the error says which does."""
    with pytest.raises(InvalidRequestError) as caught:
        await planned(ImageToVideo(image=IMAGE, last_frame=IMAGE, prompt="x"))
    assert "veo3.1" in caught.value.issues[0].legal
    assert caught.value.issues[0].nearest is not None


async def test_scales_that_follow_the_image(planned: MakePlan) -> None:
    """A model whose films take their shape from the image gets the scale only."""
    plan = await planned(ImageToVideo(image=IMAGE, prompt="x", model="wan3", resolution="1080p"))
    assert plan.body["ratio"] == "auto_1080p"
    plan = await planned(ImageToVideo(image=IMAGE, prompt="x", model="wan3"))
    assert plan.body["ratio"] == "auto_720p"


async def test_named_ratios_and_resolutions(planned: MakePlan) -> None:
    """Models with ratios by name get those, and a resolution of their own field."""
    plan = await planned(TextToVideo(prompt="x", model="hailuo3", aspect_ratio="9:16", resolution="2k"))
    assert (plan.body["ratio"], plan.body["resolution"]) == ("9:16", "2k")
    plan = await planned(ImageToVideo(image=IMAGE, prompt="x", model="hailuo3"))
    assert plan.body["ratio"] == "adaptive"
    assert "resolution" not in plan.body


@pytest.mark.parametrize(
    ("model", "field"), [("aleph2", "videoUri"), ("seedance2", "promptVideo"), ("kling_4", "videoUri")]
)
async def test_video_to_video_field_by_model(planned: MakePlan, model: str, field: str) -> None:
    """The source film goes into the field that the model reads."""
    plan = await planned(VideoToVideo(video=FILM, prompt="snow", model=model))
    assert plan.call == "POST /v1/video_to_video"
    assert plan.body[field] == Media(url=FILM)


async def test_aleph_takes_its_ratio_elsewhere(planned: MakePlan) -> None:
    """aleph2 has a field of its own for outpainting, and no length."""
    plan = await planned(VideoToVideo(video=FILM, prompt="snow", aspect_ratio="21:9"))
    assert plan.body == {
        "model": "aleph2",
        "videoUri": Media(url=FILM),
        "promptText": "snow",
        "targetAspectRatio": "21:9",
    }


async def test_modes_leave_size_and_length_to_the_model(planned: MakePlan) -> None:
    """Beside a `mode` nothing is sent unasked, since some modes forbid it; the caller's own values still go."""
    options = {"runway": RunwayOptions(mode="edit")}
    plan = await planned(VideoToVideo(video=FILM, prompt="x", model="seedance2_5", provider_options=options))
    assert "ratio" not in plan.body
    assert "duration" not in plan.body
    assert plan.body["mode"] == "edit"


async def test_image_to_image_is_the_first_reference(planned: MakePlan) -> None:
    """Runway changes an image by taking it as the first reference, before the others."""
    other = "https://example.com/b.png"
    plan = await planned(ImageToImage(prompt="snow", image=IMAGE, references=[other]))
    assert plan.call == "POST /v1/text_to_image"
    assert plan.body["referenceImages"] == [{"uri": Media(url=IMAGE)}, {"uri": Media(url=other)}]
    assert plan.body["ratio"] == "auto"


async def test_mask_goes_without_size(planned: MakePlan) -> None:
    """The mask has its field; a size beside it is refused by the vendor, so it is dropped with a notice."""
    plan = await planned(ImageToImage(prompt="snow", image=IMAGE, mask=IMAGE, size="1024x1024"))
    assert plan.body["maskUri"] == Media(url=IMAGE)
    assert "ratio" not in plan.body
    assert [(notice.code, notice.field) for notice in plan.notices] == [("dropped", "size")]


async def test_unasked_size_beside_a_mask_gives_no_notice(planned: MakePlan) -> None:
    """What the caller did not ask for is left out without a word."""
    plan = await planned(ImageToImage(prompt="snow", image=IMAGE, mask=IMAGE))
    assert "ratio" not in plan.body
    assert plan.notices == ()


async def test_mask_elsewhere_is_an_error(planned: MakePlan) -> None:
    """A dropped input is an error that names the model which takes it."""
    with pytest.raises(InvalidRequestError, match="ideogram_4_5"):
        await planned(ImageToImage(prompt="x", image=IMAGE, mask=IMAGE, model="muse_image"))


async def test_strength_is_dropped_with_a_notice(planned: MakePlan) -> None:
    """A setting Runway lacks is told, not lied about."""
    plan = await planned(ImageToImage(prompt="x", image=IMAGE, strength=0.4))
    assert [(notice.code, notice.field) for notice in plan.notices] == [("dropped", "strength")]


async def test_tags_are_given_where_references_are_found_by_them(planned: MakePlan) -> None:
    """gen4_image sees a reference only by its tag: those without one are called ref1, ref2."""
    references = [IMAGE, Reference(Media(url=IMAGE), "ref1"), Media(url=IMAGE)]
    plan = await planned(TextToImage(prompt="@ref2 on @ref1", references=references))
    assert _tags(plan) == ["ref2", "ref1", "ref3"]


async def test_optional_tags_are_only_the_callers(planned: MakePlan) -> None:
    """Where a tag is optional, none is made up."""
    references = [IMAGE, Reference(Media(url=IMAGE), "hero")]
    plan = await planned(TextToImage(prompt="@hero", references=references, model="gemini_2.5_flash"))
    assert _tags(plan) == [None, "hero"]


async def test_tag_without_a_place_gives_a_notice(planned: MakePlan) -> None:
    """A tag means nothing to a model that knows none, and the caller is told."""
    plan = await planned(
        TextToImage(prompt="@hero", references=[Reference(Media(url=IMAGE), "hero")], model="muse_image")
    )
    assert _tags(plan) == [None]
    assert [(notice.code, notice.field) for notice in plan.notices] == [("dropped", "references[0].tag")]


@pytest.mark.parametrize(("tag", "nearest"), [("Hero", "hero"), ("a", "ref1"), ("big cat", "big_cat")])
async def test_impossible_tags(planned: MakePlan, tag: str, nearest: str) -> None:
    """A tag the vendor would refuse is an error that shows one that works."""
    with pytest.raises(InvalidRequestError) as caught:
        await planned(TextToImage(prompt="x", references=[Reference(Media(url=IMAGE), tag)]))
    assert caught.value.issues[0].nearest == nearest


async def test_twin_tags(planned: MakePlan) -> None:
    """Two references of one name are an error."""
    twins = [Reference(Media(url=IMAGE), "hero"), Reference(Media(url=IMAGE), "hero")]
    with pytest.raises(InvalidRequestError, match="two"):
        await planned(TextToImage(prompt="x", references=twins))


async def test_references_by_kind(planned: MakePlan) -> None:
    """Pictures, films and sounds each go into their list, typed where the vendor wants it."""
    plan = await planned(TextToVideo(prompt="x", model="seedance2", references=[FILM, IMAGE, SOUND]))
    assert plan.body["references"] == [{"uri": Media(url=IMAGE)}]
    assert plan.body["referenceVideos"] == [{"type": "video", "uri": Media(url=FILM)}]
    assert plan.body["referenceAudio"] == [{"type": "audio", "uri": Media(url=SOUND)}]


async def test_reference_without_a_place(planned: MakePlan) -> None:
    """A reference of a kind the model has no list for is an error that says which kinds it has."""
    with pytest.raises(InvalidRequestError, match="only audio references"):
        await planned(ImageToVideo(image=IMAGE, prompt="x", model="seedance2", references=[IMAGE]))


async def test_too_many_references_of_one_kind(planned: MakePlan) -> None:
    """The vendor's limit per list holds even where the sum of all would be legal."""
    with pytest.raises(InvalidRequestError, match="at most 3"):
        await planned(TextToVideo(prompt="x", model="seedance2", references=[SOUND] * 4))


async def test_upscale_image(planned: MakePlan) -> None:
    """The factor is a whole number on the wire."""
    plan = await planned(UpscaleImage(image=IMAGE, factor=4))
    assert plan.call == "POST /v1/image_upscale"
    assert plan.body == {"model": "magnific_precision_upscaler_v2", "imageUri": Media(url=IMAGE), "scaleFactor": 4}


async def test_upscale_video_by_resolution(planned: MakePlan) -> None:
    """The default upscaler takes a scale; a frame rate is another model's and is dropped with a notice."""
    plan = await planned(UpscaleVideo(video=FILM, resolution="4k", fps=60))
    assert plan.call == "POST /v1/video_upscale"
    assert plan.body["resolution"] == "4k"
    assert [notice.field for notice in plan.notices] == ["fps"]


@pytest.mark.parametrize(("fps", "wire"), [(60, "60"), (23.98, "23_98"), (120, "120")])
async def test_frame_rates(planned: MakePlan, fps: float, wire: str) -> None:
    """A frame rate is a word in the vendor's spelling."""
    plan = await planned(UpscaleVideo(video=FILM, fps=fps, model="enhance_frame_rate"))
    assert plan.body == {"model": "enhance_frame_rate", "videoUri": Media(url=FILM), "targetFramerate": wire}


async def test_frame_rate_is_required_there(planned: MakePlan) -> None:
    """The frame-rate model without a frame rate is an error before anything is sent."""
    with pytest.raises(InvalidRequestError, match="fps"):
        await planned(UpscaleVideo(video=FILM, model="enhance_frame_rate"))


@pytest.mark.parametrize(("expression", "wire"), [(0, 1), (0.5, 3), (1, 5), (0.24, 2)])
async def test_character_performance(planned: MakePlan, expression: float, wire: int) -> None:
    """Expression from 0 to 1 becomes the vendor's 1 to 5; each input says its kind."""
    request = CharacterPerformance(
        character=IMAGE, performance=FILM, expression=expression, body_control=False, aspect_ratio="9:16"
    )
    plan = await planned(request)
    assert plan.body == {
        "model": "act_two",
        "character": {"type": "image", "uri": Media(url=IMAGE)},
        "reference": {"type": "video", "uri": Media(url=FILM)},
        "ratio": "720:1280",
        "bodyControl": False,
        "expressionIntensity": wire,
    }


async def test_film_as_character(planned: MakePlan) -> None:
    """A character may be a film, told by its address."""
    plan = await planned(CharacterPerformance(character=FILM, performance=FILM))
    assert plan.body["character"] == {"type": "video", "uri": Media(url=FILM)}


async def test_prompt_is_counted_in_utf16(planned: MakePlan) -> None:
    """A character outside the basic plane counts twice, as the vendor counts."""
    await planned(TextToImage(prompt="\N{KITE}" * 500))
    with pytest.raises(InvalidRequestError, match="1002"):
        await planned(TextToImage(prompt="\N{KITE}" * 501))


async def test_options_travel_under_their_wire_names(planned: MakePlan) -> None:
    """Typed options and mappings alike become the vendor's fields."""
    typed = RunwayOptions.model_validate({"content_moderation": {"public_figure_threshold": "low"}})
    plan = await planned(TextToImage(prompt="x", provider_options={"runway": typed}))
    assert plan.body["contentModeration"] == {"publicFigureThreshold": "low"}
    plan = await planned(TextToImage(prompt="x", model="gpt_image_2", provider_options={"runway": {"quality": "low"}}))
    assert plan.body["quality"] == "low"


async def test_options_of_another_model_give_a_notice(planned: MakePlan) -> None:
    """An option this model is not known to have is sent, and told."""
    plan = await planned(TextToImage(prompt="x", provider_options={"runway": {"grounding": True}}))
    assert plan.body["grounding"] is True
    assert [(notice.code, notice.field) for notice in plan.notices] == [
        ("unconfirmed", "provider_options.runway.grounding")
    ]


async def test_options_nobody_knows_give_one_notice(planned: MakePlan) -> None:
    """A key unknown to the options as a whole is told once."""
    plan = await planned(TextToImage(prompt="x", provider_options={"runway": {"novelty": 1}}))
    assert plan.body["novelty"] == 1
    assert [notice.code for notice in plan.notices] == ["unknown_option"]


async def test_options_win_over_what_is_only_filled_in(planned: MakePlan) -> None:
    """An option may set what the request leaves open."""
    plan = await planned(ImageToImage(prompt="x", image=IMAGE, provider_options={"runway": {"quality": "low"}}))
    assert plan.body["quality"] == "low"


async def test_options_must_not_contradict_the_request(planned: MakePlan) -> None:
    """A key that the request has already set is an error."""
    with pytest.raises(InvalidRequestError, match="promptText"):
        await planned(TextToImage(prompt="x", provider_options={"runway": {"promptText": "y"}}))


async def test_behalf_is_no_field_of_the_body(planned: MakePlan) -> None:
    """The partner header is not sent as a body field."""
    plan = await planned(TextToImage(prompt="x", provider_options={"runway": {"on_behalf_of": "acme"}}))
    assert "onBehalfOf" not in plan.body


async def test_native_payload_is_sent_as_it_is(planned: MakePlan) -> None:
    """A vendor's own call keeps every key; its model, where it names one, is the plan's."""
    payload = {"model": "eleven_text_to_sound_v2", "promptText": "bang", "loop": True, "odd": [1, {"x": None}]}
    plan = await planned(Native(provider="runway", call="POST /v1/sound_effect", payload=payload))
    assert plan.call == "POST /v1/sound_effect"
    assert plan.body == payload
    assert plan.model == "eleven_text_to_sound_v2"


@pytest.mark.parametrize(
    "call", ["/v1/sound_effect", "GET /v1/tasks", "POST /v1/../x", "POST https://evil.test/v1/x", "POST /v1/", "x"]
)
async def test_native_calls_of_another_form(planned: MakePlan, call: str) -> None:
    """Only a POST below /v1/ can start a task."""
    with pytest.raises(InvalidRequestError, match="POST /v1/sound_effect"):
        await planned(Native(provider="runway", call=call))


@pytest.mark.parametrize("resource", ["uploads", "voices/preview", "routers", "avatars"])
async def test_native_calls_that_start_no_task(planned: MakePlan, resource: str) -> None:
    """A call that starts no task cannot be followed, so it is refused before anything is sent."""
    with pytest.raises(UnsupportedError, match="no task"):
        await planned(Native(provider="runway", call=f"POST /v1/{resource}"))


async def test_unlisted_model_gets_the_natural_body(planned: MakePlan) -> None:
    """For a model nobody knows, what is set goes where most models have it; the rest gives a notice."""
    request = TextToVideo(
        prompt="x", model="unlisted:gen5", size="1920x1080", duration=8, fps=30, references=[SOUND], count=2
    )
    plan = await planned(request)
    assert plan.call == "POST /v1/text_to_video"
    assert plan.body == {
        "model": "gen5",
        "promptText": "x",
        "ratio": "1920:1080",
        "duration": 8,
        "outputCount": 2,
        "referenceAudio": [{"type": "audio", "uri": Media(url=SOUND)}],
    }
    assert {notice.field for notice in plan.notices} == {"fps"}


async def test_unlisted_model_for_a_missing_operation(nowhere: RunwayProvider) -> None:
    """No model name brings an operation that the vendor does not have."""
    with pytest.raises(UnsupportedError, match="remove_background"):
        nowhere.plan(RemoveBackground(image=Media(url=IMAGE)), ModelInfo(id="gen5", listed=False))


def test_half_a_character_is_refused() -> None:
    """Text that cannot be written as JSON is an error of the request, before anything is sent."""
    with pytest.raises(InvalidRequestError, match="promptText"):
        refuse_unsendable({"promptText": "\ud800"})


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(
    st.text() | st.just("POST /v1/voice_dubbing"),
    st.dictionaries(st.text() | st.sampled_from(["model", "ratio", "duration"]), JSON_VALUES),
)
def test_no_payload_breaks_planning(call: str, payload: dict[str, object]) -> None:
    """Whatever a vendor's own call holds, it is planned or refused with one of our errors."""
    request = Native.model_construct(provider="runway", call=call, payload=payload)
    try:
        _, body = native_call(request)
    except InvalidRequestError:
        return
    assert body == payload


def _tags(plan: Plan) -> list[object]:
    items = plan.body["referenceImages"]
    assert isinstance(items, list)
    return [item.get("tag") for item in items]
