"""One tracker follows every task: polled, pushed or looked at, forward only, and nobody waits for ever."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from random import Random
from typing import TYPE_CHECKING, NoReturn, cast

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
    RateLimitError,
    TaskCanceledError,
    TaskNotFoundError,
    TaskTimeoutError,
)
from anymedia.handles import NOT_GIVEN, AsyncTask, Links
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
    rests = 0.0

    def __init__(self, settings: ProviderSettings, context: Context) -> None:
        super().__init__(settings, context)
        self.tasks: dict[str, Snapshot] = {}
        self.fetched: list[tuple[float, list[str]]] = []
        self.failures: list[int] = []
        self.broken: Exception | None = None
        self.answering = asyncio.Event()
        self.answering.set()

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
        answer = [self.tasks[ref.id] for ref in refs if ref.id in self.tasks]
        await self.answering.wait()
        return answer

    @override
    def next_look(self, ref: TaskRef, last: Snapshot | None, age: float, failures: int) -> float | None:
        self.failures.append(failures)
        return None if self.pushes else self.settings.poll_interval * (1 + failures)

    @property
    @override
    def rest(self) -> float:
        return self.rests

    @override
    async def cancel(self, ref: TaskRef) -> Cancellation:
        return Cancellation(stopped=True, refund="full", state=TaskState.CANCELED)

    @override
    async def aclose(self) -> None:
        """Nothing is open."""


class LeapingClock:
    """Jumps like the clock of a machine that was asleep: whoever was due on the way wakes late, all at once."""

    def __init__(self) -> None:
        self._now = 0.0
        self._sleepers: list[tuple[float, asyncio.Event]] = []

    def now(self) -> float:
        """Seconds leapt so far."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Wait until a leap ends `seconds` from now or later."""
        woken = asyncio.Event()
        self._sleepers.append((self._now + seconds, woken))
        await woken.wait()

    async def advance(self, seconds: float) -> None:
        """Leap."""
        await self._settle()
        self._now += seconds
        for due, woken in self._sleepers:
            if due <= self._now:
                woken.set()
        await self._settle()

    @staticmethod
    async def _settle() -> None:
        for _ in range(30):
            await asyncio.sleep(0)


class Bench:
    """A tracker with a vendor, a clock, and the ends it told of."""

    def __init__(self, clock: ManualClock | LeapingClock | None = None, **phases: float) -> None:
        self.clock = clock or ManualClock()
        self.ends: list[Snapshot] = []
        self.tracker = Tracker(self.clock, self.ends.append)
        base = {"name": "vendor", "base_url": "x", "api_key": SecretStr("k"), "poll_interval": 2}
        settings = ProviderSettings.model_validate(base | phases)
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

    def wait(
        self, task: str = "a", timeout: float | None = None, *, queue: float | None = None, run: float | None = None
    ) -> "asyncio.Task[Snapshot]":
        """Somebody who waits for a task's end, but not longer than a test may take."""
        tracked = self.tracker.find(self.vendor, ref(task))
        return asyncio.create_task(
            asyncio.wait_for(self.tracker.wait(tracked, timeout, queue=queue, run=run), timeout=30)
        )


def ref(task: str) -> TaskRef:
    """The address of one of the vendor's tasks."""
    return TaskRef(provider="vendor", id=task, operation="text_to_image", model="m")


def handle(bench: Bench) -> AsyncTask[Result]:
    """A handle on the vendor's task, as a client makes it; nobody cancels it and it gives no result."""

    async def provider() -> Provider:
        return bench.vendor

    async def never(*_: object) -> NoReturn:
        raise AssertionError("nobody asked for this")

    return AsyncTask(ref("a"), Result, Links(bench.tracker, provider, never, never, NOT_GIVEN))


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


async def test_what_ended_just_before_the_deadline_is_not_called_late(bench: Bench) -> None:
    """However far the next look is away, one last look is taken at the deadline."""
    bench.shows(RUNNING)
    waiting = bench.wait(timeout=7)
    await bench.clock.advance(6.5)
    bench.shows(SUCCEEDED)
    await bench.clock.advance(0.5)
    assert (await waiting).state is SUCCEEDED
    assert [moment for moment, _ in bench.vendor.fetched] == [0, 2, 4, 6, 7]


