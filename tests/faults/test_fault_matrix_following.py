"""The fault matrix, second part: trouble while an accepted task is followed."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fault_matrix import ALWAYS, POLLED, PUSHED, RUNWAY, Cell, Ending, Fault, cells, on, paid, vendor, wire
from fault_page import expected, published

LOOK = "GET /v1/tasks"
RESULT = "imageInference"


def _odd_and_slow(stage: Any) -> None:
    stage.emulator.faults.add("slow", seconds=100)
    stage.emulator.faults.add("odd_status", times=2)


def _shut_out_for_a_while(stage: Any) -> None:
    stage.proxy.cut()
    stage.emulator.faults.add("refuse_handshake", times=3)


def _error(status: int) -> Fault:
    return Fault(f"{status} to a poll", [on(RUNWAY, strike=vendor("status_before", LOOK, status=status, times=2))])


FAULTS = [
    Fault(
        "cut once the task is acknowledged",
        [on(RUNWAY, POLLED, strike=lambda stage: stage.proxy.cut(), when="submitted")],
    ),
    Fault(
        "silence once the task is acknowledged",
        [on(RUNWAY, POLLED, strike=lambda stage: stage.proxy.stall(), when="submitted", silence=True)],
    ),
    Fault("cut during a poll", [on(RUNWAY, POLLED, strike=wire("cut", on="requested"), when="submitted")]),
    Fault("reset during a poll", [on(RUNWAY, POLLED, strike=wire("reset", on="requested"), when="submitted")]),
    Fault(
        "silence during a poll",
        [on(RUNWAY, POLLED, strike=wire("stall", on="requested"), when="submitted", silence=True)],
    ),
    Fault(
        "cut once the task is acknowledged, and the way back is refused with 503",
        [on(POLLED, strike=_shut_out_for_a_while, when="submitted")],
    ),
    Fault(
        "cut before the result is sent",
        [on(PUSHED, strike=vendor("close", RESULT, when="before_result", code=1006))],
    ),
    Fault(
        "cut in the middle of the result",
        [
            on(
                *(RUNWAY, PUSHED, POLLED),
                strike=wire("truncate", on="delivered", direction="down", after_bytes=40),
            )
        ],
    ),
    Fault("reset as the result is sent", [on(RUNWAY, PUSHED, POLLED, strike=wire("reset", on="delivered"))]),
    Fault(
        "silence as the result is sent",
        [on(RUNWAY, PUSHED, POLLED, strike=wire("stall", on="delivered"), silence=True)],
    ),
    Fault(
        "one of four results is lost",
        [on(PUSHED, strike=vendor("lose_result", RESULT), count=4)],
    ),
    *(_error(status) for status in (500, 502, 503, 504)),
    Fault("an error item to a poll", [on(POLLED, strike=vendor("poll_error", code="internalServerError", times=2))]),
    Fault("the reply to a poll is lost", [on(RUNWAY, strike=vendor("lose_reply", LOOK, times=2))]),
    Fault("the reply to a poll cannot be read", [on(RUNWAY, strike=vendor("html", LOOK, times=2))]),
    Fault(
        "429 to a poll",
        [on(RUNWAY, strike=vendor("throttle", LOOK, times=2)), on(POLLED, strike=vendor("poll_error", times=2))],
    ),
    Fault(
        "429 with `Retry-After` to a poll",
        [on(RUNWAY, strike=vendor("throttle", LOOK, retry_after=5), patience=5)],
    ),
    Fault(
        "the task is not found at first",
        [
            on(RUNWAY, strike=vendor("hide_task", LOOK, times=2)),
            on(POLLED, strike=vendor("task_not_found", times=2)),
        ],
    ),
    Fault("an unknown state", [on(RUNWAY, strike=vendor("odd_status", times=2)), on(POLLED, strike=_odd_and_slow)]),
    Fault("every result twice", [on(PUSHED, POLLED, strike=vendor("duplicate", times=ALWAYS), count=4)]),
    Fault("results out of order", [on(PUSHED, POLLED, strike=vendor("reorder", RESULT, times=2), count=4)]),
    Fault("results of a foreign task", [on(PUSHED, POLLED, strike=vendor("foreign", times=ALWAYS), count=4)]),
    Fault("errors of a foreign task", [on(PUSHED, POLLED, strike=vendor("mixed_frame", times=ALWAYS), count=4)]),
    Fault("errors that name no task", [on(PUSHED, POLLED, strike=vendor("orphan_error", RESULT), count=4)]),
    Fault(
        "key revoked while the task runs",
        [
            on(
                *(RUNWAY, POLLED),
                strike=lambda stage: stage.revoke_key(),
                when="submitted",
                ending=paid("AuthenticationError"),
            ),
            on(
                PUSHED,
                strike=lambda stage: stage.revoke_key(),
                when="accepted",
                ending=paid("SubmissionUnknownError"),
            ),
        ],
    ),
    Fault(
        "server restarts while the task runs",
        [on(RUNWAY, POLLED, strike=lambda stage: stage.restart(), when="submitted")],
    ),
    Fault(
        "the caller's time is up",
        [
            on(RUNWAY, strike=vendor("odd_status", times=ALWAYS), ending=paid("TaskTimeoutError"), timeout=2),
            on(POLLED, strike=vendor("slow", RESULT, seconds=900), ending=paid("TaskTimeoutError"), timeout=2),
        ],
    ),
]
CELLS = cells("following", FAULTS)


@pytest.mark.parametrize("cell", CELLS, ids=str)
async def test_following(cell: Cell, played: Callable[[Cell], Awaitable[Ending]]) -> None:
    """Whatever breaks once a task is accepted, its result comes, or can be had by its reference."""
    assert await played(cell) == cell.case.ending


def test_the_published_table_has_these_cells() -> None:
    """The documentation says of following what the tests prove, and nothing else."""
    assert published("following") == expected(CELLS)
