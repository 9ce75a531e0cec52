"""From acceptance to the last result: pushes, looks, odd frames and broken links, judged by the emulator's ledger."""

import asyncio
from typing import Any

import pytest

from anymedia.errors import AuthenticationError, ClientClosedError, RateLimitError, TaskNotFoundError
from anymedia.provider import Cancellation, Gap
from anymedia.refs import Outcome, TaskRef, TaskState
from anymedia.requests import Native, TextToImage, TextToVideo, UpscaleImage
from anymedia.tasks import Snapshot
from anymedia.testing import FaultProxy, ManualClock, ScaledClock
from anymedia_runware.emulator import Behaviour, RunwareEmulator

Desk = Any
OpenClient = Any
OpenDesk = Any
Vendor = Any

IMAGE = TextToImage(prompt="a lighthouse")
FOUR_IMAGES = TextToImage(prompt="a lighthouse", count=4)
FILM = TextToVideo(prompt="waves", duration=3)


def _refs(snapshot: Snapshot) -> set[str | None]:
    return {output.vendor_ref for output in snapshot.outputs}


async def test_quick_work_is_pushed(desk: Desk, runware_emulator: RunwareEmulator) -> None:
    """Results of quick work arrive the moment they exist: nothing is asked for."""
    snapshot = await desk.run(FOUR_IMAGES)
    assert len(_refs(snapshot)) == 4
    assert runware_emulator.ledger.requests == ["authentication", "imageInference"]


async def test_pushed_snapshots_grow(desk: Desk) -> None:
    """Each pushed snapshot holds all results so far, and only the last one is final."""
    await desk.run(FOUR_IMAGES)
    counts = [len(news.outputs) for news in desk.emitted if isinstance(news, Snapshot)]
    assert counts == sorted(counts)
    assert counts[-1] == 4
    finals = [news for news in desk.emitted if isinstance(news, Snapshot) and news.state.is_final]
    assert len(finals) == 1


@pytest.mark.parametrize(
    "fault",
    [
        "duplicate",
        "reorder",
        "foreign",
        "orphan_error",
        "mixed_frame",
        "array_frame",
        "data_object",
        "extra_fields",
        "lose_result",
        "early_uuid",
        "odd_status",
        "form_b_errors",
    ],
)
@pytest.mark.parametrize("push", [False, True])
async def test_odd_frames(desk: Desk, runware_emulator: RunwareEmulator, fault: str, push: bool) -> None:
    """Whatever a frame looks like, each result arrives once and at the right task, which was started once."""
    runware_emulator.faults.add(fault, times=3 if fault != "lose_result" else 1)
    snapshot = await desk.run(FOUR_IMAGES, push=push)
    assert snapshot.state is TaskState.SUCCEEDED
    assert len(snapshot.outputs) == len(_refs(snapshot)) == 4
    assert runware_emulator.ledger.accepted == 1
    assert runware_emulator.ledger.delivered == 4


async def test_an_empty_acknowledgement(desk: Desk, runware_emulator: RunwareEmulator) -> None:
    """`{"data": []}` in answer to a task is its acknowledgement."""
    runware_emulator.faults.add("empty_ack")
    assert (await desk.run(FILM)).state is TaskState.SUCCEEDED
    assert runware_emulator.ledger.requests.count("videoInference") == 1


async def test_a_task_the_live_list_has_forgotten(desk: Desk, runware_emulator: RunwareEmulator) -> None:
    """What getResponse does not know (any more) is found in the archive, in either form of not knowing."""
    ref = await desk.start(FILM)
    await desk.end(ref)
    for empty in (False, True):
        runware_emulator.faults.add("task_not_found", empty=empty)
        (snapshot,) = await desk.provider.fetch([ref])
        assert snapshot.state is TaskState.SUCCEEDED
        assert snapshot.outputs[0].kind == "video"


async def test_a_stranger(desk: Desk) -> None:
    """A task the vendor has never seen is absent from the answer, also beside one it knows."""
    ref = await desk.start(FILM)
    stranger = TaskRef(provider="runware", id="0b5a1a3e-8f0e-4c53-9d59-1a2b3c4d5e6f", operation="x", model="y")
    assert await desk.provider.fetch([stranger]) == []
    assert [snapshot.ref for snapshot in await desk.provider.fetch([stranger, ref])] == [ref]


async def test_a_failed_look_is_no_failed_task(desk: Desk, runware_emulator: RunwareEmulator) -> None:
    """A rate limit on a look-up is raised; beside the state of another task it changes nothing."""
    first, second = await desk.start(FILM), await desk.start(FILM)
    runware_emulator.faults.add("poll_error")
    with pytest.raises(RateLimitError):
        await desk.provider.fetch([first])
    await desk.end(first)
    await desk.end(second)
    runware_emulator.faults.add("poll_error")
    states = {snapshot.ref: snapshot.state for snapshot in await desk.provider.fetch([first, second])}
    assert states == {first: TaskState.QUEUED, second: TaskState.SUCCEEDED}


