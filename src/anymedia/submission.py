"""From a plan to an accepted task: the only caller of `Provider.submit`, and the only place that may try again."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import Literal
from uuid import UUID

from anymedia.clock import Clock
from anymedia.errors import JournalError, MediaError, ProtocolError, SubmissionUnknownError
from anymedia.journal import AttemptState, Entry, Journal
from anymedia.logs import logger
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
    number: int = 0

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
            ref=submission.ref if submission else None,
            inputs=tuple(media.sha256 for _, media in request.media() if media.sha256),
            cost=submission.estimate if submission else None,
            error=submission.error.code if submission and submission.error else None,
            idempotency_key=request.idempotency_key,
            metadata=request.metadata,
        )


class Submitter:
    """Turns plans into tasks, each attempt journalled before its first byte.

    Args:
        journal: Where attempts are recorded.
        clock: What waits between attempts are slept on.
        rng: For ids and jitter.
        now: Wall time in UTC, for the journal and for refs.
    """

    def __init__(self, journal: Journal, clock: Clock, rng: Random, now: Callable[[], datetime]) -> None:
        self._journal = journal
        self._clock = clock
        self._rng = rng
        self._now = now
        self._limits: dict[Provider, asyncio.Semaphore] = {}
        self._accepted: dict[tuple[str, str], Entry] = {}

    async def submit(
        self, provider: Provider, plan: Plan, *, on_unknown: OnUnknown, announce: Callable[[TaskRef], None]
    ) -> Submission:
        """Start the task. Comes back only with an accepted one.

        A new attempt is made only after `NOT_SENT`, or after `REFUSED` with an error worth repeating.

        Args:
            provider: Who is asked.
            plan: For what.
            on_unknown: What to do when nobody can say whether the task was started.
            announce: Told a client-made ref before its first byte leaves, so that early news finds its listener.

        Raises:
            SubmissionUnknownError: Nobody can say whether the task was started, and `on_unknown` is `raise`.
            MediaError: The provider refused, or could not be reached.
        """
        attempts = _Attempts(str(UUID(int=self._rng.getrandbits(128), version=4)), provider, plan)
        await self._record(attempts, AttemptState.INTENT)
        await self._prepare(attempts)
        policy = RetryPolicy(retries=provider.settings.retries, delay=provider.settings.retry_delay)
        ref: TaskRef | None = None
        while True:
            attempts.number += 1
            ref = ref or self._new_ref(attempts)
            if ref is not None:
                announce(ref)
            submission = await self._attempt(attempts, ref)
            if submission.outcome is Outcome.ACCEPTED and submission.ref is not None:
                return submission
            error = self._error(attempts, submission)
            if not _may_try_again(submission, error, on_unknown) or attempts.number > policy.retries:
                raise error
            if submission.outcome is Outcome.UNKNOWN:
                ref = None
            _log.info("attempt %d at %s: %s; trying again", attempts.number, provider.name, error)
            await self._clock.sleep(policy.wait(attempts.number, error, self._rng))

    async def note(self, ref: TaskRef, state: AttemptState) -> None:
        """Record that something happened to a task this submitter started."""
        entry = self._accepted.get((ref.provider, ref.id))
        if entry is not None:
            await self._journal.record(replace(entry, state=state, time=self._now()))

    async def finish(self, snapshot: Snapshot) -> None:
        """Record the end of a task that this submitter started."""
        entry = self._accepted.pop((snapshot.ref.provider, snapshot.ref.id), None)
        if entry is not None:
            state = _END[snapshot.state]
            error = snapshot.failure.code if snapshot.failure else None
            cost = snapshot.cost or entry.cost
            await self._journal.record(replace(entry, state=state, time=self._now(), cost=cost, error=error))

    async def _prepare(self, attempts: _Attempts) -> None:
        try:
            attempts.plan = await attempts.provider.prepare(attempts.plan)
        except MediaError:
            await self._record(attempts, AttemptState.NOT_SENT)
            raise

    async def _attempt(self, attempts: _Attempts, ref: TaskRef | None) -> Submission:
        async with self._limit(attempts.provider):
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
        try:
            await self._record(attempts, AttemptState(submission.outcome.value), submission)
        except JournalError as error:  # a task that cannot be recorded must at least be found by its caller
            error.ref, error.outcome = submission.ref, submission.outcome
            raise
        return submission

    def _new_ref(self, attempts: _Attempts) -> TaskRef | None:
        ref = attempts.provider.new_ref(attempts.plan)
        return self._dated(ref) if ref is not None else None

    def _dated(self, ref: TaskRef) -> TaskRef:
        return ref if ref.created is not None else replace(ref, created=self._now())

    def _limit(self, provider: Provider) -> asyncio.Semaphore:
        if provider not in self._limits:
            self._limits[provider] = asyncio.Semaphore(provider.settings.max_concurrency or _AT_ONCE)
        return self._limits[provider]

    async def _record(self, attempts: _Attempts, state: AttemptState, submission: Submission | None = None) -> None:
        entry = attempts.entry(state, self._now(), submission)
        await self._journal.record(entry)
        if state is AttemptState.ACCEPTED and entry.ref is not None:
            self._accepted[entry.ref.provider, entry.ref.id] = entry

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
_AT_ONCE = 20
"""Attempts under way at once per provider, unless `max_concurrency` says otherwise."""


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
