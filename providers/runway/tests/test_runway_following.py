"""Looking at tasks and cancelling them, in every state."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from anymedia.errors import (
    AuthenticationError,
    InvalidRequestError,
    MediaError,
    ModerationError,
    ProtocolError,
    ProviderUnavailableError,
    RateLimitError,
    TaskCanceledError,
    TaskFailedError,
    TaskNotFoundError,
    TransportError,
)
from anymedia.provider import Cancellation, Plan
from anymedia.refs import TaskRef, TaskState
from anymedia.requests import Request, TextToImage
from anymedia.results import Result
from anymedia.tasks import Snapshot
from anymedia.testing import ManualClock
from anymedia_runway import RunwayProvider
from anymedia_runway.emulator import RunwayEmulator
from anymedia_runway.places import WORKFLOW

MakePlan = Callable[[Request[Result]], Awaitable[Plan]]
OpenRunway = Callable[..., RunwayProvider]
Start = Callable[[], Awaitable[TaskRef]]


@pytest.fixture
def clock() -> ManualClock:
    """The emulator's time, moved by hand: three seconds of queue, eight of work."""
    return ManualClock()


@pytest.fixture
async def emulator(clock: ManualClock) -> AsyncIterator[RunwayEmulator]:
    """One task of a model at a time."""
    async with RunwayEmulator(clock=clock, max_concurrent=1) as running:
        yield running


@pytest.fixture
def runway(emulator: RunwayEmulator, open_runway: OpenRunway) -> RunwayProvider:
    """The provider at this emulator."""
    return open_runway(emulator.endpoint.base_url, emulator.api_key)


@pytest.fixture
def start(runway: RunwayProvider, planned: MakePlan) -> Start:
    """Starts a task."""

    async def submit() -> TaskRef:
        submission = await runway.submit(await planned(TextToImage(prompt="x", size="720x720")), None)
        assert submission.ref is not None
        return submission.ref

    return submit


async def _look(runway: RunwayProvider, ref: TaskRef) -> Snapshot:
    (snapshot,) = await runway.fetch([ref])
    return snapshot


async def test_a_tasks_way(runway: RunwayProvider, start: Start, clock: ManualClock) -> None:
    """A task is seen waiting, held back, running with progress, and done with its cost."""
    first, second = await start(), await start()
    assert (await _look(runway, first)).provider_status == "PENDING"
    held = await _look(runway, second)
    assert (held.state, held.provider_status) == (TaskState.QUEUED, "THROTTLED")
    await clock.advance(9)
    running = await _look(runway, first)
    assert running.state is TaskState.RUNNING
    assert running.progress is not None
    assert 0 < running.progress < 1
    assert running.cost is not None
    assert not running.cost.final
    await clock.advance(3)
    done = await _look(runway, first)
    assert (done.state, done.progress) == (TaskState.SUCCEEDED, 1.0)
    assert done.cost is not None
    assert done.cost.final


async def test_outputs_get_fresh_links(runway: RunwayProvider, start: Start, clock: ManualClock) -> None:
    """A finished task can be looked at again, and its links are made anew."""
    ref = await start()
    await clock.advance(12)
    first = await _look(runway, ref)
    await clock.advance(100)
    second = await _look(runway, ref)
    assert first.outputs[0].url != second.outputs[0].url
    assert first.outputs[0].expires_at != second.outputs[0].expires_at


@pytest.mark.parametrize(
    ("code", "kind"),
    [("SAFETY.INPUT.TEXT", ModerationError), ("INTERNAL.BAD_OUTPUT.01", TaskFailedError), (None, TaskFailedError)],
)
async def test_failure(
    runway: RunwayProvider,
    start: Start,
    clock: ManualClock,
    emulator: RunwayEmulator,
    code: str | None,
    kind: type[MediaError],
) -> None:
    """A failed task carries why, by the vendor's code, and what it cost."""
    emulator.faults.add("fail_task", failure_code=code, failure="no luck", cost=3)
    ref = await start()
    await clock.advance(12)
    snapshot = await _look(runway, ref)
    assert snapshot.state is TaskState.FAILED
    assert type(snapshot.failure) is kind
    assert "no luck" in str(snapshot.failure)
    assert snapshot.cost is not None
    assert snapshot.cost.amount == 3


