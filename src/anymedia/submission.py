"""From a plan to an accepted task: the only caller of `Provider.submit`, and the only place that may try again."""

import asyncio
from collections.abc import Callable, Hashable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import Literal, cast
from uuid import UUID
from weakref import WeakValueDictionary

from anymedia.clock import Clock
from anymedia.errors import JournalError, MediaError, ProtocolError, RateLimitError, SubmissionUnknownError
from anymedia.journal import AttemptState, Entry, Journal, SavedFile, TakenOverError
from anymedia.json import JSON, dumps, loads
from anymedia.limits import Limiter
from anymedia.logs import logger
from anymedia.media import Media
from anymedia.provider import Plan, Provider, Submission
from anymedia.refs import Outcome, TaskRef, TaskState
from anymedia.retry import RetryPolicy
from anymedia.tasks import Snapshot

__all__ = ["OnUnknown", "Submitter"]

OnUnknown = Literal["raise", "resubmit"]
_log = logger("submission")


@dataclass
class _Attempts:
    """One logical request on its way: its journal lines share an id."""

    id: str
    provider: Provider
    plan: Plan
    caller: Hashable
    autosave: str | None = None
    body: JSON = None
    number: int = 1
    state: AttemptState = AttemptState.INTENT

    def entry(self, state: AttemptState, time: datetime, submission: Submission | None = None) -> Entry:
        request = self.plan.request
        return Entry(
            request=self.id,
            attempt=self.number,
            state=state,
            time=time,
            provider=self.provider.name,
            operation=request.operation,
            model=self.plan.model,
            endpoint=self.provider.settings.base_url,
            fingerprint=self.plan.fingerprint,
            ref=submission.ref if submission else None,
            inputs=tuple(media.sha256 for _, media in request.media() if media.sha256),
            cost=submission.estimate if submission else None,
            error=submission.error.code if submission and submission.error else None,
            idempotency_key=request.idempotency_key,
            metadata=request.metadata,
            autosave=self.autosave,
            body=self.body,
        )


