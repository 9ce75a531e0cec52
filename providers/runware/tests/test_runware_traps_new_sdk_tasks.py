"""Traps of the new Python SDK `runware-sdk` 1.8.0, second part: tasks and streams. Each fails if we fall in."""

import asyncio
from typing import Any

import pytest

from anymedia.errors import InvalidRequestError, MediaError, TaskFailedError, TransportError
from anymedia.refs import Outcome, TaskRef, TaskState
from anymedia.requests import GenerateText, Native, TextToImage, TextToVideo
from anymedia.testing import ManualClock, ScaledClock
from anymedia_runware import upload_model
from anymedia_runware.attempts import Pushed
from anymedia_runware.emulator import RunwareEmulator
from anymedia_runware.pulse import Pace
from anymedia_runware.session import Session
from anymedia_runware.streaming import EventReader, StreamedText

Client = Any
Desk = Any
Link = Any
OpenClient = Any
OpenDesk = Any
Vendor = Any

IMAGE = TextToImage(prompt="a lighthouse")
FOUR_IMAGES = TextToImage(prompt="a lighthouse", count=4)
FILM = TextToVideo(prompt="waves", duration=3)
WORDS = GenerateText(prompt="Tell me about the sea — at length", stream=True)


def native(call: str, **payload: Any) -> Native:
    return Native(provider="runware", call=call, payload=payload)


@pytest.fixture
async def over_http(runware_emulator: RunwareEmulator, open_desk: OpenDesk) -> Desk:
    """The provider, over HTTP."""
    return await open_desk(runware_emulator.endpoint.base_url.replace("ws", "http", 1), runware_emulator.api_key)


def test_trap_n02_a_frame_may_hold_both() -> None:
    """Successes and errors of one frame are both taken, each by the task it names."""
    session = Session("key_0", Pace())
    session.open(0.0)
    session.receive('{"data": [{"taskType": "authentication", "connectionSessionUUID": "s"}]}', 0.0)
    refs = [TaskRef(provider="runware", id=name, operation="text_to_image", model="m", count=2) for name in ("a", "b")]
    for ref in refs:
        session.start(ref, {"taskType": "imageInference", "taskUUID": ref.id}, push=True, now=0.0)
        session.receive(f'{{"data": [{{"taskUUID": "{ref.id}", "imageUUID": "1", "imageURL": "https://h/1"}}]}}', 0.0)
        attempt = session.attempt(ref)
        assert attempt is not None
        session.follow(attempt)
    frame = (
        '{"data": [{"taskUUID": "a", "imageUUID": "2", "imageURL": "https://h/2"}],'
        ' "errors": [{"code": "inferenceError", "message": "m", "taskUUID": "b"}]}'
    )
    events = session.receive(frame, 0.0)
    assert [event.attempt.ref.id for event in events if isinstance(event, Pushed)] == ["a"]
    assert any("b" in str(event) for event in events if not isinstance(event, Pushed))


async def test_trap_n04_an_empty_list_of_errors_is_none(over_http: Desk, runware_emulator: RunwareEmulator) -> None:
    """Over HTTP an `errors: []` beside good data is no error, and in a mixed answer the good data counts."""
    runware_emulator.faults.add("empty_errors", times=None)
    assert len((await over_http.run(FOUR_IMAGES)).outputs) == 4
    runware_emulator.faults.clear()
    runware_emulator.faults.add("fail_one")
    snapshot = await over_http.run(FOUR_IMAGES)
    assert (snapshot.state, len(snapshot.outputs), len(snapshot.errors)) == (TaskState.SUCCEEDED, 3, 1)
    assert runware_emulator.ledger.accepted == 2


@pytest.mark.parametrize("delivery", ["auto", "poll"])
async def test_trap_n05_what_is_ready_is_not_lost(
    client: Client, runware_emulator: RunwareEmulator, delivery: str
) -> None:
    """One failure among four results leaves three, with the reason for the fourth beside them."""
    runware_emulator.faults.add("fail_one")
    result = await client.with_options(delivery=delivery).run(FOUR_IMAGES)
    assert len(result.outputs) == 3
    (error,) = result.errors
    assert error.provider_code == "inferenceError"
    assert runware_emulator.ledger.accepted == 1


