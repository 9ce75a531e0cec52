"""What is wrong with a command line, a file or a setting is told before anything is sent."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from anymedia.media import MAX_BYTES
from anymedia.testing import render
from anymedia.testing.emulator import Emulator

Command = Callable[..., Any]

BAD_INPUT = {
    "unknown command": (["vidoe", "x"], "video"),
    "unknown option": (["image", "x", "--lenght", "5"], "--lenght"),
    "no prompt": (["image"], "PROMPT"),
    "empty prompt": (["image", ""], "prompt"),
    "unknown provider": (["image", "x", "--provider", "runwy"], "did you mean 'runway'"),
    "unknown model": (["image", "x", "--model", "gen4_imag"], "gen4_image"),
    "model of another kind": (["image", "x", "--model", "gen4.5"], "text_to_image"),
    "size in words": (["image", "x", "--size", "big"], "1280x720"),
    "impossible size": (["image", "x", "--size", "1281x721"], "nearest that works"),
    "two ways to say size": (["image", "x", "--size", "1280x720", "--aspect-ratio", "16:9"], "either"),
    "impossible ratio": (["image", "x", "--aspect-ratio", "16/9"], "16:9"),
    "negative count": (["image", "x", "--count", "-1"], "count"),
    "negative duration": (["video", "x", "--duration", "-5"], "duration"),
    "duration in words": (["video", "x", "--duration", "long"], "--duration"),
    "impossible duration": (["video", "x", "--duration", "3600"], "nearest that works"),
    "negative timeout": (["image", "x", "--timeout", "-1"], "--timeout"),
    "prompt over the limit": (["image", "x" * 5000], "prompt"),
    "no such file": (["video", "x", "--image", "missing.png"], "missing.png"),
    "a folder": (["video", "x", "--image", "folder"], "folder"),
    "an empty file": (["video", "x", "--image", "empty.png"], "is empty"),
    "a file of the wrong kind": (["video", "x", "--image", "film.mp4"], "image"),
    "a file of no kind": (["video", "x", "--image", "notes.txt"], "no known media type"),
    "an oversized file": (["video", "x", "--image", "huge.png"], "at most"),
    "upscale: no such file": (["upscale", "missing.png"], "missing.png"),
    "upscale: a folder": (["upscale", "folder"], "folder"),
    "upscale: text": (["upscale", "notes.txt"], "image or video"),
    "upscale: a setting of videos for an image": (["upscale", "picture.png", "--fps", "60"], "fps"),
    "a file in the way of the outputs": (["image", "x", "--out", "notes.txt/new.png"], "notes.txt"),
    "no such configuration": (["image", "x", "--config", "missing.toml"], "missing.toml"),
    "configuration with a typo": (["image", "x", "--config", "typo.toml"], "did you mean 'provider'"),
    "configuration that is not TOML": (["image", "x", "--config", "notes.txt"], "not valid TOML"),
    "not a reference": (["tasks", "wait", "12345"], "anymedia+runway://"),
    "no task and no request": (["tasks", "show", "12345"], "anymedia+runway://"),
    "nothing to forget": (["tasks", "forget", "anymedia+runway://1?op=text_to_image&model=m"], "does not know"),
    "fallback to an unknown provider": (["image", "x", "--fallback", "runwy"], "did you mean 'runway'"),
    "reference of an unknown provider": (["tasks", "wait", "anymedia+nobody://1?op=text_to_image&model=m"], "nobody"),
    "models of an unknown provider": (["models", "--provider", "runwy"], "did you mean 'runway'"),
    "models for an unknown operation": (["models", "--operation", "text-to-smell"], "text-to-smell"),
    "emulator of nobody": (["emulate", "nobody"], "nobody"),
    "demo into a file": (["demo", "--out", "notes.txt"], "notes.txt"),
}


@pytest.fixture
def inputs(anymedia: Command) -> None:
    """Files of every unfortunate kind in the current folder."""
    Path("folder").mkdir()
    Path("empty.png").touch()
    Path("notes.txt").write_text("not a picture")
    Path("typo.toml").write_text('providr = "runway"')
    Path("picture.png").write_bytes(render.image("a cat", seed=1, width=400, height=300))
    Path("film.mp4").write_bytes(render.video("a cat", seed=1, width=320, height=240, duration=0.5))
    with Path("huge.png").open("wb") as file:
        file.write(Path("picture.png").read_bytes())
        file.truncate(MAX_BYTES + 1)


@pytest.mark.usefixtures("inputs")
@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_is_exit_code_2_and_nothing_is_sent(
    anymedia: Command, config: Path, emulators: dict[str, Emulator], case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One clear line that names what works, no output, no traceback, and a provider that never heard of it."""
    monkeypatch.setenv("ANYMEDIA_CONFIG", str(config))
    arguments, hint = BAD_INPUT[case]
    answer = anymedia(*arguments)
    assert (answer.code, answer.out) == (2, "")
    assert [line for line in answer.err.splitlines() if line.startswith("error: ")] == answer.err.splitlines()[:1]
    assert "Traceback" not in answer.err
    assert hint in answer.err
    assert not any(emulator.ledger.requests or emulator.ledger.entries for emulator in emulators.values())


def test_no_provider_says_what_to_type(anymedia: Command) -> None:
    """A newcomer without any configuration learns both ways on."""
    answer = anymedia("image", "x")
    assert answer.code == 2
    assert "--provider runway" in answer.err
    assert "--emulate" in answer.err


def test_no_key_says_where_it_belongs(anymedia: Command) -> None:
    """The variable's name, and the way to do without."""
    answer = anymedia("image", "x", "--provider", "runware")
    assert answer.code == 2
    assert "RUNWARE_API_KEY" in answer.err
    assert "--emulate" in answer.err