class Submitter:
    """Turns plans into tasks, each attempt journalled before its first byte.

    Args:
        journal: Where attempts are recorded.
        clock: What waits between attempts are slept on.
        rng: For ids and jitter.
        now: Wall time in UTC, for the journal and for refs.
        is_here: Whether an attempt was made where this client can follow it.
        keep_bodies: Whether the journal holds prompts and bodies too.
    """

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        rng: Random,
        now: Callable[[], datetime],
        *,
        is_here: Callable[[Entry], bool] = lambda _: True,
        keep_bodies: bool = False,
    ) -> None:
        self._journal = journal
        self._is_here = is_here
        self._keep_bodies = keep_bodies
        self._clock = clock
        self._rng = rng
        self._now = now
        self._limits: dict[Provider, Limiter] = {}
        self._accepted: dict[tuple[str, str], Entry] = {}
        self._active: set[str] = set()
        self._unrecorded: dict[str, Entry] = {}  # how requests stand that the journal calls under way
        self._catching_up = asyncio.Lock()
        self._later: asyncio.Task[None] | None = None
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def submit(
        self,
        provider: Provider,
        plan: Plan,
        *,
        on_unknown: OnUnknown,
        announce: Callable[[TaskRef], None],
        caller: Hashable = None,
        autosave: str | None = None,
    ) -> Submission:
        """Start the task, or find the one that its idempotency key stands for. Comes back only with an accepted one.

        A new attempt is made only after `NOT_SENT`, or after `REFUSED` with an error worth repeating.

        Args:
            provider: Who is asked.
            plan: For what.
            on_unknown: What to do when nobody can say whether the task was started.
            announce: Told a client-made ref before its first byte leaves, so that early news finds its listener.
            caller: Whose turn it is; places are shared out fairly between callers.
            autosave: The folder its outputs are to be saved in before it counts as finished.

        Raises:
            SubmissionUnknownError: Nobody can say whether the task was started, and `on_unknown` is `raise`.
            IdempotencyConflictError: The idempotency key stands for a different request.
            JournalError: The journal cannot be written; nothing was sent.
            MediaError: The provider refused, or could not be reached.
        """
        body = _plain(plan.body) if self._keep_bodies else None
        attempts = _Attempts(
            str(UUID(int=self._rng.getrandbits(128), version=4)), provider, plan, caller, autosave, body
        )
        await self._catch_up()
        async with self._turn(plan.request.idempotency_key):
            known = await self._known(attempts, on_unknown)
            if known is not None:
                return known
            self._active.add(attempts.id)
            try:
                return await self._carry_out(attempts, on_unknown, announce)
            finally:
                self._active.discard(attempts.id)

    async def _catch_up(self) -> None:
        """Record what a journal in trouble could not take, so that nobody waits for it under its key."""
        async with self._catching_up:
            for request, entry in tuple(self._unrecorded.items()):
                try:
                    await self._journal.record(entry)
                except TakenOverError:
                    del self._unrecorded[request]
                except JournalError:
                    continue
                else:
                    del self._unrecorded[request]
                    if entry.state is AttemptState.ACCEPTED:
                        self.resume(entry)

    def _keep(self, entry: Entry) -> None:
        """Remember what the journal could not take, until it can: others may be waiting for it."""
        self._unrecorded[entry.request] = entry
        if self._later is None or self._later.done():
            self._later = asyncio.get_running_loop().create_task(self._catch_up_later(), name="anymedia-journal")

    async def _catch_up_later(self) -> None:
        while self._unrecorded:
            await self._clock.sleep(_JOURNAL_AGAIN)
            await self._catch_up()

    def _turn(self, key: str | None) -> asyncio.Lock:
        """One caller at a time per idempotency key: nobody slips in between two attempts of another."""
        return self._turns.setdefault(key, asyncio.Lock()) if key is not None else asyncio.Lock()

    async def _carry_out(
        self, attempts: _Attempts, on_unknown: OnUnknown, announce: Callable[[TaskRef], None]
    ) -> Submission:
        try:
            attempts.plan = await attempts.provider.prepare(attempts.plan)
            return await self._try(attempts, on_unknown, announce)
        except JournalError:
            raise
        except BaseException:
            if attempts.state is AttemptState.INTENT:  # cut off, perhaps, but nothing has left
                await self._record(attempts, AttemptState.NOT_SENT)
            raise

    async def _try(self, attempts: _Attempts, on_unknown: OnUnknown, announce: Callable[[TaskRef], None]) -> Submission:
        ref: TaskRef | None = None
        tries = 0
        while True:
            tries += 1
            ref = ref or self._new_ref(attempts)
            if ref is not None:
                announce(ref)
            submission = await self._attempt(attempts, ref)
            if submission.outcome is Outcome.ACCEPTED and submission.ref is not None:
                await self._conclude(attempts, submission)
                self._limit(attempts.provider).speed_up()
                return submission
            error = self._error(attempts, submission)
            wait = self._wait(attempts.provider, tries, error)
            again = wait is not None and _may_try_again(submission, error, on_unknown)
            await self._conclude(attempts, submission, again=again)
            if wait is None or not again:
                raise error
            if submission.outcome is Outcome.UNKNOWN:
                ref = None
            _log.info("attempt %d at %s: %s; trying again", tries, attempts.provider.name, error)
            if not isinstance(error, RateLimitError):  # else everybody's next turn comes late enough
                await self._clock.sleep(wait)

    def _wait(self, provider: Provider, tries: int, error: MediaError) -> float | None:
        """Seconds until another try is worth it, if one is; who asks for patience gets it from everybody."""
        policy = RetryPolicy(retries=provider.settings.retries, delay=provider.settings.retry_delay)
        wait = policy.wait(tries, error, self._rng)
        if isinstance(error, RateLimitError):
            self._limit(provider).slow_down(min(wait, _LONGEST_PAUSE))
        return None if tries > policy.retries or wait > _LONGEST_PAUSE else wait

    async def _known(self, attempts: _Attempts, on_unknown: OnUnknown) -> Submission | None:
        """Record the intent, or return the task that the idempotency key already stands for."""
        after: int | None = None
        while True:
            opened = await self._journal.open(attempts.entry(AttemptState.INTENT, self._now()), after=after)
            attempts.id, attempts.number, known = opened.request, opened.attempt, opened.entry
            if known is None:
                return None
            under_way = opened.live and known.state in (AttemptState.INTENT, AttemptState.SENDING)
            if under_way and known.request not in self._unrecorded:
                await self._clock.sleep(_SAME_KEY)  # another caller is at it; its outcome is ours
                continue
            if known.state in (AttemptState.SENDING, AttemptState.UNKNOWN):
                try:
                    known = await self.clear_up(known, attempts.provider, ours=opened.ours)
                except TakenOverError:  # while we asked, another caller has gone ahead
                    continue
            is_free = known.state in _STARTED_NOTHING
            if not is_free and known.state is not AttemptState.UNKNOWN and known.ref is not None:
                return Submission(outcome=Outcome.ACCEPTED, ref=known.ref)
            if not is_free and on_unknown == "raise":
                cause = MediaError(f"under idempotency key {known.idempotency_key!r}")
                raise self._error(attempts, Submission(outcome=Outcome.UNKNOWN, ref=known.ref, error=cause))
            after = known.attempt  # unless somebody else has gone ahead by now

    async def clear_up(self, entry: Entry, provider: Provider, *, ours: bool = True) -> Entry:
        """Find out what became of an attempt that nobody saw the end of; nothing is started.

        Args:
            entry: An attempt that is `SENDING` or `UNKNOWN`.
            provider: Its provider.
            ours: Whether what is found out is ours to record.

        Raises:
            TakenOverError: It was, but another client has gone ahead in the meantime.
        """
        found = Submission(outcome=Outcome.UNKNOWN, ref=entry.ref)
        if entry.ref is not None and entry.provider == provider.name and self._is_here(entry):
            found = await _reconciled(provider, entry.ref, found)
        cleared = replace(entry, state=AttemptState(found.outcome.value), ref=found.ref, time=self._now())
        if ours:
            await self._journal.record(cleared)
        return cleared

    async def adopt(self, ref: TaskRef | None = None) -> tuple[Entry, ...]:
        """Every open attempt (of this task) that no living client is at; ours from now on where it can be followed.

        What is under way in this client is not among them.
        """
        await self._catch_up()
        adopted = await self._journal.adopt(self._is_here, ref)
        return tuple(entry for entry in adopted if entry.request not in self._active)

    def resume(self, entry: Entry) -> None:
        """From now on, record what happens to this task."""
        if entry.ref is not None:
            self._accepted[entry.ref.provider, entry.ref.id] = entry

    async def take_up(self, ref: TaskRef) -> Entry | None:
        """The last word on a task; it is resumed, unless it is over or a living client elsewhere is at it."""
        if not self.holds(ref):
            for entry in filter(self._is_here, await self.adopt(ref)):
                self.resume(entry)
        held = self._accepted.get((ref.provider, ref.id))
        return held or next(reversed(await self._journal.latest(ref)), None)

    def holds(self, ref: TaskRef) -> bool:
        """Whether the end of this task is still to be recorded here."""
        return (ref.provider, ref.id) in self._accepted

    async def aclose(self) -> None:
        """Send away whoever still waits for a turn, and try once more to record what is not on record."""
        for limiter in self._limits.values():
            await limiter.aclose()
        if self._later is not None:
            self._later.cancel()
            await asyncio.gather(self._later, return_exceptions=True)
        await self._catch_up()

    async def note(self, ref: TaskRef, state: AttemptState) -> None:
        """Record that something happened to a task that is held here."""
        entry = self._accepted.get((ref.provider, ref.id))
        if entry is not None:
            await self._journal.record(replace(entry, state=state, time=self._now()))

    async def finish(self, snapshot: Snapshot, saved: tuple[SavedFile, ...] = ()) -> None:
        """Record the end of a task that is held here, and where its outputs are."""
        entry = self._accepted.pop((snapshot.ref.provider, snapshot.ref.id), None)
        if entry is not None:
            state = _END[snapshot.state]
            error = snapshot.failure.code if snapshot.failure else None
            cost = snapshot.cost or entry.cost
            ended = replace(entry, state=state, time=self._now(), cost=cost, error=error, saved=saved)
            await self._journal.record(ended)

    async def _attempt(self, attempts: _Attempts, ref: TaskRef | None) -> Submission:
        limiter = self._limit(attempts.provider)
        async with limiter.place(attempts.caller):
            await self._record(attempts, AttemptState.SENDING, Submission(outcome=Outcome.UNKNOWN, ref=ref))
            try:
                submission = await _ask(attempts.provider, attempts.plan, ref)
            except asyncio.CancelledError:
                await self._record(attempts, AttemptState.UNKNOWN, Submission(outcome=Outcome.UNKNOWN, ref=ref))
                raise
        if submission.outcome is Outcome.UNKNOWN and ref is not None:
            await self._record(attempts, AttemptState.UNKNOWN, submission)
            submission = await _reconciled(attempts.provider, ref, submission)
        if submission.ref is not None:
            submission = replace(submission, ref=self._dated(submission.ref))
        return submission

    async def _conclude(self, attempts: _Attempts, submission: Submission, *, again: bool = False) -> None:
        """Record how an attempt ended, and in the same step the intent to make another: nobody slips in between."""
        ended = attempts.entry(AttemptState(submission.outcome.value), self._now(), submission)
        entries = [ended]
        if again:
            attempts.number += 1
            entries.append(attempts.entry(AttemptState.INTENT, ended.time))
        try:
            await self._journal.record(*entries)
        except JournalError as error:
            self._keep(ended)
            raise _torn(error, submission) from error
        attempts.state = entries[-1].state
        if ended.state is AttemptState.ACCEPTED:
            self.resume(ended)

    def _new_ref(self, attempts: _Attempts) -> TaskRef | None:
        ref = attempts.provider.new_ref(attempts.plan)
        return self._dated(ref) if ref is not None else None

    def _dated(self, ref: TaskRef) -> TaskRef:
        return ref if ref.created is not None else replace(ref, created=self._now().replace(microsecond=0))

    def _limit(self, provider: Provider) -> Limiter:
        if provider not in self._limits:
            at_once, rate = provider.settings.max_concurrency or _AT_ONCE, provider.settings.max_per_second
            self._limits[provider] = Limiter(self._clock, at_once=at_once, per_second=rate)
        return self._limits[provider]

    async def _record(self, attempts: _Attempts, state: AttemptState, submission: Submission | None = None) -> None:
        entry = attempts.entry(state, self._now(), submission)
        try:
            await self._journal.record(entry)
        except JournalError as error:
            has_left = state is AttemptState.UNKNOWN
            self._keep(entry if has_left else replace(entry, state=AttemptState.NOT_SENT))
            raise _torn(error, submission if has_left else None) from error
        attempts.state = state

    def _error(self, attempts: _Attempts, submission: Submission) -> MediaError:
        error = submission.error or ProtocolError("no reason given", provider=attempts.provider.name)
        error.outcome = submission.outcome
        if submission.outcome is not Outcome.UNKNOWN:
            return error
        return _unknown(attempts, submission, error)


