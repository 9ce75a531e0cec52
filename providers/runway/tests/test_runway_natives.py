"""Runway's own calls as requests: their bodies, their inputs and their ends."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from anymedia.errors import InvalidRequestError, MediaInputError
from anymedia.media import Media
from anymedia.provider import Plan
from anymedia.refs import TaskRef, TaskState
from anymedia.requests import Native, Request
from anymedia.results import Result
from anymedia_runway import (
    ContentModeration,
    Keyframe,
    RunwayOptions,
    RunwayProvider,
    Shot,
    avatar_video,
    finish_draft,
    generate_audio,
    generate_image,
    generate_video,
    realtime_session,
    recipes,
    workflow,
)
from anymedia_runway.emulator import RunwayEmulator

MakePlan = Callable[[Request[Result]], Awaitable[Plan]]
IMAGE = "https://example.com/a.png"
FILM = "https://example.com/a.mp4"
SOUND = "https://example.com/a.mp3"
OWN = "0f1d2c3b-4a59-4e8f-8a7b-9c0d1e2f3a4b"


def test_avatar_that_reads() -> None:
    """Presets and own records are told apart by their ids."""
    request = avatar_video(avatar=OWN, text="Hello.", voice=OWN)
    assert request.call == "POST /v1/avatar_videos"
    assert request.payload == {
        "model": "gwm1_avatars",
        "avatar": {"type": "custom", "avatarId": OWN},
        "speech": {"type": "text", "text": "Hello.", "voice": {"type": "custom", "id": OWN}},
    }
    request = avatar_video(avatar="influencer", text="Hello.", voice="clara")
    assert request.payload["avatar"] == {"type": "runway-preset", "presetId": "influencer"}
    assert request.payload["speech"] == {
        "type": "text",
        "text": "Hello.",
        "voice": {"type": "preset", "presetId": "clara"},
    }


def test_avatar_that_moves_its_lips() -> None:
    """A sound takes the place of the text."""
    request = avatar_video(avatar="influencer", audio=SOUND)
    assert request.payload["speech"] == {"type": "audio", "audio": SOUND}


@pytest.mark.parametrize("given", [{}, {"text": "x", "audio": SOUND}])
def test_an_avatar_says_one_thing(given: dict[str, str]) -> None:
    """Neither and both are errors before anything is sent."""
    with pytest.raises(InvalidRequestError, match="either text or audio"):
        avatar_video(avatar="influencer", **given)  # type: ignore[arg-type]


async def test_realtime_session(planned: MakePlan) -> None:
    """The most it may cost follows from how long it may last."""
    plan = await planned(realtime_session(avatar="influencer", max_duration=90, start_script="Hello."))
    assert plan.call == "POST /v1/realtime_sessions"
    assert plan.body == {
        "model": "gwm1_avatars",
        "avatar": {"type": "runway-preset", "presetId": "influencer"},
        "maxDuration": 90,
        "startScript": "Hello.",
    }
    assert plan.estimate is not None
    assert plan.estimate.amount == 44


def test_workflow(png: bytes) -> None:
    """Plain values and inputs each get their form; a text is a text, even when it looks like a URL."""
    request = workflow(
        OWN, {"a": {"text": IMAGE, "number": 2.5, "flag": True}, "b": {"picture": png, "film": Media(url=FILM)}}
    )
    assert request.call == f"POST /v1/workflows/{OWN}"
    assert request.payload["nodeOutputs"] == {
        "a": {
            "text": {"type": "primitive", "value": IMAGE},
            "number": {"type": "primitive", "value": 2.5},
            "flag": {"type": "primitive", "value": True},
        },
        "b": {
            "picture": {"type": "image", "uri": Media(data=png, media_type="image/png").data_uri},
            "film": {"type": "video", "uri": FILM},
        },
    }
    assert workflow(OWN).payload == {}


@pytest.mark.parametrize(
    "draft",
    [
        OWN,
        f"anymedia+runway://{OWN}?v=1&op=text_to_video&model=seedance2_5",
        TaskRef(provider="runway", id=OWN, operation="text_to_video", model="seedance2_5"),
    ],
)
async def test_finish_draft(planned: MakePlan, draft: TaskRef | str) -> None:
    """The final film is asked for by its draft alone; what it costs only Runway knows."""
    plan = await planned(finish_draft(draft))
    assert plan.call == "POST /v1/text_to_video"
    assert plan.body == {"model": "seedance2_5", "draftTaskId": OWN}
    assert plan.estimate is None


def test_generate_image() -> None:
    """The router's input is written in its own words."""
    request = generate_image(
        "brand",
        prompt="a kite",
        references=[IMAGE],
        aspect_ratio="4:5",
        resolution="2k",
        count=3,
        seed=1,
        content_moderation=ContentModeration(public_figure_threshold="low"),
    )
    assert request.call == "POST /v1/generate/image"
    assert request.payload == {
        "configId": "brand",
        "input": {
            "promptText": "a kite",
            "aspectRatio": "4:5",
            "resolution": "2k",
            "outputCount": 3,
            "seed": 1,
            "referenceImages": [{"uri": IMAGE}],
            "contentModeration": {"publicFigureThreshold": "low"},
        },
    }


def test_generate_video() -> None:
    """Each input has a role there."""
    request = generate_video(
        "brand",
        negative_prompt="fog",
        image=IMAGE,
        last_frame=IMAGE,
        references=[IMAGE],
        video=FILM,
        reference_video=FILM,
        reference_audio=SOUND,
        keyframes=[Keyframe(uri=IMAGE, at=0.5)],
        audio=False,
    )
    assert request.payload["input"] == {
        "audio": False,
        "negativePrompt": "fog",
        "referenceImages": [
            {"uri": IMAGE, "role": "first"},
            {"uri": IMAGE, "role": "last"},
            {"uri": IMAGE, "role": "reference"},
        ],
        "referenceVideos": [{"uri": FILM, "role": "source"}, {"uri": FILM, "role": "reference"}],
        "referenceAudio": [{"uri": SOUND}],
        "keyframes": [{"uri": IMAGE, "at": 0.5}],
    }