@pytest.mark.parametrize("pushes", [True, False])
@pytest.mark.parametrize("state", [SUCCEEDED, RUNNING])
async def test_no_time_at_all_is_time_for_one_look(bench: Bench, state: TaskState, pushes: bool) -> None:
    """With a timeout of 0 a task that has ended gives its result, and any other is looked at once, each time."""
    bench.vendor.pushes = pushes
    bench.shows(state)
    tracked = bench.tracker.find(bench.vendor, ref("a"))
    for looks in (1, 2):
        waiting = bench.wait(timeout=0)
        await bench.clock.advance(0.1)
        assert waiting.done()
        assert (waiting.exception() is None) == (state is SUCCEEDED)
        assert len(bench.vendor.fetched) == (1 if tracked.is_over else looks)


async def test_an_answer_from_before_the_deadline_is_not_the_last_look(bench: Bench) -> None:
    """A look that was on its way when the task ended proves nothing; a fresh one is taken when it comes back."""
    bench.shows(RUNNING)
    waiting = bench.wait(timeout=7)
    await bench.clock.advance(5)
    bench.vendor.answering.clear()
    await bench.clock.advance(1.5)
    bench.shows(SUCCEEDED)
    await bench.clock.advance(1.5)
    assert not waiting.done()
    bench.vendor.answering.set()
    assert (await waiting).state is SUCCEEDED
    assert [moment for moment, _ in bench.vendor.fetched] == [0, 2, 4, 6, 8]


async def test_a_last_look_without_an_answer_ends_after_five_seconds(bench: Bench) -> None:
    """A provider that stalls does not hold a waiter who has a deadline."""
    bench.shows(RUNNING)
    waiting = bench.wait(timeout=7)
    await bench.clock.advance(1)
    bench.vendor.answering.clear()
    await bench.clock.advance(10.9)
    assert not waiting.done()
    await bench.clock.advance(0.1)
    with pytest.raises(TaskTimeoutError):
        await waiting


async def test_a_last_look_that_fails_is_a_timeout(bench: Bench) -> None:
    """Trouble on the way to the provider does not hide that time is up."""
    bench.shows(RUNNING)
    waiting = bench.wait(timeout=7)
    await bench.clock.advance(6.5)
    bench.vendor.broken = ConnectionLostError("away")
    await bench.clock.advance(0.5)
    with pytest.raises(TaskTimeoutError, match="after 7 s"):
        await waiting


@pytest.mark.parametrize(
    ("budgets", "phase", "end"),
    [
        ({"timeout": 50.0}, "overall", 50),
        ({"queue": 5.0}, "queue", 5),
        ({"timeout": 50.0, "queue": 5.0, "run": 1.0}, "queue", 5),
        ({"timeout": 3.0, "queue": 5.0}, "overall", 3),
        ({"timeout": 5.0, "queue": 5.0}, "overall", 5),
        ({"queue": 25.0, "run": 7.0}, "run", 17),
        ({"timeout": 15.0, "queue": 25.0, "run": 7.0}, "overall", 15),
    ],
)
async def test_each_phase_has_its_own_time(bench: Bench, budgets: dict[str, float], phase: str, end: float) -> None:
    """A task that is queued for 10 s and then runs for ever ends the wait when the first budget is spent."""
    bench.shows(QUEUED)
    waiting = bench.wait(**budgets)  # type: ignore[arg-type]
    await bench.clock.advance(min(9.5, end - 0.1))
    if end > 10:
        bench.shows(RUNNING)
        await bench.clock.advance(end - 0.1 - 9.5)
    assert not waiting.done()
    await bench.clock.advance(0.1)
    with pytest.raises(TaskTimeoutError) as caught:
        await waiting
    assert (caught.value.phase, caught.value.ref) == (phase, ref("a"))
    assert bench.tracker.followed == (ref("a"),)


async def test_a_task_that_starts_in_time_is_not_called_queued(bench: Bench) -> None:
    """The last look of the queue's time may show that it runs; then its running time begins."""
    bench.shows(QUEUED)
    waiting = bench.wait(queue=5, run=4)
    await bench.clock.advance(4.5)
    bench.shows(RUNNING)
    await bench.clock.advance(4.4)
    assert not waiting.done()
    await bench.clock.advance(0.1)
    with pytest.raises(TaskTimeoutError, match=r"4 s of running .* run_timeout"):
        await waiting


