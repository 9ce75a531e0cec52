"""The fault matrix, first part: trouble before the caller knows that the task was accepted."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fault_matrix import ALWAYS, POLLED, PUSHED, RUNWAY, Cell, Ending, Fault, cells, on, paid, refused, vendor, wire
from fault_page import expected, published

CREATE = "POST /v1/text_to_image"
TASK = "imageInference"
UNPAID = refused("SubmissionUnknownError")
# Runway names a task in its answer and lists no tasks: without that answer, only its usage page knows.
UNSEEN = paid("SubmissionUnknownError", "no")
HALF = wire("truncate", on="request", direction="up", after_bytes=20)
LOST = vendor("close", TASK, when="before_accept", code=1006)


def _turned_away(stage: Any) -> None:
    stage.proxy.cut()
    for status in (502, 503):
        stage.emulator.faults.add("refuse_handshake", status=status)


def _shut_out(stage: Any) -> None:
    stage.proxy.cut()
    stage.emulator.faults.add("refuse_handshake", times=ALWAYS)


def _error_before(status: int) -> Fault:
    return Fault(
        f"{status} before the task is accepted",
        [on(RUNWAY, strike=vendor("status_before", CREATE, status=status), ending=UNPAID)],
    )


def _error_after(status: int, code: str) -> Fault:
    return Fault(
        f"{status} after the task is accepted",
        [
            on(RUNWAY, strike=vendor("status_after", CREATE, status=status), ending=UNSEEN),
            on(PUSHED, POLLED, strike=vendor("error_after", TASK, code=code)),
        ],
    )


FAULTS = [
    Fault(
        "nobody listens",
        [on(RUNWAY, PUSHED, POLLED, strike=lambda stage: stage.proxy.aclose(), ending=refused("TransportError"))],
    ),
    Fault("the connection is refused twice, with 502 and 503", [on(PUSHED, POLLED, strike=_turned_away)]),
    Fault(
        "the connection is refused for ever, with 503",
        [on(PUSHED, POLLED, strike=_shut_out, ending=refused("TransportError"))],
    ),
    Fault("cut before the request is sent", [on(RUNWAY, PUSHED, POLLED, strike=lambda stage: stage.proxy.cut())]),
    Fault("reset before the request is sent", [on(RUNWAY, PUSHED, POLLED, strike=lambda stage: stage.proxy.reset())]),
    Fault(
        "cut while the request is sent",
        [on(RUNWAY, PUSHED, strike=HALF, ending=UNPAID, speed=40), on(POLLED, strike=HALF)],
    ),
    Fault(
        "cut after the request is sent",
        [on(PUSHED, strike=LOST, ending=UNPAID, speed=40), on(POLLED, strike=LOST, sends=2)],
    ),
    Fault(
        "cut as the task is accepted",
        [
            on(RUNWAY, strike=wire("cut", on="accepted"), ending=UNSEEN),
            on(PUSHED, POLLED, strike=wire("cut", on="accepted"), sends=2),
        ],
    ),
    Fault(
        "reset as the task is accepted",
        [
            on(RUNWAY, strike=wire("reset", on="accepted"), ending=UNSEEN),
            on(PUSHED, POLLED, strike=wire("reset", on="accepted"), sends=2),
        ],
    ),
    Fault(
        "silence while the request is sent",
        [
            on(RUNWAY, PUSHED, strike=wire("stall", on="request"), ending=UNPAID, silence=True),
            on(POLLED, strike=wire("stall", on="request"), silence=True),
        ],
    ),
    Fault(
        "silence once the task is accepted",
        [
            on(RUNWAY, strike=wire("stall", on="accepted"), ending=UNSEEN, silence=True),
            on(PUSHED, POLLED, strike=wire("stall", on="accepted"), silence=True, sends=2),
        ],
    ),
    Fault(
        "the request arrives after the client has given up",
        [on(RUNWAY, strike=wire("stall", on="request"), ending=UNSEEN, silence=True, late=True)],
    ),
    Fault(
        "the request is read, and never answered",
        [
            on(PUSHED, strike=vendor("ignore", TASK), ending=UNPAID, silence=True, speed=60),
            on(POLLED, strike=vendor("ignore", TASK), silence=True, sends=2),
        ],
    ),
    Fault(
        "the reply is lost",
        [
            on(RUNWAY, strike=vendor("lose_reply", CREATE), ending=UNSEEN),
            on(PUSHED, strike=vendor("lose_result", TASK), speed=60),
            on(POLLED, strike=vendor("lose_ack", TASK), silence=True, sends=2),
        ],
    ),
    Fault(
        "the reply cannot be read",
        [on(RUNWAY, strike=vendor("html", CREATE), ending=UNSEEN), on(POLLED, strike=vendor("empty_ack", TASK))],
    ),
    *(_error_before(status) for status in (500, 502, 503, 504)),
    Fault(
        "an error item before the task is accepted", [on(PUSHED, POLLED, strike=vendor("server_error", TASK), sends=2)]
    ),
    _error_after(500, "internalServerError"),
    _error_after(502, "noAvailableServer"),
    _error_after(503, "serviceUnavailable"),
    _error_after(504, "providerGatewayTimeout"),
    Fault("429 once", [on(RUNWAY, PUSHED, POLLED, strike=vendor("throttle"), sends=2)]),
    Fault(
        "429 that says when to come back",
        [
            on(RUNWAY, strike=vendor("throttle", CREATE, retry_after=5), sends=2, patience=5),
            on(PUSHED, POLLED, strike=vendor("throttle", TASK, retry_after=5), sends=2, patience=5),
        ],
    ),
    Fault(
        "429 for ever",
        [
            on(
                *(RUNWAY, PUSHED, POLLED),
                strike=vendor("throttle", times=ALWAYS),
                ending=refused("RateLimitError"),
                sends=3,
            )
        ],
    ),
    Fault(
        "daily quota used up",
        [on(RUNWAY, PUSHED, POLLED, strike=vendor("daily_quota"), ending=refused("QuotaExceededError"))],
    ),
    Fault(
        "no credits left",
        [on(RUNWAY, PUSHED, POLLED, strike=vendor("no_credits"), ending=refused("InsufficientCreditsError"))],
    ),
    Fault(
        "key revoked before the request",
        [on(RUNWAY, PUSHED, POLLED, strike=lambda stage: stage.revoke_key(), ending=refused("AuthenticationError"))],
    ),
    Fault(
        "server restarts as the task is accepted",
        [
            on(RUNWAY, strike=lambda stage: stage.restart(missed=False), when="accepted", ending=UNSEEN),
            on(PUSHED, POLLED, strike=lambda stage: stage.restart(), when="accepted", sends=2),
        ],
    ),
]
CELLS = cells("submission", FAULTS)


@pytest.mark.parametrize("cell", CELLS, ids=str)
async def test_submission(cell: Cell, played: Callable[[Cell], Awaitable[Ending]]) -> None:
    """Whatever breaks a submission, at most one task is started and paid, and the caller learns how it stands."""
    assert await played(cell) == cell.case.ending


def test_the_published_table_has_these_cells() -> None:
    """The documentation says of submissions what the tests prove, and nothing else."""
    assert published("submission") == expected(CELLS)
