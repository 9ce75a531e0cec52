"""How an example is run: in this process, or in one of its own."""

import asyncio
import contextlib
import io
import os
import runpy
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from anymedia.testing import Emulator
from anymedia.testing.render import Facts, probe
from anymedia_runware.emulator import RunwareEmulator
from anymedia_runway.emulator import RunwayEmulator

__all__ = [
    "CROSSWISE",
    "EMULATORS",
    "EXAMPLES",
    "ROOT",
    "VICTIM",
    "Running",
    "accepted",
    "example",
    "facts",
    "pass_for_dead",
    "play",
    "started",
]

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "docs" / "examples"
EMULATORS: dict[str, type[Emulator]] = {"runware": RunwareEmulator, "runway": RunwayEmulator}
CROSSWISE = pytest.mark.parametrize(
    ("twin", "provider"), [("", "runway"), ("_async", "runware")], indirect=True, ids=["sync-runway", "async-runware"]
)
"""For examples whose films take long to draw: each file and each provider once."""
VICTIM = """
from anymedia import MediaClient, TextToVideo

with MediaClient.from_config() as client:
    print(client.submit(TextToVideo(prompt="waves roll in", duration=5)).ref.id, flush=True)
    input()
"""
"""Starts a film and does not live to see it."""


async def play(name: str, *arguments: str) -> list[str]:
    """Run an example to its end, in this process, and return the lines it printed."""
    printed = io.StringIO()

    def run() -> None:
        before = sys.argv
        sys.argv = [name, *arguments]
        try:
            with contextlib.redirect_stdout(printed):
                runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
        finally:
            sys.argv = before

    await asyncio.to_thread(run)
    return printed.getvalue().splitlines()


class Running:
    """An example in a process of its own: what it prints is read line by line, what it reads is written."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._input, self._output = process.stdin, process.stdout

    async def line(self) -> str:
        """The next line it prints; empty at its end."""
        async with asyncio.timeout(30):
            return (await self._output.readline()).decode().rstrip()

    def type(self, text: str) -> None:
        """Give it a line to read."""
        self._input.write(f"{text}\n".encode())

    def terminate(self) -> None:
        """Ask it to stop, as a supervisor would."""
        self._process.terminate()

    def kill(self) -> None:
        """End it with no time for a word: `kill -9`."""
        self._process.kill()

    async def end(self) -> list[str]:
        """End its input, let it come to its own end, and return the lines that were not read yet."""
        async with asyncio.timeout(30):
            rest, _ = await self._process.communicate(b"")
        return rest.decode().splitlines()

    @property
    def code(self) -> int | None:
        """How it ended."""
        return self._process.returncode


@contextlib.asynccontextmanager
async def started(*arguments: str) -> AsyncIterator[Running]:
    """Start Python with these arguments in a process of its own; it is gone at the end of the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-B",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )
    running = Running(process)
    try:
        yield running
    finally:
        if process.returncode is None:
            process.kill()
            await running.end()


def example(name: str) -> str:
    """Where an example lies."""
    return str(EXAMPLES / f"{name}.py")


def facts(line: str) -> Facts:
    """What the file holds that a line says was saved."""
    return probe(Path(line.removeprefix("saved ")).read_bytes())


def pass_for_dead() -> None:
    """Let the time pass after which a process that was not heard of counts as dead."""
    journal = Path(os.environ["XDG_STATE_HOME"]) / "anymedia" / "journal.sqlite3"
    with contextlib.closing(sqlite3.connect(journal)) as db, db:
        db.execute("UPDATE owners SET beat = beat - 60")


async def accepted(emulator: Emulator, count: int) -> None:
    """Return once so many tasks have been started."""
    enough = asyncio.Event()
    emulator.ledger.subscribe(lambda _: enough.set() if emulator.ledger.accepted >= count else None)
    if emulator.ledger.accepted < count:
        async with asyncio.timeout(30):
            await enough.wait()
