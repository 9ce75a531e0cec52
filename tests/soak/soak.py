"""Thousands of tasks through one client while the wire and the provider misbehave: `make soak`.

Every request has an idempotency key, and its caller asks again under it until there is a result, a failure, or an
outcome that nobody can know. Afterwards a client with nothing in its memory recovers what the journal has left open.
The provider's ledger says what was started and charged, the journal what became of it. With PYTHONASYNCIODEBUG=1 the
log also tells what held the event loop for longer than a tenth of a second.
"""

import argparse
import asyncio
import logging
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

from anymedia import AsyncMediaClient, MediaError, SubmissionUnknownError, TaskFailedError, TextToImage
from anymedia.durable import SqliteJournal
from anymedia.journal import AttemptState, Entry
from anymedia.testing import Emulator, FaultProxy, ScaledClock
from anymedia.testing.emulator import LedgerEntry
from anymedia_runware.emulator import RunwareEmulator
from anymedia_runway.emulator import RunwayEmulator

EMULATED = 1000
"""How many times faster than life the emulator renders."""

CLIENTS = 20
"""How many times faster than life the client's clock runs: what it does after 30 s is seen after 1.5 s."""

CALLERS = 40
HUNG = 60.0
"""Seconds, twenty minutes on the client's clock, after which a caller counts as hung."""

Fault = tuple[str, dict[str, Any]]
BREAKS = ("cut", "reset", "stall")
WIRE: tuple[Fault, ...] = (
    *((kind, {}) for kind in BREAKS),
    *((kind, {"on": on}) for kind in BREAKS for on in ("request", "requested", "response", "accepted")),
    ("reset", {"on": "connect", "times": 5}),
    ("truncate", {"on": "request", "direction": "up", "after_bytes": 40}),
    ("truncate", {"on": "response", "direction": "down", "after_bytes": 40}),
)
RUNWAY: tuple[Fault, ...] = (
    ("throttle", {"times": 10}),
    ("throttle", {"times": 3, "retry_after": 1}),
    *(("status_before", {"status": status, "times": 3}) for status in (500, 502, 503, 504)),
    *(("status_after", {"status": status, "match": "text_to_image"}) for status in (500, 502, 503, 504)),
    ("lose_reply", {"match": "text_to_image"}),
    *((kind, {"match": "/v1/tasks", "times": 5}) for kind in ("status_after", "lose_reply", "html")),
    ("slow", {"times": 10, "seconds": 300}),
    ("fail_task", {}),
    ("hide_task", {"times": 5}),
    ("odd_status", {"times": 5}),
)
RUNWARE: tuple[Fault, ...] = (
    *(("close", {"when": when}) for when in ("before_accept", "after_accept", "before_result")),
    *((kind, {"times": 5}) for kind in ("lose_ack", "lose_result", "duplicate", "reorder", "foreign", "orphan_error")),
    *((kind, {"times": 5}) for kind in ("mixed_frame", "array_frame", "single_error", "poll_error", "task_not_found")),
    ("throttle", {"times": 10}),
    ("server_error", {"times": 5}),
    ("error_after", {"times": 3}),
    ("slow", {"times": 10, "seconds": 300}),
    ("fail_task", {}),
    ("no_auth_reply", {}),
    ("forget_session", {}),
)


class Soak:
    """One provider's part.

    Args:
        emulator: The provider's.
        faults: What it can do wrong.
        rng: Chooses.
        journal: The file that the client and its successor share.
    """

    def __init__(self, emulator: Emulator, faults: tuple[Fault, ...], rng: random.Random, journal: Path) -> None:
        self.emulator = emulator
        self.endings: Counter[str] = Counter()
        self.struck = 0
        self._faults = faults
        self._rng = rng
        self._journal = journal

    async def play(self, tasks: int, seconds: float, every: float, faults: float) -> tuple[Entry, ...]:
        """Make the requests amid trouble, recover what is left, and give what the journal then says.

        Args:
            tasks: How many requests.
            seconds: After which no further one is made.
            every: Seconds between two faults.
            faults: After which nothing breaks any more.
        """
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.emulator)
            proxy = FaultProxy(self.emulator.endpoint.base_url, self.emulator.ledger)
            url = await proxy.start()
            stack.push_async_callback(proxy.aclose)
            trouble = asyncio.create_task(self._trouble(proxy, every, faults))
            async with self._client(url) as client:
                numbers = _until(time.monotonic() + seconds, tasks)
                await asyncio.gather(*(self._call(client, numbers) for _ in range(CALLERS)))
            trouble.cancel()
            await asyncio.wait({trouble})
            return await self._recovered(url)

    def _client(self, url: str) -> AsyncMediaClient:
        return AsyncMediaClient(
            self.emulator.name,
            base_url=url,
            api_key=self.emulator.api_key,
            poll_interval=1.0,
            timeout=None,
            journal=SqliteJournal(self._journal),
            clock=ScaledClock(CLIENTS),
        )

    async def _trouble(self, proxy: FaultProxy, every: float, faults: float) -> None:
        """One fault after the other, half of them on the wire; each is over when the next one comes."""
        try:
            while self.struck < faults:
                await asyncio.sleep(every)
                self._calm(proxy)
                self._break(proxy)
            await asyncio.sleep(every)
        finally:
            self._calm(proxy)

    def _break(self, proxy: FaultProxy) -> None:
        self.struck += 1
        kind, options = self._rng.choice(self._rng.choice((WIRE, self._faults)))
        if (kind, options) in self._faults:
            self.emulator.faults.add(kind, **options)
        elif options:
            proxy.arm(kind, **options)  # type: ignore[arg-type]
        else:
            getattr(proxy, kind)()

    def _calm(self, proxy: FaultProxy) -> None:
        self.emulator.faults.clear()
        proxy.clear()

    async def _call(self, client: AsyncMediaClient, numbers: Iterator[int]) -> None:
        """One caller, who makes one request after the other."""
        for number in numbers:
            try:
                async with asyncio.timeout(HUNG):
                    self.endings[await self._ask(client, number)] += 1
            except TimeoutError:
                self.endings["hung"] += 1

    async def _ask(self, client: AsyncMediaClient, number: int) -> str:
        """How one request ends: pushed or polled, and asked for again as often as it takes."""
        view = client.with_options(delivery="auto" if number % 2 else "poll")
        request = TextToImage(
            prompt=f"task {number}", seed=number, idempotency_key=str(number), metadata={"number": number}
        )
        while True:
            try:
                await view.run(request)
            except SubmissionUnknownError:
                return "unknown"
            except TaskFailedError:
                return "failed"
            except MediaError:
                await asyncio.sleep(0.05)
            else:
                return "result"

    async def _recovered(self, url: str) -> tuple[Entry, ...]:
        async with self._client(url) as client:
            for task in (await client.recover()).tasks:
                with suppress(TaskFailedError):
                    await task.result()
        store = SqliteJournal(self._journal)
        try:
            return await store.latest()
        finally:
            await store.aclose()


