"""The examples that make pictures and films."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from example_runs import CROSSWISE, accepted, facts, play

from anymedia.testing import Emulator, ManualClock
from anymedia.testing.render import read_model, video
from anymedia_runware.emulator import RunwareEmulator


async def test_text_to_image(twin: str, provider: str, emulator: Emulator) -> None:
    """A picture of the wanted shape is on disk, and what the example says it cost is what was charged."""
    bill, saved = await play(f"text_to_image{twin}")
    seen = facts(saved)
    assert seen.width
    assert seen.height
    assert seen.width / seen.height == pytest.approx(16 / 9, rel=0.05)
    assert bill.startswith(f"{provider} ")
    assert f"{emulator.ledger.charged:f}" in bill
    assert (emulator.ledger.accepted, emulator.ledger.delivered) == (1, 1)


@CROSSWISE
async def test_image_to_video(twin: str, emulator: Emulator) -> None:
    """One call gives a film of the wanted length, and no sign of how it was submitted, followed and fetched."""
    _, saved = await play(f"image_to_video{twin}")
    seen = facts(saved)
    assert seen.media_type == "video/mp4"
    assert seen.duration == pytest.approx(5, abs=0.2)
    assert emulator.ledger.accepted == 1


@CROSSWISE
async def test_character_performance(twin: str, emulator: Emulator, folder: Path) -> None:
    """A picture and a performer's film become a film as long as the performance."""
    (folder / "performer.mp4").write_bytes(video("a dancer", seed=1, width=320, height=180, duration=3))
    (saved,) = await play(f"character_performance{twin}")
    assert facts(saved).duration == pytest.approx(3, abs=0.3)
    assert emulator.ledger.accepted == 1


@CROSSWISE
async def test_upscale_video(twin: str, emulator: Emulator, folder: Path) -> None:
    """A small film becomes a larger one of the same length."""
    (folder / "clip.mp4").write_bytes(video("waves", seed=1, width=320, height=180, duration=1))
    (saved,) = await play(f"upscale_video{twin}")
    seen = facts(saved)
    assert seen.width
    assert seen.width > 320
    assert seen.duration == pytest.approx(1, abs=0.2)
    assert emulator.ledger.accepted == 1


async def test_gather(waiting: Emulator, clock: ManualClock) -> None:
    """Pictures and films are all under way before the first is ready."""
    playing = asyncio.create_task(play("gather"))
    await accepted(waiting, 6)
    assert all(entry.state == "accepted" for entry in waiting.ledger.entries.values())
    await clock.advance(60)
    lines = await playing
    assert len({url for line in lines for url in line.split()[-2:]}) == 6
    assert waiting.ledger.accepted == 6


async def test_map_prompts(twin: str, waiting: Emulator, clock: ManualClock) -> None:
    """Four are under way at once and no more, and each of the six is told once."""
    ledger, started = waiting.ledger, list[int]()
    ledger.subscribe(lambda event: started.append(ledger.accepted) if event.name == "finished" else None)
    playing = asyncio.create_task(play(f"map_prompts{twin}"))
    await accepted(waiting, 4)
    await clock.advance(60)
    await accepted(waiting, 6)
    await clock.advance(60)
    lines = await playing
    assert started[0] == 4
    assert sorted(line.split()[0] for line in lines) == ["cat", "dog", "fox", "hare", "owl", "seal"]
    assert all("http://127.0.0.1" in line for line in lines)
    assert waiting.ledger.accepted == 6


async def test_upscale_and_cut_out(twin: str, runware_emulator: RunwareEmulator, choose: Callable[..., None]) -> None:
    """A local picture comes back twice as large, and with a transparent background."""
    choose(runware_emulator)
    large, cut_out = map(facts, await play(f"upscale_and_cut_out{twin}"))
    assert (large.width, large.height) == (640, 480)
    assert (cut_out.width, cut_out.height, cut_out.alpha) == (320, 240, True)
    assert runware_emulator.ledger.accepted == 2


async def test_folder(twin: str, runware_emulator: RunwareEmulator, choose: Callable[..., None]) -> None:
    """All pictures of a folder are worked on; the text among them is named with the reason, and costs nothing."""
    choose(runware_emulator)
    lines = sorted(await play(f"folder{twin}"))
    assert [facts(line).alpha for line in lines[:3]] == [True] * 3
    assert [Path(line).name for line in lines[:3]] == ["a.png", "b.png", "c.png"]
    assert lines[3].startswith("skipped photos/notes.txt ")
    assert len(lines) == 4
    assert runware_emulator.ledger.accepted == 3


async def test_masks_and_guides(twin: str, runware_emulator: RunwareEmulator, choose: Callable[..., None]) -> None:
    """A mask and a guide as large as the picture, and what was made with each; four tasks are paid."""
    choose(runware_emulator)
    mask, smiling, edges, statue = map(facts, await play(f"masks_and_guides{twin}"))
    assert (mask.width, mask.height) == (edges.width, edges.height) == (320, 240)
    assert smiling.media_type.startswith("image/")
    assert statue.media_type.startswith("image/")
    assert runware_emulator.ledger.accepted == 4


async def test_shapes(twin: str, runware_emulator: RunwareEmulator, choose: Callable[..., None]) -> None:
    """A picture becomes a drawing that stays sharp, and a shape; a few words become another shape."""
    choose(runware_emulator)
    drawing, cat, chair = (Path(line.removeprefix("saved ")) for line in await play(f"shapes{twin}"))
    root = ET.parse(drawing).getroot()
    assert root.tag.endswith("svg")
    assert (root.get("width"), root.get("height")) == ("320", "240")
    assert read_model(cat.read_bytes()) != read_model(chair.read_bytes())
    assert runware_emulator.ledger.accepted == 3
