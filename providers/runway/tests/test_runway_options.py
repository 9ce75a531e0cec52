"""Runway's own options: where they go, and what they may not contradict."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import pytest

from anymedia.errors import InvalidRequestError
from anymedia.media import Media
from anymedia.provider import Plan
from anymedia.requests import ImageToVideo, Reference, Request, TextToImage, TextToVideo, VideoToVideo
from anymedia.results import Result
from anymedia_runway import ContentModeration, Keyframe, KeyframeRange, KlingSettings, RunwayOptions, Shot
from anymedia_runway.codec import headers_of

MakePlan = Callable[[Request[Result]], Awaitable[Plan]]
IMAGE = "https://example.com/a.png"
FILM = "https://example.com/a.mp4"


def _with(**options: object) -> dict[str, RunwayOptions]:
    return {"runway": RunwayOptions.model_validate(options)}


async def test_parts_travel_under_their_wire_names(planned: MakePlan) -> None:
    """Options made of parts become the vendor's objects, with only what was set."""
    options = RunwayOptions(
        provider_settings=KlingSettings(multi_prompt=[Shot(prompt="a", duration=3)], shot_type="customize"),
        cfg_scale=0.2,
    )
    plan = await planned(TextToVideo(prompt="x", model="kling3.0_pro", provider_options={"runway": options}))
    assert plan.body["cfgScale"] == 0.2
    assert plan.body["providerSettings"] == {
        "multiPrompt": [{"prompt": "a", "duration": 3}],
        "shotType": "customize",
    }


async def test_a_film_of_shots_is_as_long_as_they_are(planned: MakePlan) -> None:
    """The duration that is said aloud is the sum of the shots, and so is the estimate."""
    shots = KlingSettings(multi_prompt=[Shot(prompt="a", duration=4), Shot(prompt="b", duration=5)])
    options = {"runway": RunwayOptions(provider_settings=shots)}
    plan = await planned(TextToVideo(prompt="x", model="kling3.0_pro", provider_options=options))
    assert plan.body["duration"] == 9
    assert plan.estimate is not None
    assert plan.estimate.amount == 9 * 17


async def test_key_frames_take_local_files(planned: MakePlan, tmp_path: Path, png: bytes) -> None:
    """An image in an option may be a file; it travels inside the request, as any small input does."""
    (tmp_path / "k.png").write_bytes(png)
    window = KeyframeRange(start_seconds=1, end_seconds=3)
    options = RunwayOptions(keyframes=[Keyframe(uri=tmp_path / "k.png", seconds=1.5, range=window)])
    plan = await planned(VideoToVideo(video=FILM, prompt="snow", provider_options={"runway": options}))
    uri = Media(data=png, media_type="image/png").data_uri
    assert plan.body["keyframes"] == [{"uri": uri, "seconds": 1.5, "range": {"start_seconds": 1, "end_seconds": 3}}]


@pytest.mark.parametrize("options", [{"quality": "best"}, {"cfg_scale": 2}, {"colors": ["red"]}, {"keyframes": []}])
def test_values_the_vendor_does_not_know(options: dict[str, object]) -> None:
    """A value outside the published set is an error where it is written."""
    with pytest.raises(ValueError, match="validation error"):
        RunwayOptions.model_validate(options)


async def test_auto_duration_takes_the_place_of_seconds(planned: MakePlan) -> None:
    """With `auto` no duration is made up; the estimate is for the longest film there can be."""
    plan = await planned(TextToVideo(prompt="x", model="seedance2_mini", provider_options=_with(duration="auto")))
    assert plan.body["duration"] == "auto"
    assert plan.estimate is not None
    assert plan.estimate.amount == Decimal(15 * 16)


async def test_auto_and_seconds_contradict_each_other(planned: MakePlan) -> None:
    """Both at once is an error."""
    with pytest.raises(InvalidRequestError, match="duration"):
        await planned(TextToVideo(prompt="x", model="seedance2", duration=5, provider_options=_with(duration="auto")))


