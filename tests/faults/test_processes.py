"""A process is killed at every moment of a task's life, and the next one finds what was paid for."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from fault_children import Child, child, entries_of, recovered, sent, side_by_side
from fault_matrix import POLLED, PUSHED, RUNWAY, Lane

from anymedia import TaskRef
from anymedia.journal import AttemptState
from anymedia.testing import ManualClock
from anymedia.testing.emulator import Emulator
from anymedia_runware.emulator import RunwareEmulator
from anymedia_runway.emulator import RunwayEmulator

LANES: tuple[Lane, ...] = (RUNWAY, PUSHED, POLLED)
_SPEED = 1000


@dataclass(frozen=True)
class Moment:
    """When a process is killed, and what another one makes of it.

    Attributes:
        name: When.
        state: What the journal holds then.
        started: Whether the provider has taken the task.
        found: `result`; `unknown` when nobody can tell; `-` when there is nothing to do; by lane where they differ.
    """

    name: str
    state: AttemptState
    started: bool
    found: dict[Lane, str]

    @property
    def saves(self) -> bool:
        """Whether the outputs are to be saved before the task counts as finished."""
        return self.name in ("saving", "before finished", "finished")


def moment(name: str, state: str, *, started: bool = True, found: str = "result", runway: str = "") -> Moment:
    """A moment that another process makes the same of on every lane, but perhaps at Runway."""
    everywhere = {lane: found for lane in LANES if (name, lane) != ("cancel_requested", PUSHED)}
    return Moment(name, AttemptState(state), started, everywhere | {RUNWAY: runway or found})


MOMENTS = (
    moment("intent", "intent", started=False, found="-"),
    moment("sending", "sending", started=False, found="unknown"),
    moment("sent", "sending", runway="unknown"),
    moment("unknown", "unknown", runway="unknown"),
    moment("accepted", "accepted"),
    moment("cancel_requested", "cancel_requested"),
    moment("saving", "accepted"),
    moment("before finished", "accepted"),
    moment("finished", "finished", found="-"),
)


@asynccontextmanager
async def provider_of(lane: Lane, clock: ManualClock | None = None) -> AsyncIterator[Emulator]:
    """The emulator of a lane: much faster than life, or by a clock that is moved by hand."""
    kind = RunwayEmulator if lane == RUNWAY else RunwareEmulator
    async with kind(clock=clock, speed=_SPEED) as emulator:
        yield emulator


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.name)
async def test_kill_9(moment: Moment, tmp_path: Path) -> None:
    """Whenever a process dies, the next one pays for nothing again, and gets what was paid for."""

    async def play(folder: Path, lane: Lane) -> None:
        clock = ManualClock() if moment.name == "cancel_requested" else None
        async with provider_of(lane, clock) as emulator:
            await kill_at(moment, lane, emulator, folder)
            if clock is not None:
                await clock.advance(60)
            found = await recovered(emulator, folder / "journal", speed=1 if moment.started else 20)
            judge(moment, lane, emulator, found)
        await judge_files(moment, folder)

    await side_by_side(play, product(moment.found), tmp_path)


async def kill_at(moment: Moment, lane: Lane, emulator: Emulator, folder: Path) -> None:
    """Let a process start a task and die."""
    errand = {"pushed": lane == PUSHED, "cancels": moment.name == "cancel_requested", "die_at": moment.name}
    if moment.saves:
        errand["autosave"] = str(folder / "out")
    if moment.name == "unknown":
        fault = {"kind": "lose_reply"} if lane == RUNWAY else {"kind": "close", "when": "after_accept"}
        emulator.faults.add(**fault, match="text_to_image" if lane == RUNWAY else "imageInference")
    async with child("start", emulator, folder / "journal", **errand) as victim:
        if moment.name == "sent":
            kill_on("accepted", emulator, victim)
        assert await victim.end() == -signal.SIGKILL
    assert [entry.state for entry in await entries_of(folder / "journal")] == [moment.state]


def kill_on(event: str, emulator: Emulator, victim: Child) -> None:
    """Kill a process when the provider notes something in its ledger, before it can answer."""
    emulator.ledger.subscribe(lambda heard: victim.kill() if heard.name == event else None)


def judge(moment: Moment, lane: Lane, emulator: Emulator, found: dict[str, Any]) -> None:
    """What another process has found, and what the ledger says."""
    tasks = list(emulator.ledger.entries)
    assert sent(emulator) == len(tasks) == moment.started
    assert sum(entry.charged > 0 for entry in emulator.ledger.entries.values()) == moment.started
    ending = moment.found[lane]
    assert [TaskRef.parse(end["ref"]).id for end in found["ends"] if end["url"]] == (
        tasks if ending == "result" else []
    )
    assert len(found["unknown"]) == (ending == "unknown")
    assert found["left"] == (["unknown"] if ending == "unknown" else [])


async def judge_files(moment: Moment, folder: Path) -> None:
    """What was to be saved is on disk, and the journal says where and with which bytes."""
    saved = [file for entry in await entries_of(folder / "journal") for file in entry.saved]
    assert len(saved) == moment.saves
    for file in saved:
        assert sha256(Path(file.path).read_bytes()).hexdigest() == file.sha256


async def test_one_key_in_two_processes_at_once(tmp_path: Path) -> None:
    """Two processes that ask for the same under one key at the same moment get the same task."""

    async def play(folder: Path, lane: Lane) -> None:
        async with provider_of(lane) as emulator, AsyncExitStack() as stack:
            errand = {"pushed": lane == PUSHED, "key": "order-7", "waits": True}
            children = [
                await stack.enter_async_context(child("start", emulator, folder / "journal", **errand)) for _ in "ab"
            ]
            for one in children:
                assert await one.word() == {"ready": True}
            for one in children:
                one.go()
            first, second = [(await one.last_word())["result"] for one in children]
            assert TaskRef.parse(first["ref"]).id == TaskRef.parse(second["ref"]).id
            assert (emulator.ledger.accepted, sent(emulator)) == (1, 1)

    await side_by_side(play, product(LANES), tmp_path)


async def test_one_key_is_taken_over_from_the_dead(tmp_path: Path) -> None:
    """A process that asks under the key of one that died while sending finds its task once the lease is over."""

    async def play(folder: Path, lane: Lane) -> None:
        async with provider_of(lane) as emulator:
            errand = {"pushed": lane == PUSHED, "key": "order-7", "lease": 1}
            async with (
                child("start", emulator, folder / "journal", **errand, waits=True) as heir,
                child("start", emulator, folder / "journal", **errand) as victim,
            ):
                assert await heir.word() == {"ready": True}
                kill_on("accepted", emulator, victim)
                assert await victim.end() == -signal.SIGKILL
                heir.go()
                said = await heir.last_word()
            assert (emulator.ledger.accepted, sent(emulator)) == (1, 1)
            if lane == RUNWAY:
                assert said["error"] == "SubmissionUnknownError"
            else:
                assert TaskRef.parse(said["result"]["ref"]).id in emulator.ledger.entries
        left = [entry.state.value for entry in await entries_of(folder / "journal") if entry.state.is_open]
        assert left == (["unknown"] if lane == RUNWAY else [])

    await side_by_side(play, product(LANES), tmp_path)


async def test_one_key_after_a_restart(tmp_path: Path) -> None:
    """A program that is run again with the same keys goes on with the tasks of its last run, and ends them."""

    async def play(folder: Path, lane: Lane, died: str) -> None:
        errand = {"pushed": lane == PUSHED, "key": "order-7", "lease": 0, "autosave": str(folder / "out")}
        async with provider_of(lane) as emulator:
            async with child("start", emulator, folder / "journal", **errand, die_at=died) as victim:
                assert await victim.end() == -signal.SIGKILL
            async with child("start", emulator, folder / "journal", **errand) as heir:
                result = (await heir.last_word())["result"]
            assert [TaskRef.parse(result["ref"]).id] == list(emulator.ledger.entries)
            assert sent(emulator) == 1
        (entry,) = await entries_of(folder / "journal")
        assert entry.state is AttemptState.FINISHED
        assert result["saved"] == [file.path for file in entry.saved]
        assert len(result["saved"]) == 1

    await side_by_side(play, product((RUNWAY, PUSHED), ("accepted", "finished")), tmp_path)


async def test_one_key_for_something_else(tmp_path: Path) -> None:
    """In another process too, a key that stands for one request is refused for a different one."""
    async with provider_of(RUNWAY) as emulator:
        async with child("start", emulator, tmp_path / "journal", key="order-7") as first:
            await first.last_word()
        async with child("start", emulator, tmp_path / "journal", key="order-7", prompt="a whale") as second:
            assert (await second.last_word())["error"] == "IdempotencyConflictError"
        assert (emulator.ledger.accepted, sent(emulator)) == (1, 1)


async def test_one_key_whose_outcome_a_living_process_does_not_know(tmp_path: Path) -> None:
    """While the process that lost the answer lives on, another one with the same key is told the same: unknown."""
    async with provider_of(RUNWAY) as emulator:
        emulator.faults.add("lose_reply", match="text_to_image")
        errand = {"key": "order-7"}
        async with (
            child("start", emulator, tmp_path / "journal", **errand, lingers=True) as first,
            child("start", emulator, tmp_path / "journal", **errand, waits=True) as second,
        ):
            assert await first.word() == await second.word() == {"ready": True}
            assert (await first.word())["error"] == "SubmissionUnknownError"
            second.go()
            assert (await second.last_word())["error"] == "SubmissionUnknownError"
            first.go()
            assert await first.end() == 0
        assert (emulator.ledger.accepted, sent(emulator)) == (1, 1)


async def test_the_tasks_of_the_living_are_left_alone(tmp_path: Path) -> None:
    """What a living process is at is nobody else's to recover, for as long as it lives and longer than its lease."""

    async def play(folder: Path, lane: Lane) -> None:
        clock = ManualClock()
        async with provider_of(lane, clock) as emulator:
            async with child("start", emulator, folder / "journal", lease=1) as living:
                assert await living.word() == {"ready": True}
                task = (await living.word())["ref"]
                for _ in range(2):
                    found = await recovered(emulator, folder / "journal", lease=1)
                    assert (found["ends"], found["unknown"], found["left"]) == ([], [], ["accepted"])
                await clock.advance(60)
                assert (await living.last_word())["result"]["ref"] == task
            assert emulator.ledger.accepted == 1
            assert (await recovered(emulator, folder / "journal"))["ends"] == []

    await side_by_side(play, product((RUNWAY, POLLED)), tmp_path)