_END = {
    TaskState.SUCCEEDED: AttemptState.FINISHED,
    TaskState.FAILED: AttemptState.FAILED,
    TaskState.CANCELED: AttemptState.CANCELED,
}
_STARTED_NOTHING = (AttemptState.INTENT, AttemptState.NOT_SENT, AttemptState.REFUSED)
_SAME_KEY = 0.1
"""Seconds between two looks at a request that another caller is making under the same idempotency key."""

_LONGEST_PAUSE = 60.0
"""Seconds a provider may ask for and be waited for; a longer wish is handed to the caller as it is."""

_AT_ONCE = 20
"""Attempts under way at once per provider, unless `max_concurrency` says otherwise."""


_JOURNAL_AGAIN = 1.0
"""Seconds between two tries to record what the journal could not take."""


def _torn(cause: JournalError, submission: Submission | None) -> JournalError:
    """A journal's error with what is true of the attempt that it could not take; several may share one cause.

    A task that cannot be recorded must at least be found by its caller.
    """
    error = copy(cause)
    if submission is None:
        error.message = f"{cause.message}; nothing was sent"
    else:
        error.message = f"{cause.message}; the attempt was made all the same, and is {submission.outcome}"
        error.ref, error.outcome = submission.ref, submission.outcome
    return error


