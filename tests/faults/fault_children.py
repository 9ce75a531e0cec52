"""Programs of `programs/` as processes of their own, which can be listened to, told to go on, and killed."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from anymedia.durable import SqliteJournal
from anymedia.journal import Entry
from anymedia.testing.emulator import Emulator

__all__ = ["Child", "child", "entries_of", "recovered", "sent", "side_by_side"]

_PATIENCE = 30.0
_AT_ONCE = 3
_PROGRAMS = Path(__file__).parent / "programs"


class Child:
    """A running program."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def word(self) -> dict[str, Any]:
        """The next thing it says."""
        assert self._process.stdout is not None
        async with asyncio.timeout(_PATIENCE):
            line = await self._process.stdout.readline()
        assert line, "the child ended without a word"
        words: dict[str, Any] = json.loads(line)
        return words

    async def last_word(self) -> dict[str, Any]:
        """What it says before it ends well."""
        said = await self.word()
        while "ready" in said or set(said) == {"ref"}:
            said = await self.word()
        assert await self.end() == 0
        return said

    def go(self) -> None:
        """Tell it to go on."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"go\n")

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """Send it a signal."""
        self._process.send_signal(how)

    async def end(self) -> int:
        """Wait for its end, and give its exit code: a negative one is the signal that killed it."""
        async with asyncio.timeout(_PATIENCE):
            await self._process.communicate()
        assert self._process.returncode is not None
        return self._process.returncode


@asynccontextmanager
async def child(program: str, emulator: Emulator, journal: Path, **errand: Any) -> AsyncIterator[Child]:
    """A program on an errand; killed if the test leaves it behind."""
    where = {"base_url": emulator.endpoint.base_url, "api_key": emulator.endpoint.api_key, "provider": emulator.name}
    words = json.dumps({**where, "journal": str(journal), **errand})
    command = (sys.executable, str(_PROGRAMS / f"{program}.py"), words)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, start_new_session=True)
    try:
        yield Child(process)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # with all that it has forked
        await process.communicate()


async def recovered(emulator: Emulator, journal: Path, **errand: Any) -> dict[str, Any]:
    """What a new process makes of a journal; the dead are not waited for."""
    async with child("recover", emulator, journal, **{"lease": 0, **errand}) as process:
        return await process.last_word()


async def entries_of(journal: Path) -> tuple[Entry, ...]:
    """A journal as it stands."""
    store = SqliteJournal(journal)
    try:
        return await store.latest()
    finally:
        await store.aclose()


def sent(emulator: Emulator) -> int:
    """How many requests to start a task an emulator has seen."""
    return sum(one.startswith("POST /v1/") or one == "imageInference" for one in emulator.ledger.requests)


async def side_by_side(play: Callable[..., Awaitable[None]], cells: Iterable[tuple[object, ...]], folder: Path) -> None:
    """Play cells of one test a few at a time, each in a folder of its own: most of the time goes into new processes."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(number: int, cell: tuple[object, ...]) -> None:
        async with gate:
            try:
                await play(folder / str(number), *cell)
            except BaseException as error:
                error.add_note(f"in the cell {cell}")
                raise

    await asyncio.gather(*(one(number, cell) for number, cell in enumerate(cells)))
