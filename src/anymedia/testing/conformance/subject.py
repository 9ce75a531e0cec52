"""What a provider's author fills in, and the surroundings each test runs in."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from typing_extensions import override

from anymedia.client import AsyncMediaClient
from anymedia.errors import MediaError
from anymedia.journal import AttemptState, Entry, MemoryJournal, Opened
from anymedia.refs import TaskRef
from anymedia.requests import Request
from anymedia.results import Result
from anymedia.testing.clock import ManualClock, ScaledClock
from anymedia.testing.emulator import Emulator, Faults, LedgerEntry

__all__ = ["SETTINGS", "SPEED", "Bench", "Code", "Fault", "RecordingJournal", "Subject"]

SPEED: Final = 1000
"""How many times faster than life emulators run."""

SETTINGS: Final[Mapping[str, Any]] = {"timeout": 30.0, "poll_interval": 0.02, "retry_delay": 0.01}
"""What clients are made with, so that nobody waits."""

_PATIENCE: Final = 60.0
"""Seconds after which a test hangs; none comes near."""


class Fault:
    """One of the emulator's faults, with its options.

    Args:
        kind: As the emulator's `fault_kinds` calls it.
        match: What its subject must contain.
        options: What this kind of fault takes.
    """

    def __init__(self, kind: str, *, match: str = "", **options: Any) -> None:
        self.kind = kind
        self.match = match
        self.options = options

    def arm(self, faults: Faults, times: int | None = 1) -> None:
        """Let it happen the next `times` times; None means always."""
        faults.add(self.kind, times=times, match=self.match, **self.options)

    @override
    def __repr__(self) -> str:
        return "-".join([self.kind, *(f"{name}={value}" for name, value in self.options.items())])


@dataclass(frozen=True)
class Code:
    """A vendor's code, as a fault that brings it about, and the error it must become."""

    fault: Fault
    error: type[MediaError]

    @override
    def __str__(self) -> str:
        return f"{self.fault!r}-{self.error.__name__}"


class RecordingJournal(MemoryJournal):
    """Keeps every line, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[Entry] = []

    @override
    async def open(self, entry: Entry, *, after: int | None = None) -> Opened:
        self.lines.append(entry)
        return await super().open(entry, after=after)

    @override
    async def record(self, *entries: Entry) -> None:
        self.lines += entries
        await super().record(*entries)

    @property
    def states(self) -> list[AttemptState]:
        """What was reached, one after the other."""
        return [line.state for line in self.lines]


class Bench:
    """A running emulator, and the clients a test makes for it.

    Attributes:
        emulator: It listens.
        journal: Where all clients of this bench record their attempts.
    """

    def __init__(self, provider: str, emulator: Emulator) -> None:
        self.emulator = emulator
        self.journal: RecordingJournal = RecordingJournal()
        self._provider = provider
        self._clients: list[AsyncMediaClient] = []

    def client(
        self, *, base_url: str | None = None, api_key: str | None = None, haste: float = 1.0, **settings: Any
    ) -> AsyncMediaClient:
        """A client for the emulator; closed when the test ends.

        Args:
            base_url: Another way to the emulator.
            api_key: Another key than the right one.
            haste: How many times faster than life the client's own time runs.
            settings: As `AsyncMediaClient` takes them.
        """
        endpoint = self.emulator.endpoint
        usual = {name: seconds * haste for name, seconds in SETTINGS.items()}
        client = AsyncMediaClient(
            self._provider,
            base_url=base_url or endpoint.base_url,
            api_key=api_key or endpoint.api_key,
            journal=self.journal,
            clock=ScaledClock(haste),
            **{**usual, **settings},
        )
        self._clients.append(client)
        return client

    def account(self, ref: TaskRef) -> LedgerEntry:
        """The emulator's own account of a task."""
        return self.emulator.ledger.entries[ref.id]

    async def aclose(self) -> None:
        """Close every client."""
        for client in self._clients:
            await client.aclose()


class HeldBench(Bench):
    """A bench whose emulator stands still until it is told to work."""

    def __init__(self, provider: str, emulator: Emulator, clock: ManualClock, seconds: float) -> None:
        super().__init__(provider, emulator)
        self._clock = clock
        self._seconds = seconds

    async def work(self) -> None:
        """Let the emulator finish what it has accepted."""
        await self._clock.advance(self._seconds)


class Subject:
    """What a provider's author says about the provider under test.

    Attributes:
        provider: The name of its entry point.
        emulator: The vendor's emulator; it takes `clock`.
        ambiguous: Faults after which nobody knows whether a task was started.
        refusal: A fault that proves that no task was started, and is worth another try.
        failure: A fault that lets an accepted task fail.
        tolerated: Faults that show the client fields and states nobody knows.
        codes: What each of the vendor's codes must become.
        seconds: Emulated seconds after which a sample is surely done.
    """

    provider: ClassVar[str]
    emulator: ClassVar[type[Emulator]]
    ambiguous: ClassVar[Sequence[Fault]]
    refusal: ClassVar[Fault]
    failure: ClassVar[Fault]
    tolerated: ClassVar[Sequence[Fault]]
    codes: ClassVar[Sequence[Code]]
    seconds: ClassVar[float] = 60.0

    def sample(self, prompt: str, seed: int) -> Request[Result]:
        """A small, quick request with this prompt and seed."""
        raise NotImplementedError

    def request(self, operation: str) -> Request[Result]:
        """A small, quick request for an operation of the provider's catalogue."""
        raise NotImplementedError

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[Bench]:
        """An emulator much faster than life."""
        async with asyncio.timeout(_PATIENCE), self.emulator(clock=ScaledClock(SPEED)) as emulator:
            bench = Bench(self.provider, emulator)
            try:
                yield bench
            finally:
                await bench.aclose()

    @asynccontextmanager
    async def held(self) -> AsyncGenerator[HeldBench]:
        """An emulator that accepts tasks and works on them only when told to."""
        clock = ManualClock()
        async with asyncio.timeout(_PATIENCE), self.emulator(clock=clock) as emulator:
            bench = HeldBench(self.provider, emulator, clock, self.seconds)
            try:
                yield bench
            finally:
                await bench.aclose()