def _until(end: float, tasks: int) -> Iterator[int]:
    """Numbers of requests, handed out while there is time."""
    for number in range(tasks):
        if time.monotonic() >= end:
            return
        yield number


def judged(soak: Soak, entries: tuple[Entry, ...]) -> dict[str, int]:
    """The three promises, in numbers: what was paid for without a trace, what was paid for twice, and who waits."""
    last = {entry.metadata["number"]: entry for entry in entries}
    started: defaultdict[int, list[LedgerEntry]] = defaultdict(list)
    for task in soak.emulator.ledger.entries.values():
        prompt = task.request.get("promptText") or task.request["positivePrompt"]
        started[int(prompt.removeprefix("task "))].append(task)
    return {
        "lost": sum(not _is_kept(last.get(number), task) for number, tasks in started.items() for task in tasks),
        "charged twice": sum(sum(task.charged > 0 for task in tasks) > 1 for tasks in started.values()),
        "hung": soak.endings["hung"],
    }


def _is_kept(entry: Entry | None, task: LedgerEntry) -> bool:
    """Whether the journal leads to a task's end. An unknown outcome at Runway, which lists no tasks, is told as such."""
    if entry is None:
        return False
    if entry.state is AttemptState.UNKNOWN:
        return entry.provider == "runway"
    return not entry.state.is_open and entry.ref is not None and entry.ref.id == task.task


def main() -> None:
    """Soak one provider, or one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--provider", choices=("runway", "runware", "both"), default="both")
    parser.add_argument("--tasks", type=int, default=10_000, help="requests per provider")
    parser.add_argument(
        "--seconds", type=float, default=float("inf"), help="after which no more are made, per provider"
    )
    parser.add_argument("--every", type=float, default=1.0, help="seconds between two faults")
    parser.add_argument("--faults", type=float, default=float("inf"), help="after which nothing breaks any more")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of chance; printed")
    given = parser.parse_args()
    logging.getLogger("asyncio").addFilter(lambda record: "socket.send()" not in record.msg)  # broken sockets abound
    names = ("runway", "runware") if given.provider == "both" else (given.provider,)
    kept = [soaked(name, given) for name in names]
    sys.exit(0 if all(kept) else 1)


def soaked(name: str, given: argparse.Namespace) -> bool:
    """Soak one provider, print the report, and say whether every promise was kept."""
    if name == "runway":
        emulator: Emulator = RunwayEmulator(speed=EMULATED, credits=10**9, max_daily=10**9, max_concurrent=100)
    else:
        emulator = RunwareEmulator(speed=EMULATED)
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        faults = RUNWAY if name == "runway" else RUNWARE
        soak = Soak(emulator, faults, random.Random(given.seed), Path(folder) / "journal")
        entries = asyncio.run(soak.play(given.tasks, given.seconds, given.every, given.faults))
    verdict = judged(soak, entries)
    endings = ", ".join(f"{count} {ending}" for ending, count in sorted(soak.endings.items()))
    print(f"{name}: seed {given.seed}, {soak.struck} faults in {time.monotonic() - start:.0f} s")
    print(f"{name}: {soak.endings.total()} requests: {endings}; {emulator.ledger.accepted} tasks started")
    print(f"{name}: " + ", ".join(f"{promise} {count}" for promise, count in verdict.items()), flush=True)
    return not any(verdict.values())


if __name__ == "__main__":
    main()