async def test_a_fork_leaves_the_client_to_its_parent(tmp_path: Path) -> None:
    """A forked child is refused at every door of a used client, may close it, and its parent goes on as before."""

    async def play(folder: Path, lane: Lane) -> None:
        async with provider_of(lane) as emulator:
            errand = {"pushed": lane == PUSHED, "folder": str(folder)}
            async with child("fork", emulator, folder / "journal", **errand) as process:
                refusals = (await process.word())["child"]
                results = (await process.last_word())["parent"]
            assert set(refusals) == {"ClientClosedError"}, refusals
            assert emulator.ledger.accepted == 3
            assert len({result["ref"] for result in results}) == 2

    await side_by_side(play, product(LANES), tmp_path)


async def test_ctrl_c_while_waiting(tmp_path: Path) -> None:
    """Ctrl-C ends a wait at once, as `KeyboardInterrupt`; another process gets the result."""

    async def play(folder: Path, lane: Lane) -> None:
        clock = ManualClock()
        async with provider_of(lane, clock) as emulator:
            accepted = asyncio.Event()
            emulator.ledger.subscribe(lambda _: accepted.set())
            async with child("start", emulator, folder / "journal", pushed=lane == PUSHED, speed=20) as process:
                assert await process.word() == {"ready": True}
                await accepted.wait()
                if lane != PUSHED:
                    assert await process.word()
                process.kill(signal.SIGINT)
                assert await process.end() == -signal.SIGINT
            await clock.advance(60)
            found = await recovered(emulator, folder / "journal", lease=15)
            assert [TaskRef.parse(end["ref"]).id for end in found["ends"]] == list(emulator.ledger.entries)
            assert found["left"] == []
            assert (emulator.ledger.accepted, sent(emulator)) == (1, 1)

    await side_by_side(play, product(LANES), tmp_path)


