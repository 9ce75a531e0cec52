"""Results are data, and know who can save them."""

import pickle
from decimal import Decimal
from pathlib import Path

import pytest

from anymedia.errors import ConfigurationError, ModerationError
from anymedia.refs import TaskRef
from anymedia.results import Cost, ImageResult, Notice, Output, Result, TextResult

REF = TaskRef(provider="runware", id="1", operation="text_to_image", model="m")


def make(**fields: object) -> ImageResult:
    defaults: dict[str, object] = {
        "outputs": (Output(kind="image", url="https://h/a.png?_jwt=secret"),),
        "ref": REF,
        "provider": "runware",
        "model": "m",
    }
    return ImageResult.model_validate(defaults | fields)


def test_the_first_output_is_at_hand() -> None:
    """`.output` and `.url` are the first."""
    result = make()
    assert result.output is result.outputs[0]
    assert result.url == "https://h/a.png?_jwt=secret"


def test_words_are_text() -> None:
    """A text result reads as text, also where a provider sent bytes that are none."""
    outputs = tuple(Output(kind="text", data=data) for data in ("día".encode(), b"\xff"))
    result = TextResult(outputs=outputs, ref=REF, provider="runware", model="m")
    assert (result.text, result.texts) == ("día", ("día", "\ufffd"))


def test_signed_urls_are_shortened_in_text_but_whole_in_data() -> None:
    """A repr leaks no signature; `.url` gives it."""
    assert "secret" not in repr(make())
    assert "secret" not in str(make().output)
    assert "secret" in make().model_dump_json()


def test_json_there_and_back() -> None:
    """A result can be stored as JSON; errors become their code and message."""
    result = make(cost=Cost(amount=Decimal("0.0038"), unit="USD"), notices=(Notice(code="dropped", message="x"),))
    assert ImageResult.model_validate_json(result.model_dump_json(exclude={"errors"})) == result
    partial = make(errors=(ModerationError("no"),))
    assert partial.model_dump()["errors"] == [{"code": "moderation", "message": "no"}]


def test_pickling_drops_who_saves_it() -> None:
    """A pickled result has lost its client and names the way that is left."""
    result = make().bind(saver=lambda _result, _path, _overwrite: [])
    copy = pickle.loads(pickle.dumps(result))
    assert copy == result
    with pytest.raises(ConfigurationError, match=r"client\.save"):
        copy.save("x")


async def test_the_wrong_world_names_the_right_one() -> None:
    """`save` on an async client's result names `asave`, and the other way round."""

    async def saver(_result: Result, path: object, overwrite: bool) -> list[Path]:
        assert not overwrite
        return [Path(str(path))]

    from_async = make().bind(async_saver=saver)
    assert await from_async.asave("out.png") == [Path("out.png")]
    with pytest.raises(ConfigurationError, match="asave"):
        from_async.save("out.png")
    from_sync = make().bind(saver=lambda _result, path, overwrite: [Path(path)] * (1 + overwrite))
    assert from_sync.save("out.png") == [Path("out.png")]
    assert len(from_sync.save("out.png", overwrite=True)) == 2
    with pytest.raises(ConfigurationError, match=r"result\.save"):
        await from_sync.asave("out.png")


def test_costs_and_notices_read_as_text() -> None:
    """What a person sees of money and notices."""
    assert str(Cost(amount=Decimal("0.5"), unit="USD")) == "$0.5"
    assert str(Cost(amount=Decimal(60), unit="credits", final=False)) == "about 60 credits"
    assert str(Cost(amount=Decimal(1), unit="credits")) == "1 credit"
    assert str(Notice(code="dropped", message="not sent", field="fps")) == "fps: not sent"
    assert str(Notice(code="x", message="only this")) == "only this"
