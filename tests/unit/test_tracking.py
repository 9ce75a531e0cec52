"""One tracker follows every task: polled, pushed or looked at, forward only, and nobody waits for ever."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from random import Random
from typing import TYPE_CHECKING, cast

import pytest
from pydantic import SecretStr
from typing_extensions import override

from anymedia.catalog import Catalog, ModelInfo
from anymedia.config import ProviderDefaults, ProviderSettings
from anymedia.errors import (
    AuthenticationError,
    ClientClosedError,
    ConnectionLostError,
    MediaError,
    TaskCanceledError,
    TaskNotFoundError,
    TaskTimeoutError,
)
from anymedia.provider import Cancellation, Connect, Context, Gap, Plan, Provider, Submission
from anymedia.refs import TaskRef, TaskState
from anymedia.requests import Request
from anymedia.results import Output, Result
from anymedia.tasks import Snapshot
from anymedia.testing import ManualClock
from anymedia.tracking import Tracker

if TYPE_CHECKING:
    from anymedia.transports.http import HttpTransport

QUEUED, RUNNING, SUCCEEDED = TaskState.QUEUED, TaskState.RUNNING, TaskState.SUCCEEDED


class Vendor(Provider):
    """A provider that keeps its tasks in memory: what is not in `tasks` is not known."""

    name = "vendor"
    contract = 1
    defaults = ProviderDefaults(base_url="https://x.invalid", api_key_env="X", base_url_env="Y", poll_interval=2)
    batch = 3
    pushes = False

    def __init__(self, settings: ProviderSettings, context: Context) -> None:
        super().__init__(settings, context)
        self.tasks: dict[str, Snapshot] = {}
        self.fetched: list[tuple[float, list[str]]] = []
        self.failures: list[int] = []
        self.broken: Exception | None = None

    @classmethod
    @override
    def catalog(cls) -> Catalog:
        return Catalog("vendor", (), {})

    @override
    def plan(self, request: Request[Result], model: ModelInfo) -> Plan:
        return Plan(provider=self.name, model=model.id, call="make", body={}, request=request)

    @override
    async def submit(self, plan: Plan, ref: TaskRef | None) -> Submission:
        raise AssertionError("tracking starts nothing")

    @override
    async def fetch(self, refs: Sequence[TaskRef]) -> Sequence[Snapshot]:
        self.fetched.append((self.context.clock.now(), [ref.id for ref in refs]))
        if self.broken is not None:
            raise self.broken
        return [self.tasks[ref.id] for ref in refs if ref.id in self.tasks]

    @override
    def next_look(self, ref: TaskRef, last: Snapshot | None, age: float, failures: int) -> float | None:
        self.failures.append(failures)
        return None if self.pushes else self.settings.poll_interval * (1 + failures)

    @override
    async def cancel(self, ref: TaskRef) -> Cancellation:
        return Cancellation(stopped=True, refund="full", state=TaskState.CANCELED)

    @override
    async def aclose(self) -> None:
        """Nothing is open."""


class Bench:
    """A tracker with a vendor, a clock, and the ends it told of."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.ends: list[Snapshot] = []
        self.tracker = Tracker(self.clock, self.ends.append)
        settings = ProviderSettings(name="vendor", base_url="x", api_key=SecretStr("k"), poll_interval=2)
        context = Context(
            clock=self.clock,
            rng=Random(0),
            http=cast("HttpTransport", None),
            connect=cast("Connect", None),
            emit=self.tracker.observe,
        )
        self.vendor = Vendor(settings, context)

    def shows(self, state: TaskState, task: str = "a", **fields: object) -> Snapshot:
        """Let the vendor show a task in a state from now on."""
        snapshot = Snapshot(ref=ref(task), state=state, **fields)  # type: ignore[arg-type]
        self.vendor.tasks[task] = snapshot
        return snapshot

    def wait(self, task: str = "a", timeout: float | None = None) -> "asyncio.Task[Snapshot]":
        """Somebody who waits for a task's end."""
        return asyncio.create_task(self._wait(task, timeout))

    async def _wait(self, task: str, timeout: float | None) -> Snapshot:
        return await self.tracker.wait(self.tracker.find(self.vendor, ref(task)), timeout)


