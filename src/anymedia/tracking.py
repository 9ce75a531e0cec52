"""One tracker per client follows every open task: the only writer of task state."""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, TypeAlias
from weakref import WeakValueDictionary

from anymedia.clock import Clock
from anymedia.errors import (
    AuthenticationError,
    ClientClosedError,
    InvalidRequestError,
    MediaError,
    PermissionDeniedError,
    ProtocolError,
    TaskCanceledError,
    TaskNotFoundError,
    TaskTimeoutError,
)
from anymedia.logs import logger
from anymedia.provider import Gap, Provider
from anymedia.refs import TaskRef, TaskState
from anymedia.scheduling import Alarm, Scheduler
from anymedia.tasks import Snapshot, advance

__all__ = ["Tracked", "Tracker"]

_GRACE: Final = 10.0
"""Seconds a task may be unknown to the provider, without a break, before it counts as not found."""

_LAST_LOOK: Final = 5.0
"""Seconds the look at a deadline may take before the waiter goes without its answer."""

_HOPELESS = (AuthenticationError, PermissionDeniedError, InvalidRequestError)
_log = logger("tracking")
_Key: TypeAlias = tuple[str, str]


class Tracked:
    """One followed task: what is known of it, and who waits for news."""

    def __init__(self, provider: Provider, ref: TaskRef, since: float) -> None:
        self.provider = provider
        self.ref = ref
        self.since = since
        self.running_since: float | None = None
        self.looked_at: float | None = None
        self.missing_since: float | None = None
        self.snapshot: Snapshot | None = None
        self.error: MediaError | None = None
        self.cancel_requested = False
        self.failures = 0
        self.alarm: Alarm | None = None
        self.looking = False
        self._news: asyncio.Future[None] | None = None

    @property
    def is_over(self) -> bool:
        """Whether no more news will come."""
        return self.error is not None or (self.snapshot is not None and self.snapshot.state.is_final)

    async def news(self) -> None:
        """Return at the next change, or after the next look."""
        if self._news is None or self._news.done():
            self._news = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._news)

    def ended(self) -> Snapshot:
        """The last snapshot of a task that is over.

        Raises:
            MediaError: The task was lost sight of.
        """
        if self.error is not None:
            raise self.error
        if self.snapshot is None:
            raise _not_found(self.ref)
        return self.snapshot

    def tell(self) -> None:
        """Wake everyone who waits for news."""
        if self._news is not None and not self._news.done():
            self._news.set_result(None)


class _Deadline(NamedTuple):
    due: float
    phase: str
    seconds: float


@dataclass
class _Patience:
    """How long one caller waits: in all since `start`, and in each phase of the task since that phase began."""

    start: float
    overall: float | None
    queue: float | None
    run: float | None
    late_since: float | None = None

    def deadline(self, tracked: Tracked) -> _Deadline | None:
        """What ends first: the caller's own time, or the time of the phase the task is in."""
        budgets = [("overall", self.start, self.overall)]
        if tracked.running_since is None:
            budgets.append(("queue", tracked.since, self.queue))
        else:
            budgets.append(("run", tracked.running_since, self.run))
        deadlines = [
            _Deadline(since + seconds, phase, seconds) for phase, since, seconds in budgets if seconds is not None
        ]
        return min(deadlines, key=lambda deadline: deadline.due, default=None)


