"""`anymedia image`, `video` and `upscale`, from the options to files on disk."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from anymedia import TaskRef
from anymedia.media import sniff
from anymedia.testing import render
from anymedia.testing.emulator import Emulator

Command = Callable[..., Any]
PROVIDERS = ("runway", "runware")


def files_of(answer: Any) -> list[Path]:
    """What stdout names."""
    return [Path(line) for line in answer.out.splitlines()]


def ref_of(answer: Any) -> TaskRef:
    """The reference that stderr names."""
    line = next(line for line in answer.err.splitlines() if line.startswith("task: "))
    return TaskRef.parse(line.removeprefix("task: "))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_image_writes_a_picture_and_prints_its_path_only(
    anymedia: Command, config: Path, emulators: dict[str, Emulator], provider: str
) -> None:
    """One task, one file; stdout holds nothing but its path, stderr the reference and each change of state."""
    answer = anymedia("image", "a lighthouse", "--provider", provider, "--config", config, "--aspect-ratio", "16:9")
    (file,) = files_of(answer)
    assert answer.code == 0
    assert (sniff(file.read_bytes()) or "").startswith("image/")
    assert emulators[provider].ledger.accepted == 1
    assert ref_of(answer).provider == provider
    assert f"{provider} text_to_image: succeeded" in answer.err.splitlines()


def test_out_names_the_file(anymedia: Command, config: Path) -> None:
    """`--out` with a suffix is the file's name; folders on the way are made."""
    answer = anymedia("image", "a lighthouse", "--config", config, "-o", "new/folder/tower.png")
    assert files_of(answer) == [Path("new/folder/tower.png")]
    assert Path("new/folder/tower.png").is_file()


def test_json_tells_all_that_a_program_needs(anymedia: Command, config: Path) -> None:
    """`--json` prints one object: reference, model, cost, outputs and files."""
    answer = anymedia("image", "a lighthouse", "--config", config, "--json", "--seed", "3")
    told = json.loads(answer.out)
    assert TaskRef.parse(told["ref"]).id == ref_of(answer).id
    assert told["provider"] == "runway"
    assert told["cost"]["unit"] == "credits"
    assert told["outputs"][0]["kind"] == "image"
    assert all(Path(file).is_file() for file in told["files"])


@pytest.mark.parametrize("provider", PROVIDERS)
def test_video_starts_from_a_local_image(
    anymedia: Command, config: Path, emulators: dict[str, Emulator], provider: str
) -> None:
    """`--image` turns text to video into image to video."""
    Path("first.png").write_bytes(render.image("a cat", seed=1, width=1280, height=720))
    answer = anymedia("video", "the cat stretches", "--image", "first.png", "--provider", provider, "--config", config)
    (file,) = files_of(answer)
    assert render.probe(file.read_bytes()).media_type == "video/mp4"
    assert ref_of(answer).operation == "image_to_video"


def test_video_without_an_image_is_text_to_video(anymedia: Command, config: Path) -> None:
    """The options reach the request under their own names."""
    answer = anymedia("video", "waves", "--config", config, "--duration", 4, "--aspect-ratio", "9:16")
    (file,) = files_of(answer)
    facts = render.probe(file.read_bytes())
    assert facts.duration == pytest.approx(4, abs=0.2)
    assert (facts.height or 0) > (facts.width or 0)


def test_upscale_tells_images_from_videos_by_their_content(anymedia: Command, config: Path) -> None:
    """A file's first bytes decide, not its name."""
    Path("picture.dat").write_bytes(render.image("a cat", seed=1, width=400, height=300))
    Path("film.dat").write_bytes(render.video("a cat", seed=1, width=320, height=240, duration=1))
    picture = anymedia("upscale", "picture.dat", "--config", config, "--factor", 2)
    film = anymedia("upscale", "film.dat", "--config", config)
    with Image.open(io.BytesIO(files_of(picture)[0].read_bytes())) as larger:
        assert larger.size == (800, 600)
    assert ref_of(film).operation == "upscale_video"
    assert (render.probe(files_of(film)[0].read_bytes()).height or 0) > 240


@pytest.mark.parametrize("provider", PROVIDERS)
def test_dry_run_sends_nothing(anymedia: Command, config: Path, emulators: dict[str, Emulator], provider: str) -> None:
    """`--dry-run` shows call, model and estimate; the provider is not spoken to."""
    answer = anymedia("image", "a lighthouse", "--provider", provider, "--config", config, "--dry-run")
    assert answer.code == 0
    assert "call: " in answer.out
    assert "estimate: " in answer.out
    assert emulators[provider].ledger.requests == []


def test_dry_run_shows_each_part_of_the_body_as_it_goes_on_the_wire(anymedia: Command, config: Path) -> None:
    """Text stands as it is, everything else as JSON."""
    say = ("run", "text-to-speech", "hi", "--provider", "runway", "--voice", "Leslie", "--config", config, "--dry-run")
    lines = anymedia(*say).out.splitlines()
    assert "  promptText: hi" in lines
    (voice,) = [line for line in lines if line.startswith("  voice: ")]
    assert json.loads(voice.removeprefix("  voice: "))["presetId"] == "Leslie"


