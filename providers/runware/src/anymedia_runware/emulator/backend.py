"""What the parts of the service share: its books, its clock and its way of speaking."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from anymedia.clock import Clock
from anymedia.testing.emulator import Faults, Ledger
from anymedia_runware.emulator.behaviour import Behaviour
from anymedia_runware.emulator.distortion import deliver
from anymedia_runware.emulator.errors import Problem
from anymedia_runware.emulator.faults import Quirks
from anymedia_runware.emulator.frames import Frame, Outlet
from anymedia_runware.emulator.media import MediaHost
from anymedia_runware.emulator.models import Catalogue
from anymedia_runware.emulator.parcels import Parcel, parcels
from anymedia_runware.emulator.tasks import Task
from anymedia_runware.emulator.timetable import Timetable

__all__ = ["Answered", "Backend"]

# Request and answer.
Answered = tuple[Mapping[str, Any], Mapping[str, Any]]

_CLOSE_CODE = 1011


@dataclass
class Backend:
    """One emulated service.

    Args:
        clock: What time it is; nothing here ever sleeps.
        ledger: Told of every request, charge, end and delivery.
        faults: Asked at every step what to do wrong.
        host: Where media are kept.
        catalogue: The models.
        behaviour: The service's choices.
        rng: The source of seeds, ids and of who finishes first.
        timetable: What happens later.
        tasks: Every accepted task by id.
        answers: Request and answer, by id, of everything that was answered at once.
        post: Sends a parcel to the address it names; without a network, nobody does.
    """

    clock: Clock
    ledger: Ledger
    faults: Faults
    host: MediaHost
    catalogue: Catalogue
    behaviour: Behaviour
    rng: random.Random
    timetable: Timetable = field(default_factory=Timetable)
    tasks: dict[str, Task] = field(default_factory=dict[str, Task])
    answers: dict[str, Answered] = field(default_factory=dict[str, Answered])
    post: Callable[[Parcel], None] = lambda _: None

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something after so many seconds."""
        self.timetable.at(self.clock.now() + seconds, action)

    def put(self, frame: Frame, outlet: Outlet) -> None:
        """Hand a frame to an outlet, faults included."""
        deliver(frame, outlet, self.faults, self.later)

    def refuse(self, problems: Sequence[Problem], task: Mapping[str, Any], outlet: Outlet) -> None:
        """Answer a task with errors."""
        self.put(Frame(None, [problem.item(task) for problem in problems], subject=str(task["taskType"])), outlet)

    def closes(self, found: Quirks, when: str, outlet: Outlet, frame: Frame | None = None) -> bool:
        """Close the link if a task's fault says so at this point; `frame` stays undelivered."""
        close = found.get("close")
        if close is None or close.get("when", "before_accept") != when:
            return False
        frame = frame or Frame(finals=0)
        frame.close = close.get("code", _CLOSE_CODE)
        outlet.put(frame)
        return True

    def send_out(self, task: Task, index: int) -> None:
        """Take a result that is done to the addresses that its request names."""
        for late, parcel in parcels(task, index, self.behaviour, self.faults):
            self.later(late, partial(self.post, parcel))

    def delivered(self, word: Frame | Parcel) -> None:
        """Note that a client has been handed a frame, or has taken a parcel."""
        for uuid, index in word.delivers:
            task = self.tasks[uuid]
            task.delivered.add(index)
            self.ledger.deliver(uuid, len(task.delivered))
