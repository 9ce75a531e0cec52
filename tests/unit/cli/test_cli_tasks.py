"""`anymedia task`: a reference is all that is needed to get at a task again."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from anymedia import MediaClient, TextToImage
from anymedia.testing.emulator import Emulator

Command = Callable[..., Any]


@pytest.fixture
def started(config: Path) -> Callable[[], str]:
    """Starts a task with a client that is then gone, and gives its reference."""

    def start() -> str:
        with MediaClient.from_config(config) as client:
            return str(client.submit(TextToImage(prompt="a cat")).ref)

    return start


def test_status_asks_once(
    anymedia: Command, config: Path, emulators: dict[str, Emulator], started: Callable[[], str]
) -> None:
    """A task that never ends is looked at without waiting for it."""
    emulators["runway"].faults.add("stick")
    answer = anymedia("task", "status", started(), "--config", config)
    assert answer.code == 0
    assert answer.out.split()[0] in ("queued", "running")
    assert sum(request.startswith("GET /v1/tasks/") for request in emulators["runway"].ledger.requests) == 1


def test_status_in_json(anymedia: Command, config: Path, started: Callable[[], str]) -> None:
    """The snapshot as data, under the words of the library."""
    ref = started()
    anymedia("task", "wait", ref, "--config", config)
    told = json.loads(anymedia("task", "status", ref, "--config", config, "--json").out)
    assert (told["ref"], told["state"], told["failure"]) == (ref, "succeeded", None)
    assert told["outputs"][0]["url"].startswith("http://127.0.0.1")


def test_status_says_why_a_task_failed(
    anymedia: Command, config: Path, emulators: dict[str, Emulator], started: Callable[[], str]
) -> None:
    """Looking at a failed task is no failure of the command; the reason is told all the same."""
    emulators["runway"].faults.add("fail_task")
    ref = started()
    assert anymedia("task", "wait", ref, "--config", config).code == 1
    answer = anymedia("task", "status", ref, "--config", config)
    assert (answer.code, answer.out) == (0, "failed\n")
    assert answer.err.startswith("error: ")


def test_wait_finishes_what_another_process_started(
    anymedia: Command, config: Path, emulators: dict[str, Emulator], started: Callable[[], str]
) -> None:
    """The outputs are written as the command that started the task would have done; nothing is paid twice."""
    answer = anymedia("task", "wait", started(), "--config", config, "--out", "later.png")
    assert (answer.code, answer.out) == (0, "later.png\n")
    assert Path("later.png").stat().st_size > 0
    assert emulators["runway"].ledger.accepted == 1


def test_save_does_not_wait(
    anymedia: Command, config: Path, emulators: dict[str, Emulator], started: Callable[[], str]
) -> None:
    """A task that has not ended is left alone, with the command that waits."""
    emulators["runway"].faults.add("stick")
    ref = started()
    answer = anymedia("task", "save", ref, "--config", config)
    assert (answer.code, answer.out) == (1, "")
    assert f"anymedia task wait '{ref}'" in answer.err


def test_cancel_stops_a_task_and_says_so(
    anymedia: Command, config: Path, emulators: dict[str, Emulator], started: Callable[[], str]
) -> None:
    """The answer tells whether it was stopped and what comes back."""
    emulators["runway"].faults.add("stick")
    told = json.loads(anymedia("task", "cancel", started(), "--config", config, "--json").out)
    assert told["stopped"] is True
    assert told["state"] == "canceled"
    (entry,) = emulators["runway"].ledger.entries.values()
    assert entry.state == "canceled"


def test_cancel_is_honest_where_a_provider_cannot(
    anymedia: Command, config: Path, emulators: dict[str, Emulator]
) -> None:
    """Runware cannot cancel: the command says that the task goes on."""
    emulators["runware"].faults.add("slow", seconds=50_000)
    with MediaClient.from_config(config, provider="runware") as client:
        ref = str(client.submit(TextToImage(prompt="a cat")).ref)
    answer = anymedia("task", "cancel", ref, "--config", config)
    assert answer.code == 0
    assert answer.out.startswith("not stopped; the task is ")


def test_the_group_alone_prints_its_commands(anymedia: Command) -> None:
    """`anymedia task` is a question, not an error."""
    answer = anymedia("task")
    assert answer.code == 0
    assert "Usage: anymedia task" in answer.out


def test_a_task_nobody_knows_is_exit_code_1(anymedia: Command, config: Path) -> None:
    """Only the provider can tell, so it is not bad input."""
    ref = "anymedia+runway://17f20503-6c24-4c16-946b-35dbbce2af2f?v=1&op=text_to_image&model=gen4_image"
    answer = anymedia("task", "status", ref, "--config", config)
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("error: runway does not know the task")