def test_generate_audio() -> None:
    """A voice is a preset's or a sample's."""
    request = generate_audio("brand", prompt="Hi.", type="speech", voice="Leslie")
    assert request.payload["input"] == {
        "type": "speech",
        "promptText": "Hi.",
        "voice": {"type": "preset", "presetId": "Leslie"},
    }
    request = generate_audio("brand", prompt="bang", type="audio", voice_sample=SOUND, references=[SOUND], duration=2)
    assert request.payload["input"] == {
        "type": "audio",
        "promptText": "bang",
        "voice": {"type": "reference-audio", "audioUri": SOUND},
        "duration": 2,
        "referenceAudios": [{"uri": SOUND}],
    }


@pytest.mark.parametrize(
    ("request_", "payload"),
    [
        (
            recipes.ad_localization(image=IMAGE, language="zh-Hant"),
            {"version": "2026-06", "referenceImage": {"uri": IMAGE}, "targetLanguage": "zh-Hant"},
        ),
        (
            recipes.marketing_stock_image(prompt="a kite"),
            {"version": "2026-06", "prompt": "a kite", "outputCount": 4, "quality": "high"},
        ),
        (
            recipes.multi_shot_video(shots=[Shot(prompt="one", duration=5)], duration=5),
            {
                "version": "2026-06",
                "mode": "custom",
                "shots": [{"prompt": "one", "duration": 5}],
                "duration": 5,
                "ratio": "1280:720",
                "audio": True,
            },
        ),
        (
            recipes.product_ad(images=[IMAGE], styles=[IMAGE], version="2026-07"),
            {
                "version": "2026-07",
                "productImages": [{"uri": IMAGE}],
                "styleImages": [{"uri": IMAGE}],
                "duration": 10,
                "ratio": "1280:720",
                "audio": False,
            },
        ),
        (
            recipes.product_campaign_image(image=IMAGE, prompt="x"),
            {"version": "2026-06", "image": {"uri": IMAGE}, "prompt": "x"},
        ),
        (
            recipes.product_swap(video=FILM, product=IMAGE, new_product=[IMAGE, IMAGE], views=["side"]),
            {
                "version": "2026-06",
                "referenceVideo": {"uri": FILM},
                "originalProductImage": {"uri": IMAGE},
                "newProductImages": [{"uri": IMAGE, "view": "side"}, {"uri": IMAGE}],
                "duration": 10,
                "resolution": "720p",
                "audio": True,
            },
        ),
        (
            recipes.product_ugc(character=IMAGE, product=IMAGE, concept="x"),
            {
                "version": "2026-06",
                "characterImage": {"uri": IMAGE},
                "productImage": {"uri": IMAGE},
                "userConcept": "x",
                "duration": 15,
                "ratio": "720:1280",
                "audio": True,
            },
        ),
    ],
    ids=lambda value: value.call.rpartition("/")[2] if isinstance(value, Native) else "",
)
def test_recipes(request_: Native, payload: dict[str, object]) -> None:
    """Every recipe says its version and what it would take unasked."""
    assert request_.call.startswith("POST /v1/recipes/")
    assert request_.payload == payload


def test_a_film_of_shots_has_one_script() -> None:
    """A prompt and shots at once are an error."""
    with pytest.raises(InvalidRequestError, match="either prompt or shots"):
        recipes.multi_shot_video()


async def test_options_reach_native_calls(planned: MakePlan) -> None:
    """A request of these kinds takes options as any other."""
    options = {"runway": RunwayOptions(on_behalf_of="acme")}
    plan = await planned(avatar_video(avatar="influencer", text="x").model_copy(update={"provider_options": options}))
    assert plan.body.keys() == {"model", "avatar", "speech"}


async def test_large_files_are_uploaded(runway: RunwayProvider, planned: MakePlan, tmp_path: Path, png: bytes) -> None:
    """A file too large for a data URI goes through storage, wherever in a native call it stands."""
    (tmp_path / "large.png").write_bytes(png + bytes(4_000_000))
    request = recipes.product_ad(images=[tmp_path / "large.png", IMAGE])
    plan = await runway.prepare(await planned(request))
    images = plan.body["productImages"]
    assert isinstance(images, list)
    assert images[0]["uri"].startswith("runway://")
    assert images[1] == {"uri": IMAGE}


@pytest.mark.parametrize("content", [b"", b"no media at all"])
def test_files_that_are_no_media(tmp_path: Path, content: bytes) -> None:
    """What is empty or unknown is an error when the request is made."""
    (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(MediaInputError):
        recipes.product_campaign_image(image=tmp_path / "x.png", prompt="x")
    with pytest.raises(MediaInputError, match="cannot be read"):
        recipes.product_campaign_image(image=tmp_path / "missing.png", prompt="x")


async def test_a_session_that_nobody_joined_is_canceled(
    runway: RunwayProvider, runway_emulator: RunwayEmulator, planned: MakePlan
) -> None:
    """A realtime session is deleted like a task, at its own address; the ledger shows one session and no charge."""
    submission = await runway.submit(await planned(realtime_session(avatar="influencer")), None)
    assert submission.ref is not None
    assert (await runway.cancel(submission.ref)).stopped
    (snapshot,) = await runway.fetch([submission.ref])
    assert snapshot.state is TaskState.CANCELED
    (entry,) = runway_emulator.ledger.entries.values()
    assert (entry.state, entry.charged) == ("canceled", 0)
