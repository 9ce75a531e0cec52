"""What is written, and how whatever arrives is read."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia_runware.wire import authentication, encode, get_response, get_task_details, ping, read_frame

RESULT = {"taskType": "imageInference", "taskUUID": "t", "imageURL": "https://media.invalid/a.png"}
ERROR = {"code": "invalidWidth", "message": "no", "taskUUID": "t"}
_KEYS = st.sampled_from(
    ["data", "errors", "error", "errorId", "taskUUID", "taskType", "code", "message", "status", "imageURL", "cost"]
) | st.text(max_size=4)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=12,
)


def test_a_message_is_always_an_array() -> None:
    """One task or many: the vendor gets an array."""
    assert json.loads(encode(get_response("a"))) == [{"taskType": "getResponse", "taskUUID": "a"}]
    assert len(json.loads(encode(get_response("a"), get_task_details("b")))) == 2
    assert json.loads(encode(ping())) == [{"taskType": "ping", "ping": True}]


def test_authentication_names_a_session_only_when_there_is_one() -> None:
    """The first login has no session to resume."""
    assert authentication("k", None) == {"taskType": "authentication", "apiKey": "k"}
    assert authentication("k", "s")["connectionSessionUUID"] == "s"


@pytest.mark.parametrize(
    ("document", "data", "errors"),
    [
        ({"data": [RESULT]}, [RESULT], []),
        ({"data": [RESULT], "errors": []}, [RESULT], []),
        ({"data": [RESULT], "errors": [ERROR]}, [RESULT], [ERROR]),
        ({"data": RESULT}, [RESULT], []),
        ({"data": None, "errors": [ERROR]}, [], [ERROR]),
        ({"error": ERROR}, [], [ERROR]),
        ({"error": [ERROR]}, [], [ERROR]),
        ([RESULT, ERROR], [RESULT], [ERROR]),
        ([{"data": [RESULT]}, {"errors": [ERROR]}], [RESULT], [ERROR]),
        (RESULT, [RESULT], []),
        (ERROR, [], [ERROR]),
        ({"data": []}, [], []),
        ({"data": [], "errors": []}, [], []),
        ({"data": [RESULT, 3, None, "x"], "errors": [7]}, [RESULT], []),
    ],
)
def test_every_layout_is_read(document: Any, data: list[Any], errors: list[Any]) -> None:
    """Objects, arrays, single items, singular errors: results and errors come out apart."""
    frame = read_frame(json.dumps(document))
    assert frame is not None
    assert (list(frame.data), list(frame.errors)) == (data, errors)


def test_an_item_that_says_error_is_one() -> None:
    """A failed item inside `data` is an error, with its code on top."""
    item = {"taskType": "x", "taskUUID": "t", "status": "error", "error": {"code": "c", "message": "m"}}
    frame = read_frame(json.dumps({"data": [item]}))
    assert frame is not None
    assert frame.data == ()
    (error,) = frame.errors
    assert (error["code"], error["taskUUID"], error["status"]) == ("c", "t", "error")


def test_the_envelope_of_2024() -> None:
    """The old way to say that a key is wrong still says so."""
    frame = read_frame('{"error": true, "errorId": 19, "errorMessage": "Invalid api key"}')
    assert frame is not None
    assert [error["code"] for error in frame.errors] == ["invalidApiKey"]


@pytest.mark.parametrize("text", ["", "no", "3", "null", '"x"', "{}", "[]", '{"errors": []}', "[[[]]]", "\x00", "{"])
def test_what_says_nothing(text: str) -> None:
    """Neither noise nor an empty document is an answer."""
    assert read_frame(text) is None


@given(ANY_JSON)
def test_any_json_is_survived(document: Any) -> None:
    """No JSON document, however strange, is more than items or nothing."""
    frame = read_frame(json.dumps(document))
    assert frame is None or all(isinstance(item, dict) for item in (*frame.data, *frame.errors))


@given(st.text())
def test_any_text_is_survived(text: str) -> None:
    """No text raises."""
    read_frame(text)
