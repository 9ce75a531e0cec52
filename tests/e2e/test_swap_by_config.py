"""One app under two configurations that differ in one line: the code stays, the provider changes."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from anymedia import AsyncMediaClient, MediaClient
from anymedia.media import kind_of
from anymedia.testing import Emulator
from anymedia.testing.hosting import Hosted
from anymedia.testing.render import probe
from anymedia_runware.emulator import RunwareEmulator
from anymedia_runway.emulator import RunwayEmulator

_CONFIGURATION = """
provider = "{provider}"

[providers.runway]
api_key = "{runway_key}"
base_url = "{runway}"
poll_interval = 0.02

[providers.runware]
api_key = "{runware_key}"
base_url = "{runware}"
poll_interval = 0.02
"""


def app(folder: Path) -> list[Path]:
    """A picture, a film that starts from it, and a larger version of it."""
    with MediaClient.from_config() as client:
        picture = client.text_to_image(prompt="a lighthouse at dusk", aspect_ratio="16:9", seed=7)
        film = client.image_to_video(image=picture.output, prompt="waves roll in", duration=3)
        large = client.upscale_image(image=picture.output, factor=2)
        return [*picture.save(folder / "picture"), *film.save(folder / "film"), *large.save(folder / "large")]


def async_app(folder: Path) -> list[Path]:
    """The same with the asynchronous client."""

    async def make() -> list[Path]:
        async with AsyncMediaClient.from_config() as client:
            picture = await client.text_to_image(prompt="a lighthouse at dusk", aspect_ratio="16:9", seed=7)
            film, large = await asyncio.gather(
                client.image_to_video(image=picture.output, prompt="waves roll in", duration=3),
                client.upscale_image(image=picture.output, factor=2),
            )
            saved = [await picture.asave(folder / "picture"), await film.asave(folder / "film")]
            return [path for paths in [*saved, await large.asave(folder / "large")] for path in paths]

    return asyncio.run(make())


@pytest.fixture(scope="module")
def emulators() -> Iterator[dict[str, Emulator]]:
    """Both vendors, far faster than life."""
    runway, runware = RunwayEmulator(speed=1000), RunwareEmulator(speed=1000)
    with Hosted(runway) as runway.endpoint, Hosted(runware) as runware.endpoint:
        yield {"runway": runway, "runware": runware}


def configuration(provider: str, emulators: dict[str, Emulator]) -> str:
    """The app's `anymedia.toml`."""
    endpoints = {name: emulator.endpoint for name, emulator in emulators.items()}
    keys = {f"{name}_key": endpoint.api_key for name, endpoint in endpoints.items()}
    urls = {name: endpoint.base_url for name, endpoint in endpoints.items()}
    return _CONFIGURATION.format(provider=provider, **keys, **urls)


def test_the_configurations_differ_in_one_line(emulators: dict[str, Emulator]) -> None:
    """The line that names the provider is the whole difference."""
    one, other = (configuration(provider, emulators).splitlines() for provider in ("runway", "runware"))
    different = [pair for pair in zip(one, other, strict=True) if pair[0] != pair[1]]
    assert different == [('provider = "runway"', 'provider = "runware"')]


@pytest.mark.parametrize("run", [app, async_app])
@pytest.mark.parametrize("provider", ["runway", "runware"])
def test_the_app_runs_under_either(
    provider: str,
    run: Callable[[Path], list[Path]],
    emulators: dict[str, Emulator],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Three tasks at the provider that is named and none at the other, and files that really are what they should be."""
    (tmp_path / "anymedia.toml").write_text(configuration(provider, emulators), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    before = {name: emulator.ledger.accepted for name, emulator in emulators.items()}
    saved = run(tmp_path / "made")
    started = {name: emulator.ledger.accepted - before[name] for name, emulator in emulators.items()}
    assert started == {"runway": 0, "runware": 0} | {provider: 3}
    picture, film, large = (probe(path.read_bytes()) for path in saved)
    kinds = [kind_of(facts.media_type) for facts in (picture, film, large)]
    assert kinds == ["image", "video", "image"]
    assert (large.width, large.height) == (2 * picture.width, 2 * picture.height)
    assert picture.width / picture.height == pytest.approx(16 / 9, rel=0.03)
    assert film.width / film.height == pytest.approx(16 / 9, rel=0.03)
    assert film.duration == pytest.approx(3, abs=0.2)
