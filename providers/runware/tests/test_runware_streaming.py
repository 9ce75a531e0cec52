"""Server-sent events to text, without a socket: wherever the network cuts, and whatever stands between the words."""

import itertools
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia.errors import ProtocolError
from anymedia.refs import TaskRef, TaskState
from anymedia_runware.addresses import rest_url
from anymedia_runware.streaming import EventReader, StreamedText

REF = TaskRef(provider="runware", id="0b5a1a3e-8f0e-4c53-9d59-1a2b3c4d5e6f", operation="generate_text", model="m")
END = {"taskUUID": REF.id, "finishReason": "stop", "usage": {"totalTokens": 9}, "cost": 0.001}


def event(body: Any) -> bytes:
    return f"data: {json.dumps(body, ensure_ascii=False)}\n\n".encode()


def delta(text: str, **more: Any) -> dict[str, Any]:
    return {"taskUUID": REF.id, "delta": {"text": text}, **more}


def read(*chunks: bytes) -> StreamedText:
    """A text made of everything in the chunks."""
    reader, text = EventReader(), StreamedText(REF)
    for chunk in chunks:
        for data in reader.feed(chunk):
            text.take(data)
    return text


WHOLE = b"".join(
    [
        b": hello\r\n\r\n",
        event(delta("Où est ")),
        b": keep-alive\n\n",
        event(delta("l'été ☀?")),
        event(END),
        b"data: [DONE]\n\n",
    ]
)


@given(st.lists(st.integers(0, len(WHOLE)), max_size=12))
def test_wherever_the_network_cuts(cuts: list[int]) -> None:
    """However the bytes are cut into chunks, also inside a character or a line's end, the text is the same."""
    places = [0, *sorted(cuts), len(WHOLE)]
    text = read(*(WHOLE[start:end] for start, end in itertools.pairwise(places)))
    assert text.text == "Où est l'été ☀?"
    assert text.is_over
    assert text.is_done


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_any_bytes_are_survived(chunks: list[bytes]) -> None:
    """Noise makes no text, no end and no exception."""
    text = read(*chunks)
    assert not text.is_accepted
    assert text.snapshot().state is TaskState.RUNNING


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end(end: str) -> None:
    """LF, CRLF and CR end a line, and data on several lines is one document."""
    lines = ["event: x", "id: 7", f'data: {{"taskUUID": "{REF.id}",', 'data:"delta": {"text": "a"}}', "", ""]
    assert read(end.join(lines).encode(), b"data: x\n\n").text == "a"


def test_the_end_has_all_that_a_result_has() -> None:
    """The last snapshot holds text, reasoning, usage and cost, as the answer to a task that is not streamed does."""
    text = read(
        event({"taskUUID": REF.id, "delta": {"reasoningContent": "Hm. "}}),
        event({"taskUUID": REF.id, "delta": {"reasoningContent": "Ah."}}),
        event(delta("Yes")),
        event({**END, "delta": {"text": "."}}),
    )
    snapshot = text.snapshot()
    assert snapshot.state is TaskState.SUCCEEDED
    assert snapshot.text == "Yes."
    assert [(output.kind, output.data) for output in snapshot.outputs] == [("text", b"Yes.")]
    assert snapshot.cost is not None
    assert f"{snapshot.cost.amount:f}" == "0.001"
    (item,) = snapshot.raw["data"]  # type: ignore[index, call-overload]
    assert item["usage"] == {"totalTokens": 9}
    assert item["reasoningContent"] == ["Hm. Ah."]
    assert item["finishReason"] == "stop"


def test_the_text_so_far() -> None:
    """Before its end a text is running, and says what there is; nothing yet is None, not an empty text."""
    assert read(event({"taskUUID": REF.id, "delta": {"reasoningContent": "Hm"}})).snapshot().text is None
    snapshot = read(event(delta("Ye")), event(delta("s"))).snapshot()
    assert (snapshot.state, snapshot.text, snapshot.outputs) == (TaskState.RUNNING, "Yes", ())


def test_chunks_inside_an_array() -> None:
    """The form with the chunk in an array under `data` is read too."""
    text = read(event({"data": [delta("Yes")]}), event({"data": [END]}))
    assert (text.text, text.is_over) == ("Yes", True)


@pytest.mark.parametrize(
    "error",
    [
        {"errors": [{"code": "inferenceError", "message": "m", "taskUUID": REF.id}]},
        {"error": {"code": "inferenceError", "message": "m"}, "taskUUID": REF.id, "taskType": "textInference"},
        {"data": [], "errors": [{"code": "inferenceError", "message": "m"}]},
    ],
)
def test_an_error_in_the_stream(error: Any) -> None:
    """An error ends the text, whatever its form, with the vendor's code."""
    text = read(event(delta("Ye")), event(error))
    assert text.is_over
    snapshot = text.snapshot()
    assert snapshot.state is TaskState.FAILED
    assert snapshot.failure is not None
    assert snapshot.failure.provider_code == "inferenceError"


def test_an_end_without_a_beginning() -> None:
    """A stream that says nothing but that it is over has told no text, not an empty one."""
    text = read(b"data: [DONE]\n\n")
    assert not text.is_over
    assert text.snapshot().state is TaskState.RUNNING


def test_a_passing_error_is_not_the_tasks_end() -> None:
    """A server in trouble ends the stream; whether the task is over is another question."""
    text = read(event(delta("Ye")), event({"errors": [{"code": "internalServerError", "message": "m"}]}))
    assert text.is_over
    assert text.snapshot().state is TaskState.RUNNING


def test_another_tasks_words_are_not_ours() -> None:
    """What names another task is passed over, words and errors alike."""
    text = read(
        event({"taskUUID": "other", "delta": {"text": "no"}}),
        event({"errors": [{"code": "inferenceError", "message": "m", "taskUUID": "other"}]}),
        event(delta("yes")),
    )
    assert (text.text, text.errors) == ("yes", ())


def test_a_flood_is_refused() -> None:
    """Neither a line without an end nor an event of endless lines is gathered for ever."""
    for flood in (b"data: " + b"x" * 2**20, b"data: " + b"x" * 2**20 + b"\n"):
        reader = EventReader()
        with pytest.raises(ProtocolError):
            _pour(partial(_fed, reader, flood))
        assert len(reader._rest) + reader._size < 12 * 2**20


def test_a_text_without_end_is_refused() -> None:
    """A text of tens of millions of characters is no answer."""
    text = StreamedText(REF)
    piece = json.dumps(delta("x" * 2**22))
    with pytest.raises(ProtocolError):
        _pour(lambda: text.take(piece))


def _fed(reader: EventReader, chunk: bytes) -> list[str]:
    return list(reader.feed(chunk))


def _pour(more: Callable[[], object]) -> None:
    for _ in range(20):
        more()


@pytest.mark.parametrize(
    ("base_url", "expected"),
    [
        ("wss://ws-api.runware.ai/v1", "https://api.runware.ai/v1"),
        ("https://api.runware.ai/v1", "https://api.runware.ai/v1"),
        ("ws://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1"),
        ("wss://gateway.example/runware", "https://gateway.example/runware"),
    ],
)
def test_where_http_calls_go(base_url: str, expected: str) -> None:
    """Each address of a WebSocket has one for HTTP."""
    assert rest_url(base_url) == expected
