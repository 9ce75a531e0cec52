"""The one supervised connection: brings the session onto a socket, keeps it there, and starts again when it is lost."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from copy import copy
from typing import TYPE_CHECKING, Final, NoReturn, TypeAlias

from anymedia.config import ProviderSettings
from anymedia.errors import (
    AuthenticationError,
    ClientClosedError,
    ConnectionLostError,
    MediaError,
    PermissionDeniedError,
    ProtocolError,
    TransportError,
)
from anymedia.logs import logger
from anymedia.provider import Context
from anymedia.refs import TaskRef
from anymedia_runware.attempts import (
    Answered,
    Attempt,
    Died,
    Event,
    Failed,
    Lapsed,
    Pushed,
    Question,
    Ready,
    Rejected,
    Write,
)
from anymedia_runware.codec import Reply
from anymedia_runware.pulse import Pace
from anymedia_runware.session import Session
from anymedia_runware.wire import Task

if TYPE_CHECKING:
    from anymedia.transports.websocket import WebSocketConnection

__all__ = ["Connection", "News"]

News: TypeAlias = Pushed | Lapsed
_AUTHENTICATION: Final = 15.0
_RESULT: Final = 150.0
_LONGEST_WAIT: Final = 10.0
_JITTER: Final = 0.25
_SETTLED: Final = 5.0
"""Seconds a link must have lived for its loss to count as the first."""

_GLANCE: Final = 1.0
"""Seconds between two looks at whether bytes move, while an answer is owed."""

_log = logger("runware")


class _StaleSession(Exception):  # noqa: N818 - a signal within this module
    """The key was rejected together with an old session id; it deserves one try without."""


class Connection:
    """Opened at first use; afterwards up for as long as somebody waits for news.

    Args:
        settings: Address, key and time limits.
        context: Clock, chance and the way to open sockets.
        on_news: Told what arrives unasked, and what may have been missed.
    """

    def __init__(self, settings: ProviderSettings, context: Context, on_news: Callable[[News], None]) -> None:
        pace = Pace(
            authentication=min(_AUTHENTICATION, settings.connect_timeout),
            answer=settings.submit_timeout,
            result=max(_RESULT, settings.submit_timeout),
        )
        self._session = Session(settings.api_key.get_secret_value(), pace)
        self._settings = settings
        self._context = context
        self._clock = context.clock
        self._on_news = on_news
        self._link: WebSocketConnection | None = None
        self._moved = (0, 0)
        self._ready_at: float | None = None
        self._cause_of_death: str | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._nap: asyncio.Future[None] | None = None
        self._pings: set[asyncio.Task[None]] = set()
        self._waiting: list[asyncio.Future[None]] = []
        self._answers: dict[int, asyncio.Future[Answered | Failed]] = {}
        self._closed = False

    # What the provider does with it.

    async def ready(self) -> None:
        """Wait for a link on which the key was accepted. Nothing of the caller's is sent.

        Raises:
            AuthenticationError: The key is not accepted.
            TransportError: There is no way to the vendor now.
            ClientClosedError: The connection was closed for good.
        """
        while not self._session.ready:
            if self._closed:
                raise ClientClosedError("the connection to Runware is closed", provider="runware")
            if self._supervisor is None or self._supervisor.done():
                self._supervisor = asyncio.get_running_loop().create_task(self._supervise(), name="anymedia-runware")
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            await waiter

    async def start(self, ref: TaskRef, task: Task, *, push: bool) -> Reply:
        """Send a task and wait for the first word about it.

        Raises:
            TransportError: No answer; `sent` says whether the task may have left.
            MediaError: The vendor has trouble that may or may not be about this task.
        """
        replies = await self._ask(lambda now: self._session.start(ref, task, push=push, now=now))
        return replies.get(ref.id, Reply())

    async def look(self, kind: Question, tasks: Sequence[Task]) -> Mapping[str, Reply]:
        """Ask about tasks; those without an answer are missing from what comes back.

        Raises:
            MediaError: No answer at all.
        """
        await self.ready()
        return await self._ask(lambda now: self._session.look(kind, tasks, now))

    def attempt(self, ref: TaskRef) -> Attempt | None:
        """What is remembered of a task that was sent here."""
        return self._session.attempt(ref)

    def follow(self, attempt: Attempt) -> None:
        """From now on, this task's results are news."""
        self._session.follow(attempt)

    def forget(self, ref: TaskRef) -> None:
        """Nothing more is wanted from this task's pushes."""
        self._session.forget(ref)

    async def aclose(self) -> None:
        """Say goodbye and leave no task and no socket behind."""
        self._closed = True
        if self._link is not None:
            await self._link.aclose()
        if self._supervisor is not None:
            self._supervisor.cancel()
            await asyncio.gather(self._supervisor, return_exceptions=True)
        self._tell_waiting(ClientClosedError("the connection to Runware was closed", provider="runware"))

    # Questions.

    async def _ask(self, question: Callable[[float], tuple[int, str]]) -> Mapping[str, Reply]:
        if self._link is None or not self._session.ready:
            raise ConnectionLostError("there is no connection to Runware now", sent=False, provider="runware")
        number, text = question(self._clock.now())
        answer: asyncio.Future[Answered | Failed] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        self._look_sooner()
        try:
            await self._link.send(text)
            self._session.written(number, self._clock.now())
            self._look_sooner()
            event = await answer
        finally:
            self._session.withdraw(number)
            del self._answers[number]
        if isinstance(event, Failed):
            raise event.error
        return event.replies

    # Supervision.

    async def _supervise(self) -> None:
        """Keep a link up while it is needed. The first reconnect is immediate, back-off starts with the second."""
        failures = 0
        while not self._closed:
            try:
                await self._serve()
            except _StaleSession:
                continue
            except (AuthenticationError, PermissionDeniedError) as error:
                self._tell_waiting(error)
                return
            except MediaError as error:
                _log.debug("no connection to Runware: %s", error)
                if self._ready_at is None:  # else whoever waits came after the loss, for the next link
                    self._tell_waiting(error)
            except Exception as error:  # noqa: BLE001 - a defect must not leave anyone waiting for ever
                _log.exception("the connection to Runware broke")
                self._tell_waiting(ProtocolError(f"no connection to Runware: {error!r}", provider="runware"))
                return
            if not self._session.is_needed and not self._waiting:
                return
            failures = 1 if self._had_settled() else failures + 1
            await self._clock.sleep(self._back_off(failures))

    async def _serve(self) -> NoReturn:
        """Open a link, log in, and read until it ends."""
        self._ready_at, self._cause_of_death = None, None
        link = await self._context.connect(self._settings.base_url, timeout=self._settings.connect_timeout)
        self._link, self._moved = link, link.progress
        watch = asyncio.get_running_loop().create_task(self._watch(link), name="anymedia-runware-watch")
        try:
            await link.send(self._session.open(self._clock.now()))
            self._look_sooner()
            await self._read(link)
        except ConnectionLostError as error:
            raise ConnectionLostError(self._cause_of_death or error.message, provider="runware") from error
        finally:
            self._link = None
            link.abort()
            self._act_on(self._session.lost(self._clock.now()), link)
            await _stopped(watch, *self._pings)

    async def _read(self, link: "WebSocketConnection") -> NoReturn:
        while True:
            text = await link.receive()
            self._moved = link.progress
            try:
                self._act_on(self._session.receive(text, self._clock.now()), link)
            except (MediaError, _StaleSession):
                raise
            except Exception:  # noqa: BLE001 - one frame that breaks us must not take the other tasks' link along
                _log.exception("a frame of %d characters could not be handled", len(text))

    async def _watch(self, link: "WebSocketConnection") -> None:
        """Do what is due: pings, overdue answers, the end of a dead link."""
        while (deadline := self._session.next_deadline(self._clock.now())) is not None:
            await self._sleep(deadline - self._clock.now())
            now = self._clock.now()
            if link.progress != self._moved:
                self._moved = link.progress
                self._session.moved(now)
            self._act_on(self._session.tick(now), link)

    async def _sleep(self, seconds: float) -> None:
        """Until then, or until something more urgent is asked."""
        longest = _GLANCE if self._session.is_needed else seconds
        self._nap = asyncio.ensure_future(self._clock.sleep(max(0.0, min(seconds, longest))))
        try:
            await asyncio.wait({self._nap})
        finally:
            await _stopped(self._nap)

    def _look_sooner(self) -> None:
        if self._nap is not None:
            self._nap.cancel()

    # Events.

    def _act_on(self, events: Sequence[Event], link: "WebSocketConnection") -> None:
        for event in events:
            match event:
                case Answered() | Failed():
                    self._answer(event)
                case Pushed() | Lapsed():
                    if not self._closed:
                        self._on_news(event)
                case Ready():
                    self._ready_at = self._clock.now()
                    self._tell_waiting(None)
                case Rejected():
                    self._give_up(event)
                case Write():
                    self._send_soon(event.text, link)
                case Died():
                    self._cause_of_death = event.reason
                    link.abort()

    def _answer(self, event: Answered | Failed) -> None:
        answer = self._answers.get(event.question)
        if answer is not None and not answer.done():
            answer.set_result(event)

    def _tell_waiting(self, error: MediaError | None) -> None:
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if waiter.done():
                continue
            if error is None:
                waiter.set_result(None)
            else:
                waiter.set_exception(copy(error))  # each caller may note its own task on it

    def _give_up(self, event: Rejected) -> NoReturn:
        if event.resumed and isinstance(event.error, AuthenticationError | PermissionDeniedError):
            self._session.forget_session()
            raise _StaleSession
        raise event.error

    def _send_soon(self, text: str, link: "WebSocketConnection") -> None:
        """Send without waiting: a full buffer must not keep the watch from seeing that the peer is dead."""
        task = asyncio.get_running_loop().create_task(_send_quietly(link, text), name="anymedia-runware-ping")
        self._pings.add(task)
        task.add_done_callback(self._pings.discard)

    def _had_settled(self) -> bool:
        return self._ready_at is not None and self._clock.now() - self._ready_at >= _SETTLED

    def _back_off(self, failures: int) -> float:
        if failures <= 1:
            return 0.0
        wait = min(self._settings.retry_delay * 2.0 ** (failures - 2), _LONGEST_WAIT)
        return wait * (1 + _JITTER * self._context.rng.uniform(-1, 1))


async def _send_quietly(link: "WebSocketConnection", text: str) -> None:
    with suppress(TransportError):
        await link.send(text)


async def _stopped(*tasks: asyncio.Future[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
