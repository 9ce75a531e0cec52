"""The examples that make texts, speech, music and sounds."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from example_runs import facts, play

from anymedia.testing import Emulator
from anymedia.testing.render import audio, video
from anymedia_runware.emulator import RunwareEmulator
from anymedia_runway.emulator import RunwayEmulator


async def test_stream_text(twin: str, runware_emulator: RunwareEmulator, choose: Callable[..., None]) -> None:
    """What was shown piece by piece is the whole answer, paid once."""
    choose(runware_emulator)
    *shown, count = await play(f"stream_text{twin}")
    assert count.startswith(f"{len(chr(10).join(shown))} characters for $")
    assert runware_emulator.ledger.accepted == 1


async def test_caption(twin: str, runware_emulator: RunwareEmulator, choose: Callable[..., None]) -> None:
    """The words for a picture are made richer, and the richer ones become a picture."""
    choose(runware_emulator)
    seen, richer, saved = await play(f"caption{twin}")
    words = seen.removeprefix("seen: ")
    assert "320 by 240" in words
    assert len(richer.removeprefix("richer: ")) > len(words)
    assert facts(saved).media_type.startswith("image/")
    assert runware_emulator.ledger.accepted == 3


async def test_generate_text(twin: str, runware_emulator: RunwareEmulator, choose: Callable[..., None]) -> None:
    """A conversation is answered, and a question about a picture in exactly the wanted form."""
    choose(runware_emulator)
    *slogan, about = await play(f"generate_text{twin}")
    assert any(slogan)
    assert re.fullmatch(r"title='.*' tags=\[.*\]", about)
    assert runware_emulator.ledger.accepted == 2


async def test_speech_and_sound(twin: str, emulator: Emulator) -> None:
    """Either provider speaks, and makes a sound of the wanted length; each is paid once."""
    speech, waves = map(facts, await play(f"speech_and_sound{twin}"))
    assert speech.media_type.startswith("audio/")
    assert speech.duration
    assert waves.duration == pytest.approx(4, abs=0.3)
    assert emulator.ledger.accepted == 2


async def test_sound_for_a_film(
    twin: str, runware_emulator: RunwareEmulator, choose: Callable[..., None], folder: Path
) -> None:
    """Music of the wanted length, and a sound as long as the film."""
    choose(runware_emulator)
    (folder / "clip.mp4").write_bytes(video("waves", seed=1, width=320, height=180, duration=3))
    music, sound = map(facts, await play(f"sound_for_a_film{twin}"))
    assert music.duration == pytest.approx(20, abs=0.3)
    assert sound.duration == pytest.approx(3, abs=0.3)
    assert runware_emulator.ledger.accepted == 2


async def test_voices(twin: str, runway_emulator: RunwayEmulator, choose: Callable[..., None], folder: Path) -> None:
    """Cleaned, dubbed and spoken by somebody else, a recording stays as long as it was."""
    choose(runway_emulator)
    (folder / "interview.mp3").write_bytes(audio("an interview", seed=1, duration=6, format="mp3"))
    lengths = [facts(line).duration for line in await play(f"voices{twin}")]
    assert lengths == [pytest.approx(6, abs=0.3)] * 3
    assert runway_emulator.ledger.accepted == 3
