"""What every program here shares: its errand comes as JSON, its words go out as JSON lines, and it may have to die."""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from typing_extensions import override

from anymedia import TextToImage
from anymedia.durable import SqliteJournal
from anymedia.journal import Entry, Opened
from anymedia.results import Result
from anymedia.testing import ScaledClock

__all__ = ["ERRAND", "client_settings", "die", "hear", "report", "request", "tell"]

ERRAND: dict[str, Any] = json.loads(sys.argv[1])


def die() -> None:
    """The real thing: no `finally`, no `atexit`, no goodbye."""
    os.kill(os.getpid(), signal.SIGKILL)


def tell(**word: object) -> None:
    """Say something to the test."""
    print(json.dumps(word), flush=True)


def hear() -> None:
    """Wait for the test to say go."""
    sys.stdin.readline()


def report(result: Result) -> dict[str, Any]:
    """A result as a test wants it."""
    return {"ref": str(result.ref), "url": result.url, "saved": [str(path) for path in result.saved]}


def request() -> TextToImage:
    """What the errand asks for."""
    prompt = ERRAND.get("prompt", "a lighthouse")
    return TextToImage(prompt=prompt, seed=1, idempotency_key=ERRAND.get("key"))


def client_settings() -> dict[str, Any]:
    """What a client of this errand is made with."""
    journal = _MortalJournal(Path(ERRAND["journal"]), lease=ERRAND.get("lease", 15))
    named = {name: ERRAND[name] for name in ("provider", "base_url", "api_key")}
    return {**named, "poll_interval": 0.05, "journal": journal, "clock": ScaledClock(ERRAND.get("speed", 1))}


class _MortalJournal(SqliteJournal):
    """The durable journal of a process that dies the moment a state is on disk, or just before it would be."""

    @override
    async def open(self, entry: Entry, *, after: int | None = None) -> Opened:
        opened = await super().open(entry, after=after)
        _die_at(entry.state.value)
        return opened

    @override
    async def record(self, *entries: Entry) -> None:
        _die_at(f"before {entries[0].state}")
        await super().record(*entries)
        for entry in entries:
            _die_at(entry.state.value)


def _die_at(moment: str) -> None:
    if ERRAND.get("die_at") == moment:
        die()


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and str(arguments[0]).startswith(ERRAND["autosave"]):
        _die_at("saving")


if ERRAND.get("die_at") == "saving":
    sys.addaudithook(_watch)
