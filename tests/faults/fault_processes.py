"""The fault matrix, fourth part: what must come of each trouble that a whole process or machine gets into."""

from collections.abc import Mapping
from typing import Final

from fault_matrix import POLLED, PUSHED, RUNWARE, RUNWAY, Delivered, Ending, Lane, paid, refused, told

from anymedia.testing.emulator import Emulator

__all__ = ["LANES", "PROCESSES", "lane_of", "per_request"]

LANES: Final[tuple[Lane, ...]] = (RUNWAY, PUSHED, POLLED)
UNSEEN = paid("unknown", "no")
HOME: Delivered = "by `recover()`"


def _all(ending: Ending) -> Mapping[Lane, Ending]:
    return dict.fromkeys(LANES, ending)


def _runware_knows(ending: Ending, *, otherwise: Ending = UNSEEN) -> Mapping[Lane, Ending]:
    """The client made the id, so Runware can be asked for it; Runway named the task in an answer that is lost."""
    return {**_all(ending), RUNWAY: otherwise}


PROCESSES: Final = told(
    "processes",
    [
        ("`kill -9` before anything is sent", _all(Ending("nothing", 0, 0, "-"))),
        ("`kill -9` as the request is about to be sent", _all(Ending("unknown", 0, 0, "-"))),
        ("`kill -9` once the request is sent", _runware_knows(Ending("result", delivered=HOME))),
        ("`kill -9` while the outcome is unknown", _runware_knows(Ending("result", delivered=HOME))),
        ("`kill -9` once the task is accepted", _all(Ending("result", delivered=HOME))),
        ("`kill -9` while it is being canceled", dict.fromkeys((RUNWAY, POLLED), Ending("result", delivered=HOME))),
        ("`kill -9` while the outputs are saved", _all(Ending("file", delivered=HOME))),
        ("`kill -9` before the end is on record", _all(Ending("file", delivered=HOME))),
        ("`kill -9` once the end is on record", _all(Ending("file"))),
        ("two processes ask under one key at once", _all(Ending("result"))),
        (
            "a process asks under the key of one that was killed while sending",
            _runware_knows(Ending("result"), otherwise=paid("SubmissionUnknownError", "no")),
        ),
        (
            "a process asks under the key of a living one that lost the answer",
            {RUNWAY: paid("SubmissionUnknownError", "no")},
        ),
        ("a program that was killed runs again with the same keys", dict.fromkeys((RUNWAY, PUSHED), Ending("file"))),
        ("another process recovers meanwhile", dict.fromkeys((RUNWAY, POLLED), Ending("result"))),
        ("the process forks, and the child uses the client", _all(Ending("result"))),
        ("Ctrl-C in a synchronous wait", _all(Ending("KeyboardInterrupt", delivered=HOME))),
        ("the event loop is closed with the client open", {RUNWAY: Ending("result", delivered=HOME)}),
        ("the program leaves the event loop with the client open", {RUNWAY: Ending("result", delivered=HOME)}),
        (
            "all tasks of the event loop are canceled while the request is sent",
            {RUNWAY: UNSEEN, POLLED: Ending("result", delivered=HOME)},
        ),
        ("disk full before the request is sent", dict.fromkeys((RUNWAY, RUNWARE), refused("JournalError"))),
        ("disk full as the acceptance is recorded", dict.fromkeys((RUNWAY, RUNWARE), paid("JournalError"))),
        (
            "disk full while the outputs are saved",
            dict.fromkeys((RUNWAY, RUNWARE), paid("DownloadError", "at the next try")),
        ),
        ("the clock is set by years, to and fro", dict.fromkeys((RUNWAY, RUNWARE), Ending("result", delivered=HOME))),
    ],
)


def lane_of(emulator: Emulator) -> Lane:
    """The lane of a provider, where it makes no difference how results travel."""
    return RUNWAY if emulator.name == "runway" else RUNWARE


def per_request(emulator: Emulator, outcome: str, delivered: Delivered, *, requests: int = 1) -> Ending:
    """How each of some requests ended, by the ledger, which must be the same for all."""
    entries = emulator.ledger.entries.values()
    tasks, charged = len(entries), sum(entry.charged > 0 for entry in entries)
    assert tasks % requests == charged % requests == 0
    return Ending(outcome, tasks // requests, charged // requests, delivered)
