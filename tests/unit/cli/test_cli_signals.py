"""What Ctrl-C does: nothing that was paid for is lost, and the command that runs emulators ends well."""

import os
import signal
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from anymedia import MediaClient, TaskRef, TextToImage
from anymedia.testing import ManualClock
from anymedia.testing.emulator import Emulator
from anymedia.testing.hosting import Hosted
from anymedia_runware.emulator import RunwareEmulator
from anymedia_runway.emulator import RunwayEmulator

Command = Callable[..., Any]
_PATIENCE = 30


@contextmanager
def process(*arguments: object) -> Iterator["subprocess.Popen[str]"]:
    """`anymedia` as a process of its own."""
    command = [sys.executable, "-c", "import sys; from anymedia.cli import main; sys.exit(main())"]
    pipe = subprocess.PIPE
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [*command, *map(str, arguments)], stdout=pipe, stderr=pipe, text=True, env=environment
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def line_with(stream: Any, beginning: str) -> str:
    """The next line of a stream that begins so."""
    for line in stream:
        if line.startswith(beginning):
            return str(line).removeprefix(beginning).strip()
    raise AssertionError(f"no line began with {beginning!r}")


@pytest.mark.parametrize("provider", ["runway", "runware"])
def test_ctrl_c_leaves_the_task_and_says_how_to_get_at_it(
    config: Path, emulators: dict[str, Emulator], provider: str, tmp_path: Path
) -> None:
    """Exit code 130, no file, and the reference that leads to the result."""
    emulators[provider].faults.add("stick" if provider == "runway" else "slow", seconds=50_000)
    with process("image", "a cat", "--provider", provider, "--config", config, "--out", tmp_path / "out") as running:
        ref = line_with(running.stderr, "task: ")
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=_PATIENCE)
    assert (running.returncode, out) == (130, "")
    assert f"anymedia tasks wait '{ref}'" in err
    assert "Traceback" not in err
    assert TaskRef.parse(ref).provider == provider
    assert emulators[provider].ledger.accepted == 1


def test_ctrl_c_while_sending_waits_for_the_reference(
    config: Path, emulators: dict[str, Emulator], tmp_path: Path
) -> None:
    """Between the request and its answer only waiting leads to the paid task, so the first Ctrl-C waits."""
    emulators["runway"].faults.add("slow", match="text_to_image", seconds=1500)
    emulators["runway"].faults.add("stick")
    running: list[subprocess.Popen[str]] = []
    emulators["runway"].ledger.subscribe(
        lambda event: running[0].send_signal(signal.SIGINT) if event.name == "accepted" else None
    )
    with process("image", "a cat", "--config", config, "--out", tmp_path / "out") as started:
        running.append(started)
        _, err = started.communicate(timeout=_PATIENCE)
    assert started.returncode == 130
    assert "waiting for the answer" in err
    (task,) = emulators["runway"].ledger.entries
    assert task in err


def test_a_second_ctrl_c_leaves_the_request_to_the_journal(
    anymedia: Command, config: Path, emulators: dict[str, Emulator]
) -> None:
    """Nobody is told the reference, yet the next command brings the picture home."""
    emulators["runway"].faults.add("slow", match="text_to_image", seconds=1500)
    with process("image", "a cat", "--config", config) as running:
        emulators["runway"].ledger.subscribe(
            lambda event: running.send_signal(signal.SIGINT) if event.name == "accepted" else None
        )
        line_with(running.stderr, "waiting for the answer")
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=_PATIENCE)
    assert (running.returncode, out) == (130, "")
    assert "anymedia tasks resume" in err
    assert "Traceback" not in err
    assert anymedia("tasks", "resume", "--config", config, "--out", "home").out.startswith("home/")
    assert emulators["runway"].ledger.accepted == 1