async def test_edit_mode_of_seedance(planned: MakePlan) -> None:
    """The mode forbids a size and wants an open length; that is what is sent."""
    plan = await planned(
        VideoToVideo(
            prompt="snow", video=FILM, model="seedance2_5", provider_options=_with(mode="edit", duration="auto")
        )
    )
    assert plan.body == {
        "model": "seedance2_5",
        "promptVideo": Media(url=FILM),
        "promptText": "snow",
        "audio": True,
        "mode": "edit",
        "duration": "auto",
    }


async def test_drafts_are_estimated_as_drafts(planned: MakePlan) -> None:
    """A draft is made in 480p, and costs as much."""
    plan = await planned(TextToVideo(prompt="x", model="seedance2_5", provider_options=_with(draft=True)))
    assert plan.estimate is not None
    assert plan.estimate.amount == 5 * 20


async def test_a_frame_in_the_middle(planned: MakePlan) -> None:
    """kling_4 takes an image on the way from the first to the last."""
    request = ImageToVideo(image=IMAGE, last_frame=IMAGE, model="kling_4", provider_options=_with(middle_frame=IMAGE))
    plan = await planned(request)
    frames = plan.body["promptImage"]
    assert isinstance(frames, list)
    assert [frame["position"] for frame in frames] == ["first", "middle", "last"]
    assert "middleFrame" not in plan.body


async def test_a_middle_frame_is_never_dropped(planned: MakePlan) -> None:
    """A model without such a place refuses it."""
    with pytest.raises(InvalidRequestError, match="no frame between"):
        await planned(ImageToVideo(image=IMAGE, model="veo3.1", provider_options=_with(middle_frame=IMAGE)))


async def test_what_references_show(planned: MakePlan) -> None:
    """A tagged reference may say that it shows a person; others say nothing."""
    references = [Reference(Media(url=IMAGE), "hero"), Reference(Media(url=IMAGE), "boat")]
    plan = await planned(
        TextToImage(
            prompt="@hero in @boat",
            model="gemini_image3_pro",
            references=references,
            provider_options=_with(subjects={"hero": "human"}),
        )
    )
    assert plan.body["referenceImages"] == [
        {"uri": Media(url=IMAGE), "tag": "hero", "subject": "human"},
        {"uri": Media(url=IMAGE), "tag": "boat"},
    ]
    assert "subjects" not in plan.body


async def test_subjects_without_a_place_give_a_notice(planned: MakePlan) -> None:
    """A model that does not ask what references show is told nothing, and the caller is."""
    reference = Reference(Media(url=IMAGE), "hero")
    plan = await planned(
        TextToImage(prompt="@hero", references=[reference], provider_options=_with(subjects={"hero": "human"}))
    )
    assert [(notice.code, notice.field) for notice in plan.notices] == [("dropped", "provider_options.runway.subjects")]


async def test_headers_are_no_fields(planned: MakePlan) -> None:
    """Attribution and the partner's name are headers of the call, and never in its body."""
    options = RunwayOptions(
        on_behalf_of="acme",
        client_id="studio-7",
        source_application="studio",
        source_application_version="1.2",
        content_moderation=ContentModeration(public_figure_threshold="auto"),
    )
    plan = await planned(TextToImage(prompt="x", provider_options={"runway": options}))
    assert headers_of(plan.request) == {
        "X-Runway-On-Behalf-Of": "acme",
        "X-Runway-Client-Id": "studio-7",
        "X-Runway-Source-Application": "studio",
        "X-Runway-Source-Application-Version": "1.2",
    }
    assert plan.body.keys() == {"model", "promptText", "ratio", "contentModeration"}


@pytest.mark.parametrize("name", ["on_behalf_of", "client_id"])
def test_headers_cannot_be_split(name: str) -> None:
    """A value that would begin another header is refused."""
    with pytest.raises(ValueError, match="validation error"):
        RunwayOptions.model_validate({name: "acme\r\nX-Evil: 1"})
