"""How local inputs reach the vendor."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from anymedia.errors import AuthenticationError, MediaInputError, ProtocolError, ProviderUnavailableError
from anymedia.provider import Plan
from anymedia.refs import Outcome
from anymedia.requests import ImageToVideo, Request, TextToImage, VideoToVideo
from anymedia.results import Result
from anymedia_runway import RunwayProvider
from anymedia_runway.emulator import RunwayEmulator

MakePlan = Callable[[Request[Result]], Awaitable[Plan]]
SLOT, STORE, CREATE = "POST /v1/uploads", "POST /storage", "POST /v1/image_to_video"


@pytest.fixture
def large(png: bytes) -> bytes:
    """A picture whose data URI would be too long: a small one with four megabytes behind its end."""
    return png + random.Random(0).randbytes(4_000_000)


async def test_small_inputs_travel_inside(
    runway: RunwayProvider, runway_emulator: RunwayEmulator, planned: MakePlan, png: bytes
) -> None:
    """A small file is a data URI in the body; nothing is uploaded."""
    plan = await runway.prepare(await planned(ImageToVideo(prompt="x", image=png)))
    assert str(plan.body["promptImage"]).startswith("data:image/png;base64,")
    assert runway_emulator.ledger.requests == []


async def test_large_inputs_are_uploaded(
    runway: RunwayProvider, runway_emulator: RunwayEmulator, planned: MakePlan, large: bytes
) -> None:
    """A large file goes to storage and stands in the body as the vendor's URI, which the vendor then takes."""
    plan = await runway.prepare(await planned(ImageToVideo(prompt="x", image=large)))
    assert str(plan.body["promptImage"]).startswith("runway://")
    submission = await runway.submit(plan, None)
    assert submission.outcome is Outcome.ACCEPTED, submission.error
    assert runway_emulator.ledger.requests == [SLOT, STORE, CREATE]


async def test_equal_inputs_are_uploaded_once(
    runway: RunwayProvider, runway_emulator: RunwayEmulator, planned: MakePlan, large: bytes
) -> None:
    """First and last frame of the same bytes share an upload."""
    request = ImageToVideo(prompt="x", image=large, last_frame=large, model="veo3.1")
    plan = await runway.prepare(await planned(request))
    assert runway_emulator.ledger.requests == [SLOT, STORE]
    assert await runway.prepare(plan) == plan
    assert runway_emulator.ledger.requests == [SLOT, STORE]


async def test_storage_failure_takes_a_new_slot(
    runway: RunwayProvider, runway_emulator: RunwayEmulator, planned: MakePlan, large: bytes
) -> None:
    """A slot whose upload failed is not used again."""
    runway_emulator.faults.add("storage_failure", times=2)
    plan = await runway.prepare(await planned(ImageToVideo(prompt="x", image=large)))
    assert runway_emulator.ledger.requests == [SLOT, STORE] * 3
    assert (await runway.submit(plan, None)).outcome is Outcome.ACCEPTED


async def test_lost_answers_to_uploads_are_asked_for_again(
    runway: RunwayProvider, runway_emulator: RunwayEmulator, planned: MakePlan, large: bytes
) -> None:
    """Uploads cost nothing, so they are repeated after a lost answer, a server's trouble and a rate limit."""
    runway_emulator.faults.add("lose_reply", match=STORE)
    runway_emulator.faults.add("throttle", match=SLOT)
    await runway.prepare(await planned(ImageToVideo(prompt="x", image=large)))
    assert runway_emulator.ledger.requests == [SLOT, SLOT, STORE, SLOT, STORE]


async def test_uploads_are_given_up(
    runway: RunwayProvider, runway_emulator: RunwayEmulator, planned: MakePlan, large: bytes
) -> None:
    """Storage that keeps failing is an error, and no task is started."""
    runway_emulator.faults.add("storage_failure", times=None)
    with pytest.raises(ProviderUnavailableError, match="storage"):
        await runway.prepare(await planned(ImageToVideo(prompt="x", image=large)))
    assert runway_emulator.ledger.requests == [SLOT, STORE] * 3
    assert runway_emulator.ledger.accepted == 0


async def test_a_wrong_key_is_not_tried_again(
    runway: RunwayProvider, runway_emulator: RunwayEmulator, planned: MakePlan, large: bytes
) -> None:
    """An upload that cannot succeed is asked for once."""
    runway_emulator.faults.add("reject_key", times=None)
    with pytest.raises(AuthenticationError):
        await runway.prepare(await planned(ImageToVideo(prompt="x", image=large)))
    assert runway_emulator.ledger.requests == [SLOT]


async def test_storage_must_be_safe(
    runway: RunwayProvider, runway_emulator: RunwayEmulator, planned: MakePlan, large: bytes
) -> None:
    """A file is never sent in the clear across the network, whatever the vendor says."""
    slot = {"uploadUrl": "http://storage.test/x", "fields": {}, "runwayUri": "runway://x"}
    runway_emulator.faults.add("status_before", match=SLOT, status=200, body=slot)
    with pytest.raises(ProtocolError, match="https"):
        await runway.prepare(await planned(ImageToVideo(prompt="x", image=large)))
    assert runway_emulator.ledger.requests == [SLOT]


async def test_plan_and_request_are_left_as_they_were(runway: RunwayProvider, planned: MakePlan, png: bytes) -> None:
    """Preparing makes a new plan that differs in its body alone."""
    plan = await planned(TextToImage(prompt="x", references=[png]))
    prepared = await runway.prepare(plan)
    assert replace(prepared, body=plan.body) == plan
    assert plan.body["referenceImages"][0]["uri"].data == png  # type: ignore[index]


@pytest.mark.parametrize("data", [b"GIF89a" + bytes(600), b"BM" + bytes(600), b"<svg></svg>"])
async def test_formats_are_refused_before_anything_is_sent(
    planned: MakePlan, runway_emulator: RunwayEmulator, data: bytes
) -> None:
    """A format that Runway does not take is an error of the plan."""
    with pytest.raises(MediaInputError, match="JPEG, PNG and WebP"):
        await planned(ImageToVideo(prompt="x", image=data))
    assert runway_emulator.ledger.requests == []


async def test_plain_http_is_refused(planned: MakePlan) -> None:
    """The vendor fetches https only."""
    with pytest.raises(MediaInputError, match="https://"):
        await planned(VideoToVideo(prompt="x", video="http://example.com/a.mp4"))