@pytest.mark.parametrize("provider", ["runway", "runware"])
def test_kill_9_loses_nothing(anymedia: Command, provider: str, tmp_path: Path) -> None:
    """A killed command leaves its task and its folder in the journal; another one brings the film home."""
    clock = ManualClock()
    hosted = Hosted(RunwayEmulator(clock=clock) if provider == "runway" else RunwareEmulator(clock=clock))
    with hosted as endpoint:
        config = tmp_path / "anymedia.toml"
        place = f'base_url = "{endpoint.base_url}"\napi_key = "{endpoint.api_key}"\npoll_interval = 0.02\n'
        config.write_text(f'provider = "{provider}"\n[providers.{provider}]\n{place}')
        with process("video", "waves", "--config", config, "--out", tmp_path / "out") as running:
            ref = line_with(running.stderr, "task: ")
            running.kill()
            running.communicate(timeout=_PATIENCE)
        assert ref in anymedia("tasks", "list").out
        assert "another process has it, or had it a moment ago" in anymedia("tasks", "resume", "--config", config).err
        pass_for_dead(tmp_path / "state" / "anymedia" / "journal.sqlite3")
        hosted._bridge.run(lambda: clock.advance(600))
        answer = anymedia("tasks", "resume", "--config", config)
        assert hosted.emulator.ledger.accepted == 1
    assert answer.code == 0
    assert [Path(line).parent for line in answer.out.splitlines()] == [tmp_path / "out"]
    assert anymedia("tasks", "list").out == ""


def pass_for_dead(journal: Path) -> None:
    """Let the time pass after which a process that was not heard of counts as dead."""
    with closing(sqlite3.connect(journal)) as db, db:
        db.execute("UPDATE owners SET beat = beat - 60")


def test_ctrl_c_leaves_what_is_resumed_for_the_next_time(
    config: Path, emulators: dict[str, Emulator], tmp_path: Path
) -> None:
    """Exit code 130, and the same command goes on."""
    emulators["runway"].faults.add("stick")
    journal = tmp_path / "state" / "anymedia" / "journal.sqlite3"
    with MediaClient.from_config(config, journal=journal) as client:
        client.submit(TextToImage(prompt="a cat"))
    for _ in range(2):
        with process("tasks", "resume", "--config", config) as running:
            line_with(running.stderr, "runway text_to_image ")
            running.send_signal(signal.SIGINT)
            out, err = running.communicate(timeout=_PATIENCE)
        assert (running.returncode, out) == (130, "")
        assert "anymedia tasks resume" in err
        assert "Traceback" not in err


def test_ctrl_c_ends_the_demo_and_leaves_no_file(tmp_path: Path) -> None:
    """All files are put into place together, so an interrupted demo leaves nothing half done."""
    with process("demo", "--out", tmp_path / "made", "--speed", 1) as running:
        line_with(running.stderr, "runway text_to_image: queued")
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=_PATIENCE)
    assert (running.returncode, out) == (130, "")
    assert "Traceback" not in err
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_emulate_prints_what_leads_to_it_and_ends_with_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    """The printed variables and the printed TOML both work as they are; the end is no error."""
    with process("emulate", "runway", "--speed", 1000) as running:
        url = line_with(running.stdout, "export RUNWAYML_BASE_URL=")
        key = line_with(running.stdout, "export RUNWAYML_API_SECRET=")
        line_with(running.stdout, "# or in anymedia.toml")
        lines = [next(running.stdout or iter(())) for _ in range(5)]
        monkeypatch.setenv("RUNWAYML_BASE_URL", url)
        monkeypatch.setenv("RUNWAYML_API_SECRET", key)
        with MediaClient("runway", poll_interval=0.02) as client:
            assert client.text_to_image(prompt="a cat").url
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=_PATIENCE)
    assert running.returncode == 0
    assert err.splitlines() == ["running; Ctrl-C ends it", "stopped"]
    assert tomllib.loads("".join(lines))["providers"]["runway"]["base_url"] == url
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


def test_emulate_takes_a_port_for_the_first_and_the_next_for_the_second(anymedia: Command) -> None:
    """A taken port is told before anything is printed."""
    with process("emulate", "runway") as running:
        port = line_with(running.stdout, "export RUNWAYML_BASE_URL=").rpartition(":")[2]
        answer = anymedia("emulate", "runway", "--port", port)
    assert (answer.code, answer.out) == (2, "")
    assert f"port {port}" in answer.err