async def test_progress(runware_emulator: RunwareEmulator, desk: Desk) -> None:
    """A running task tells how far it is, and reaches 1."""
    runware_emulator.faults.add("stick")
    ref = await desk.start(FILM)
    (snapshot,) = await desk.provider.fetch([ref])
    assert snapshot.state is TaskState.RUNNING
    assert snapshot.provider_status == "processing"
    assert snapshot.progress is not None
    assert 0 <= snapshot.progress < 1
    assert (await desk.run(FILM)).progress == 1


async def test_cancel_only_looks(desk: Desk, runware_emulator: RunwareEmulator) -> None:
    """Runware cannot stop a task: the answer says so, and the task goes on to its result."""
    ref = await desk.start(FILM)
    cancellation = await desk.provider.cancel(ref)
    assert cancellation == Cancellation(stopped=False, refund="none", state=cancellation.state)
    assert (await desk.end(ref)).state is TaskState.SUCCEEDED
    assert (await desk.provider.cancel(ref)).state is TaskState.SUCCEEDED


async def test_twenty_at_once(desk: Desk, runware_emulator: RunwareEmulator) -> None:
    """Twenty interleaved tasks, pushed and polled, on one link: each gets its own results and no others."""
    runware_emulator.faults.add("reorder", times=6, seconds=30)
    runware_emulator.faults.add("duplicate", times=6)
    requests = [
        FILM if index % 4 == 0 else TextToImage(prompt=f"dog {index}", count=1 + index % 3) for index in range(20)
    ]
    snapshots = await asyncio.gather(*(desk.run(request) for request in requests))
    for request, snapshot in zip(requests, snapshots, strict=True):
        assert len(_refs(snapshot)) == request.count
        sent = runware_emulator.ledger.entries[snapshot.ref.id].request
        assert sent["positivePrompt"] == request.prompt
    assert len(set().union(*map(_refs, snapshots))) == sum(request.count for request in requests)
    assert runware_emulator.ledger.requests.count("authentication") == 1


async def test_many_looks_share_a_frame(desk: Desk, runware_emulator: RunwareEmulator) -> None:
    """Twenty look-ups are one round trip."""
    refs = [await desk.start(FILM) for _ in range(desk.provider.batch)]
    runware_emulator.ledger.requests.clear()
    snapshots = await desk.provider.fetch(refs)
    assert [snapshot.ref for snapshot in snapshots] == refs
    assert runware_emulator.ledger.requests == ["getResponse"] * 20


async def test_a_large_frame(desk: Desk, runware_emulator: RunwareEmulator) -> None:
    """A result frame of several MiB, in and out, is a frame like any other."""
    runware_emulator.faults.add("large_result", bytes=5_000_000)
    assert len(_refs(await desk.run(IMAGE))) == 1
    noise = "data:image/png;base64," + "A" * 3_000_000
    native = Native(provider="runware", call="caption", payload={"model": "runware:150@2", "inputs": {"image": noise}})
    assert (await desk.submit(native)).outcome is Outcome.REFUSED


@pytest.mark.parametrize("how", ["cut", "reset"])
@pytest.mark.parametrize("fault", ["", "forget_session"])
async def test_broken_between_two_results(open_desk: OpenDesk, how: str, fault: str) -> None:
    """A link that breaks between pushed results: the gap is told, the rest arrives, nothing is sent again."""
    async with RunwareEmulator(speed=20) as emulator:
        proxy = FaultProxy(emulator.endpoint.base_url)
        desk = await open_desk(await proxy.start(), emulator.api_key)
        if fault:
            emulator.faults.add(fault)
        ref = await desk.start(FOUR_IMAGES)
        getattr(proxy, how)()
        snapshot = await desk.end(ref)
        await proxy.aclose()
        assert desk.gaps == [Gap((ref,))]
        assert len(_refs(snapshot)) == 4
        assert emulator.ledger.requests.count("imageInference") == 1
        assert emulator.ledger.requests.count("authentication") == 2
        assert emulator.ledger.accepted == 1


async def test_a_key_rejected_at_a_reconnect(desk: Desk, runware_emulator: RunwareEmulator) -> None:
    """One false rejection of an old session is overcome with a fresh one; a second one ends the wait with an error."""
    ref = await desk.start(FILM)
    await _drop(desk, runware_emulator)
    runware_emulator.faults.add("reject_key")
    assert [snapshot.ref for snapshot in await desk.provider.fetch([ref])] == [ref]
    await _drop(desk, runware_emulator)
    runware_emulator.faults.add("reject_key", times=2)
    with pytest.raises(AuthenticationError):
        await desk.provider.fetch([ref])
    assert runware_emulator.ledger.requests.count("authentication") == 5


async def _drop(desk: Desk, emulator: RunwareEmulator) -> None:
    """Have the server end the link, and wait until the client has seen it."""
    emulator.faults.add("close", code=1001, when="before_accept")
    payload = {"model": "runware:150@2", "inputs": {"image": "https://media.invalid/a.png"}}
    submission = await desk.submit(Native(provider="runware", call="caption", payload=payload))
    assert submission.outcome is Outcome.UNKNOWN


