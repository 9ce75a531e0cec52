"""The vocabulary of the fault matrix: faults, the cases where they can happen, and how a cell must end."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

__all__ = [
    "ALWAYS",
    "POLLED",
    "PUSHED",
    "RUNWARE",
    "RUNWAY",
    "Case",
    "Cell",
    "Delivered",
    "Ending",
    "Fault",
    "Lane",
    "World",
    "cells",
    "on",
    "paid",
    "refused",
    "told",
    "vendor",
    "wire",
]

Lane = Literal["Runway", "Runware", "Runware, pushed", "Runware, polled"]
World = Literal["async", "sync", "either"]
When = Literal["before", "accepted", "submitted", "saving"]
Delivered = Literal["at once", "by its reference", "by `recover()`", "at the next try", "no", "-"]
Strike = Callable[[Any], object]

RUNWAY: Lane = "Runway"
RUNWARE: Lane = "Runware"
PUSHED: Lane = "Runware, pushed"
POLLED: Lane = "Runware, polled"

ALWAYS = 1000
"""Times a fault strikes that never ends."""


@dataclass(frozen=True)
class Ending:
    """How a cell ends, as the caller and the ledger see it.

    Attributes:
        outcome: `result`, `file`, or the class of the error; what `recover()` calls `unknown`; or `nothing`.
        accepted: Tasks started.
        charged: Tasks that money was taken for.
        delivered: How the caller came by the outputs.
    """

    outcome: str
    accepted: int = 1
    charged: int = 1
    delivered: Delivered = "at once"


def paid(error: str, delivered: Delivered = "by its reference") -> Ending:
    """An error although a task was started and paid."""
    return Ending(error, delivered=delivered)


def refused(error: str) -> Ending:
    """An error, and no task was started."""
    return Ending(error, accepted=0, charged=0, delivered="-")


@dataclass(frozen=True)
class Case:
    """One fault on some lanes.

    Attributes:
        lanes: Where.
        strike: Does the harm; given the stage, it may return an awaitable.
        ending: What must come of it.
        when: `before` the call, as the ledger says `accepted`, after `submit` has returned, or as the result is saved.
        sends: The most create requests the server may see.
        patience: Seconds the client must at least have waited, on its own clock.
        silence: Whether the fault is silence, so that the client must not wait long for an answer.
        late: Whether what was held up arrives once the client has given up.
        timeout: Seconds the caller waits for the result, on the client's clock.
        count: Pictures asked for.
        speed: How many times faster than life the client's clock runs; twice that where there is silence to sit out.
    """

    lanes: tuple[Lane, ...]
    strike: Strike
    ending: Ending
    when: When = "before"
    sends: int = 1
    patience: float = 0.0
    silence: bool = False
    late: bool = False
    timeout: float = 600.0
    count: int = 1
    speed: float = 20.0


def on(*lanes: Lane, strike: Strike, ending: Ending = Ending("result"), **more: Any) -> Case:
    """A case; see `Case` for the rest."""
    return Case(lanes, strike, ending, **more)


def wire(kind: str, **options: Any) -> Strike:
    """Has the proxy break the wire; see `FaultProxy.arm`."""
    return lambda stage: stage.proxy.arm(kind, **options)


def vendor(kind: str, match: str = "", **options: Any) -> Strike:
    """Has the emulator misbehave; see `Faults.add`."""
    return lambda stage: stage.emulator.faults.add(kind, match=match, **options)


@dataclass(frozen=True)
class Fault:
    """One kind of trouble in a user's words, and what comes of it wherever it can happen."""

    what: str
    cases: Sequence[Case]


@dataclass(frozen=True)
class Cell:
    """One test: one fault at one provider, for one of the two clients.

    Attributes:
        section: The table it belongs to.
        place: Its place there.
        what: The fault.
        case: What to do, and what must come of it.
        lane: The provider, and how its results travel.
        world: The client; `either` where it makes no difference.
    """

    section: str
    place: int
    what: str
    case: Case
    lane: Lane
    world: World

    def __str__(self) -> str:
        return f"{self.what}-{self.lane}-{self.world}".replace(",", "").replace(" ", "_")


def cells(section: str, faults: Iterable[Fault]) -> list[Cell]:
    """Every cell of a section, async and sync."""
    worlds: tuple[World, ...] = ("async", "sync")
    places = [
        (fault.what, case, lane, world)
        for fault in faults
        for case in fault.cases
        for lane in case.lanes
        for world in worlds
    ]
    return [Cell(section, place, *rest) for place, rest in enumerate(places)]


def told(section: str, faults: Iterable[tuple[str, Mapping[Lane, Ending]]]) -> dict[tuple[str, Lane], Cell]:
    """Cells that tests of their own play, by fault and lane."""
    found: dict[tuple[str, Lane], Cell] = {}
    for what, endings in faults:
        for lane, ending in endings.items():
            case = Case((lane,), strike=lambda _: None, ending=ending)
            found[what, lane] = Cell(section, len(found), what, case, lane, "either")
    return found
