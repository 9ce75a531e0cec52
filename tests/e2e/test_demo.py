"""`anymedia demo`: real files from both providers and a page that shows them, with no key and no network."""

import io
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import av
import pytest
from PIL import Image
from typing_extensions import override

from anymedia import MediaClient
from anymedia.cli import main
from anymedia.cli.demo import make_film
from anymedia.testing.emulator import Emulator
from anymedia.testing.hosting import Hosted
from anymedia_runware.emulator import RunwareEmulator
from anymedia_runway.emulator import RunwayEmulator

PROVIDERS = ("runware", "runway")
FILES = ("film.mp4", "picture.png", "poster.png")
_FAST = "400"


class Page(HTMLParser):
    """What a page refers to, and what it says."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.text = ""
        self.feed(html)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value for name, value in attrs if name in ("src", "href", "poster") and value]

    @override
    def handle_data(self, data: str) -> None:
        self.text += data


def demo(folder: Path) -> tuple[str, str]:
    """Runs the demo into a folder, in a process without key, configuration and terminal; gives stdout and stderr."""
    script = "import sys; from anymedia.cli import main; sys.exit(main())"
    ended = subprocess.run(
        [sys.executable, "-c", script, "demo", "--out", str(folder / "made"), "--speed", _FAST],
        capture_output=True,
        check=True,
        cwd=folder,
        encoding="utf-8",
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "COLUMNS": "80"},
    )
    return ended.stdout, ended.stderr


@dataclass(frozen=True)
class Made:
    """What a demo said, and the folder it wrote to."""

    folder: Path
    out: str
    err: str


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """One run of the demo, for all tests of this module."""
    folder = tmp_path_factory.mktemp("demo")
    return Made(folder / "made", *demo(folder))


def picture_size(path: Path) -> tuple[int, int]:
    """Width and height of a PNG that decodes whole."""
    with Image.open(io.BytesIO(path.read_bytes())) as picture:
        picture.load()
        assert picture.format == "PNG"
        return picture.size


def test_the_demo_makes_files_that_open_and_a_page_that_shows_them(made: Made) -> None:
    """Picture, film and poster of each provider decode at the sizes asked for; stdout names them, the page shows them."""
    folder = made.folder
    expected = [folder / provider / name for provider in PROVIDERS for name in FILES]
    assert sorted(map(Path, made.out.splitlines())) == sorted([*expected, folder / "index.html"])
    for provider in PROVIDERS:
        width, height = picture_size(folder / provider / "picture.png")
        assert width / height == pytest.approx(16 / 9, rel=0.03)
        assert picture_size(folder / provider / "poster.png") == (2 * width, 2 * height)
        with av.open(folder / provider / "film.mp4") as film:
            frames = sum(1 for _ in film.decode(video=0))
            stream = film.streams.video[0]
            assert frames / float(stream.average_rate or 1) == pytest.approx(5, abs=0.1)
            assert stream.width / stream.height == pytest.approx(16 / 9, rel=0.03)
        for operation in ("text_to_image", "image_to_video", "upscale_image"):
            assert f"{provider} {operation}: succeeded" in made.err.splitlines()


def test_the_page_is_self_contained(made: Made) -> None:
    """Every link leads to a file beside it or is embedded; prompt, provider, model, cost, seed and size are told."""
    folder = made.folder
    html = (folder / "index.html").read_text(encoding="utf-8")
    page = Page(html)
    embedded = [link for link in page.links if link.startswith("data:image/jpeg;base64,")]
    files = {folder / link for link in page.links if link not in embedded}
    assert len(embedded) == len(PROVIDERS)
    assert files == {folder / provider / name for provider in PROVIDERS for name in FILES}
    assert all(file.is_file() for file in files)
    assert not re.search(r"https?://|@import|<script", html)
    for words in ("a lighthouse at dusk", "waves roll in", *PROVIDERS, "gen4_image", "credits ($0.", "seed", "5 s"):
        assert words in page.text
    assert "{picture" not in page.text
    assert "def make_film(client: MediaClient" in page.text


def test_the_demo_runs_again(made: Made, capfd: pytest.CaptureFixture[str]) -> None:
    """A second run replaces the files of the first, leaves everything else alone, and says so."""
    mine = made.folder / "runway" / "mine.txt"
    mine.write_text("not the demo's")
    capfd.readouterr()
    assert main(["demo", "--out", str(made.folder), "--speed", _FAST]) == 0
    out, err = capfd.readouterr()
    assert out == made.out
    assert "the files of an earlier demo were replaced" in err
    everything = {path for path in made.folder.rglob("*") if path.is_file()}
    assert everything == {*map(Path, out.splitlines()), mine}


@pytest.mark.parametrize("kind", [RunwareEmulator, RunwayEmulator])
def test_the_lines_pay_for_three_tasks(kind: type[Emulator], tmp_path: Path) -> None:
    """The dozen lines start, pay for and fetch exactly one picture, one film and one poster, at either provider."""
    emulator = kind(speed=1000)
    with (
        Hosted(emulator) as endpoint,
        MediaClient(
            kind.name, base_url=endpoint.base_url, api_key=endpoint.api_key, poll_interval=0.02, emulate=False
        ) as client,
    ):
        shots = make_film(client, tmp_path, lambda task: task.result())
    assert [shot.file.name for shot in shots] == ["picture.png", "film.mp4", "poster.png"]
    assert (emulator.ledger.accepted, emulator.ledger.delivered) == (3, 3)
    assert all(entry.charged > 0 for entry in emulator.ledger.entries.values())
