"""`anymedia tasks`: a reference is all that is needed to get at a task again, and the journal keeps the references."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from anymedia import MediaClient, SubmissionUnknownError, TextToImage
from anymedia.testing.emulator import Emulator

Command = Callable[..., Any]
Start = Callable[..., str]


@pytest.fixture
def started(config: Path) -> Start:
    """Starts a task with a client that is then gone, and gives its reference."""

    def start(provider: str | None = None, prompt: str = "a cat", **settings: Any) -> str:
        journal = {"journal": settings.pop("journal")} if "journal" in settings else {}
        with MediaClient.from_config(config, provider=provider, **journal) as client:
            return str(client.with_options(**settings).submit(TextToImage(prompt=prompt)).ref)

    return start


@pytest.fixture
def lost(config: Path, emulators: dict[str, Emulator]) -> Callable[[], None]:
    """Sends a request to Runway whose answer never comes."""

    def lose() -> None:
        emulators["runway"].faults.add("lose_reply", match="text_to_image")
        with MediaClient.from_config(config) as client, pytest.raises(SubmissionUnknownError):
            client.submit(TextToImage(prompt="a cat", idempotency_key="order-17"))

    return lose


def states(anymedia: Command, *options: object) -> list[str]:
    """What the journal says of each attempt."""
    return [entry["state"] for entry in json.loads(anymedia("tasks", "list", "--all", "--json", *options).out)]


def test_list_shows_what_has_no_known_end(anymedia: Command, config: Path, started: Start) -> None:
    """One line per task, its reference last; a task that was waited for is in it no more, unless everything is asked."""
    first, second = started(), started("runware")
    heading, *rows = anymedia("tasks", "list", "--config", config).out.splitlines()
    assert heading.split() == ["STATE", "PROVIDER", "OPERATION", "MODEL", "AGE", "COST", "TASK"]
    assert [row.split()[-1] for row in rows] == [first, second]
    assert rows[0].split()[:4] == ["accepted", "runway", "text-to-image", "gen4_image"]
    anymedia("tasks", "wait", first, "--config", config)
    assert [entry["ref"] for entry in json.loads(anymedia("tasks", "list", "--json").out)] == [second]
    assert states(anymedia) == ["finished", "accepted"]


def test_list_asks_nobody(anymedia: Command, emulators: dict[str, Emulator], started: Start) -> None:
    """The journal alone answers: no provider has to be chosen, and none is spoken to."""
    started()
    before = len(emulators["runway"].ledger.requests)
    assert anymedia("tasks", "list").code == 0
    assert len(emulators["runway"].ledger.requests) == before


def test_an_empty_list_says_so(anymedia: Command) -> None:
    """Nothing on stdout, a word on stderr; for programs an empty array."""
    answer = anymedia("tasks", "list")
    assert (answer.code, answer.out, answer.err) == (0, "", "nothing unfinished\n")
    assert json.loads(anymedia("tasks", "list", "--json").out) == []


def test_list_tells_unknown_outcomes_apart_and_where_to_look(
    anymedia: Command, started: Start, lost: Callable[[], None]
) -> None:
    """What may have been started unseen stands in a table of its own, with the vendor's place to look it up."""
    ref = started()
    lost()
    known, unknown = anymedia("tasks", "list").out.split("\n\n")
    assert ref in known
    assert unknown.startswith("Nobody can say")
    assert "unknown" in unknown
    assert "dev.runwayml.com" in unknown
    assert "UTC" in unknown


def test_the_journal_can_be_named(anymedia: Command, config: Path, started: Start, tmp_path: Path) -> None:
    """`--journal` leads every command to another file, and generating to it too."""
    other = tmp_path / "other.sqlite3"
    ref = started(journal=other)
    assert anymedia("tasks", "list").out == ""
    assert ref in anymedia("tasks", "list", "--journal", other).out
    anymedia("image", "a dog", "--config", config, "--journal", other)
    assert states(anymedia, "--journal", other) == ["accepted", "finished"]


def test_show_asks_once(anymedia: Command, config: Path, emulators: dict[str, Emulator], started: Start) -> None:
    """A task that never ends is looked at without waiting for it, and the journal's own words come first."""
    emulators["runway"].faults.add("stick")
    answer = anymedia("tasks", "show", started(), "--config", config)
    told = dict(line.split(": ", 1) for line in answer.out.splitlines())
    assert answer.code == 0
    assert told["attempt 1"].startswith("accepted, ")
    assert told["operation"] == "text_to_image"
    assert told["now"].split()[0] in ("queued", "running")
    assert sum(request.startswith("GET /v1/tasks/") for request in emulators["runway"].ledger.requests) == 1


def test_a_look_changes_nothing(
    anymedia: Command, config: Path, emulators: dict[str, Emulator], started: Start
) -> None:
    """A task that is shown at its end is still there to be resumed."""
    ref = started()
    with MediaClient.from_config(config, journal=None) as client:
        client.attach(ref).result()
    assert anymedia("tasks", "show", ref, "--config", config).out.endswith("now: succeeded\n")
    assert states(anymedia) == ["accepted"]


def test_show_in_json(anymedia: Command, config: Path, started: Start) -> None:
    """The snapshot and the attempts as data, under the words of the library."""
    ref = started()
    anymedia("tasks", "wait", ref, "--config", config)
    told = json.loads(anymedia("tasks", "show", ref, "--config", config, "--json").out)
    assert (told["ref"], told["state"], told["failure"]) == (ref, "succeeded", None)
    assert told["outputs"][0]["url"].startswith("http://127.0.0.1")
    assert [(attempt["ref"], attempt["state"]) for attempt in told["attempts"]] == [(ref, "finished")]


