"""The command line as a function, and emulators that it reaches through a configuration file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from anymedia.cli import main
from anymedia.testing.emulator import Emulator
from anymedia.testing.hosting import Hosted
from anymedia_runware.emulator import RunwareEmulator
from anymedia_runway.emulator import RunwayEmulator


@dataclass(frozen=True)
class Answer:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


Command = Callable[..., Answer]


@pytest.fixture
def anymedia(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs a command line in an empty folder."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def run(*arguments: object) -> Answer:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        return Answer(code, *capfd.readouterr())

    return run


@pytest.fixture
def emulators() -> Iterator[dict[str, Emulator]]:
    """Both emulators, a thousand times faster than life, each with an `endpoint`."""
    runway, runware = RunwayEmulator(speed=1000), RunwareEmulator(speed=1000)
    with Hosted(runway) as runway.endpoint, Hosted(runware) as runware.endpoint:
        yield {"runway": runway, "runware": runware}


@pytest.fixture
def config(emulators: dict[str, Emulator], tmp_path: Path) -> Path:
    """A configuration file that leads to both emulators, with Runway as the default."""
    lines = ['provider = "runway"']
    for name, emulator in emulators.items():
        lines += [
            f"[providers.{name}]",
            f'base_url = "{emulator.endpoint.base_url}"',
            f'api_key = "{emulator.endpoint.api_key}"',
            "poll_interval = 0.02",
        ]
    path = tmp_path / "both.toml"
    path.write_text("\n".join(lines))
    return path