class Tracker:
    """Follows tasks until their end. Polls, pushed news and single looks all end in one place.

    Args:
        clock: What ages and deadlines are measured on.
        on_end: Told of each task's end, once.
    """

    def __init__(self, clock: Clock, on_end: Callable[[Snapshot], None]) -> None:
        self._clock = clock
        self._on_end = on_end
        self._scheduler = Scheduler(clock)
        self._known: WeakValueDictionary[_Key, Tracked] = WeakValueDictionary()
        self._followed: dict[_Key, Tracked] = {}
        self._due: dict[Provider, list[Tracked]] = {}
        self._quiet_until: dict[Provider, float] = {}
        self._fetches: set[asyncio.Task[None]] = set()
        self._closed = False
        self._pid = os.getpid()

    @property
    def followed(self) -> tuple[TaskRef, ...]:
        """Every followed task that has not ended."""
        return tuple(tracked.ref for tracked in self._followed.values())

    def find(self, provider: Provider, ref: TaskRef) -> Tracked:
        """The one record of a task, made when nobody has asked for it before. No I/O."""
        tracked = self._known.get(_key(ref))
        if tracked is None:
            tracked = self._known[_key(ref)] = Tracked(provider, ref, self._clock.now())
        return tracked

    def follow(self, tracked: Tracked) -> None:
        """Look at a task from time to time until it ends; one that was lost sight of is looked for again."""
        self.refuse_if_closed(tracked.ref)
        tracked.error = None
        if tracked.is_over or _key(tracked.ref) in self._followed:
            return
        self._followed[_key(tracked.ref)] = tracked
        tracked.since, tracked.missing_since = self._clock.now(), None
        if tracked.snapshot is None:
            self._look_soon(tracked)
        else:
            self._plan_look(tracked)

    def observe(self, news: Snapshot | Gap) -> None:
        """Take in what a provider says; news of a task nobody knows is dropped."""
        if isinstance(news, Gap):
            for ref in news.refs:
                if _key(ref) in self._followed:
                    self._look_soon(self._followed[_key(ref)])
            return
        tracked = self._known.get(_key(news.ref))
        if tracked is None:
            _log.debug("news of a task that nobody knows: %s", news.ref)
        else:
            self._learn(tracked, news)

    async def look(self, tracked: Tracked) -> Snapshot:
        """Ask the provider once, now; what it said less than its `rest` ago is the answer without asking.

        Raises:
            TaskNotFoundError: The provider does not know the task.
            MediaError: The round trip failed.
        """
        self.refuse_if_closed()
        began = self._clock.now()
        if _is_fresh(tracked, began):
            return tracked.ended()
        snapshots = await tracked.provider.fetch([tracked.ref])
        tracked.looked_at = began
        for snapshot in snapshots:
            self.observe(snapshot)
        if not snapshots:
            self._missed(tracked)
        if _key(tracked.ref) in self._followed:
            self._plan_look(tracked)
        return tracked.ended()

    async def wait(
        self, tracked: Tracked, timeout: float | None, *, queue: float | None = None, run: float | None = None
    ) -> Snapshot:
        """Return the task's last snapshot once it has ended.

        At a deadline one last look is taken, so that a task which has ended by then is never called late; also when the
        time was up from the start. Its answer is waited for up to five seconds. Waits so short that one begins and ends
        within the provider's `rest` share a look.

        Args:
            tracked: The task.
            timeout: Seconds from now; None sets no limit.
            queue: Seconds it may be queued, from when it was first followed; None sets no limit.
            run: Seconds it may run, from when it was first seen running; None sets no limit.

        Raises:
            TaskTimeoutError: One of these has passed; the task goes on.
            TaskNotFoundError: The provider does not know the task (any more).
            ClientClosedError: The client was closed first.
        """
        self.follow(tracked)
        patience = _Patience(self._clock.now(), timeout, queue, run)
        alarm: Alarm | None = None
        try:
            while not tracked.is_over:
                self.refuse_if_closed(tracked.ref)
                alarm = self._wake_at(self._end_of(patience, tracked), tracked, alarm)
                await tracked.news()
        finally:
            self._wake_at(None, tracked, alarm)
        return tracked.ended()

    async def events(self, tracked: Tracked) -> AsyncGenerator[Snapshot, None]:
        """Each change of state, progress or text; a slow reader gets the newest, and always the last one."""
        self.follow(tracked)
        seen: Snapshot | None = None
        while True:
            current = tracked.snapshot
            if current is not None and _differs(seen, current):
                seen = current
                yield current
                continue
            if tracked.error is not None:
                raise tracked.error
            if current is not None and current.state.is_final:
                return
            self.refuse_if_closed(tracked.ref)
            await tracked.news()

    def canceled(self, tracked: Tracked) -> None:
        """Note that the provider has stopped the task."""
        failure = TaskCanceledError("the task was canceled", provider=tracked.ref.provider, ref=tracked.ref)
        self._learn(tracked, Snapshot(ref=tracked.ref, state=TaskState.CANCELED, failure=failure))

    async def aclose(self) -> None:
        """Stop following; everyone who waits gets `ClientClosedError`."""
        self._closed = True
        await self._scheduler.aclose()
        for fetch in tuple(self._fetches):
            fetch.cancel()
        await asyncio.gather(*self._fetches, return_exceptions=True)
        for tracked in self._followed.values():
            tracked.tell()

    def refuse_if_closed(self, ref: TaskRef | None = None) -> None:
        """Raise `ClientClosedError` once the client is closed, and in a forked process."""
        self.refuse_if_forked(ref)
        if self._closed:
            raise ClientClosedError("the client is closed; the task, if any, goes on", ref=ref)

    @property
    def is_forked(self) -> bool:
        """Whether this process was forked from the one that the client was made in."""
        return self._pid != os.getpid()

    def refuse_if_forked(self, ref: TaskRef | None = None) -> None:
        """Raise `ClientClosedError` in a forked process, whose sockets are shared with its parent."""
        if self.is_forked:
            message = "the client was made before this process was forked; make a new one here"
            raise ClientClosedError(message, ref=ref)

    def _end_of(self, patience: _Patience, tracked: Tracked) -> float | None:
        """When to wake a waiter at the latest.

        Raises:
            TaskTimeoutError: Its time is up, and the last look has shown no end.
        """
        deadline = patience.deadline(tracked)
        now = self._clock.now()
        if deadline is None or now < deadline.due:
            patience.late_since = None
            return deadline.due if deadline is not None else None
        if patience.late_since is None:
            patience.late_since = now
        looked = _has_looked(tracked, max(deadline.due, patience.start), patience.start, now)
        if looked or now >= patience.late_since + _LAST_LOOK:
            raise _timed_out(tracked, deadline)
        self._look_soon(tracked)
        return patience.late_since + _LAST_LOOK

    def _wake_at(self, moment: float | None, tracked: Tracked, alarm: Alarm | None) -> Alarm | None:
        if alarm is not None and alarm.due == moment:
            return alarm
        if alarm is not None:
            alarm.cancel()
        return self._scheduler.at(moment, tracked.tell) if moment is not None else None

    def _learn(self, tracked: Tracked, news: Snapshot) -> None:
        tracked.failures, tracked.missing_since = 0, None
        before = tracked.snapshot
        tracked.snapshot = advance(before, replace(news, ref=tracked.ref))
        if tracked.running_since is None and tracked.snapshot.state is TaskState.RUNNING:
            tracked.running_since = self._clock.now()
        if tracked.snapshot.state.is_final and not (before and before.state.is_final):
            self._release(tracked)
            self._on_end(tracked.snapshot)
        if _differs(before, tracked.snapshot):
            _log.info("%s is %s", tracked.ref, tracked.snapshot.state)
            tracked.tell()

    def _give_up(self, tracked: Tracked, error: MediaError) -> None:
        tracked.error = error
        self._release(tracked)
        tracked.tell()

    def _release(self, tracked: Tracked) -> None:
        if tracked.alarm is not None:
            tracked.alarm.cancel()
            tracked.alarm = None
        self._followed.pop(_key(tracked.ref), None)

    def _plan_look(self, tracked: Tracked) -> None:
        if tracked.is_over or self._closed:
            return
        now = self._clock.now()
        seconds = tracked.provider.next_look(tracked.ref, tracked.snapshot, now - tracked.since, tracked.failures)
        self._look_at_moment(None if seconds is None else now + seconds, tracked)

    def _look_at_moment(self, moment: float | None, tracked: Tracked) -> None:
        if tracked.alarm is not None:  # a look out of turn replaces the next one
            tracked.alarm.cancel()
        tracked.alarm = self._scheduler.at(moment, lambda: self._look_soon(tracked)) if moment is not None else None

    def _look_soon(self, tracked: Tracked) -> None:
        if tracked.looking or tracked.is_over:
            return
        quiet_until = self._quiet_until.get(tracked.provider)
        if quiet_until is not None and self._clock.now() < quiet_until:
            self._look_at_moment(quiet_until, tracked)
            return
        tracked.looking = True
        waiting = self._due.setdefault(tracked.provider, [])
        waiting.append(tracked)
        if len(waiting) == 1:
            task = asyncio.get_running_loop().create_task(self._look_at_due(tracked.provider), name="anymedia-look")
            self._fetches.add(task)
            task.add_done_callback(self._fetches.discard)

    async def _look_at_due(self, provider: Provider) -> None:
        await asyncio.sleep(0)  # what falls due in the same moment shares a round trip
        due = self._due.pop(provider, [])
        batches = [due[start : start + provider.batch] for start in range(0, len(due), provider.batch)]
        await asyncio.gather(*(self._look_at(provider, batch) for batch in batches))

    async def _look_at(self, provider: Provider, batch: Sequence[Tracked]) -> None:
        began = self._clock.now()
        try:
            snapshots = await provider.fetch([tracked.ref for tracked in batch])
        except MediaError as error:
            self._note_failure(batch, error)
        except Exception as error:  # noqa: BLE001 - a provider's defect must not leave anyone waiting for ever
            _log.exception("%s broke while looking at %d tasks", provider.name, len(batch))
            self._note_failure(batch, ProtocolError(f"{provider.name}: {error!r}", provider=provider.name))
        else:
            self._note_answer(batch, snapshots)
        finally:
            for tracked in batch:
                tracked.looking = False
                tracked.looked_at = began
                self._plan_look(tracked)
                tracked.tell()

    def _note_answer(self, batch: Sequence[Tracked], snapshots: Sequence[Snapshot]) -> None:
        for snapshot in snapshots:
            self.observe(snapshot)
        found = {_key(snapshot.ref) for snapshot in snapshots}
        for tracked in batch:
            if _key(tracked.ref) not in found:
                self._missed(tracked)

    def _note_failure(self, batch: Sequence[Tracked], error: MediaError) -> None:
        _log.info("a look at %d tasks failed: %s", len(batch), error)
        if error.retry_after is not None:  # it is the provider that asks for patience, not the task
            quiet_until = self._clock.now() + error.retry_after
            self._quiet_until[batch[0].provider] = max(self._quiet_until.get(batch[0].provider, 0), quiet_until)
        for tracked in batch:
            tracked.failures += 1
            if isinstance(error, _HOPELESS):
                self._give_up(tracked, _about(error, tracked.ref))

    def _missed(self, tracked: Tracked) -> None:
        if tracked.missing_since is None:
            tracked.missing_since = self._clock.now()
        if tracked.cancel_requested and tracked.provider.cancels:
            self.canceled(tracked)
        elif self._clock.now() - tracked.missing_since >= _GRACE:
            self._give_up(tracked, _not_found(tracked.ref))


