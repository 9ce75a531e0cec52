"""Traps of the official SDKs around starting a task, reading answers and fetching outputs."""

import asyncio
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from anymedia import (
    AsyncMediaClient,
    ImageResult,
    ImageToVideo,
    InvalidRequestError,
    MediaError,
    MediaInputError,
    ProtocolError,
    QuotaExceededError,
    RateLimitError,
    Request,
    Result,
    SubmissionUnknownError,
    TaskState,
    TextToImage,
    TextToVideo,
)
from anymedia.testing import ScaledClock
from anymedia_runway.emulator import RunwayEmulator

OpenClient = Callable[..., AsyncMediaClient]
CREATE = "POST /v1/text_to_image"
REQUEST = TextToImage(prompt="a lighthouse", size="720x720")


def creates(emulator: RunwayEmulator) -> int:
    """How often a task was asked for."""
    return sum(request.startswith("POST /v1/") for request in emulator.ledger.requests)


def looks(emulator: RunwayEmulator) -> int:
    """How often a task was looked at."""
    return sum(request.startswith("GET /v1/tasks/") for request in emulator.ledger.requests)


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        ("lose_reply", {}),
        ("html", {}),
        *(("status_after", {"status": status}) for status in (302, 408, 409, 500, 502, 503, 504)),
        *(("status_before", {"status": status}) for status in (408, 409, 500, 502, 503, 504)),
    ],
)
async def test_trap_09_an_ambiguous_create_is_sent_once(
    runway_emulator: RunwayEmulator, open_client: OpenClient, fault: str, options: dict[str, int]
) -> None:
    """Where nobody can say whether a task was started, the request is not sent again, however many retries are set."""
    runway_emulator.faults.add(fault, times=None, match=CREATE, **options)
    client = open_client(runway_emulator.endpoint.base_url, runway_emulator.api_key, retries=5)
    with pytest.raises(SubmissionUnknownError):
        await client.run(REQUEST)
    assert runway_emulator.ledger.requests == [CREATE]
    assert runway_emulator.ledger.accepted == (fault != "status_before")


async def test_trap_09_a_create_that_gets_no_answer_is_sent_once(still: RunwayEmulator, tmp_path: Path) -> None:
    """An answer that does not come in time is one more thing that proves nothing: one request, one task."""
    still.faults.add("slow", times=None)
    config = tmp_path / "anymedia.toml"
    config.write_text(
        f'[providers.runway]\nbase_url = "{still.endpoint.base_url}"\napi_key = "{still.api_key}"\n'
        "submit_timeout = 0.2\nretries = 5\nretry_delay = 0.001\n"
    )
    async with AsyncMediaClient.from_config(config, provider="runway", journal=None) as client:
        with pytest.raises(SubmissionUnknownError):
            await client.run(REQUEST)
    assert still.ledger.requests == [CREATE]
    assert still.ledger.accepted == 1


async def test_trap_10_the_daily_limit_is_not_argued_with(
    runway_emulator: RunwayEmulator, client: AsyncMediaClient
) -> None:
    """A daily limit is told from a rate limit by its text, and asking again soon is pointless."""
    runway_emulator.faults.add("daily_quota", times=None)
    with pytest.raises(QuotaExceededError, match="24 hours") as caught:
        await client.run(REQUEST)
    assert not caught.value.retryable
    assert runway_emulator.ledger.requests == [CREATE]


async def test_trap_11_a_wait_asked_for_is_waited(runway_emulator: RunwayEmulator, open_client: OpenClient) -> None:
    """After a 429 the next attempt comes when the vendor said, not sooner."""
    clock = ScaledClock(300)
    client = open_client(runway_emulator.endpoint.base_url, runway_emulator.api_key, clock=clock)
    runway_emulator.faults.add("throttle", match=CREATE, retry_after=50)
    await client.submit(REQUEST)
    assert clock.now() >= 50
    assert creates(runway_emulator) == 2


async def test_trap_11_a_wait_too_long_is_the_callers_to_decide(
    runway_emulator: RunwayEmulator, client: AsyncMediaClient
) -> None:
    """A wait above a minute is neither ignored nor sat out: the error says how long it is."""
    runway_emulator.faults.add("throttle", match=CREATE, retry_after=120)
    with pytest.raises(RateLimitError) as caught:
        await client.run(REQUEST)
    assert caught.value.retry_after == 120
    assert runway_emulator.ledger.requests == [CREATE]