def _plain(value: object) -> JSON:
    """A body as the journal may keep it: inputs by name or digest, never their bytes."""
    if isinstance(value, Media):
        return f"sha256:{value.sha256}" if value.sha256 else str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in cast("Mapping[object, object]", value).items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast("Sequence[object]", value)]
    return loads(dumps(value))


async def _ask(provider: Provider, plan: Plan, ref: TaskRef | None) -> Submission:
    try:
        return await provider.submit(plan, ref)
    except Exception as error:  # noqa: BLE001 - whatever broke, the request may have left
        _log.exception("%s broke during a submission", provider.name)
        cause = error if isinstance(error, MediaError) else ProtocolError(repr(error), provider=provider.name)
        return Submission(outcome=Outcome.UNKNOWN, ref=ref, error=cause)


async def _reconciled(provider: Provider, ref: TaskRef, submission: Submission) -> Submission:
    try:
        found = await provider.reconcile(ref)
    except MediaError as error:
        return replace(submission, ref=ref, error=error)
    return replace(found, ref=found.ref or ref, error=found.error or submission.error)


def _may_try_again(submission: Submission, error: MediaError, on_unknown: OnUnknown) -> bool:
    if submission.outcome is Outcome.UNKNOWN:
        return on_unknown == "resubmit"
    return submission.outcome is Outcome.NOT_SENT or (submission.outcome is Outcome.REFUSED and error.retryable)


def _unknown(attempts: _Attempts, submission: Submission, cause: MediaError) -> SubmissionUnknownError:
    if isinstance(cause, SubmissionUnknownError):
        cause.ref = submission.ref
        return cause
    where = f"look for {submission.ref.id}" if submission.ref else "look at the usage page"
    error = SubmissionUnknownError(
        f"{attempts.provider.name} may or may not have started {attempts.plan.operation} ({cause.message}); it is not "
        f"sent again by guess: {where} at the provider before you repeat it",
        provider=attempts.provider.name,
        outcome=Outcome.UNKNOWN,
        ref=submission.ref,
        provider_code=cause.provider_code,
        request_id=cause.request_id,
        raw=cause.raw,
    )
    error.__cause__ = cause
    return error
