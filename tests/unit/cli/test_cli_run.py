"""`anymedia run`: every operation by its name, with all that its request takes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from anymedia.requests import OPERATIONS
from anymedia.testing import render
from anymedia.testing.emulator import Emulator

Command = Callable[..., Any]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_is_a_command_that_explains_itself(anymedia: Command, operation: str) -> None:
    """Each field of the request stands in the help, the needed ones as arguments."""
    answer = anymedia("run", operation.replace("_", "-"), "--help")
    assert answer.code == 0
    fields = OPERATIONS[operation].model_fields
    for name in set(fields) - {"provider", "provider_options", "metadata", "messages"}:
        shown = name.upper() if fields[name].is_required() else f"--{name.replace('_', '-')}"
        assert shown in answer.out, name


def test_the_list_of_operations_is_not_cut_short(anymedia: Command) -> None:
    """Each line of the list is a whole sentence."""
    words = " ".join(anymedia("run", "--help").out.split())
    for kind in OPERATIONS.values():
        assert f"{kind.operation.replace('_', '-')} {(kind.__doc__ or '').splitlines()[0]}" in words


def test_a_text_is_shown_once_whether_streamed_or_not(anymedia: Command, config: Path) -> None:
    """`--stream` writes the answer as it comes, and the same answer as without; JSON stays JSON."""
    ask = ("run", "generate-text", "Why is the sea salty?", "--seed", "1", "--provider", "runware", "--config", config)
    plain, streamed, data = anymedia(*ask), anymedia(*ask, "--stream"), anymedia(*ask, "--stream", "--json")
    assert (plain.code, streamed.code, data.code) == (0, 0, 0), plain.err + streamed.err + data.err
    assert plain.out == streamed.out != ""
    assert json.loads(data.out)["texts"] == [plain.out.removesuffix("\n")]


@pytest.mark.parametrize("provider", ["runway", "runware"])
def test_arguments_and_options_reach_the_request(anymedia: Command, config: Path, provider: str) -> None:
    """Files, numbers and lists arrive as the request wants them; the output is what was asked for."""
    Path("cat.png").write_bytes(render.image("a cat", seed=1, width=512, height=512, format="png"))
    answer = anymedia(
        "run", "image-to-image", "a dog", "cat.png", "--provider", provider, "--config", config, "--seed", "3",
        "--aspect-ratio", "1:1", "-o", "dog.png",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    (file,) = (Path(line) for line in answer.out.splitlines())
    with Image.open(file) as picture:
        assert picture.width == picture.height


def test_a_call_of_the_vendors_own_takes_json(anymedia: Command, config: Path, emulators: dict[str, Emulator]) -> None:
    """`native` sends a body as it stands; options of the provider's own are added to it."""
    body = json.dumps({"model": "gen4_image", "promptText": "rain", "ratio": "1024:1024"})
    answer = anymedia(
        "run", "native", "POST /v1/text_to_image", "--payload", body, "--config", config, "--option", "seed=7",
        "--option", 'contentModeration={"publicFigureThreshold": "low"}', "-o", "rain.png",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    assert emulators["runway"].ledger.accepted == 1
    assert answer.out.splitlines() == ["rain.png"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["native", "POST /v1/text_to_image", "--payload", "{"], "payload is not JSON"),
        (["text-to-image", "rain", "--option", "seed"], "NAME=VALUE"),
        (["text-to-image"], "PROMPT"),
        (["text-to-smell", "x"], "text-to-smell"),
        (["image-to-image", "a dog", "missing.png"], "missing.png"),
    ],
)
def test_what_cannot_work_is_told_before_anything_is_sent(
    anymedia: Command, config: Path, emulators: dict[str, Emulator], arguments: list[str], told: str
) -> None:
    """Exit code 2, one line that names what is wrong, and an untouched ledger."""
    place = ["--config", config] if len(arguments) > 1 else []
    answer = anymedia("run", *arguments, *place)
    assert answer.code == 2
    assert told in answer.err
    assert all(emulator.ledger.accepted == 0 for emulator in emulators.values())
