"""What every example needs: a folder with small inputs, and emulators that its configuration names."""

import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from anymedia.testing import Emulator, ManualClock
from anymedia.testing.render import image

sys.path.insert(0, str(Path(__file__).parent))  # for the module beside this file

from example_runs import EMULATORS

PLACES = {
    "runware": ("RUNWARE_BASE_URL", "RUNWARE_API_KEY"),
    "runway": ("RUNWAYML_BASE_URL", "RUNWAYML_API_SECRET"),
}


@pytest.fixture(params=["", "_async"], ids=["sync", "async"])
def twin(request: pytest.FixtureRequest) -> str:
    """The end of an example's name: most are there for both worlds."""
    ending: str = request.param
    return ending


@pytest.fixture(params=["runware", "runway"])
def provider(request: pytest.FixtureRequest) -> str:
    """Who answers."""
    name: str = request.param
    return name


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder: a few small inputs."""
    place = tmp_path / "user"
    (place / "photos").mkdir(parents=True)
    cat = image("a cat", seed=1, width=320, height=240, format="jpg")
    for name in ("cat.jpg", "portrait.jpg", "photos/a.jpg", "photos/b.jpg", "photos/c.jpg"):
        (place / name).write_bytes(cat)
    (place / "photos" / "notes.txt").write_text("no picture")
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def choose(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Write the configuration that names an emulator's provider, and say where that listens."""

    def choose(emulator: Emulator, base_url: str | None = None, **settings: float) -> None:
        table = "".join(f"{name} = {value}\n" for name, value in {"poll_interval": 0.02, **settings}.items())
        chosen = f'provider = "{emulator.name}"\n\n[providers.{emulator.name}]\n{table}'
        (folder / "anymedia.toml").write_text(chosen)
        address, key = PLACES[emulator.name]
        monkeypatch.setenv(address, base_url or emulator.endpoint.base_url)
        monkeypatch.setenv(key, emulator.api_key)

    return choose


@pytest.fixture
async def emulator(provider: str, choose: Callable[..., None]) -> AsyncIterator[Emulator]:
    """The provider's emulator, a thousand times faster than life, and chosen."""
    async with EMULATORS[provider](speed=1000) as running:
        choose(running)
        yield running


@pytest.fixture
def clock() -> ManualClock:
    """Stands still until a test moves it."""
    return ManualClock()


@pytest.fixture
async def waiting(provider: str, clock: ManualClock, choose: Callable[..., None]) -> AsyncIterator[Emulator]:
    """The provider's emulator on the clock that a test moves, and chosen."""
    async with EMULATORS[provider](clock=clock) as running:
        choose(running)
        yield running