async def test_each_phase_has_its_own_last_look(bench: Bench) -> None:
    """The look at the end of the queue's time does not stand for the one at the end of the running time."""
    bench.vendor.pushes = True
    bench.shows(QUEUED)
    waiting = bench.wait(queue=5, run=10)
    await bench.clock.advance(4)
    bench.shows(RUNNING)
    await bench.clock.advance(10)
    bench.shows(SUCCEEDED)
    await bench.clock.advance(1)
    assert (await waiting).state is SUCCEEDED
    assert [moment for moment, _ in bench.vendor.fetched] == [0, 5, 15]


async def test_pushed_news_begins_a_phase(bench: Bench) -> None:
    """Running time is counted from the moment the provider says so, also between two looks, and only once."""
    bench.vendor.pushes = True
    bench.shows(QUEUED)
    waiting = bench.wait(queue=100, run=10)
    await bench.clock.advance(3)
    for progress in (0.1, 0.5):
        bench.vendor.context.emit(bench.shows(RUNNING, progress=progress))
        await bench.clock.advance(4)
    await bench.clock.advance(1.9)
    assert not waiting.done()
    await bench.clock.advance(0.1)
    with pytest.raises(TaskTimeoutError):
        await waiting


async def test_whoever_comes_later_has_what_is_left_of_a_phase(bench: Bench) -> None:
    """A phase is the task's own: waiting again gives no new time, but always one more look."""
    bench.shows(QUEUED)
    first = bench.wait(queue=5)
    await bench.clock.advance(3)
    second = bench.wait(queue=5)
    await bench.clock.advance(2)
    for waiting in (first, second, bench.wait(queue=5)):
        with pytest.raises(TaskTimeoutError, match=r"5 s in the queue .* queue_timeout"):
            await waiting
    bench.shows(SUCCEEDED)
    await bench.clock.advance(0.1)
    assert (await bench.wait(queue=5)).state is SUCCEEDED


async def test_time_before_a_task_is_followed_does_not_count(bench: Bench) -> None:
    """What a task spent waiting to be sent is not spent in the provider's queue, nor of the grace for being unknown."""
    tracked = bench.tracker.find(bench.vendor, ref("a"))
    await bench.clock.advance(100)
    waiting = bench.wait(queue=5)
    await bench.clock.advance(4.9)
    assert not waiting.done()
    await bench.clock.advance(0.1)
    with pytest.raises(TaskTimeoutError, match="not seen yet"):
        await waiting
    assert not tracked.is_over


async def test_many_waiters_with_deadlines_of_their_own_need_one_sleeper(bench: Bench) -> None:
    """Each is told at its own second and no other; those with more time get the result."""
    bench.vendor.pushes = True
    bench.shows(RUNNING)
    waiting = [bench.wait(timeout=second) for second in range(1, 101)]
    for second in range(1, 51):
        await bench.clock.advance(1)
        assert [waiter.done() for waiter in waiting] == [True] * second + [False] * (100 - second)
    assert isinstance(bench.clock, ManualClock)
    assert bench.clock.sleepers == 1
    bench.vendor.context.emit(Snapshot(ref=ref("a"), state=SUCCEEDED))
    ends = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(end, TaskTimeoutError) for end in ends[:50])
    assert {end.state for end in ends[50:] if isinstance(end, Snapshot)} == {SUCCEEDED}
    assert len(ends) == 100


async def test_a_deadline_far_away_keeps_no_ended_task_in_memory(bench: Bench) -> None:
    """Once nobody holds a task that has ended, nothing of it is left, whatever time its waiter had."""
    bench.shows(SUCCEEDED)
    await bench.wait(timeout=100_000)
    record = weakref.ref(bench.tracker.find(bench.vendor, ref("a")))
    await bench.wait(timeout=100_000)
    gc.collect()
    assert record() is None


@pytest.fixture
async def leaping() -> AsyncIterator[Bench]:
    """A tracker whose clock jumps."""
    bench = Bench(LeapingClock())
    yield bench
    await bench.tracker.aclose()