async def test_trap_11_looks_wait_as_long_as_the_vendor_asks(
    runway_emulator: RunwayEmulator, open_client: OpenClient
) -> None:
    """Looks stop for as long as a 429 asks, also above a minute, and then go on."""
    clock = ScaledClock(1000)
    client = open_client(runway_emulator.endpoint.base_url, runway_emulator.api_key, clock=clock, poll_interval=5)
    runway_emulator.faults.add("throttle", match="GET", retry_after=120)
    task = await client.submit(REQUEST)
    async with asyncio.timeout(20):
        assert (await task.result(timeout=None)).url
    assert clock.now() >= 120
    assert looks(runway_emulator) == 2


def task_shown(task_id: str, **fields: object) -> dict[str, Any]:
    """A body about a task with nothing in it but these."""
    return {"id": task_id, **fields}


@pytest.mark.parametrize(
    ("shown", "state"),
    [
        ({"status": "PENDING"}, TaskState.QUEUED),
        ({"status": "RUNNING"}, TaskState.RUNNING),
        ({"status": "RUNNING", "progress": "half"}, TaskState.RUNNING),
        ({"status": "SUCCEEDED", "output": ["https://cdn.test/a.png"]}, TaskState.SUCCEEDED),
        ({"status": "SUCCEEDED", "output": ["https://cdn.test/a.png"], "cost": {"credits": 2.5}}, TaskState.SUCCEEDED),
        ({"status": "FAILED"}, TaskState.FAILED),
        ({"status": "FAILED", "failure": None, "failureCode": None, "cost": {}}, TaskState.FAILED),
        ({"status": "CANCELLED"}, TaskState.CANCELED),
    ],
)
async def test_trap_14_a_task_is_read_by_its_status(
    still: RunwayEmulator, patient: AsyncMediaClient, shown: dict[str, object], state: TaskState
) -> None:
    """A missing or odd field never makes a task look like another state, and the whole answer is kept."""
    task = await patient.submit(REQUEST)
    body = task_shown(task.ref.id, **shown)
    still.faults.add("status_before", match="GET", status=200, body=body)
    snapshot = await task.status()
    assert snapshot.state is state
    assert snapshot.raw == body
    assert (snapshot.failure is not None) == (state in (TaskState.FAILED, TaskState.CANCELED))


async def test_trap_15_a_page_is_no_answer(runway_emulator: RunwayEmulator, client: AsyncMediaClient) -> None:
    """HTML with status 200 is an unknown outcome of a create, and of a look an error that says what came instead."""
    runway_emulator.faults.add("html", match=CREATE)
    with pytest.raises(SubmissionUnknownError, match="text/html"):
        await client.submit(REQUEST)
    task = await client.submit(REQUEST)
    runway_emulator.faults.add("html", match="GET", times=3)
    with pytest.raises(ProtocolError, match="text/html"):
        await task.status()
    assert (await task.result()).url


@pytest.mark.parametrize("task_id", ["../organization?x=1", "..%2Forganization", "17f20503", ""])
async def test_trap_16_an_id_leads_nowhere_else(
    runway_emulator: RunwayEmulator, client: AsyncMediaClient, task_id: str
) -> None:
    """An id that is none of the vendor's is refused before it comes near a URL."""

    async def ask() -> object:
        return await client.attach(f"anymedia+runway://{task_id}?v=1&op=text_to_image&model=gen4_image&n=1").status()

    with pytest.raises(InvalidRequestError):
        await ask()
    assert runway_emulator.ledger.requests == []


async def test_trap_17_what_comes_back_has_one_type_and_travels(client: AsyncMediaClient) -> None:
    """Results, snapshots and refs are of classes with a name: two of a kind compare, and each survives pickling."""
    task = await client.submit(REQUEST)
    result = await task.result()
    again = await client.run(REQUEST)
    assert type(result) is type(again) is ImageResult
    snapshot = await task.status()
    for one in (result, snapshot, task.ref):
        assert pickle.loads(pickle.dumps(one)) == one


