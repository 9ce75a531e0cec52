"""The fault matrix, fourth part: a process is killed, doubled, forked or interrupted, and nothing paid for is lost."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from fault_children import Child, child, entries_of, recovered, sent, side_by_side
from fault_matrix import POLLED, PUSHED, RUNWAY, Ending, Lane
from fault_page import expected, published
from fault_processes import LANES, PROCESSES, per_request

from anymedia import TaskRef
from anymedia.journal import AttemptState
from anymedia.testing import ManualClock
from anymedia.testing.emulator import Emulator
from anymedia_runware.emulator import RunwareEmulator
from anymedia_runway.emulator import RunwayEmulator

Note = Callable[[str, Lane, Ending], None]

_SPEED = 1000


@dataclass(frozen=True)
class Moment:
    """When a process is killed, and what another one makes of it.

    Attributes:
        what: The moment in a user's words.
        name: When.
        state: What the journal holds then.
        started: Whether the provider has taken the task.
        found: What comes of it, by lane.
    """

    what: str
    name: str
    state: AttemptState
    started: bool
    found: dict[Lane, str]

    @property
    def saves(self) -> bool:
        """Whether the outputs are to be saved before the task counts as finished."""
        return self.name in ("saving", "before finished", "finished")


def moment(what: str, name: str, state: str, *, started: bool = True) -> Moment:
    """A moment, and what must come of it by the table."""
    what = f"`kill -9` {what}"
    found = {lane: cell.case.ending.outcome for (fault, lane), cell in PROCESSES.items() if fault == what}
    return Moment(what, name, AttemptState(state), started, found)


MOMENTS = (
    moment("before anything is sent", "intent", "intent", started=False),
    moment("as the request is about to be sent", "sending", "sending", started=False),
    moment("once the request is sent", "sent", "sending"),
    moment("while the outcome is unknown", "unknown", "unknown"),
    moment("once the task is accepted", "accepted", "accepted"),
    moment("while it is being canceled", "cancel_requested", "cancel_requested"),
    moment("while the outputs are saved", "saving", "accepted"),
    moment("before the end is on record", "before finished", "accepted"),
    moment("once the end is on record", "finished", "finished"),
)


@asynccontextmanager
async def provider_of(lane: Lane, clock: ManualClock | None = None) -> AsyncIterator[Emulator]:
    """The emulator of a lane: much faster than life, or by a clock that is moved by hand."""
    kind = RunwayEmulator if lane == RUNWAY else RunwareEmulator
    async with kind(clock=clock, speed=_SPEED) as emulator:
        yield emulator


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.name)
async def test_kill_9(moment: Moment, tmp_path: Path, note: Note) -> None:
    """Whenever a process dies, the next one pays for nothing again, and gets what was paid for."""

    async def play(folder: Path, lane: Lane) -> None:
        clock = ManualClock() if moment.name == "cancel_requested" else None
        async with provider_of(lane, clock) as emulator:
            await kill_at(moment, lane, emulator, folder)
            if clock is not None:
                await clock.advance(60)
            found = await recovered(emulator, folder / "journal", speed=1 if moment.started else 20)
            ending = judge(moment, emulator, found)
        await judge_files(moment, folder)
        note(moment.what, lane, ending)

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


def judge(moment: Moment, emulator: Emulator, found: dict[str, Any]) -> Ending:
    """What another process has found, and what the ledger says."""
    tasks = list(emulator.ledger.entries)
    assert sent(emulator) == len(tasks)
    assert len(tasks) <= 1
    assert found["left"] == ["unknown"] * len(found["unknown"])
    if found["unknown"]:
        return per_request(emulator, "unknown", "no" if tasks else "-")
    if not found["ends"]:
        return per_request(emulator, "file", "at once") if tasks else per_request(emulator, "nothing", "-")
    (end,) = found["ends"]
    assert TaskRef.parse(end["ref"]).id == tasks[0]
    assert bool(end["saved"]) == moment.saves
    return per_request(emulator, "file" if end["saved"] else "result", "by `recover()`")


async def judge_files(moment: Moment, folder: Path) -> None:
    """What was to be saved is on disk, and the journal says where and with which bytes."""
    saved = [file for entry in await entries_of(folder / "journal") for file in entry.saved]
    assert len(saved) == moment.saves
    for file in saved:
        assert sha256(Path(file.path).read_bytes()).hexdigest() == file.sha256


async def test_one_key_in_two_processes_at_once(tmp_path: Path, note: Note) -> None:
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
            note("two processes ask under one key at once", lane, per_request(emulator, "result", "at once"))

    await side_by_side(play, product(LANES), tmp_path)


async def test_one_key_is_taken_over_from_the_dead(tmp_path: Path, note: Note) -> None:
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
            delivered = emulator.ledger.delivered
            if delivered:
                assert TaskRef.parse(said["result"]["ref"]).id in emulator.ledger.entries
            ending = per_request(emulator, said.get("error", "result"), "at once" if delivered else "no")
            note("a process asks under the key of one that was killed while sending", lane, ending)
        left = [entry.state.value for entry in await entries_of(folder / "journal") if entry.state.is_open]
        assert left == (["unknown"] if lane == RUNWAY else [])

    await side_by_side(play, product(LANES), tmp_path)


async def test_one_key_after_a_restart(tmp_path: Path, note: Note) -> None:
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
            outcome = "file" if result["saved"] else "result"
            what = "a program that was killed runs again with the same keys"
            note(what, lane, per_request(emulator, outcome, "at once"))
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


async def test_one_key_whose_outcome_a_living_process_does_not_know(tmp_path: Path, note: Note) -> None:
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
            error = (await second.last_word())["error"]
            first.go()
            assert await first.end() == 0
        assert (emulator.ledger.delivered, sent(emulator)) == (0, 1)
        what = "a process asks under the key of a living one that lost the answer"
        note(what, RUNWAY, per_request(emulator, error, "no"))


async def test_the_tasks_of_the_living_are_left_alone(tmp_path: Path, note: Note) -> None:
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
            assert (await recovered(emulator, folder / "journal"))["ends"] == []
            note("another process recovers meanwhile", lane, per_request(emulator, "result", "at once"))

    await side_by_side(play, product((RUNWAY, POLLED)), tmp_path)


async def test_a_fork_leaves_the_client_to_its_parent(tmp_path: Path, note: Note) -> None:
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
            ending = per_request(emulator, "result", "at once", requests=3)
            note("the process forks, and the child uses the client", lane, ending)

    await side_by_side(play, product(LANES), tmp_path)


async def test_ctrl_c_while_waiting(tmp_path: Path, note: Note) -> None:
    """Ctrl-C ends a wait at once, as `KeyboardInterrupt`; another process gets the result."""

    async def play(folder: Path, lane: Lane) -> None:
        clock = ManualClock()
        async with provider_of(lane, clock) as emulator:
            accepted = asyncio.Event()
            emulator.ledger.subscribe(lambda _: accepted.set())
            async with child("start", emulator, folder / "journal", pushed=lane == PUSHED) as process:
                assert await process.word() == {"ready": True}
                await accepted.wait()
                if lane != PUSHED:
                    assert await process.word()
                process.kill(signal.SIGINT)
                end = signal.Signals(-await process.end())
            await clock.advance(60)
            found = await recovered(emulator, folder / "journal", lease=15)
            assert [TaskRef.parse(end["ref"]).id for end in found["ends"]] == list(emulator.ledger.entries)
            assert (found["left"], sent(emulator)) == ([], 1)
            outcome = "KeyboardInterrupt" if end is signal.SIGINT else end.name
            note("Ctrl-C in a synchronous wait", lane, per_request(emulator, outcome, "by `recover()`"))

    await side_by_side(play, product(LANES), tmp_path)


async def test_a_loop_that_ends_early(tmp_path: Path, note: Note) -> None:
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
            assert found["left"] == ["unknown"] * len(found["unknown"])
            if found["unknown"]:
                ending = per_request(emulator, "unknown", "no")
            else:
                assert [TaskRef.parse(end["ref"]).id for end in found["ends"]] == list(emulator.ledger.entries)
                ending = per_request(emulator, "result", "by `recover()`")
            assert sent(emulator) == 1
            note(_ENDS[how], lane, ending)

    await side_by_side(
        play, [(RUNWAY, "closed"), (RUNWAY, "left"), (RUNWAY, "canceled"), (POLLED, "canceled")], tmp_path
    )


_ENDS = {
    "closed": "the event loop is closed with the client open",
    "left": "the program leaves the event loop with the client open",
    "canceled": "all tasks of the event loop are canceled while the request is sent",
}


def test_the_published_table_has_these_cells() -> None:
    """The documentation says of processes what the tests prove, and nothing else."""
    assert published("processes") == expected(list(PROCESSES.values()))