@pytest.mark.parametrize("fault", ["odd_status", "extra_fields", "missing_cost"])
async def test_oddities_are_borne(runway: RunwayProvider, start: Start, emulator: RunwayEmulator, fault: str) -> None:
    """Unknown words, unknown fields and missing costs neither break nor end a task."""
    ref = await start()
    emulator.faults.add(fault)
    assert (await _look(runway, ref)).state is TaskState.QUEUED


@pytest.mark.parametrize("spelling", ["CANCELED", "CANCELLED"])
async def test_vendor_shows_a_cancellation(
    runway: RunwayProvider, start: Start, emulator: RunwayEmulator, spelling: str
) -> None:
    """Both spellings end the task, and cancelling it once more is fine."""
    ref = await start()
    emulator.faults.add("canceled_spelling", times=2, spelling=spelling)
    snapshot = await _look(runway, ref)
    assert snapshot.state is TaskState.CANCELED
    assert isinstance(snapshot.failure, TaskCanceledError)
    assert await runway.cancel(ref) == Cancellation(stopped=True, refund="full", state=TaskState.CANCELED)


async def test_unknown_tasks_are_absent(runway: RunwayProvider) -> None:
    """An id the vendor does not know gives no snapshot; the core decides what that means."""
    ref = TaskRef(provider="runway", id="0" * 8 + "-0000-4000-8000-" + "0" * 12, operation="native", model="x")
    assert await runway.fetch([ref]) == []
    with pytest.raises(TaskNotFoundError):
        await runway.cancel(ref)


@pytest.mark.parametrize("task", ["../organization?x=1", "x", "..%2Forganization"])
async def test_foreign_ids_are_never_asked_for(runway: RunwayProvider, emulator: RunwayEmulator, task: str) -> None:
    """An id that is no UUID cannot lead to another resource: no request is made."""
    ref = TaskRef(provider="runway", id=task, operation="text_to_image", model="x")
    for ask in (lambda: runway.fetch([ref]), lambda: runway.cancel(ref)):
        with pytest.raises(InvalidRequestError, match="UUID"):
            await ask()
    assert emulator.ledger.requests == []


@pytest.mark.parametrize(
    ("fault", "options", "kind"),
    [
        ("status_before", {"status": 502}, ProviderUnavailableError),
        ("status_before", {"status": 302}, ProtocolError),
        ("throttle", {}, RateLimitError),
        ("reject_key", {}, AuthenticationError),
        ("html", {}, ProtocolError),
        ("lose_reply", {}, TransportError),
    ],
)
async def test_a_failed_look_says_nothing_about_the_task(
    runway: RunwayProvider,
    start: Start,
    emulator: RunwayEmulator,
    fault: str,
    options: dict[str, int],
    kind: type[MediaError],
) -> None:
    """A look that fails raises; the next one finds the task as it was."""
    ref = await start()
    emulator.faults.add(fault, **options)
    with pytest.raises(kind):
        await runway.fetch([ref])
    assert (await _look(runway, ref)).state is TaskState.QUEUED


async def test_cancel_while_waiting(runway: RunwayProvider, start: Start, emulator: RunwayEmulator) -> None:
    """A waiting task is stopped; whether it is free nobody can promise. A second call finds it stopped."""
    ref = await start()
    first = await runway.cancel(ref)
    assert first == Cancellation(stopped=True, refund="unknown", state=TaskState.CANCELED)
    assert emulator.ledger.entries[ref.id].state == "canceled"
    assert (await runway.cancel(ref)).stopped
    assert emulator.ledger.requests.count(f"DELETE /v1/tasks/{ref.id}") == 1


async def test_cancel_while_held_back(runway: RunwayProvider, start: Start, emulator: RunwayEmulator) -> None:
    """A throttled task is stopped too."""
    await start()
    ref = await start()
    assert (await runway.cancel(ref)).stopped
    assert emulator.ledger.entries[ref.id].state == "canceled"