async def test_trap_17_errors_travel(runway_emulator: RunwayEmulator, client: AsyncMediaClient) -> None:
    """An error survives pickling with all it knows."""
    runway_emulator.faults.add("fail_task", failure_code="SAFETY.INPUT.TEXT", failure="no")
    task = await client.submit(REQUEST)
    with pytest.raises(MediaError) as caught:
        await task.result()
    copy = pickle.loads(pickle.dumps(caught.value))
    assert type(copy) is type(caught.value)
    assert (copy.ref, copy.provider_code, copy.raw) == (task.ref, "SAFETY.INPUT.TEXT", caught.value.raw)


async def test_trap_25_new_models_and_options_need_no_release(
    runway_emulator: RunwayEmulator, client: AsyncMediaClient
) -> None:
    """A model, a size and an option nobody here knows are sent as they are; the vendor is the one to judge."""
    request = TextToImage(
        prompt="x", model="unlisted:gen9_image", size="1234x777", provider_options={"runway": {"brandNew": [{"a": 1}]}}
    )
    plan = await client.plan(request)
    assert plan.body["model"] == "gen9_image"
    assert plan.body["ratio"] == "1234:777"
    assert plan.body["brandNew"] == [{"a": 1}]
    assert [notice.field for notice in plan.notices if "brandNew" in str(notice.field)]
    with pytest.raises(InvalidRequestError, match="model"):
        await client.run(request)
    assert runway_emulator.ledger.requests == [CREATE]


async def test_trap_26_outputs_are_saved_though_their_links_died(
    runway_emulator: RunwayEmulator, client: AsyncMediaClient, tmp_path: Path
) -> None:
    """Saving asks for fresh links once when the old ones are dead; the key never goes to the media host."""
    result = await client.run(REQUEST)
    before = looks(runway_emulator)
    runway_emulator.faults.add("expire_url")
    (path,) = await result.asave(tmp_path / "lighthouse.png")
    assert looks(runway_emulator) == before + 1
    with Image.open(path) as picture:
        assert picture.size == (720, 720)


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (TextToImage(prompt="x", size="721x720"), "size"),
        (TextToVideo(prompt="x", model="gen4.5", duration=99), "duration"),
        (TextToImage(prompt="\N{GRINNING FACE}" * 501), "prompt"),
        (TextToImage(prompt="x", references=["https://e.test/a.png"] * 4), "references"),
    ],
    ids=["size", "duration", "prompt in UTF-16 units", "too many references"],
)
async def test_trap_27_what_cannot_work_is_refused_before_it_costs(
    runway_emulator: RunwayEmulator, client: AsyncMediaClient, request_: Request[Result], field: str
) -> None:
    """Sizes, durations, prompt lengths and counts are checked here; the vendor hears nothing of a request in vain."""
    with pytest.raises(InvalidRequestError) as caught:
        await client.run(request_)
    assert any(issue.field.startswith(field) for issue in caught.value.issues), caught.value
    assert runway_emulator.ledger.requests == []


async def test_trap_27_inputs_are_checked_before_they_are_sent(
    runway_emulator: RunwayEmulator, client: AsyncMediaClient
) -> None:
    """A format that the vendor does not take is refused here."""
    with pytest.raises(MediaInputError, match="GIF|gif"):
        await client.run(ImageToVideo(prompt="x", image=b"GIF89a" + bytes(600)))
    assert runway_emulator.ledger.requests == []


async def test_trap_30_no_wait_is_endless(runway_emulator: RunwayEmulator, open_client: OpenClient) -> None:
    """Thirty years of `Retry-After` hold up a create not at all, and a look no longer than five minutes."""
    clock = ScaledClock(1000)
    client = open_client(runway_emulator.endpoint.base_url, runway_emulator.api_key, clock=clock, poll_interval=5)
    runway_emulator.faults.add("throttle", match=CREATE, retry_after=10**9)
    with pytest.raises(RateLimitError) as caught:
        await client.submit(REQUEST)
    assert caught.value.retry_after == 300
    task = await client.submit(REQUEST)
    runway_emulator.faults.add("throttle", match="GET", retry_after=10**9)
    async with asyncio.timeout(20):
        assert (await task.result(timeout=None)).url
    assert clock.now() >= 300