@pytest.mark.parametrize("texts", [("yes", "no"), ("yes", "yes")])
@pytest.mark.parametrize("push", [False, True])
async def test_trap_n06_results_without_ids_are_counted(
    vendor: Vendor, open_desk: OpenDesk, push: bool, texts: tuple[str, ...]
) -> None:
    """Two texts of one task are two results, equal or not, and end it."""

    async def poet(link: Link) -> None:
        await link.greet()
        task = await link.task()
        if not push:
            await link.answer(task)
            task = await link.task()
        status = {} if push else {"status": "success"}
        await link.answer(task, *({"text": text, "finishReason": "stop", **status} for text in texts))
        await link.listen()

    desk = await open_desk(await vendor(poet), "key_0")
    body = {"model": "openai:gpt@5-mini", "messages": [{"role": "user", "content": "Well?"}], "numberResults": 2}
    async with asyncio.timeout(10):
        snapshot = await desk.run(native("textInference", **body), push=push)
    assert snapshot.state is TaskState.SUCCEEDED
    assert [output.data.decode() for output in snapshot.outputs] == list(texts)


async def test_trap_n07_the_count_is_the_tasks_own(desk: Desk, runware_emulator: RunwareEmulator) -> None:
    """Three versions of a prompt are three results, though `numberResults` is nowhere."""
    request = native("promptEnhance", prompt="a dog", promptMaxLength=64, promptVersions=3)
    snapshot = await desk.run(request)
    assert (snapshot.state, len(snapshot.outputs)) == (TaskState.SUCCEEDED, 3)
    assert runware_emulator.ledger.accepted == 1


async def test_trap_n08_an_upload_ends_when_the_model_is_ready(vendor: Vendor, open_client: OpenClient) -> None:
    """The stages of a model's upload are progress; only `ready` is its end."""
    stages = ("validated", "downloaded", "optimized", "stored")
    released = asyncio.Event()

    async def workshop(link: Link) -> None:
        await link.greet()
        task = await link.task()
        await link.answer(task, {"status": "validated", "message": "m", "air": "acme:12@1"})
        for number in range(1, len(stages)):
            task = await link.task()
            await link.answer(
                task, *({"status": word, "message": "m", "air": "acme:12@1"} for word in stages[: number + 1])
            )
        released.set()
        await link.answer(await link.task(), {"status": "ready", "message": "m", "air": "acme:12@1"})
        await link.listen()

    client = await open_client(await vendor(workshop))
    request = upload_model(
        category="lora",
        architecture="sdxl",
        name="n",
        version="1",
        download_url="https://h/x.safetensors",
        air="acme:12@1",
    )
    async with asyncio.timeout(10):
        result = await client.run(request)
    assert released.is_set()
    assert result.output.vendor_ref == "acme:12@1"


async def test_trap_n12_a_conflict_over_http_is_an_acknowledgement(
    over_http: Desk, runware_emulator: RunwareEmulator
) -> None:
    """The answer to the first POST is lost, the second gets HTTP 400 `conflictTaskUUID`: the task is followed."""
    runware_emulator.faults.add("http_status_after", status=502)
    submission = await over_http.submit(FILM)
    assert submission.outcome is Outcome.UNKNOWN
    found = await over_http.provider.reconcile(submission.ref)
    assert found.outcome is Outcome.ACCEPTED
    plan = await over_http.plan(FILM)
    assert (await over_http.provider.submit(plan, submission.ref)).outcome is Outcome.ACCEPTED
    assert (await over_http.end(submission.ref)).state is TaskState.SUCCEEDED
    assert runware_emulator.ledger.accepted == 1


@pytest.mark.parametrize("code", ["rateLimitExceeded", "internalServerError", "serviceUnavailable"])
async def test_trap_n13_an_error_of_a_poll_is_not_the_tasks(
    client: Client, runware_emulator: RunwareEmulator, code: str
) -> None:
    """Polls answered with an error of their own are repeated; the task ends with its result."""
    runware_emulator.faults.add("poll_error", times=3, code=code)
    result = await client.with_options(delivery="poll").run(FILM)
    assert result.output.kind == "video"
    assert runware_emulator.ledger.accepted == 1


