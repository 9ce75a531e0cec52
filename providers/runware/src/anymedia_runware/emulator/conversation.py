"""One WebSocket's side of the protocol, without the socket: authentication, pings, and frames in order."""

from collections.abc import Callable, Mapping
from typing import Any

from anymedia_runware.emulator.engine import Engine
from anymedia_runware.emulator.errors import Problem
from anymedia_runware.emulator.frames import Frame
from anymedia_runware.emulator.reading import Incoming, TaskIn, read_message
from anymedia_runware.emulator.sessions import Session, Sessions
from anymedia_runware.emulator.sse import NO_STREAM, wants_stream

__all__ = ["ABORT", "BAD_KEY", "Conversation"]

# Source: runware.ai/docs, "WebSockets"; 2026-10.
BAD_KEY = Problem("invalidApiKey", "Invalid API key. Get one at https://runware.ai/signup", "apiKey")

# This close code cannot be sent: it means that the link breaks off.
ABORT = 1006
_BAD_KEY_CLOSE = 1008
_SUPERSEDED_CLOSE = 1000


class Conversation:
    """What is said on one link. Whoever owns the link feeds `receive()` and sends what `next()` gives.

    Args:
        engine: Who answers tasks.
        sessions: Where frames wait across links.
        api_key: The only key taken.
    """

    def __init__(self, engine: Engine, sessions: Sessions, api_key: str) -> None:
        self.closing: int | None = None
        self.wake: Callable[[], None] = lambda: None
        self._engine = engine
        self._backend = engine.backend
        self._sessions = sessions
        self._api_key = api_key
        self._authenticated = False
        self._mute = False
        self._session = sessions.new()
        self._attach(self._session)
        self._heard = self._backend.clock.now()
        self._watch()

    def receive(self, text: str) -> None:
        """Take in a message. Blocks if it carries media."""
        self.handle(self.read(text))

    def read(self, text: str) -> Incoming:
        """Parse a message; changes nothing, and may run in another thread."""
        behaviour = self._backend.behaviour
        return read_message(text, self._backend.host, most=behaviour.max_tasks, strict=behaviour.strict)

    def handle(self, incoming: Incoming) -> None:
        """Act on a message."""
        self._heard = self._backend.clock.now()
        if self._backend.faults.take("mute", incoming.subject) is not None:
            self._mute = True
        if incoming.problem is not None:
            self._session.put(Frame(None, [incoming.problem.item()]))
        tasks = [each for each in incoming.tasks if not self._handle_here(each.task)]
        if self._authenticated:
            streams = [each for each in tasks if wants_stream(each.task)]
            self._engine.answer([each for each in tasks if each not in streams], self._session)
            for each in streams:
                self._backend.refuse([NO_STREAM], each.task, self._session)
            return
        for each in tasks:
            self._turn_away(each)

    def next(self) -> Frame | None:
        """The next frame to send, or None; look at `closing` then."""
        while not self._mute and self.closing is None and (frame := self._session.head()) is not None:
            if frame.close is not None:
                self.closing, frame.close = frame.close, None
            if frame.fate == "lost" or (frame.data is None and not frame.errors):
                self._session.sent(frame)
            elif self.closing is None:
                return frame
        return None

    def sent(self, frame: Frame) -> None:
        """The frame went out."""
        self._session.sent(frame)
        self._backend.delivered(frame)

    def leave(self) -> None:
        """The link is gone; what was not sent waits in the session."""
        self.closing = ABORT if self.closing is None else self.closing
        self._session.leave()

    def close(self, code: int) -> None:
        """End the conversation with a close code."""
        if self.closing is None:
            self.closing = code
            self.wake()

    def _handle_here(self, task: Mapping[str, Any]) -> bool:
        name = task.get("taskType")
        if name not in ("authentication", "ping"):
            return False
        self._backend.ledger.saw(name)
        if name == "authentication":
            self._authenticate(task)
        else:
            self._session.put(Frame([{"taskType": "ping", "pong": True}]))
        return True

    def _authenticate(self, task: Mapping[str, Any]) -> None:
        if self._backend.faults.take("no_auth_reply") is not None:
            return
        wanted = task.get("connectionSessionUUID")
        rejected = self._backend.faults.take("reject_key", "login" if wanted is None else "resume") is not None
        if rejected or task.get("apiKey") != self._api_key:
            self._session.put(Frame(None, [BAD_KEY.item({"taskType": "authentication"})]))
            if self._backend.behaviour.close_on_bad_key:
                self._session.put(Frame(close=_BAD_KEY_CLOSE))
            return
        if wanted is not None and self._backend.faults.take("forget_session") is not None:
            self._sessions.forget(str(wanted))
            wanted = None
        self._authenticated = True
        if wanted is None or wanted != self._session.id:
            self._move_to(self._sessions.open(None if wanted is None else str(wanted)))
        reply = Frame([{"taskType": "authentication", "connectionSessionUUID": self._session.id}])
        if self._backend.faults.take("early_replay") is None:
            self._session.first([reply])
        else:
            self._session.put(reply)

    def _move_to(self, session: Session) -> None:
        before, self._session = self._session, session
        before.leave()
        session.first(before.drain())
        self._attach(session)

    def _attach(self, session: Session) -> None:
        session.wake = self._woken
        session.superseded = self._superseded

    def _woken(self) -> None:
        self.wake()

    def _superseded(self) -> None:
        """Another link took the session over: the latest wins."""
        self._session.leave()
        self._session = self._sessions.new()
        self.close(_SUPERSEDED_CLOSE)

    def _turn_away(self, each: TaskIn) -> None:
        self._backend.ledger.saw(str(each.task.get("taskType")))
        problem = Problem("missingApiKey", "The first message must be an authentication.", "apiKey")
        self._session.put(Frame(None, [problem.item(each.task)]))

    def _watch(self) -> None:
        """Close a link on which nothing was heard for too long."""
        if self.closing is not None:
            return
        behaviour, now = self._backend.behaviour, self._backend.clock.now()
        due = self._heard + behaviour.idle_timeout
        if due <= now:
            self.close(behaviour.idle_close_code)
        else:
            self._backend.timetable.at(due, self._watch)
