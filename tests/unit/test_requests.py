"""Requests are strict, frozen values."""

import pickle
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from anymedia.errors import InvalidRequestError, MediaInputError
from anymedia.media import Media
from anymedia.requests import (
    OPERATIONS,
    Generate3D,
    GenerateText,
    ImageToVideo,
    Message,
    Reference,
    Request,
    TextToImage,
    UpscaleImage,
)
from anymedia.results import Result

INPUTS: dict[str, Any] = {
    "prompt": "a cat",
    "image": "https://example.com/a.png",
    "video": "https://example.com/a.mp4",
    "character": Path("face.png"),
    "performance": b"\0\0\0\x20ftypisom",
    "recording": Path("speech.wav"),
    "dataset": Path("examples.zip"),
    "text": "Hello there.",
    "language": "es",
    "provider": "runway",
    "call": "POST /v1/sound_effect",
}


def fill(cls: type[Request[Result]], **more: Any) -> Request[Result]:
    needed = {name: INPUTS[name] for name, field in cls.model_fields.items() if field.is_required()}
    needed |= {"image": INPUTS["image"]} if cls is Generate3D else {}
    return cls(**needed, **more)


@pytest.mark.parametrize("cls", OPERATIONS.values())
def test_every_operation_travels_as_json_and_pickle(cls: type[Request[Result]]) -> None:
    """A request survives both ways of leaving a process."""
    request = fill(cls, metadata={"user": 7}, idempotency_key="k")
    assert cls.model_validate_json(request.model_dump_json()) == request
    assert pickle.loads(pickle.dumps(request)) == request
    assert OPERATIONS[request.operation] is cls
    assert cls.model_json_schema()["properties"]


@pytest.mark.parametrize("cls", OPERATIONS.values())
def test_every_operation_refuses_a_typo_with_the_nearest_word(cls: type[Request[Result]]) -> None:
    """An unknown keyword names the keyword that was meant."""
    with pytest.raises(InvalidRequestError) as caught:
        fill(cls, idempotency_keys="k")
    assert caught.value.issues[0].nearest == "idempotency_key"


def test_a_shape_needs_something_to_be_made_from() -> None:
    """A request for a shape from nothing is refused at once."""
    with pytest.raises(InvalidRequestError, match="give a prompt, an image, or references"):
        Generate3D(seed=1)
    assert Generate3D(image="https://example.com/chair.png").prompt is None


def test_a_stream_is_one_text() -> None:
    """Several texts cannot be told apart while they are written, so that is refused before anything is sent."""
    with pytest.raises(InvalidRequestError, match="count is 1"):
        GenerateText(prompt="Why?", stream=True, count=2)
    assert GenerateText(prompt="Why?", count=2).stream is False


def test_a_conversation_survives_the_journey() -> None:
    """Earlier turns go along as plain data and come back."""
    request = GenerateText(prompt="And now?", messages=[Message("user", "Hi"), Message("assistant", "Hello.")])
    assert GenerateText.model_validate_json(request.model_dump_json()).messages == request.messages
    with pytest.raises(InvalidRequestError):
        GenerateText(prompt="a", messages=[{"role": "nobody", "content": "x"}])


def test_requests_do_not_change() -> None:
    """A request is frozen."""
    request = TextToImage(prompt="a")
    with pytest.raises(ValidationError):
        request.prompt = "b"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"size": "16x"}, "size"),
        ({"size": "0x10"}, "size"),
        ({"aspect_ratio": "wide"}, "aspect_ratio"),
        ({"resolution": "huge"}, "resolution"),
        ({"size": "16x16", "aspect_ratio": "1:1"}, ""),
        ({"duration": -1}, "duration"),
        ({"duration": 0}, "duration"),
        ({"fps": -3}, "fps"),
        ({"count": 0}, "count"),
        ({"seed": -1}, "seed"),
        ({"prompt": ""}, "prompt"),
        ({"model": ""}, "model"),
        ({"last_frame": Path()}, None),
    ],
)
def test_impossible_values_are_refused_before_any_planning(fields: dict[str, Any], field: str | None) -> None:
    """An impossible value names its field."""
    if field is None:
        ImageToVideo(image=INPUTS["image"], **fields)
        return
    with pytest.raises(InvalidRequestError) as caught:
        ImageToVideo(image=INPUTS["image"], **fields)
    assert caught.value.issues[0].field == field


def test_all_problems_are_told_together() -> None:
    """One error names every field that is wrong."""
    with pytest.raises(InvalidRequestError) as caught:
        ImageToVideo(duration=-1, fps=-1)  # type: ignore[call-arg]
    assert {issue.field for issue in caught.value.issues} == {"image", "duration", "fps"}


def test_a_bad_input_is_a_media_input_error_and_a_value_error() -> None:
    """A bad input keeps its class; web frameworks that validate bodies see a ValueError."""
    with pytest.raises(MediaInputError, match="Path"):
        UpscaleImage(image="cat.jpg")
    with pytest.raises(ValidationError):
        UpscaleImage.model_validate({"image": "cat.jpg"})


def test_references_take_inputs_and_tags() -> None:
    """A reference is an input, or an input with a tag, in Python and in JSON."""
    request = TextToImage(prompt="@hero", references=[Path("a.png"), Reference(Path("b.png"), "hero")])
    assert [item.tag for item in request.references if isinstance(item, Reference)] == [None, "hero"]
    again = TextToImage.model_validate({"prompt": "x", "references": [{"media": {"path": "b.png"}, "tag": "hero"}]})
    assert again.references == (Reference(Media.of(Path("b.png")), "hero"),)
    with pytest.raises(MediaInputError, match="list"):
        TextToImage(prompt="x", references="https://example.com/a.png")


def test_inputs_are_listed_and_replaced_by_field() -> None:
    """Planning sees every input by name and puts the loaded one in its place."""
    request = ImageToVideo(image=Path("a.png"), last_frame=Path("b.png"), references=[Reference(Path("c.png"), "t")])
    assert [name for name, _ in request.media()] == ["image", "last_frame", "references[0]"]
    loaded = {name: Media(data=name.encode()) for name, _ in request.media()}
    changed = request.with_media(loaded)
    assert {name: media.data for name, media in changed.media()} == {name: name.encode() for name in loaded}
    assert changed.references[0].tag == "t"  # type: ignore[union-attr]


def test_an_open_file_has_no_json_form(tmp_path: Path) -> None:
    """What cannot be written down says so."""
    path = tmp_path / "a.png"
    path.write_bytes(b"x")
    with path.open("rb") as file, pytest.raises(Exception, match="open file"):
        UpscaleImage(image=file).model_dump_json()