async def test_a_loop_that_ends_early(tmp_path: Path) -> None:
    """A loop that is closed, left or canceled with a client still open hangs nothing, and the journal has the task."""

    async def play(folder: Path, lane: Lane, how: str) -> None:
        async with provider_of(lane) as emulator:
            if how == "canceled":
                fault = ("slow", "text_to_image") if lane == RUNWAY else ("lose_ack", "imageInference")
                emulator.faults.add(fault[0], match=fault[1], seconds=1e6)
            accepted = asyncio.Event()
            emulator.ledger.subscribe(lambda _: accepted.set())
            async with child("lose_loop", emulator, folder / "journal", how=how) as process:
                await process.word()
                if how == "canceled":
                    await accepted.wait()
                    process.go()
                    await process.word()
                assert await process.end() == 0
            found = await recovered(emulator, folder / "journal")
            if (how, lane) == ("canceled", RUNWAY):
                assert (found["unknown"], found["left"]) == ([None], ["unknown"])
            else:
                assert [TaskRef.parse(end["ref"]).id for end in found["ends"]] == list(emulator.ledger.entries)
                assert found["left"] == []
            assert (emulator.ledger.accepted, sent(emulator)) == (1, 1)

    await side_by_side(
        play, [(RUNWAY, "closed"), (RUNWAY, "left"), (RUNWAY, "canceled"), (POLLED, "canceled")], tmp_path
    )