def ref(task: str) -> TaskRef:
    """The address of one of the vendor's tasks."""
    return TaskRef(provider="vendor", id=task, operation="text_to_image", model="m")


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """A tracker and all it needs."""
    bench = Bench()
    yield bench
    await bench.tracker.aclose()


async def test_a_task_is_looked_at_until_it_ends(bench: Bench) -> None:
    """Polling goes at the pace the provider asks for, and stops at the end."""
    bench.shows(RUNNING)
    waiting = bench.wait()
    await bench.clock.advance(4)
    bench.shows(SUCCEEDED)
    await bench.clock.advance(20)
    assert (await waiting).state is SUCCEEDED
    assert [moment for moment, _ in bench.vendor.fetched] == [0, 2, 4, 6]
    assert bench.tracker.followed == ()


async def test_its_end_is_told_once(bench: Bench) -> None:
    """A duplicate of the last word is no second end, and an end stays."""
    bench.shows(SUCCEEDED)
    end = await bench.wait()
    for state in (SUCCEEDED, RUNNING, TaskState.FAILED):
        bench.tracker.observe(Snapshot(ref=ref("a"), state=state))
    assert bench.ends == [end]
    assert (await bench.wait()).state is SUCCEEDED


async def test_tasks_due_together_share_round_trips(bench: Bench) -> None:
    """As many refs go into one fetch as the provider takes, and no more."""
    waiting = [bench.wait(task) for task in "abcd"]
    for task in "abcd":
        bench.shows(SUCCEEDED, task)
    await asyncio.gather(*waiting)
    assert sorted(tasks for _, tasks in bench.vendor.fetched) == [["a", "b", "c"], ["d"]]


async def test_pushed_news_needs_no_look(bench: Bench) -> None:
    """A task whose news is pushed is asked about only when it is taken up, and its waiter wakes at the news."""
    bench.vendor.pushes = True
    bench.shows(RUNNING)
    waiting = bench.wait()
    await bench.clock.advance(100)
    bench.vendor.context.emit(Snapshot(ref=ref("a"), state=SUCCEEDED))
    assert (await waiting).state is SUCCEEDED
    assert len(bench.vendor.fetched) == 1


async def test_a_gap_makes_a_pushed_task_due(bench: Bench) -> None:
    """After a lost link the tracker asks: what was pushed meanwhile is not missed."""
    bench.vendor.pushes = True
    bench.shows(RUNNING)
    waiting = bench.wait()
    await bench.clock.advance(100)
    bench.shows(SUCCEEDED)
    bench.vendor.context.emit(Gap((ref("a"), ref("nobody's"))))
    assert (await waiting).state is SUCCEEDED
    assert [tasks for _, tasks in bench.vendor.fetched] == [["a"], ["a"]]


async def test_a_gap_does_not_quicken_the_pace(bench: Bench) -> None:
    """However often a link is lost, a polled task has one next look, not several."""
    bench.shows(RUNNING)
    waiting = bench.wait()
    await bench.clock.advance(1)
    for _ in range(5):
        bench.vendor.context.emit(Gap((ref("a"),)))
        await bench.clock.advance(0)
    bench.vendor.fetched.clear()
    await bench.clock.advance(20)
    assert len(bench.vendor.fetched) == 10
    waiting.cancel()


async def test_patience_is_measured_on_the_clock_and_leaves_the_task_alone(bench: Bench) -> None:
    """A timeout comes at its second, carries the ref, and the next wait gets the result."""
    bench.shows(RUNNING)
    waiting = bench.wait(timeout=7)
    await bench.clock.advance(6.9)
    assert not waiting.done()
    await bench.clock.advance(0.1)
    with pytest.raises(TaskTimeoutError, match="running and goes on") as caught:
        await waiting
    assert caught.value.ref == ref("a")
    assert bench.tracker.followed == (ref("a"),)
    bench.shows(SUCCEEDED)
    await bench.clock.advance(2)
    assert (await bench.wait(timeout=0)).state is SUCCEEDED


