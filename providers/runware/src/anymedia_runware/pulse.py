"""Time limits, and whether the link still lives: by what was heard, when, and whether an answer is owed."""

from dataclasses import dataclass
from enum import Enum, auto

__all__ = ["Pace", "Pulse", "Vital"]


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Every time limit of a session, in seconds.

    Attributes:
        authentication: For the answer to the key.
        ping_when_idle: Silence after which a sign of life is asked for, while nothing is owed.
        dead_when_idle: Silence after which the link counts as dead, while nothing is owed.
        ping_when_busy: The same while an answer is owed.
        dead_when_busy: The same while an answer is owed.
        answer: For the answer to a look-up or the acknowledgement of a task.
        result: For the first result of a task that is answered with it; the vendor itself gives up after 120.
        stragglers: For the rest of an answer to several look-ups, once a part of it is there.
    """

    authentication: float = 15.0
    ping_when_idle: float = 30.0
    dead_when_idle: float = 60.0
    ping_when_busy: float = 4.0
    dead_when_busy: float = 9.0
    answer: float = 60.0
    result: float = 150.0
    stragglers: float = 0.5


class Vital(Enum):
    """What a look at the pulse calls for."""

    FINE = auto()
    PING = auto()
    DEAD = auto()


class Pulse:
    """Remembers signs of life on one link.

    Args:
        pace: How much silence is too much.
    """

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._heard = 0.0
        self._busy_since: float | None = None
        self._pinged = False
        self._silent = False

    def beat(self, now: float) -> None:
        """Something arrived, or left."""
        self._heard, self._pinged, self._silent = now, False, False

    def work(self, *, busy: bool, now: float) -> None:
        """Say whether an answer is owed. One that is given up leaves a sign of life owed in its place."""
        if busy and self._busy_since is None:
            self._busy_since, self._silent = now, True
        elif not busy and not self._silent:
            self._busy_since = None

    def next_deadline(self) -> float:
        """When to look again."""
        ping, dead = self._deadlines()
        return dead if self._pinged else ping

    def look(self, now: float) -> Vital:
        """What is to be done now; a ping is asked for once per silence."""
        ping, dead = self._deadlines()
        if self._pinged:
            return Vital.DEAD if now >= dead else Vital.FINE
        if now < ping:
            return Vital.FINE
        self._pinged = True
        return Vital.PING

    def _deadlines(self) -> tuple[float, float]:
        if self._busy_since is None:
            return self._heard + self._pace.ping_when_idle, self._heard + self._pace.dead_when_idle
        start = max(self._heard, self._busy_since)
        return start + self._pace.ping_when_busy, start + self._pace.dead_when_busy
