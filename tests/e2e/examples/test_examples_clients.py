"""The examples about clients: keys, connections, settings, and who answers."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from example_runs import EMULATORS, EXAMPLES, example, facts, play, started

from anymedia import TaskTimeoutError
from anymedia.testing import Emulator, FaultProxy
from anymedia.testing.hosting import shared
from anymedia_runware.emulator import RunwareEmulator
from anymedia_runway.emulator import RunwayEmulator


async def test_keys_and_endpoints(
    twin: str, runware_emulator: RunwareEmulator, choose: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key is found in the environment or taken as an argument, and goes to the endpoint it was given for."""
    choose(runware_emulator)
    async with RunwareEmulator(speed=1000, api_key="the-key-of-the-team-0123456789ab") as gateway:
        monkeypatch.setenv("TEAM_KEY", gateway.api_key)
        monkeypatch.setenv("TEAM_GATEWAY", gateway.endpoint.base_url)
        own, teams = await play(f"key_and_endpoint{twin}")
        assert urlsplit(own).netloc == urlsplit(runware_emulator.endpoint.base_url).netloc
        assert urlsplit(teams).netloc == urlsplit(gateway.endpoint.base_url).netloc
        assert (runware_emulator.ledger.accepted, gateway.ledger.accepted) == (1, 1)


async def test_reconnect(twin: str, emulator: Emulator, choose: Callable[..., None]) -> None:
    """One client connects once for several calls, and again by itself after the connection was cut between two."""
    proxy = FaultProxy(emulator.endpoint.base_url, emulator.ledger)
    choose(emulator, await proxy.start())
    try:
        async with started(example(f"reconnect{twin}")) as running:
            files, connections = [], []
            for prompt in ("a cat", "a dog", "an owl"):
                running.type(prompt)
                files.append(await running.line())
                connections.append(proxy.connections)
                if prompt == "a dog":
                    proxy.cut()
                    await asyncio.sleep(0)  # the proxy acts when the loop comes round
            rest = await running.end()
            assert running.code == 0, "\n".join([*files, *rest])
    finally:
        await proxy.aclose()
    assert [facts(file).media_type.partition("/")[0] for file in files] == ["image"] * 3
    assert connections[0] == connections[1] < connections[2]
    assert emulator.ledger.accepted == 3


async def test_timeouts_and_retries(twin: str, runware_emulator: RunwareEmulator, choose: Callable[..., None]) -> None:
    """A client told to try four times more gets its result although the provider refuses thrice, and pays once."""
    choose(runware_emulator)
    runware_emulator.faults.add("throttle", times=3)
    picture, film = await play(f"timeouts_and_retries{twin}")
    assert picture != film
    assert runware_emulator.ledger.requests.count("imageInference") == 4
    assert runware_emulator.ledger.accepted == 2


async def test_settings_in_the_file(emulator: Emulator, choose: Callable[..., None]) -> None:
    """The same settings in the file: refused three times, paid once; and nobody waits longer than they said."""
    choose(emulator, retries=4, retry_delay=0.1)
    emulator.faults.add("throttle", times=3)
    assert len(await play("text_to_image")) == 2
    assert emulator.ledger.accepted == 1
    choose(emulator, timeout=0.1)
    emulator.faults.add("stick")
    with pytest.raises(TaskTimeoutError):
        await play("text_to_image")
    assert emulator.ledger.accepted == 2


async def test_fallback(
    twin: str, runway_emulator: RunwayEmulator, runware_emulator: RunwareEmulator, choose: Callable[..., None]
) -> None:
    """A provider that refuses is passed over, and the result says so."""
    choose(runware_emulator)
    choose(runway_emulator)
    runway_emulator.faults.add("no_credits")
    made, notice = await play(f"fallback{twin}")
    assert made.startswith("runware http://127.0.0.1")
    assert notice.startswith("fell_back runway: refused ")
    assert (runway_emulator.ledger.accepted, runware_emulator.ledger.accepted) == (0, 1)


async def test_swap(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One app makes a picture and a film of it under either configuration; the files differ in one line."""
    monkeypatch.setenv("ANYMEDIA_EMULATE", "1")
    files = [EXAMPLES / "swap" / f"{name}.toml" for name in EMULATORS]
    one, other = (file.read_text().splitlines() for file in files)
    assert [pair for pair in zip(one, other, strict=True) if pair[0] != pair[1]] == [
        ('provider = "runware"', 'provider = "runway"')
    ]
    for name, file in zip(EMULATORS, files, strict=True):
        shared(EMULATORS[name], speed=1000)
        picture, film = await play("swap/app", str(file))
        assert picture.startswith(f"{name} ")
        assert facts(picture.split()[-1]).media_type.startswith("image/")
        assert facts(film.split()[-1]).media_type == "video/mp4"