@pytest.mark.parametrize("budgets", [{"timeout": 60.0}, {"queue": 60.0}, {"run": 60.0}])
async def test_what_ended_while_the_clock_leapt_is_not_called_late(leaping: Bench, budgets: dict[str, float]) -> None:
    """An hour goes by in one step, past every deadline: the task is looked at before anybody gives up."""
    leaping.shows(RUNNING if "run" in budgets else QUEUED)
    waiting = leaping.wait(**budgets)  # type: ignore[arg-type]
    await leaping.clock.advance(1)
    leaping.shows(SUCCEEDED)
    await leaping.clock.advance(3600)
    assert (await waiting).state is SUCCEEDED
    assert [moment for moment, _ in leaping.vendor.fetched] == [0, 3601]


async def test_a_leap_of_the_clock_loses_no_task(leaping: Bench) -> None:
    """Deadlines that were leapt over fire once, the others stay, and looking goes on at its own pace."""
    leaping.shows(RUNNING)
    waiting = [leaping.wait(timeout=seconds) for seconds in (10, 60, 5000)] + [leaping.wait()]
    await leaping.clock.advance(1)
    await leaping.clock.advance(3600)
    assert [waiter.done() for waiter in waiting] == [True, True, False, False]
    assert all(isinstance(waiter.exception(), TaskTimeoutError) for waiter in waiting[:2])
    for _ in range(4):
        await leaping.clock.advance(1)
    assert [moment for moment, _ in leaping.vendor.fetched] == [0, 3601, 3603, 3605]
    leaping.shows(SUCCEEDED)
    await leaping.clock.advance(3600)
    assert [(await waiter).state for waiter in waiting[2:]] == [SUCCEEDED, SUCCEEDED]
    assert len(leaping.ends) == 1


@pytest.mark.parametrize(("phases", "end"), [({"queue_timeout": 5.0}, 5), ({"run_timeout": 3.0}, 3), ({}, 600)])
async def test_a_handle_waits_as_its_providers_settings_say(phases: dict[str, float], end: float) -> None:
    """`queue_timeout` and `run_timeout` count besides the timeout; unset, they end no wait."""
    bench = Bench(None, **phases)
    bench.shows(RUNNING if "run_timeout" in phases else QUEUED)
    waiting = asyncio.create_task(handle(bench).result())
    await bench.clock.advance(end - 0.1)
    assert not waiting.done()
    await bench.clock.advance(0.1)
    with pytest.raises(TaskTimeoutError):
        await waiting
    await bench.tracker.aclose()


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


async def test_a_task_that_is_overlooked_once_is_not_lost(bench: Bench) -> None:
    """However long a task is followed, one look that does not show it is not taken for its end."""
    bench.shows(RUNNING)
    waiting = bench.wait()
    await bench.clock.advance(100)
    hidden = bench.vendor.tasks.pop("a")
    await bench.clock.advance(2)
    bench.vendor.tasks["a"] = hidden
    await bench.clock.advance(60)
    bench.shows(SUCCEEDED)
    await bench.clock.advance(2)
    assert (await waiting).state is SUCCEEDED


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