async def test_the_next_use_after_a_goodbye(desk: Desk, runware_emulator: RunwareEmulator) -> None:
    """A link the server has closed is opened again by the next call."""
    await desk.run(IMAGE)
    await _drop(desk, runware_emulator)
    assert (await desk.run(IMAGE)).state is TaskState.SUCCEEDED
    assert runware_emulator.ledger.requests.count("authentication") == 2


async def test_a_half_open_link(proxy: Any, runware_emulator: RunwareEmulator, open_desk: OpenDesk) -> None:
    """A peer that falls silent while an answer is owed is left within ten seconds; the task is not lost."""
    clock = ManualClock()
    desk = await open_desk(proxy.url, runware_emulator.api_key, clock=clock)
    await desk.start(IMAGE)
    stalled = asyncio.Event()
    runware_emulator.ledger.subscribe(lambda _: stalled.set())
    proxy.arm("stall", on="accepted")
    submitting = asyncio.create_task(desk.submit(FILM))
    async with asyncio.timeout(20):
        await stalled.wait()
        await clock.advance(10)
        submission = await submitting
        assert submission.outcome is Outcome.UNKNOWN
        reconciling = asyncio.create_task(desk.provider.reconcile(submission.ref))
        await clock.advance(1)
        assert (await reconciling).outcome is Outcome.ACCEPTED
    assert runware_emulator.ledger.accepted == 2


async def test_a_synchronous_task_that_never_arrived(runware_emulator: RunwareEmulator, open_desk: OpenDesk) -> None:
    """What is answered with its result is never sent again: after 30 s of not being found it stays unknown."""
    clock = ScaledClock(20)
    desk = await open_desk(runware_emulator.endpoint.base_url, runware_emulator.api_key, clock=clock, poll_interval=1)
    runware_emulator.faults.add("close", code=1006, when="before_accept")
    submission = await desk.submit(IMAGE)
    before = clock.now()
    found = await desk.provider.reconcile(submission.ref)
    assert found.outcome is Outcome.UNKNOWN
    assert clock.now() - before >= 30
    assert runware_emulator.ledger.requests.count("imageInference") == 1
    assert runware_emulator.ledger.accepted == 0


async def test_a_synchronous_answer_that_takes_too_long(open_desk: OpenDesk) -> None:
    """When the server gives up waiting, the task goes on and is found by its id."""
    async with RunwareEmulator(speed=1000, behaviour=Behaviour(sync_budget=0.05)) as emulator:
        desk = await open_desk(emulator.endpoint.base_url, emulator.api_key)
        emulator.faults.add("slow", seconds=200)
        snapshot = await desk.run(IMAGE)
        assert snapshot.state is TaskState.SUCCEEDED
        assert emulator.ledger.accepted == 1


async def test_closing_leaves_nothing(desk: Desk, runware_emulator: RunwareEmulator) -> None:
    """After aclose no task of ours is left; whoever still calls is told."""
    before = asyncio.all_tasks()
    ref = await desk.start(FILM)
    waiting = asyncio.create_task(desk.run(UpscaleImage(image="https://media.invalid/a.png")))
    await asyncio.sleep(0)
    await desk.provider.aclose()
    await desk.provider.aclose()
    await asyncio.gather(waiting, return_exceptions=True)
    left = {task for task in asyncio.all_tasks() - before if task.get_name().startswith("anymedia-runware")}
    assert left == set()
    with pytest.raises(ClientClosedError):
        await desk.provider.fetch([ref])


async def test_an_unused_provider_opens_nothing(desk: Desk, runware_emulator: RunwareEmulator) -> None:
    """Planning needs no link, and closing an unused provider is fine."""
    await desk.plan(IMAGE)
    await desk.provider.aclose()
    assert runware_emulator.ledger.requests == []


async def test_a_task_overlooked_after_a_wish_to_cancel_goes_on(vendor: Vendor, open_client: OpenClient) -> None:
    """Runware cannot cancel, so a task that is not found for a moment was not canceled: it is paid, and comes home."""
    overlooked = asyncio.Semaphore(0)
    sees = [True]

    async def forgetful(link: Any) -> None:
        await link.greet()
        while True:
            task = await link.task()
            if "model" in task:
                await link.answer(task)
            elif sees[0]:
                await link.answer(task, {"status": "success", "imageUUID": "a", "imageURL": "https://h/a.png"})
            elif task["taskType"] == "getResponse":
                await link.send({"data": []})
            else:
                await link.answer(task, errors=[{"code": "taskNotFound", "message": "No."}])
                overlooked.release()

    client = await open_client(await vendor(forgetful))
    sees[0] = False
    task = await client.submit(IMAGE)
    with pytest.raises(TaskNotFoundError):
        await task.cancel()
    waiting = asyncio.create_task(task.result(timeout=20))
    async with asyncio.timeout(20):
        for _ in range(4):
            await overlooked.acquire()
    sees[0] = True
    assert (await waiting).url == "https://h/a.png"
