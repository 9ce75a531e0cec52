"""The examples about tasks: how they fail, outlive processes, and are not paid twice."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from example_runs import CROSSWISE, VICTIM, example, facts, pass_for_dead, play, started

from anymedia.testing import Emulator, ManualClock
from anymedia_runway.emulator import RunwayEmulator

FIRST_STATE = {"runware": "running 0.0", "runway": "queued None"}  # Runware tells no waiting from working


async def test_errors(twin: str, provider: str, emulator: Emulator) -> None:
    """An error says what to mend before anything is sent, and afterwards which task it is about."""
    emulator.faults.add("fail_task")
    *issues, error, retryable, task = await play(f"errors{twin}")
    assert issues
    assert all(issue.startswith("invalid_request size ") for issue in issues)
    assert error.startswith(f"task_failed {provider} ")
    assert retryable == "worth another try: True"
    assert task.startswith(f"the task: anymedia+{provider}://{next(iter(emulator.ledger.entries))}?")
    assert emulator.ledger.accepted == 1


async def test_some_fail(twin: str, provider: str, emulator: Emulator) -> None:
    """In a batch of four one is refused unsent and one fails at the provider; the other two are there."""
    emulator.faults.add("fail_task")
    lines = await play(f"some_fail{twin}")
    assert [line[0] for line in lines] == ["0", "1", "2", "3"]
    assert lines[2] == "2 failed: invalid_request None"
    (failed,) = [line for line in lines if "task_failed" in line]
    assert f"anymedia+{provider}://" in failed
    assert sum("is there: http" in line for line in lines) == 2
    assert emulator.ledger.accepted == 3


async def test_task_failed(twin: str, provider: str, emulator: Emulator) -> None:
    """A task that fails after it was accepted says the vendor's code, its words, its whole answer, and the task."""
    emulator.faults.add("fail_task")
    failed, task, answer = await play(f"task_failed{twin}")
    ((id, entry),) = emulator.ledger.entries.items()
    code = {"runway": "INTERNAL", "runware": "inferenceError"}[provider]
    assert re.fullmatch(rf"failed: {code} .+", failed)
    assert task.startswith(f"the task: anymedia+{provider}://{id}?")
    assert id in answer
    assert code in answer
    assert entry.state == "failed"


async def test_tasks_across_processes(
    twin: str, provider: str, waiting: Emulator, clock: ManualClock, folder: Path
) -> None:
    """One process starts a task, another finds it waiting, and a third, there before its end, saves the result."""
    async with started(example(f"task_submit{twin}")) as submit:
        assert await submit.end() == list(waiting.ledger.entries)
    async with started(example(f"task_status{twin}")) as status:
        assert await status.end() == [FIRST_STATE[provider]]
    async with started(example(f"task_wait{twin}")) as wait:
        first = await wait.line()
        await clock.advance(60)
        *_, last, saved = [first, *await wait.end()]
    assert first.split()[0] in ("queued", "running")
    assert last.split()[0] == "succeeded"
    assert facts(saved).duration == pytest.approx(5, abs=0.2)
    assert waiting.ledger.accepted == 1
    assert {submit.code, status.code, wait.code} == {0}


async def test_recover(twin: str, waiting: Emulator, clock: ManualClock, folder: Path) -> None:
    """A film whose process was killed is saved by the next one, once, and is not paid again."""
    async with started("-c", VICTIM) as victim:
        task = await victim.line()
        victim.kill()
        await victim.end()
    pass_for_dead()
    await clock.advance(600)
    (saved,) = await play(f"recover{twin}")
    assert facts(saved).media_type == "video/mp4"
    assert Path(saved.removeprefix("saved ")).parent == folder / "recovered"
    assert task in saved
    assert await play(f"recover{twin}") == []
    assert waiting.ledger.accepted == 1


async def test_recover_names_what_nobody_can_know(
    twin: str, runway_emulator: RunwayEmulator, choose: Callable[..., None]
) -> None:
    """Runway cannot be asked about a request whose answer was lost: it is named each time, and never sent again."""
    choose(runway_emulator)
    runway_emulator.faults.add("lose_reply", match="text_to_video")
    async with started("-c", VICTIM) as victim:
        assert any("SubmissionUnknownError" in line for line in await victim.end())
    for _ in range(2):
        (named,) = await play(f"recover{twin}")
        assert named.startswith("look at runway text_to_video 20")
    assert runway_emulator.ledger.accepted == 1


async def test_idempotency(twin: str, provider: str, emulator: Emulator) -> None:
    """Run twice, it is one task and one charge; another request under its key is refused, and not sent."""
    first, refused = await play(f"idempotency{twin}")
    assert "order-17" in refused
    again, _ = await play(f"idempotency{twin}")
    assert first.split()[0] == again.split()[0] == next(iter(emulator.ledger.entries))
    assert emulator.ledger.accepted == 1


@CROSSWISE
async def test_wait_with_timeout(twin: str, provider: str, waiting: Emulator, clock: ManualClock) -> None:
    """A wait that ends early names the task, which goes on; a wait without an end brings the result."""
    async with started(example(f"wait_with_timeout{twin}")) as running:
        early = await running.line()
        await clock.advance(60)
        (url,) = await running.end()
    assert early.startswith(f"still running: anymedia+{provider}://{next(iter(waiting.ledger.entries))}?")
    assert url.startswith("http://127.0.0.1")
    assert running.code == 0
    assert waiting.ledger.accepted == 1