def _has_looked(tracked: Tracked, due: float, start: float, now: float) -> bool:
    """Whether a waiter since `start` has had its last look, or is so short that the vendor wants no other so soon."""
    if tracked.looked_at is None:
        return False
    return tracked.looked_at >= due or (tracked.looked_at < start and _is_fresh(tracked, now))


def _is_fresh(tracked: Tracked, now: float) -> bool:
    """Whether the last look at a task went well, and was so short ago that the vendor wants no other yet."""
    if tracked.snapshot is None or tracked.looked_at is None or tracked.failures:
        return False
    return now - tracked.looked_at < tracked.provider.rest


def _about(error: MediaError, ref: TaskRef) -> MediaError:
    """The same error for one task of a batch, which leads back to that task."""
    own = copy(error)
    own.ref = ref
    own.__cause__ = error
    return own


def _key(ref: TaskRef) -> _Key:
    return ref.provider, ref.id


def _differs(seen: Snapshot | None, current: Snapshot) -> bool:
    if seen is None:
        return True
    return _visible(seen) != _visible(current)


def _visible(snapshot: Snapshot) -> tuple[object, ...]:
    return snapshot.state, snapshot.progress, snapshot.text, len(snapshot.outputs)


def _not_found(ref: TaskRef) -> TaskNotFoundError:
    return TaskNotFoundError(
        f"{ref.provider} does not know the task {ref.id}; it never existed, was deleted, or belongs to another account",
        provider=ref.provider,
        ref=ref,
    )


def _timed_out(tracked: Tracked, deadline: _Deadline) -> TaskTimeoutError:
    state = tracked.snapshot.state if tracked.snapshot else "not seen yet"
    spent, advice = _PHASES[deadline.phase]
    message = f"no result after {deadline.seconds:g} s{spent} (the task is {state} and goes on); {advice}"
    return TaskTimeoutError(message, phase=deadline.phase, provider=tracked.ref.provider, ref=tracked.ref)


_PHASES = {
    "overall": ("", "wait again with client.attach(error.ref)"),
    "queue": (" in the queue", "to wait longer, set a longer queue_timeout"),
    "run": (" of running", "to wait longer, set a longer run_timeout"),
}