async def test_no_timeout_waits_for_ever(bench: Bench) -> None:
    """None is no deadline at all."""
    bench.shows(RUNNING)
    waiting = bench.wait(timeout=None)
    await bench.clock.advance(10_000)
    assert not waiting.done()
    bench.shows(SUCCEEDED)
    await bench.clock.advance(2)
    assert (await waiting).state is SUCCEEDED


async def test_a_task_may_be_unknown_for_a_while(bench: Bench) -> None:
    """A vendor that does not know a task yet is asked again, for ten seconds."""
    waiting = bench.wait()
    await bench.clock.advance(9)
    bench.shows(SUCCEEDED)
    await bench.clock.advance(1)
    assert (await waiting).state is SUCCEEDED


async def test_a_task_that_stays_unknown_is_not_found(bench: Bench) -> None:
    """After the grace, every waiter is told, and looking stops."""
    waiting = [bench.wait(), bench.wait()]
    await bench.clock.advance(9.9)
    assert not any(waiter.done() for waiter in waiting)
    await bench.clock.advance(2)
    for waiter in waiting:
        with pytest.raises(TaskNotFoundError):
            await waiter
    looks = len(bench.vendor.fetched)
    await bench.clock.advance(60)
    assert len(bench.vendor.fetched) == looks


async def test_a_task_gone_after_a_cancellation_is_canceled(bench: Bench) -> None:
    """Where canceling deletes the task, its absence means that the wish was granted."""
    bench.shows(RUNNING)
    waiting = bench.wait()
    await bench.clock.advance(1)
    bench.tracker.find(bench.vendor, ref("a")).cancel_requested = True
    bench.vendor.tasks.clear()
    await bench.clock.advance(2)
    snapshot = await waiting
    assert snapshot.state is TaskState.CANCELED
    assert isinstance(snapshot.failure, TaskCanceledError)
    assert bench.ends == [snapshot]


async def test_failed_looks_slow_down_and_recover(bench: Bench) -> None:
    """The provider is told of failures in a row, which end with the first answer."""
    bench.vendor.broken = ConnectionLostError("away")
    bench.shows(RUNNING)
    waiting = bench.wait()
    await bench.clock.advance(4 + 6 + 1)
    assert [moment for moment, _ in bench.vendor.fetched] == [0, 4, 10]
    bench.vendor.broken = None
    await bench.clock.advance(100)
    assert bench.vendor.failures[:4] == [1, 2, 3, 0]
    waiting.cancel()


