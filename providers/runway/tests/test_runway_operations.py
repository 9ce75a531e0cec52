"""Every operation, from a request to its outputs, against the emulator."""

import struct
from collections.abc import Awaitable, Callable
from decimal import Decimal

import pytest

from anymedia.config import Config
from anymedia.errors import UnsupportedError
from anymedia.planning import PlanPolicy, make_plan
from anymedia.refs import TaskState
from anymedia.requests import (
    OPERATIONS,
    CharacterPerformance,
    ImageToImage,
    ImageToVideo,
    Native,
    RemoveBackground,
    RemoveVideoBackground,
    Request,
    TextToImage,
    TextToVideo,
    UpscaleImage,
    UpscaleVideo,
    VideoToVideo,
)
from anymedia.results import Result
from anymedia.tasks import Snapshot
from anymedia.transports.http import HttpTransport
from anymedia_runway import RunwayProvider
from anymedia_runway.catalog import runway_catalog
from anymedia_runway.emulator import RunwayEmulator

RunToEnd = Callable[[Request[Result]], Awaitable[Snapshot]]


async def test_text_to_image(run: RunToEnd, http: HttpTransport, runway_emulator: RunwayEmulator) -> None:
    """A prompt gives a picture of the size asked for, at the price the vendor shows, started once."""
    snapshot = await run(TextToImage(prompt="a lighthouse", size="720x960", seed=3))
    assert snapshot.state is TaskState.SUCCEEDED
    (output,) = snapshot.outputs
    assert (output.kind, output.media_type) == ("image", "image/png")
    assert output.expires_at is not None
    picture = (await http.request("GET", output.url or "")).body
    assert struct.unpack(">II", picture[16:24]) == (720, 960)
    assert snapshot.cost is not None
    assert (snapshot.cost.amount, snapshot.cost.usd, snapshot.cost.final) == (Decimal(5), Decimal("0.05"), True)
    assert runway_emulator.ledger.accepted == 1
    assert runway_emulator.ledger.charged == 5


async def test_several_images(run: RunToEnd) -> None:
    """As many outputs as were asked for come back, in one task."""
    snapshot = await run(TextToImage(prompt="a lighthouse", model="seedream5_pro", count=3, output_format="jpg"))
    assert [output.media_type for output in snapshot.outputs] == ["image/jpeg"] * 3
    assert snapshot.errors == ()


async def test_references(run: RunToEnd, png: bytes, runway_emulator: RunwayEmulator) -> None:
    """Reference images arrive with their tags."""
    snapshot = await run(TextToImage(prompt="@ref1 at sea", references=[png]))
    assert snapshot.state is TaskState.SUCCEEDED
    (entry,) = runway_emulator.ledger.entries.values()
    assert entry.request["referenceImages"][0]["tag"] == "ref1"


async def test_image_to_image_with_mask(run: RunToEnd, png: bytes) -> None:
    """An image, its mask and another reference give a changed image."""
    request = ImageToImage(prompt="snow", image=png, mask=png, references=[png])
    assert (await run(request)).state is TaskState.SUCCEEDED


async def test_text_to_video(run: RunToEnd) -> None:
    """A prompt gives a film."""
    snapshot = await run(TextToVideo(prompt="waves", duration=2))
    assert snapshot.state is TaskState.SUCCEEDED
    assert snapshot.outputs[0].media_type == "video/mp4"


async def test_image_to_video(run: RunToEnd, png: bytes) -> None:
    """A first and a last frame give a film."""
    request = ImageToVideo(prompt="x", image=png, last_frame=png, model="veo3.1_fast", duration=4, audio=False)
    snapshot = await run(request)
    assert snapshot.state is TaskState.SUCCEEDED
    assert snapshot.cost is not None
    assert snapshot.cost.amount == 40


async def test_video_to_video(run: RunToEnd, film: bytes) -> None:
    """A film and a prompt give a changed film."""
    snapshot = await run(VideoToVideo(prompt="snow", video=film))
    assert (snapshot.state, snapshot.outputs[0].kind) == (TaskState.SUCCEEDED, "video")


async def test_upscale_image(run: RunToEnd, png: bytes, http: HttpTransport) -> None:
    """An image comes back as many times wider and higher as asked."""
    snapshot = await run(UpscaleImage(image=png, factor=2))
    picture = (await http.request("GET", snapshot.outputs[0].url or "")).body
    assert struct.unpack(">II", picture[16:24]) == (1280, 960)


@pytest.mark.parametrize("options", [{"resolution": "720p"}, {"fps": 48, "model": "enhance_frame_rate"}])
async def test_upscale_video(run: RunToEnd, film: bytes, options: dict[str, object]) -> None:
    """A film is enlarged by scale, or made smoother by the model for that."""
    assert (await run(UpscaleVideo(video=film, **options))).state is TaskState.SUCCEEDED


async def test_character_performance(run: RunToEnd, png: bytes, film: bytes) -> None:
    """A face and a performance give a film."""
    snapshot = await run(CharacterPerformance(character=png, performance=film, expression=1))
    assert (snapshot.state, snapshot.outputs[0].kind) == (TaskState.SUCCEEDED, "video")


async def test_native(run: RunToEnd) -> None:
    """A vendor's own call runs on the same road."""
    payload = {"model": "eleven_text_to_sound_v2", "promptText": "a bang", "duration": 2}
    snapshot = await run(Native(provider="runway", call="POST /v1/sound_effect", payload=payload))
    assert [output.kind for output in snapshot.outputs] == ["audio"]
    assert snapshot.ref.model == "eleven_text_to_sound_v2"


async def test_outputs_are_inputs(run: RunToEnd) -> None:
    """A picture made here can be the first frame of the next task, without being downloaded."""
    picture = (await run(TextToImage(prompt="a lighthouse", size="1280x720"))).outputs[0]
    snapshot = await run(ImageToVideo(prompt="waves", image=picture, duration=2))
    assert snapshot.state is TaskState.SUCCEEDED


@pytest.mark.parametrize("request_class", [RemoveBackground, RemoveVideoBackground])
async def test_what_runway_lacks(
    runway: RunwayProvider, runway_emulator: RunwayEmulator, request_class: type[Request[Result]], png: bytes
) -> None:
    """An operation without a model is an error that starts nothing."""
    field = "image" if request_class is RemoveBackground else "video"
    with pytest.raises(UnsupportedError, match="does not offer"):
        await make_plan(request_class(**{field: png}), runway, Config(), PlanPolicy())
    assert runway_emulator.ledger.requests == []


async def test_estimates_agree_with_the_vendors(runway: RunwayProvider, runway_emulator: RunwayEmulator) -> None:
    """What a plan for text should cost is what the vendor's side then says it may cost."""
    runway_emulator.account.limits.max_concurrent = 0
    for operation in ("text_to_image", "text_to_video"):
        for model in runway_catalog().offering(operation):
            if "references" in runway_catalog().models[model].operations[operation].required:
                continue
            request = OPERATIONS[operation](model=model, prompt="a red kite")
            plan = await make_plan(request, runway, Config(), PlanPolicy())
            submission = await runway.submit(plan, None)
            if plan.estimate is not None:
                assert submission.estimate is not None, model
                assert plan.estimate.amount == submission.estimate.amount, model