async def test_a_task_gone_after_a_wish_that_nobody_grants_is_not_canceled(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a vendor that cannot cancel, a task overlooked once goes on, and is paid for, whatever was wished."""
    monkeypatch.setattr(Vendor, "cancels", False)
    bench.shows(RUNNING)
    waiting = bench.wait()
    await bench.clock.advance(1)
    bench.tracker.find(bench.vendor, ref("a")).cancel_requested = True
    bench.vendor.tasks.clear()
    await bench.clock.advance(2)
    bench.shows(SUCCEEDED)
    await bench.clock.advance(2)
    assert (await waiting).state is SUCCEEDED


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


async def test_a_hopeless_error_leads_back_to_each_task(bench: Bench) -> None:
    """Two tasks whose one look is refused get the error each with its own ref: the tasks go on, paid."""
    bench.shows(RUNNING, "a")
    bench.shows(RUNNING, "b")
    waiting = [bench.wait("a"), bench.wait("b")]
    await bench.clock.advance(1)
    bench.vendor.broken = AuthenticationError("no")
    await bench.clock.advance(2)
    errors = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(error) for error in errors] == [AuthenticationError, AuthenticationError]
    assert [error.ref for error in errors if isinstance(error, AuthenticationError)] == [ref("a"), ref("b")]


async def test_a_provider_that_asks_for_patience_is_left_alone(bench: Bench) -> None:
    """A refused look with a wait to keep puts off every look at that provider, whatever makes it due."""
    bench.shows(RUNNING, "a")
    bench.shows(RUNNING, "b")
    waiting = [bench.wait("a")]
    await bench.clock.advance(1)
    bench.vendor.broken = RateLimitError("slowly", retry_after=30)
    await bench.clock.advance(1)
    bench.vendor.broken = None
    waiting.append(bench.wait("b"))
    bench.tracker.observe(Gap((ref("a"),)))
    await bench.clock.advance(29)
    assert [moment for moment, _ in bench.vendor.fetched] == [0, 2]
    await bench.clock.advance(1)
    assert [moment for moment, _ in bench.vendor.fetched] == [0, 2, 32]
    for each in waiting:
        each.cancel()


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


async def test_looks_in_a_loop_let_the_vendor_rest(bench: Bench) -> None:
    """Whoever asks again before the vendor wants to be asked gets the last answer, without asking."""
    bench.vendor.rests = 5
    tracked = bench.tracker.find(bench.vendor, ref("a"))
    seen: list[float | None] = []
    for second in range(12):
        bench.shows(RUNNING, progress=second / 100)
        seen += [(await bench.tracker.look(tracked)).progress for _ in range(3)]
        await bench.clock.advance(1)
    assert [moment for moment, _ in bench.vendor.fetched] == [0, 5, 10]
    assert seen == [0.0] * 15 + [0.05] * 15 + [0.1] * 6


async def test_short_waits_in_a_loop_let_the_vendor_rest(bench: Bench) -> None:
    """Waiting again and again for no time at all asks no more often than the vendor wants, and misses no end for long."""
    bench.vendor.rests = 5
    bench.vendor.pushes = True
    bench.shows(RUNNING)
    held = bench.tracker.find(bench.vendor, ref("a"))  # as a handle does: what nobody holds is forgotten at its end
    for second in range(12):
        if second == 7:
            bench.shows(SUCCEEDED)
        waiting = bench.wait(timeout=0)
        await bench.clock.advance(1)
        if second < 10:
            with pytest.raises(TaskTimeoutError):
                await waiting
        else:
            assert (await waiting).state is SUCCEEDED
    assert held.is_over
    assert [moment for moment, _ in bench.vendor.fetched] == [0, 5, 10]


async def test_a_long_wait_ends_with_a_look_all_the_same(bench: Bench) -> None:
    """Who has waited for longer learns of an end that came a moment before the deadline."""
    bench.vendor.rests = 5
    bench.shows(RUNNING)
    waiting = bench.wait(timeout=5)
    await bench.clock.advance(4.5)
    bench.shows(SUCCEEDED)
    await bench.clock.advance(0.5)
    assert (await waiting).state is SUCCEEDED
    assert [moment for moment, _ in bench.vendor.fetched] == [0, 2, 4, 5]


async def test_a_look_out_of_turn_puts_off_the_next(bench: Bench) -> None:
    """A task that is followed and looked at by its owner too is looked at no more often for that."""
    bench.shows(RUNNING)
    waiting = bench.wait()
    await bench.clock.advance(1.5)
    await bench.tracker.look(bench.tracker.find(bench.vendor, ref("a")))
    await bench.clock.advance(2.5)
    assert [moment for moment, _ in bench.vendor.fetched] == [0, 1.5, 3.5]
    waiting.cancel()


async def test_a_look_that_failed_is_no_answer(bench: Bench) -> None:
    """After a look that went wrong, the next one asks, though the vendor would rather rest."""
    bench.vendor.rests = 5
    bench.shows(RUNNING)
    tracked = bench.tracker.find(bench.vendor, ref("a"))
    bench.vendor.broken = RateLimitError("slowly")
    for _ in range(2):
        with pytest.raises(RateLimitError):
            await bench.tracker.look(tracked)
    bench.vendor.broken = None
    assert (await bench.tracker.look(tracked)).state is RUNNING
    assert len(bench.vendor.fetched) == 3


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