async def test_a_providers_defect_is_one_more_failure(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """A bug in a provider is logged with its traceback, and the task is asked for again."""
    bench.vendor.broken = KeyError("no such field")
    bench.shows(SUCCEEDED)
    waiting = bench.wait()
    await bench.clock.advance(1)
    bench.vendor.broken = None
    await bench.clock.advance(10)
    assert (await waiting).state is SUCCEEDED
    assert "KeyError" in caplog.text


async def test_a_hopeless_error_ends_the_wait(bench: Bench) -> None:
    """With a key that no longer works, asking again is pointless: the waiter gets the error."""
    bench.shows(RUNNING)
    waiting = bench.wait()
    await bench.clock.advance(1)
    bench.vendor.broken = AuthenticationError("no")
    await bench.clock.advance(2)
    with pytest.raises(AuthenticationError):
        await waiting
    assert bench.tracker.followed == ()


@pytest.mark.parametrize("known", [True, False])
async def test_a_single_look_is_one_round_trip(bench: Bench, known: bool) -> None:
    """`look` asks once: it gives the state, or says at once that nobody knows the task."""
    tracked = bench.tracker.find(bench.vendor, ref("a"))
    if known:
        bench.shows(RUNNING, progress=0.5)
        assert (await bench.tracker.look(tracked)).progress == 0.5
    else:
        with pytest.raises(TaskNotFoundError):
            await bench.tracker.look(tracked)
    await bench.clock.advance(60)
    assert len(bench.vendor.fetched) == 1


async def test_events_are_the_changes_and_always_the_last(bench: Bench) -> None:
    """What stays the same is not told again; a failed task ends the iteration without raising."""
    failure = MediaError("broken")
    story = [(QUEUED, None), (QUEUED, None), (RUNNING, 0.1), (RUNNING, 0.1), (RUNNING, 0.6), (TaskState.FAILED, None)]
    seen: list[tuple[TaskState, float | None]] = []
    watching = asyncio.create_task(_collect(bench, seen))
    for state, progress in story:
        bench.shows(state, progress=progress, failure=failure if state.is_final else None)
        await bench.clock.advance(2)
    await watching
    assert seen == [(QUEUED, None), (RUNNING, 0.1), (RUNNING, 0.6), (TaskState.FAILED, 0.6)]


async def test_a_slow_reader_gets_the_newest(bench: Bench) -> None:
    """News does not queue up behind a reader; the last word is never skipped."""
    bench.vendor.pushes = True
    bench.shows(QUEUED)
    events = bench.tracker.events(bench.tracker.find(bench.vendor, ref("a")))
    assert (await anext(events)).state is QUEUED
    for percent in range(100):
        bench.tracker.observe(Snapshot(ref=ref("a"), state=RUNNING, progress=percent / 100))
    assert (await anext(events)).progress == 0.99
    bench.tracker.observe(Snapshot(ref=ref("a"), state=SUCCEEDED))
    assert [snapshot.state async for snapshot in events] == [SUCCEEDED]


async def test_outputs_arrive_one_by_one_and_each_once(bench: Bench) -> None:
    """Several results of one task are joined by the vendor's id, whatever is sent twice."""
    one, two = (Output(kind="image", url=f"https://x.invalid/{name}", vendor_ref=name) for name in "ab")
    bench.vendor.pushes = True
    bench.shows(QUEUED)
    waiting = bench.wait()
    await bench.clock.advance(1)
    for outputs, state in (((two,), RUNNING), ((two,), RUNNING), ((two, one), SUCCEEDED)):
        bench.tracker.observe(Snapshot(ref=ref("a"), state=state, outputs=outputs))
    assert (await waiting).outputs == (two, one)


async def test_one_waiter_who_leaves_disturbs_nobody(bench: Bench) -> None:
    """Everyone who waits for a task shares its record; cancelling one of them changes nothing for the others."""
    bench.shows(RUNNING)
    leaver, stayer = bench.wait(), bench.wait()
    await bench.clock.advance(1)
    leaver.cancel()
    await bench.clock.advance(1)
    bench.shows(SUCCEEDED)
    await bench.clock.advance(2)
    assert leaver.cancelled()
    assert (await stayer).state is SUCCEEDED
    assert [tasks for _, tasks in bench.vendor.fetched] == [["a"]] * 3


async def test_news_of_nobodys_task_is_dropped(bench: Bench) -> None:
    """A stray result neither fails nor is kept."""
    bench.tracker.observe(Snapshot(ref=ref("stray"), state=SUCCEEDED))
    assert bench.ends == []
    assert bench.tracker.find(bench.vendor, ref("stray")).snapshot is None


@pytest.mark.parametrize("attend", [lambda bench: bench.wait(), lambda bench: asyncio.create_task(_collect(bench, []))])
async def test_closing_tells_everyone_who_waits(bench: Bench, attend: Callable[[Bench], Awaitable[object]]) -> None:
    """Whoever waits, or watches, when the client is closed gets `ClientClosedError`; so does whoever comes later."""
    bench.shows(RUNNING)
    waiting = attend(bench)
    await bench.clock.advance(3)
    await bench.tracker.aclose()
    with pytest.raises(ClientClosedError):
        await waiting
    with pytest.raises(ClientClosedError):
        await bench.wait()


async def test_closing_leaves_no_task_behind(bench: Bench) -> None:
    """Looks under way are given up, and deadlines forgotten."""
    before = asyncio.all_tasks()
    bench.shows(RUNNING)
    waiting = bench.wait(timeout=100)
    await bench.clock.advance(3)
    await bench.tracker.aclose()
    with pytest.raises(ClientClosedError):
        await waiting
    assert asyncio.all_tasks() == before


async def _collect(bench: Bench, seen: list[tuple[TaskState, float | None]]) -> None:
    events = bench.tracker.events(bench.tracker.find(bench.vendor, ref("a")))
    seen.extend([(snapshot.state, snapshot.progress) async for snapshot in events])
