"""The examples about a provider's account, and what lives in it."""

import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from zipfile import ZipFile

import pytest
from example_runs import facts, play

from anymedia_runware.emulator import RunwareEmulator
from anymedia_runway.emulator import RunwayEmulator


async def test_runware_account(twin: str, runware_emulator: RunwareEmulator, choose: Callable[..., None]) -> None:
    """Balance, search, an upload used twice and a past task: only the two upscales are paid for."""
    choose(runware_emulator)
    left, found, pictures, asked = await play(f"runware_account{twin}")
    assert left == "left: 1000.0"
    assert re.fullmatch(r"\d+ models, first of all \S+:\S+@\S+", found)
    assert pictures == "2 pictures of one upload"
    assert asked == "asked: upscale"
    assert runware_emulator.ledger.accepted == 2


@pytest.fixture
async def account(choose: Callable[..., None]) -> AsyncIterator[RunwayEmulator]:
    """Runway, chosen, and slow enough for a session to be joined before its key dies."""
    async with RunwayEmulator(speed=100) as running:
        choose(running)
        yield running


async def test_runway_account(twin: str, account: RunwayEmulator) -> None:
    """One upload serves two pictures, and what the organisation has used is what was charged."""
    credits_, dawn, dusk, used = await play(f"runway_account{twin}")
    assert credits_ == "credits 100000"
    assert facts(dawn).media_type == facts(dusk).media_type == "image/png"
    assert account.ledger.requests.count("POST /v1/uploads") == 1
    assert used.endswith(f" gen4_image {account.ledger.charged}")


async def test_runway_avatar(twin: str, account: RunwayEmulator) -> None:
    """An avatar is made and waited for, its session joined and ended, and the one paid task is the session."""
    made, join, talk = await play(f"runway_avatar{twin}")
    assert made == "Nora PROCESSING -> READY"
    assert join.startswith("join wss://")
    assert talk == "Conversation with Nora ended"
    assert [entry.kind for entry in account.ledger.entries.values()] == ["realtime_sessions"]


async def test_train_model(
    twin: str, runware_emulator: RunwareEmulator, choose: Callable[..., None], folder: Path
) -> None:
    """A model is trained under the wanted name, and the next picture is made with it."""
    choose(runware_emulator)
    with ZipFile(folder / "drawings.zip", "w") as drawings:
        for name in ("a.jpg", "b.jpg", "c.jpg"):
            drawings.write(folder / "photos" / name, name)
    trained, saved = await play(f"train_model{twin}")
    assert trained == "trained acme:900@1"
    assert facts(saved).media_type.startswith("image/")
    assert runware_emulator.ledger.accepted == 2