async def test_trap_n14_the_documented_timeout_is_known(client: Client, runware_emulator: RunwareEmulator) -> None:
    """`timeoutProvider`, the documentation's own example, is a failed task that is worth another try."""
    runware_emulator.faults.add("fail_task", code="timeoutProvider")
    with pytest.raises(TaskFailedError) as caught:
        await client.run(FILM)
    assert (caught.value.provider_code, caught.value.retryable) == ("timeoutProvider", True)


async def test_trap_n15_all_that_an_error_says_is_kept(vendor: Vendor, open_desk: OpenDesk) -> None:
    """Code, limits and allowed values of every error of a refusal are there, not of the first alone."""
    errors = [
        {
            "code": "invalidWidth",
            "message": "Too wide.",
            "parameter": "width",
            "min": 128,
            "max": 2048,
            "multiplier": 64,
        },
        {
            "code": "invalidScheduler",
            "message": "Unknown.",
            "parameter": "scheduler",
            "allowedValues": ["Euler", "DDIM"],
        },
    ]

    async def strict(link: Link) -> None:
        await link.greet()
        await link.answer(await link.task(), errors=errors)
        await link.listen()

    desk = await open_desk(await vendor(strict), "key_0")
    submission = await desk.submit(IMAGE)
    error = submission.error
    assert type(error) is InvalidRequestError
    assert error.provider_code == "invalidWidth"
    assert {issue.field: issue.legal for issue in error.issues} == {
        "size": ("128 to 2048 in steps of 64",),
        "scheduler": ("Euler", "DDIM"),
    }
    assert "invalidScheduler" in str(error.raw)


async def _kept(client: Client, ref: TaskRef) -> str:
    """The whole text, as the vendor has kept it."""
    (snapshot,) = await (await client.provider_named("runware")).fetch([ref])
    return str(snapshot.outputs[0].data.decode())


async def test_trap_n16_a_character_cut_in_two(client: Client, runware_emulator: RunwareEmulator) -> None:
    """A stream whose chunks end inside characters gives the very text that the vendor has kept."""
    runware_emulator.faults.add("split_stream")
    result = await client.run(WORDS)
    assert not result.text.isascii()
    assert result.text == await _kept(client, result.ref)


async def test_trap_n17_a_stream_cut_short_is_no_success(client: Client, runware_emulator: RunwareEmulator) -> None:
    """A stream that ends without its last words is not the text: the vendor is asked, and gives the whole one."""
    runware_emulator.faults.add("cut_stream", after=2)
    task = await client.submit(WORDS)
    seen = [snapshot async for snapshot in task.events()]
    whole = await _kept(client, task.ref)
    assert (await task.result()).text == whole
    assert all(snapshot.text != whole for snapshot in seen if not snapshot.state.is_final)
    assert "getResponse" in runware_emulator.ledger.requests
    assert runware_emulator.ledger.accepted == 1


@pytest.mark.parametrize(("comments", "speed"), [(False, 1), (True, 60)])
async def test_trap_n18_a_stream_that_falls_silent(
    open_desk: OpenDesk, runware_emulator: RunwareEmulator, comments: bool, speed: int
) -> None:
    """A stream that says nothing more, or nothing but comments, is left, and the text is fetched."""
    clock, base_url = ScaledClock(speed), runware_emulator.endpoint.base_url
    desk = await open_desk(base_url, runware_emulator.api_key, clock=clock, submit_timeout=0.3)
    runware_emulator.faults.add("stall_stream", after=2, comments=comments)
    snapshot = await desk.run(WORDS)
    assert (snapshot.state, len(snapshot.outputs)) == (TaskState.SUCCEEDED, 1)
    assert "getResponse" in runware_emulator.ledger.requests
    assert runware_emulator.ledger.accepted == 1


