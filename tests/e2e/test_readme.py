"""The README and every page of the documentation, run as a reader would: each Python block, with the files it needs."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from anymedia.testing import ManualClock
from anymedia.testing.hosting import Hosted, shared
from anymedia.testing.render.pictures import image
from anymedia_runware.emulator import RunwareEmulator
from anymedia_runway.emulator import RunwayEmulator

_ROOT = Path(__file__).parents[2]
_FENCE = re.compile(
    r'^```(?P<language>\w+)(?: title="(?P<title>[^"]+)")?\n(?P<text>.*?)^```$', re.MULTILINE | re.DOTALL
)
_PICTURE = re.compile(rb"\x89PNG|\xff\xd8\xff|RIFF....WEBP", re.DOTALL)


@dataclass(frozen=True)
class _Block:
    language: str
    title: str | None
    text: str


def _blocks(page: Path) -> Iterator[_Block]:
    for match in _FENCE.finditer(page.read_text(encoding="utf-8")):
        yield _Block(match["language"], match["title"], match["text"])


def _pages() -> list[Path]:
    pages = [_ROOT / "README.md", _ROOT / "providers" / "README.md", *sorted((_ROOT / "docs").rglob("*.md"))]
    return [page for page in pages if any(block.language == "python" for block in _blocks(page))]


def _run(block: _Block, page: Path) -> None:
    if block.title is not None:
        Path(block.title).write_text(block.text, encoding="utf-8")
    elif block.language == "python" and not block.text.startswith("--8<--"):
        exec(compile(block.text, str(page), "exec"), {"__name__": "__main__"})


@pytest.fixture(autouse=True)
def readers_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a picture in it, and emulators that need not be waited for."""
    for emulator in (RunwareEmulator, RunwayEmulator):
        shared(emulator, speed=1000)
    folder = tmp_path / "reader"
    folder.mkdir()
    (folder / "cat.jpg").write_bytes(image("a cat", seed=1, width=640, height=480, format="jpg"))
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("page", _pages(), ids=lambda page: str(page.relative_to(_ROOT)))
def test_every_block_of_python_runs(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a reader copies from a page works, block after block, with the files the page names."""
    if page == _ROOT / "README.md":  # some of its blocks are written for a reader who has a key
        monkeypatch.setenv("ANYMEDIA_EMULATE", "1")
    for block in _blocks(page):
        _run(block, page)


def test_the_readme_swaps_providers_with_one_line(readers_folder: Path) -> None:
    """The README's first script makes a picture under both of its configurations, which differ in one line."""
    page = _ROOT / "README.md"
    one, other = (block for block in _blocks(page) if block.title == "anymedia.toml")
    script = next(block for block in _blocks(page) if block.language == "python")
    lines = zip(one.text.splitlines(), other.text.splitlines(), strict=True)
    assert [pair for pair in lines if pair[0] != pair[1]] == [('provider = "runware"', 'provider = "runway"')]
    for expected, configuration in enumerate((one, other), start=1):
        _run(configuration, page)
        _run(script, page)
        pictures = list(readers_folder.glob("lighthouse*"))
        assert len(pictures) == expected
        assert all(_PICTURE.match(picture.read_bytes()) for picture in pictures)


_VICTIM = """
import os, signal
from anymedia import MediaClient, TextToVideo

with MediaClient("runway") as client:
    client.submit(TextToVideo(prompt="waves roll in", duration=5))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_readme_survives_kill_9(
    readers_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The README's lines bring home the film of a process that was killed, and nothing is paid twice."""
    page = _ROOT / "README.md"
    script = next(block for block in _blocks(page) if "recover()" in block.text)
    hosted = Hosted(RunwayEmulator(clock=(clock := ManualClock())))
    with hosted as endpoint:
        monkeypatch.setenv("RUNWAYML_BASE_URL", endpoint.base_url)
        monkeypatch.setenv("RUNWAYML_API_SECRET", endpoint.api_key)
        assert subprocess.run([sys.executable, "-c", _VICTIM], check=False).returncode == -signal.SIGKILL
        journal = Path(os.environ["XDG_STATE_HOME"]) / "anymedia" / "journal.sqlite3"
        with closing(sqlite3.connect(journal)) as db, db:  # the time passes after which the dead count as dead
            db.execute("UPDATE owners SET beat = beat - 60")
        hosted._bridge.run(lambda: clock.advance(600))
        _run(script, page)
        assert hosted.emulator.ledger.accepted == 1
    (film,) = (readers_folder / "out").iterdir()
    assert film.suffix == ".mp4"
    assert film.name in capsys.readouterr().out