async def test_cancel_while_running(runway: RunwayProvider, start: Start, clock: ManualClock) -> None:
    """A running task is stopped, and costs what it costs."""
    ref = await start()
    await clock.advance(4)
    assert await runway.cancel(ref) == Cancellation(stopped=True, refund="none", state=TaskState.CANCELED)


@pytest.mark.parametrize(("fails", "state"), [(False, TaskState.SUCCEEDED), (True, TaskState.FAILED)])
async def test_cancel_destroys_nothing_finished(
    runway: RunwayProvider,
    start: Start,
    clock: ManualClock,
    emulator: RunwayEmulator,
    fails: bool,
    state: TaskState,
) -> None:
    """A finished task is never deleted: its outputs were paid for."""
    if fails:
        emulator.faults.add("fail_task")
    ref = await start()
    await clock.advance(12)
    assert await runway.cancel(ref) == Cancellation(stopped=False, refund="none", state=state)
    assert (await _look(runway, ref)).state is state
    assert not any(request.startswith("DELETE") for request in emulator.ledger.requests)


async def test_a_deleted_task_is_canceled_not_lost(runway: RunwayProvider, start: Start) -> None:
    """After its own DELETE the provider reads the vendor's 404 as cancelled; another client sees it as unknown."""
    ref = await start()
    await runway.cancel(ref)
    snapshot = await _look(runway, ref)
    assert snapshot.state is TaskState.CANCELED
    assert isinstance(snapshot.failure, TaskCanceledError)


async def test_lost_answer_to_a_cancel(runway: RunwayProvider, start: Start, emulator: RunwayEmulator) -> None:
    """When the answer to a DELETE is lost, asking again tells that the task was stopped."""
    ref = await start()
    emulator.faults.add("lose_reply", match="DELETE")
    with pytest.raises(TransportError):
        await runway.cancel(ref)
    assert (await runway.cancel(ref)).stopped
    assert emulator.ledger.requests.count(f"DELETE /v1/tasks/{ref.id}") == 1


async def test_refused_cancel(runway: RunwayProvider, start: Start, emulator: RunwayEmulator) -> None:
    """A DELETE that the vendor refuses is an error, and the task goes on."""
    ref = await start()
    emulator.faults.add("status_before", match="DELETE", status=500)
    with pytest.raises(ProviderUnavailableError):
        await runway.cancel(ref)
    assert (await _look(runway, ref)).state is TaskState.QUEUED


async def test_a_workflows_run_is_looked_up_where_it_is(runway: RunwayProvider, emulator: RunwayEmulator) -> None:
    """A workflow's run has its own address, shows its outputs by node, and cannot be cancelled."""
    run_id = "6f1d2c3b-4a59-4e8f-8a7b-9c0d1e2f3a4b"
    ref = TaskRef(provider="runway", id=run_id, operation="native", model="workflow", extra=(WORKFLOW,))
    shown = {"id": run_id, "status": "RUNNING", "progress": 0.5, "output": {"node": ["https://cdn.test/a.png"]}}
    emulator.faults.add("status_before", times=2, match="workflow_invocations", status=200, body=shown)
    snapshot = await _look(runway, ref)
    assert (snapshot.state, len(snapshot.outputs)) == (TaskState.RUNNING, 1)
    assert await runway.cancel(ref) == Cancellation(stopped=False, refund="none", state=TaskState.RUNNING)
    assert emulator.ledger.requests == [f"GET /v1/workflow_invocations/{run_id}"] * 2


async def test_many_tasks_do_not_mix(
    runway_emulator: RunwayEmulator, open_runway: OpenRunway, planned: MakePlan
) -> None:
    """Fifty tasks at once each keep their own id and outputs."""
    runway = open_runway(runway_emulator.endpoint.base_url, runway_emulator.api_key)
    plan = await planned(TextToImage(prompt="x", size="720x720"))
    submissions = await asyncio.gather(*(runway.submit(plan, None) for _ in range(50)))
    refs = [submission.ref for submission in submissions if submission.ref]
    assert len({ref.id for ref in refs}) == 50
    looks = await asyncio.gather(*(_look(runway, ref) for ref in refs))
    assert [snapshot.ref for snapshot in looks] == refs
