"""What Ctrl-C does: nothing that was paid for is lost, and the command that runs emulators ends well."""

import os
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from anymedia import MediaClient, TaskRef
from anymedia.testing.emulator import Emulator

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
    assert f"anymedia task wait '{ref}'" in err
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
