"""Tasks in the caller's hand: one to look at, wait for, watch or cancel; many as they end or are found again."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final, Generic, TypeVar, cast

from typing_extensions import override

from anymedia.errors import MediaError, ProtocolError, TaskCanceledError, TaskFailedError
from anymedia.journal import AttemptState, Entry
from anymedia.provider import Cancellation, Provider
from anymedia.refs import TaskRef, TaskState
from anymedia.requests import Request
from anymedia.results import Notice, Result
from anymedia.tasks import Snapshot
from anymedia.tracking import Tracked, Tracker

__all__ = ["NOT_GIVEN", "AsyncTask", "Completion", "Links", "NotGiven", "Recovery", "make_result"]

R = TypeVar("R", bound=Result)
R_co = TypeVar("R_co", bound=Result, covariant=True)


class NotGiven(Enum):
    """The type of `NOT_GIVEN`."""

    NOT_GIVEN = "not given"


NOT_GIVEN: Final = NotGiven.NOT_GIVEN
"""Left out, as opposed to None; the configured value counts."""


class Links:
    """What a handle needs of its client.

    Args:
        tracker: Follows the task.
        provider: Opens the task's provider on first use.
        canceling: Told before a cancellation is sent, and when it has stopped nothing: what to record.
        complete: Waits until a result is saved where it should be, and ties it to the client that can save it.
        timeout: The caller's own default, in seconds.
    """

    def __init__(
        self,
        tracker: Tracker,
        provider: Callable[[], Awaitable[Provider]],
        canceling: Callable[[TaskRef, AttemptState], Awaitable[None]],
        complete: Callable[[Result, Snapshot], Awaitable[Result]],
        timeout: float | None | NotGiven,
    ) -> None:
        self.tracker = tracker
        self.provider = provider
        self.canceling = canceling
        self.complete = complete
        self.timeout = timeout


class AsyncTask(Generic[R_co]):
    """A task that was started here or elsewhere; made by `AsyncMediaClient.submit` and `attach`.

    Attributes:
        ref: The task's address; `str(ref)` is all another process needs.
        notices: What the plan dropped or adjusted, for a task started here.
    """

    def __init__(
        self,
        ref: TaskRef,
        result_type: type[R_co],
        links: Links,
        *,
        notices: tuple[Notice, ...] = (),
        record: Tracked | None = None,
    ) -> None:
        self.ref = ref
        self.notices = notices
        self._result_type = result_type
        self._links = links
        self._record = record

    async def status(self) -> Snapshot:
        """Ask the provider once, now; a task that has ended is not asked about again.

        A provider that wants some seconds between two looks at one task is not asked sooner: the last answer counts.

        Raises:
            TaskNotFoundError: The provider does not know the task.
            MediaError: The provider could not be asked.
        """
        tracked = await self._tracked()
        return tracked.ended() if tracked.is_over else await self._links.tracker.look(tracked)

    async def result(self, timeout: float | None | NotGiven = NOT_GIVEN) -> R_co:
        """Wait for the result. May be called again and again; the answer stays.

        Args:
            timeout: Seconds; None waits for ever; 0 looks once; left out, the client's setting counts.

        Raises:
            TaskTimeoutError: It is not there yet, or a phase took longer than `queue_timeout` or `run_timeout` allows.
                The task goes on and can be waited for again.
            TaskFailedError: The task failed.
            ModerationError: It failed because its content was refused.
            TaskCanceledError: The task was canceled.
            TaskNotFoundError: The provider does not know the task (any more).
            DownloadError: The outputs could not be saved where `autosave` asked for; call again to try again.
        """
        tracked = await self._tracked()
        seconds = timeout if not isinstance(timeout, NotGiven) else self._links.timeout
        if isinstance(seconds, NotGiven):
            seconds = tracked.provider.settings.timeout
        phases = tracked.provider.settings
        snapshot = await self._links.tracker.wait(tracked, seconds, queue=phases.queue_timeout, run=phases.run_timeout)
        result = make_result(snapshot, self._result_type, self.ref, self.notices)
        return cast("R_co", await self._links.complete(result, snapshot))

    async def events(self) -> AsyncGenerator[Snapshot, None]:
        """Each change of state, progress or text, the last one always; a failed task ends it without raising."""
        async for snapshot in self._links.tracker.events(await self._tracked()):
            yield snapshot

    async def cancel(self) -> Cancellation:
        """Stop the task where the provider can. Calling it again is fine; a finished task is left as it is."""
        tracked = await self._tracked()
        if tracked.is_over:
            state = tracked.ended().state
            return Cancellation(stopped=state is TaskState.CANCELED, refund="none", state=state)
        await self._links.canceling(self.ref, AttemptState.CANCEL_REQUESTED)
        tracked.cancel_requested = True
        cancellation = await tracked.provider.cancel(self.ref)
        if cancellation.stopped:
            self._links.tracker.canceled(tracked)
        else:
            tracked.cancel_requested = False
            await self._links.canceling(self.ref, AttemptState.ACCEPTED)
        return cancellation

    async def _tracked(self) -> Tracked:
        if self._record is None:
            self._links.tracker.refuse_if_closed(self.ref)
            self._record = self._links.tracker.find(await self._links.provider(), self.ref)
        return self._record

    @override
    def __repr__(self) -> str:
        return f"AsyncTask({str(self.ref)!r})"


@dataclass(frozen=True, kw_only=True)
class Completion(Generic[R_co]):
    """One finished request of `map`: its result, or the error in its place.

    Attributes:
        index: Its place in the input.
        request: What was asked.
        result: What came out, or None.
        error: Why nothing came out, or None.
        ref: The task, where one was started.
    """

    index: int
    request: Request[R_co]
    result: R_co | None = None
    error: MediaError | None = None
    ref: TaskRef | None = None


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """What `recover` found.

    Attributes:
        tasks: Followed again; wait for each.
        unknown: Nobody can say whether these were started: what is known, and where to look.
        elsewhere: Made at another address, or by a provider that is not set up here; nothing was asked.
    """

    tasks: tuple[AsyncTask[Result], ...]
    unknown: tuple[Entry, ...]
    elsewhere: tuple[Entry, ...]


def make_result(snapshot: Snapshot, kind: type[R], ref: TaskRef, notices: tuple[Notice, ...]) -> R:
    """The result of a task that has ended, or its error.

    Raises:
        TaskFailedError: There is none because the task failed.
        TaskCanceledError: There is none because the task was canceled.
        ProtocolError: The provider says it succeeded and shows nothing.
    """
    if snapshot.state is TaskState.CANCELED:
        raise snapshot.failure or TaskCanceledError("the task was canceled", provider=ref.provider, ref=ref)
    if snapshot.state is TaskState.FAILED:
        raise snapshot.failure or TaskFailedError("the task failed", provider=ref.provider, ref=ref, raw=snapshot.raw)
    if not snapshot.outputs and kind.needs_outputs:
        raise ProtocolError("the task succeeded without an output", provider=ref.provider, ref=ref, raw=snapshot.raw)
    return kind(
        outputs=snapshot.outputs,
        cost=snapshot.cost,
        notices=notices + snapshot.notices,
        errors=snapshot.errors,
        ref=ref,
        provider=ref.provider,
        model=ref.model,
        raw=snapshot.raw,
    )
