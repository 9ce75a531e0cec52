"""Connection sessions: frames wait in them until a client has taken them, across reconnects."""

from collections import deque
from collections.abc import Callable, Sequence
from uuid import uuid4

from anymedia_runware.emulator.frames import Frame

__all__ = ["Session", "Sessions"]


def _nobody() -> None:
    """Nobody is connected."""


class Session:
    """One client's queue of undelivered frames.

    Args:
        id: The `connectionSessionUUID`.
        now: Gives the current time.
        kept: Seconds an undelivered frame waits for the client.
    """

    def __init__(self, id: str, now: Callable[[], float], kept: float) -> None:
        self.id = id
        self.wake: Callable[[], None] = _nobody
        self.superseded: Callable[[], None] = _nobody
        self._now = now
        self._kept = kept
        self._outbox: deque[tuple[float, Frame]] = deque()

    def put(self, frame: Frame) -> None:
        """Queue a frame and wake whoever is connected."""
        if self.wake is _nobody:
            self.forget_old()
        self._outbox.append((self._now(), frame))
        self.wake()

    def first(self, frames: Sequence[Frame]) -> None:
        """Queue frames before all others."""
        self._outbox.extendleft((self._now(), frame) for frame in reversed(frames))
        self.wake()

    def head(self) -> Frame | None:
        """The next frame to send, which stays queued until `sent()`."""
        return self._outbox[0][1] if self._outbox else None

    def sent(self, frame: Frame) -> None:
        """A frame has been handed to the client; only the head counts, as another link may be at work by now."""
        if self.head() is frame:
            self._outbox.popleft()

    def drain(self) -> list[Frame]:
        """Take out all that waits."""
        frames = [frame for _, frame in self._outbox]
        self._outbox.clear()
        return frames

    def forget_old(self) -> None:
        """Drop the frames that have waited too long."""
        while self._outbox and self._outbox[0][0] < self._now() - self._kept:
            self._outbox.popleft()

    def leave(self) -> None:
        """The client is gone; frames wait from now on."""
        self.wake = self.superseded = _nobody


class Sessions:
    """All sessions by id.

    Args:
        now: Gives the current time.
        kept: Seconds an undelivered frame waits for its client.
    """

    def __init__(self, now: Callable[[], float], kept: float) -> None:
        self._now = now
        self._kept = kept
        self._known: dict[str, Session] = {}

    def open(self, id: str | None) -> Session:
        """The session of that id, which may be the client's own invention; without one, a new session."""
        if id is None or id not in self._known:
            session = self.new(id or str(uuid4()))
            self._known[session.id] = session
            return session
        session = self._known[id]
        session.superseded()
        session.forget_old()
        return session

    def new(self, id: str = "") -> Session:
        """A session that nobody can resume before `open()` knows it."""
        return Session(id, self._now, self._kept)

    def forget(self, id: str | None) -> None:
        """Lose a session and all that waits in it."""
        if id is not None:
            self._known.pop(id, None)
