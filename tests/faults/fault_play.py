"""Plays one cell: one request through the real client, judged by the ledger."""

import asyncio
from pathlib import Path
from typing import Any

from fault_matrix import RUNWAY, Cell, Delivered, Ending
from fault_stage import Stage, stage
from PIL import Image

from anymedia import MediaError, OutputExpiredError, Result, SubmissionUnknownError, TextToImage

__all__ = ["play"]

_PATIENCE = 25.0


async def play(cell: Cell, folder: Path) -> Ending:
    """Play a cell to its end. Nothing may hang, and nothing may fail but with an error of our tree."""
    async with asyncio.timeout(_PATIENCE), stage(cell, folder) as here:
        client = here.open()
        try:
            await here.warm_up(client)
            if cell.case.when == "saving":
                return await _save(here, client, folder / "out")
            return await _run(here, client)
        finally:
            await here.close(client)


async def _run(here: Stage, client: Any) -> Ending:
    case, start = here.cell.case, here.clock.now()
    if case.when == "before":
        here.strike()
        await here.done()
    try:
        result = await _ask(here, client)
    except MediaError as error:
        await _settled(here)
        outcome, delivered = type(error).__name__, await _recovered(here, client, error)
    else:
        await _settled(here)
        assert not await here.do(client.unfinished), "the journal does not know that the task has ended"
        outcome, delivered = "result", _whole(here, result)
    assert here.sent <= case.sends, here.emulator.ledger.requests
    assert here.clock.now() - start >= case.patience
    return here.ending(outcome, delivered)


async def _ask(here: Stage, client: Any) -> Result:
    request = TextToImage(prompt="a lighthouse", count=here.cell.case.count)
    if here.cell.case.when != "submitted":
        return await here.do(client.run, request)
    task = await here.do(client.submit, request)
    here.strike()
    return await here.do(task.result)


async def _settled(here: Stage) -> None:
    await here.struck()
    if here.cell.case.late:
        await here.late_request()


def _whole(here: Stage, result: Result) -> Delivered:
    """A result has every output once, and costs what was charged."""
    ledger, count = here.emulator.ledger, here.cell.case.count
    assert len({output.url for output in result.outputs}) == len(result.outputs) == ledger.delivered == count
    assert result.cost is None or result.cost.amount == ledger.charged
    return "at once"


async def _recovered(here: Stage, client: Any, error: MediaError) -> Delivered:
    """Get what an error has not lost, as another process would: by the error's ref, or else by the journal's."""
    if not here.emulator.ledger.accepted:
        return "-"
    entries = await here.do(client.unfinished)
    assert entries, "the journal has lost sight of the attempt"
    ref = error.ref or next((entry.ref for entry in entries if entry.ref is not None), None)
    if ref is None:
        assert here.cell.lane == RUNWAY
        assert isinstance(error, SubmissionUnknownError)
        assert here.emulator.ledger.delivered == 0
        return "no"
    here.calm()
    other = here.open()
    try:
        _whole(here, await here.do(other.attach(str(ref)).result, None))
    finally:
        await here.close(other)
    return "by its reference"


async def _save(here: Stage, client: Any, folder: Path) -> Ending:
    result = await here.do(client.run, TextToImage(prompt="a lighthouse"))
    here.strike()
    try:
        await _saved(here, client, result, folder)
    except MediaError as error:
        assert not list(folder.iterdir()), "a failed download left something behind"
        await here.struck()
        here.calm()
        return here.ending(type(error).__name__, await _saved_later(here, client, result, folder))
    await here.struck()
    return here.ending("file", "at once")


async def _saved_later(here: Stage, client: Any, result: Result, folder: Path) -> Delivered:
    try:
        await _saved(here, client, result, folder)
    except OutputExpiredError:
        return "no"
    return "at the next try"


async def _saved(here: Stage, client: Any, result: Result, folder: Path) -> None:
    """The folder holds the picture, whole, and nothing else."""
    files = await here.do(client.save, result, folder)
    assert files == list(folder.iterdir())
    (file,) = files
    with Image.open(file) as picture:
        picture.load()
        assert picture.format == file.suffix[1:].upper()