def test_show_says_why_a_task_failed(
    anymedia: Command, config: Path, emulators: dict[str, Emulator], started: Start
) -> None:
    """Looking at a failed task is no failure of the command; the reason is told all the same."""
    emulators["runway"].faults.add("fail_task")
    ref = started()
    assert anymedia("tasks", "wait", ref, "--config", config).code == 1
    answer = anymedia("tasks", "show", ref, "--config", config)
    assert answer.code == 0
    assert answer.out.splitlines()[-1] == "now: failed"
    assert answer.err.startswith("error: ")


def test_show_finds_a_request_that_has_no_reference(anymedia: Command, lost: Callable[[], None]) -> None:
    """An attempt without a task is shown by the id of its request: when, what, its key, and where to look."""
    lost()
    (entry,) = json.loads(anymedia("tasks", "list", "--json").out)
    answer = anymedia("tasks", "show", entry["request"])
    assert answer.code == 0
    assert "idempotency key: order-17" in answer.out
    assert "where to look: gen4_image at " in answer.out


def test_show_tells_what_the_caller_noted_and_where_the_files_are(
    anymedia: Command, config: Path, emulators: dict[str, Emulator], tmp_path: Path
) -> None:
    """Metadata, and each saved file with its digest."""
    with MediaClient.from_config(config).with_options(autosave=tmp_path / "kept") as client:
        result = client.text_to_image(prompt="a cat", metadata={"user": 7})
    answer = anymedia("tasks", "show", str(result.ref), "--config", config)
    assert "metadata user: 7" in answer.out
    assert f"saved: {result.saved[0]} (" in answer.out
    assert "sha256 " in answer.out


def test_wait_finishes_what_another_process_started(
    anymedia: Command, config: Path, emulators: dict[str, Emulator], started: Start
) -> None:
    """The outputs are written as the command that started the task would have done; nothing is paid twice."""
    answer = anymedia("tasks", "wait", started(), "--config", config, "--out", "later.png")
    assert (answer.code, answer.out) == (0, "later.png\n")
    assert Path("later.png").stat().st_size > 0
    assert emulators["runway"].ledger.accepted == 1


def test_wait_saves_where_it_was_asked_for_at_the_start(
    anymedia: Command, config: Path, started: Start, tmp_path: Path
) -> None:
    """Without `--out` the folder that the journal remembers is the place."""
    answer = anymedia("tasks", "wait", started(autosave=tmp_path / "kept"), "--config", config)
    assert Path(answer.out.strip()).parent == tmp_path / "kept"
    assert not list(Path().iterdir())


def test_save_does_not_wait(anymedia: Command, config: Path, emulators: dict[str, Emulator], started: Start) -> None:
    """A task that has not ended is left alone, with the command that waits."""
    emulators["runway"].faults.add("stick")
    ref = started()
    answer = anymedia("tasks", "save", ref, "--config", config)
    assert (answer.code, answer.out) == (1, "")
    assert f"anymedia tasks wait '{ref}'" in answer.err


def test_cancel_stops_a_task_and_says_so(
    anymedia: Command, config: Path, emulators: dict[str, Emulator], started: Start
) -> None:
    """The answer tells whether it was stopped and what comes back, and the journal knows."""
    emulators["runway"].faults.add("stick")
    told = json.loads(anymedia("tasks", "cancel", started(), "--config", config, "--json").out)
    assert told["stopped"] is True
    assert told["state"] == "canceled"
    (entry,) = emulators["runway"].ledger.entries.values()
    assert entry.state == "canceled"
    assert states(anymedia) == ["canceled"]


def test_cancel_is_honest_where_a_provider_cannot(
    anymedia: Command, config: Path, emulators: dict[str, Emulator], started: Start
) -> None:
    """Runware cannot cancel: the command says that the task goes on."""
    emulators["runware"].faults.add("slow", seconds=50_000)
    answer = anymedia("tasks", "cancel", started("runware"), "--config", config)
    assert answer.code == 0
    assert answer.out.startswith("not stopped; the task is ")


def test_forget_strikes_a_request_from_the_journal(
    anymedia: Command, emulators: dict[str, Emulator], started: Start, lost: Callable[[], None]
) -> None:
    """By its reference or by its id; at the provider nothing happens."""
    ref = started()
    lost()
    before = len(emulators["runway"].ledger.requests)
    (_, unknown) = json.loads(anymedia("tasks", "list", "--json").out)
    for name in (ref, unknown["request"]):
        assert anymedia("tasks", "forget", name).code == 0
    assert states(anymedia) == []
    assert len(emulators["runway"].ledger.requests) == before


def test_the_group_alone_prints_its_commands(anymedia: Command) -> None:
    """`anymedia tasks` is a question, not an error; `anymedia task` is the same group under its old name."""
    answer = anymedia("tasks")
    assert answer.code == 0
    assert "Usage: anymedia tasks" in answer.out
    assert anymedia("task", "list").code == 0


def test_a_task_nobody_knows_is_exit_code_1(anymedia: Command, config: Path) -> None:
    """Only the provider can tell, so it is not bad input."""
    ref = "anymedia+runway://17f20503-6c24-4c16-946b-35dbbce2af2f?v=1&op=text_to_image&model=gen4_image"
    answer = anymedia("tasks", "show", ref, "--config", config)
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("error: runway does not know the task")


def test_a_damaged_journal_is_one_clear_line(anymedia: Command, tmp_path: Path) -> None:
    """The file is named, and so is what to do with it."""
    (tmp_path / "broken").write_text("not a database" * 1000)
    answer = anymedia("tasks", "list", "--journal", tmp_path / "broken")
    assert (answer.code, answer.out) == (1, "")
    assert str(tmp_path / "broken") in answer.err
    assert "move it away" in answer.err