async def test_trap_n19_a_streams_task_keeps_its_id(client: Client, runware_emulator: RunwareEmulator) -> None:
    """The task that streams is the one whose ref the caller holds: it can be found afterwards, also in the archive."""
    task = await client.submit(WORDS)
    text = (await task.result()).text
    assert list(runware_emulator.ledger.entries) == [task.ref.id]
    assert (await client.attach(str(task.ref), GenerateText).result()).text == text


async def test_trap_n20_a_stream_keeps_no_pieces(client: Client, runware_emulator: RunwareEmulator) -> None:
    """Nobody has to read along: pieces are joined, not queued, and nothing is left when the text is there."""
    task = await client.submit(WORDS)
    one, other = await asyncio.gather(_texts(task), _texts(task))
    assert one[-1] == other[-1] == (await task.result()).text
    provider = await client.provider_named("runware")
    assert provider._streams._open == {}
    reader, text = EventReader(), StreamedText(task.ref)
    for _ in range(1000):
        for data in reader.feed(f'data: {{"taskUUID": "{task.ref.id}", "delta": {{"text": "abcd"}}}}\n\n'.encode()):
            text.take(data)
    assert (len(text.text), reader._rest, reader._lines) == (4000, b"", [])


async def _texts(task: Any) -> list[str]:
    return [snapshot.text async for snapshot in task.events() if snapshot.text]


async def test_a_stream_that_nobody_can_account_for(open_client: OpenClient, runware_emulator: RunwareEmulator) -> None:
    """Cut short and unknown to the vendor afterwards: a failure that says so and holds what there is of the text."""
    clock = ScaledClock(50)
    client = await open_client(runware_emulator.endpoint.base_url, runware_emulator.api_key, clock=clock)
    runware_emulator.faults.add("cut_stream", after=3)
    runware_emulator.faults.add("task_not_found", times=None)
    archive = runware_emulator.backend.tasks
    task = await client.submit(WORDS)
    archive.pop(task.ref.id, None)
    with pytest.raises(TaskFailedError, match="cannot say") as caught:
        await task.result()
    assert "text" in str(caught.value.raw)


@pytest.mark.parametrize(
    ("fault", "options", "outcome"),
    [
        ("throttle", {}, Outcome.REFUSED),
        ("no_credits", {}, Outcome.REFUSED),
        ("http_status_before", {"status": 503}, Outcome.UNKNOWN),
    ],
)
async def test_how_a_stream_may_fail_to_begin(
    desk: Desk, runware_emulator: RunwareEmulator, fault: str, options: Any, outcome: Outcome
) -> None:
    """A refusal in place of a stream is one; an answer that says nothing leaves the question open."""
    runware_emulator.faults.add(fault, **options)
    submission = await desk.submit(WORDS)
    assert submission.outcome is outcome
    assert runware_emulator.ledger.accepted == 0


async def test_a_stream_to_nowhere(nowhere: Desk) -> None:
    """Without a connection nothing was sent."""
    submission = await nowhere.submit(WORDS)
    assert submission.outcome is Outcome.NOT_SENT
    assert isinstance(submission.error, TransportError)


async def test_a_streamed_task_that_fails(client: Client, runware_emulator: RunwareEmulator) -> None:
    """An error in the middle of a stream fails the task with the vendor's code."""
    runware_emulator.faults.add("fail_task")
    with pytest.raises(MediaError) as caught:
        await client.run(WORDS)
    assert caught.value.provider_code == "inferenceError"


async def test_closing_ends_a_stream(open_client: OpenClient, runware_emulator: RunwareEmulator) -> None:
    """A client that is closed reads no further; its journal still holds the task."""
    runware_emulator.faults.add("stall_stream", after=1)
    clock = ManualClock()
    client = await open_client(runware_emulator.endpoint.base_url, runware_emulator.api_key, clock=clock)
    task = await client.submit(WORDS)
    assert [entry.ref.id for entry in await client.unfinished()] == [task.ref.id]
    await client.aclose()
    left = [one for one in asyncio.all_tasks() if one.get_name() == "anymedia-runware-stream"]
    assert left == []
