"""The fault matrix, third part: trouble while the files are fetched."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fault_matrix import (
    ALWAYS,
    RUNWARE,
    RUNWAY,
    Case,
    Cell,
    Ending,
    Fault,
    Lane,
    cells,
    on,
    paid,
    vendor,
    wire,
)
from fault_page import expected, published

MEDIA = "/media/"
FILE = Ending("file")
FAILED = paid("DownloadError", "at the next try")
NO_BYTES = wire("cut", on="response", times=ALWAYS)
SILENCE = wire("stall", on="response", times=ALWAYS)


def _stalls_a_moment(stage: Any) -> None:
    stage.proxy.stall()
    stage.flow_again()


def _saving(*lanes: Lane, strike: Callable[[Any], object], ending: Ending = FILE, silence: bool = False) -> Case:
    return on(*lanes, strike=strike, ending=ending, silence=silence, when="saving")


FAULTS = [
    Fault(
        "cut in the middle",
        [_saving(RUNWAY, RUNWARE, strike=wire("truncate", on="response", direction="down", after_bytes=700))],
    ),
    Fault(
        "reset in the middle",
        [_saving(RUNWAY, RUNWARE, strike=wire("reset", on="response", direction="down", after_bytes=700))],
    ),
    Fault("cut before the first byte every time", [_saving(RUNWAY, RUNWARE, strike=NO_BYTES, ending=FAILED)]),
    Fault("slow", [_saving(RUNWAY, RUNWARE, strike=_stalls_a_moment)]),
    Fault("silence every time", [_saving(RUNWAY, RUNWARE, strike=SILENCE, ending=FAILED, silence=True)]),
    Fault("403 once", [_saving(RUNWAY, strike=vendor("expire_url"))]),
    Fault(
        "403 every time",
        [
            _saving(
                RUNWAY, strike=vendor("expire_url", times=ALWAYS), ending=paid("OutputExpiredError", "at the next try")
            )
        ],
    ),
    Fault(
        "link expired for good",
        [_saving(RUNWARE, strike=vendor("expire_url"), ending=paid("OutputExpiredError", "no"))],
    ),
    Fault("500 once", [_saving(RUNWAY, RUNWARE, strike=vendor("media_status"))]),
    Fault(
        "503 every time",
        [_saving(RUNWAY, RUNWARE, strike=vendor("media_status", status=503, times=ALWAYS), ending=FAILED)],
    ),
    Fault("a web page once", [_saving(RUNWAY, strike=vendor("html", MEDIA)), _saving(RUNWARE, strike=vendor("html"))]),
    Fault(
        "a web page every time",
        [
            _saving(RUNWAY, strike=vendor("html", MEDIA, times=ALWAYS), ending=FAILED),
            _saving(RUNWARE, strike=vendor("html", times=ALWAYS), ending=FAILED),
        ],
    ),
]
CELLS = cells("downloads", FAULTS)


@pytest.mark.parametrize("cell", CELLS, ids=str)
async def test_download(cell: Cell, played: Callable[[Cell], Awaitable[Ending]]) -> None:
    """Whatever breaks a download, the file is whole or absent, and it can be fetched again."""
    assert await played(cell) == cell.case.ending


def test_the_published_table_has_these_cells() -> None:
    """The documentation says of downloads what the tests prove, and nothing else."""
    assert published("downloads") == expected(CELLS)
