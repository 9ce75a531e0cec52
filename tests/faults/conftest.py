"""Plays cells; with `ANYMEDIA_WRITE_MATRIX=1`, what came of them is written into the published tables."""

import os
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for the helpers beside this file

from fault_matrix import Cell, Ending, Lane
from fault_page import publish
from fault_play import play
from fault_processes import PROCESSES

from anymedia.testing import ManualClock
from anymedia.testing.emulator import Emulator
from anymedia_runware.emulator import RunwareEmulator
from anymedia_runway.emulator import RunwayEmulator

_SPEED = 1000
_WRITES = bool(os.environ.get("ANYMEDIA_WRITE_MATRIX"))
_endings: defaultdict[str, dict[Cell, Ending]] = defaultdict(dict)


@pytest.fixture(params=[RunwayEmulator, RunwareEmulator], ids=["runway", "runware"])
async def emulator(request: pytest.FixtureRequest) -> AsyncIterator[Emulator]:
    """Each provider."""
    async with request.param(speed=_SPEED) as emulator:
        yield emulator


@pytest.fixture(params=[RunwayEmulator, RunwareEmulator], ids=["runway", "runware"])
async def still(request: pytest.FixtureRequest) -> AsyncIterator[Emulator]:
    """Each provider, on whose side no time passes until `later()`."""
    async with request.param(clock=ManualClock()) as emulator:
        yield emulator


@pytest.fixture
def note() -> Callable[[str, Lane, Ending], None]:
    """Takes down how a cell ended that a test has played by itself, and holds it against what must come of it."""

    def noted(what: str, lane: Lane, ending: Ending) -> None:
        cell = PROCESSES[what, lane]
        _endings[cell.section][cell] = ending
        assert ending == cell.case.ending

    return noted


@pytest.fixture
def played(tmp_path: Path) -> Callable[[Cell], Awaitable[Ending]]:
    """Plays a cell, and notes how it ended."""

    async def play_and_note(cell: Cell) -> Ending:
        ending = await play(cell, tmp_path)
        _endings[cell.section][cell] = ending
        return ending

    return play_and_note


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A page that is about to be written is not compared."""
    if _WRITES:
        compared = [item for item in items if item.name.startswith("test_the_published_table")]
        items[:] = [item for item in items if item not in compared]
        config.hook.pytest_deselected(items=compared)


def pytest_sessionfinish() -> None:
    """Publish what was played."""
    if _WRITES:
        for section, endings in _endings.items():
            publish(section, endings)