def test_dry_run_in_json_holds_the_body(anymedia: Command, config: Path) -> None:
    """Inputs stand in the body by name, everything else as it goes on the wire."""
    Path("first.png").write_bytes(render.image("a cat", seed=1, width=1280, height=720))
    answer = anymedia("video", "purr", "--image", "first.png", "--config", config, "--dry-run", "--json")
    plan = json.loads(answer.out)
    assert plan["call"] == "POST /v1/image_to_video"
    assert plan["body"]["promptText"] == "purr"
    assert "first.png" in json.dumps(plan["body"])


def test_notices_are_told_before_anything_is_sent(anymedia: Command, config: Path) -> None:
    """A setting that the model lacks is named, also in a dry run."""
    answer = anymedia("image", "a cat", "--config", config, "--negative-prompt", "dogs", "--dry-run")
    assert "notice: negative_prompt: " in answer.err


def test_a_failed_task_is_exit_code_1(anymedia: Command, config: Path, emulators: dict[str, Emulator]) -> None:
    """What goes wrong at the provider is one error line, no traceback, and 1."""
    emulators["runway"].faults.add("fail_task")
    answer = anymedia("image", "a cat", "--config", config)
    assert answer.code == 1
    assert sum(line.startswith("error: ") for line in answer.err.splitlines()) == 1
    assert "Traceback" not in answer.err
    assert "tasks wait" not in answer.err
    assert answer.out == ""


def test_a_missing_output_is_told_and_the_others_are_saved(
    anymedia: Command, config: Path, emulators: dict[str, Emulator]
) -> None:
    """One of two images is a result, with a line about the other."""
    emulators["runware"].faults.add("fail_one")
    answer = anymedia("image", "a cat", "--count", 2, "--provider", "runware", "--config", config)
    assert answer.code == 0
    assert len(files_of(answer)) == 1
    assert "missing output: " in answer.err


def test_a_wrong_key_is_exit_code_1(anymedia: Command, config: Path, emulators: dict[str, Emulator]) -> None:
    """Only the provider can find it out, and nothing is started."""
    emulators["runway"].faults.add("reject_key", times=None)
    answer = anymedia("image", "a cat", "--config", config)
    assert answer.code == 1
    assert answer.err.startswith("error: ")
    assert emulators["runway"].ledger.accepted == 0


def test_a_timeout_says_how_to_go_on(anymedia: Command, config: Path, emulators: dict[str, Emulator]) -> None:
    """The task outlives our patience, and its reference is all that is needed to get at it."""
    emulators["runway"].faults.add("stick")
    answer = anymedia("image", "a cat", "--config", config, "--timeout", 0.2)
    assert answer.code == 1
    assert f"anymedia tasks wait '{ref_of(answer)}'" in answer.err


def test_a_result_that_cannot_be_fetched_stays_reachable(
    anymedia: Command, config: Path, emulators: dict[str, Emulator]
) -> None:
    """A paid result whose download fails is not lost: the same reference saves it later."""
    emulators["runway"].faults.add("expire_url", times=None)
    failed = anymedia("image", "a cat", "--config", config)
    assert failed.code == 1
    emulators["runway"].faults.clear()
    answer = anymedia("tasks", "save", str(ref_of(failed)), "--config", config)
    assert answer.code == 0
    assert files_of(answer)[0].is_file()
    assert emulators["runway"].ledger.accepted == 1


def test_one_idempotency_key_is_one_task(anymedia: Command, config: Path, emulators: dict[str, Emulator]) -> None:
    """The same command again gives the same task; another request under its key is bad input, and is not sent."""
    order = ("image", "a cat", "--config", config, "--idempotency-key", "order-17")
    first, second = anymedia(*order), anymedia(*order)
    assert (first.code, second.code) == (0, 0)
    assert ref_of(first).id == ref_of(second).id
    assert files_of(second)[0].is_file()
    refused = anymedia("image", "a dog", "--config", config, "--idempotency-key", "order-17")
    assert (refused.code, refused.out) == (2, "")
    assert "order-17" in refused.err
    assert emulators["runway"].ledger.accepted == 1


def test_fallback_asks_the_next_provider(anymedia: Command, config: Path, emulators: dict[str, Emulator]) -> None:
    """After a refusal another provider makes the picture, and a notice says why."""
    emulators["runway"].faults.add("no_credits")
    answer = anymedia("image", "a cat", "--config", config, "--fallback", "runware")
    assert answer.code == 0
    assert ref_of(answer).provider == "runware"
    assert "notice: provider: runway: refused (insufficient_credits" in answer.err
    assert [emulators[provider].ledger.accepted for provider in PROVIDERS] == [0, 1]


def test_an_output_folder_is_kept_in_the_journal(
    anymedia: Command, config: Path, emulators: dict[str, Emulator]
) -> None:
    """While its output cannot be fetched a task stays unfinished, and is saved later where it was asked for."""
    emulators["runway"].faults.add("expire_url", times=None)
    assert anymedia("image", "a cat", "--config", config, "--out", "wanted").code == 1
    assert [entry["state"] for entry in json.loads(anymedia("tasks", "list", "--json").out)] == ["accepted"]
    emulators["runway"].faults.clear()
    answer = anymedia("tasks", "resume", "--config", config)
    assert (answer.code, files_of(answer)[0].parent.name) == (0, "wanted")
    assert anymedia("tasks", "list").out == ""
