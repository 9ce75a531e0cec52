"""`anymedia tasks resume`: whatever died, what was paid for comes home, and nothing is paid twice."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from anymedia import MediaClient, SubmissionUnknownError, TextToImage
from anymedia.testing.emulator import Emulator

Command = Callable[..., Any]
PROVIDERS = ("runway", "runware")


@pytest.fixture
def start(config: Path) -> Callable[..., str]:
    """Starts a task with a client that is then gone, and gives its reference."""

    def start(provider: str = "runway", **settings: Any) -> str:
        with MediaClient.from_config(config, provider=provider) as client:
            return str(client.with_options(**settings).submit(TextToImage(prompt="a cat")).ref)

    return start


def states(anymedia: Command) -> list[str]:
    """What the journal says of each attempt."""
    return [entry["state"] for entry in json.loads(anymedia("tasks", "list", "--all", "--json").out)]


def test_everything_unfinished_comes_home(
    anymedia: Command, config: Path, emulators: dict[str, Emulator], start: Callable[..., str]
) -> None:
    """Tasks at both providers are waited for together, each shown on the way; the journal is even afterwards."""
    for provider in (*PROVIDERS, *PROVIDERS):
        start(provider)
    answer = anymedia("tasks", "resume", "--config", config, "--out", "home")
    files = [Path(line) for line in answer.out.splitlines()]
    assert answer.code == 0
    assert [file.parent for file in files] == [Path("home")] * 4
    assert all(file.stat().st_size > 0 for file in files)
    assert sum("succeeded" in line for line in answer.err.splitlines()) == 4
    assert states(anymedia) == ["finished"] * 4
    assert [emulators[provider].ledger.accepted for provider in PROVIDERS] == [2, 2]


def test_outputs_go_where_they_were_to_be_saved(
    anymedia: Command, config: Path, start: Callable[..., str], tmp_path: Path
) -> None:
    """The folder that the journal remembers, else here; `--out` wins over both."""
    start(autosave=tmp_path / "kept")
    start()
    kept, here = anymedia("tasks", "resume", "--config", config).out.splitlines()
    assert Path(kept).parent == tmp_path / "kept"
    assert Path(here).parent == Path()
    start(autosave=tmp_path / "never")
    elsewhere = anymedia("tasks", "resume", "--config", config, "--out", "other").out.strip()
    assert Path(elsewhere).parent == Path("other")
    assert not (tmp_path / "never").exists()


def test_nothing_unfinished_is_no_failure(anymedia: Command) -> None:
    """It needs no provider, and ends with 0."""
    answer = anymedia("tasks", "resume")
    assert (answer.code, answer.out, answer.err) == (0, "", "nothing unfinished\n")
    assert json.loads(anymedia("tasks", "resume", "--json").out) == {"tasks": [], "unknown": [], "elsewhere": []}


def test_no_provider_has_to_be_chosen(
    anymedia: Command, config: Path, start: Callable[..., str], tmp_path: Path
) -> None:
    """The journal names the providers; a key for them is enough."""
    start("runware")
    neutral = tmp_path / "neutral.toml"
    neutral.write_text("\n".join(config.read_text().splitlines()[1:]))
    assert anymedia("tasks", "resume", "--config", neutral).code == 0
    assert states(anymedia) == ["finished"]


def test_one_that_failed_stops_nobody(
    anymedia: Command, config: Path, emulators: dict[str, Emulator], start: Callable[..., str]
) -> None:
    """The others are saved; the failure is one line with the task's id, and exit code 1."""
    emulators["runway"].faults.add("fail_task")
    failed = start()
    start()
    told = json.loads((answer := anymedia("tasks", "resume", "--config", config, "--json")).out)
    assert answer.code == 1
    assert [task["error"] and task["error"]["code"] for task in told["tasks"]] == ["task_failed", None]
    assert told["tasks"][0]["ref"] == failed
    assert Path(told["tasks"][1]["files"][0]).is_file()
    assert sum(line.startswith("error: ") for line in answer.err.splitlines()) == 1
    assert states(anymedia) == ["failed", "finished"]


def test_what_may_have_been_started_is_told_and_left(
    anymedia: Command, config: Path, emulators: dict[str, Emulator]
) -> None:
    """Runway cannot be asked what became of a lost request: it is not sent again, and stays listed until forgotten."""
    emulators["runway"].faults.add("lose_reply", match="text_to_image")
    with MediaClient.from_config(config) as client, pytest.raises(SubmissionUnknownError):
        client.submit(TextToImage(prompt="a cat"))
    answer = anymedia("tasks", "resume", "--config", config)
    assert answer.code == 1
    assert "dev.runwayml.com" in answer.err
    assert "anymedia tasks list" in answer.err
    assert states(anymedia) == ["unknown"]
    assert emulators["runway"].ledger.accepted == 1


def test_what_a_living_process_has_is_left_to_it(
    anymedia: Command, config: Path, emulators: dict[str, Emulator]
) -> None:
    """Two never run one task: the command names it and goes away."""
    emulators["runway"].faults.add("stick")
    with MediaClient.from_config(config) as client:
        ref = str(client.submit(TextToImage(prompt="a cat")).ref)
        answer = anymedia("tasks", "resume", "--config", config)
    assert (answer.code, answer.out) == (0, "")
    assert f"another process has it, or had it a moment ago: {ref}" in answer.err


def test_what_was_made_elsewhere_is_named(
    anymedia: Command, config: Path, start: Callable[..., str], tmp_path: Path
) -> None:
    """A task is never looked for at an address where it was not made."""
    ref = start()
    moved = tmp_path / "moved.toml"
    moved.write_text(config.read_text().replace("127.0.0.1", "localhost"))
    answer = anymedia("tasks", "resume", "--config", moved)
    assert (answer.code, answer.out) == (0, "")
    assert ref in answer.err
    assert "127.0.0.1" in answer.err
    assert states(anymedia) == ["accepted"]


def test_a_timeout_leaves_the_task_for_the_next_time(
    anymedia: Command, config: Path, emulators: dict[str, Emulator], start: Callable[..., str]
) -> None:
    """Patience ends, the task does not; the next run brings it home."""
    emulators["runware"].faults.add("slow", seconds=1500)
    start("runware")
    assert anymedia("tasks", "resume", "--config", config, "--timeout", 0.1).code == 1
    assert states(anymedia) == ["accepted"]
    assert anymedia("tasks", "resume", "--config", config).code == 0
    assert emulators["runware"].ledger.accepted == 1
