"""From items to outputs and snapshots."""

import base64
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia.errors import MediaError
from anymedia.refs import TaskRef, TaskState
from anymedia_runware.codec import Reply, archived, is_final, is_unknown, key_of, outputs_of, polled, pushed

REF = TaskRef(provider="runware", id="t", operation="text_to_image", model="m", count=2)
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40


def image(name: str, **extra: Any) -> Any:
    """A finished picture."""
    return {
        "taskType": "imageInference",
        "taskUUID": "t",
        "imageUUID": name,
        "imageURL": f"https://h/{name}.jpg",
        **extra,
    }


PROCESSING = {"taskType": "imageInference", "taskUUID": "t", "status": "processing", "progress": 40}
FAILED = {"code": "inferenceError", "message": "no", "status": "error", "taskUUID": "t"}


@pytest.mark.parametrize(
    ("item", "final"),
    [
        ({"taskType": "x", "taskUUID": "t"}, False),
        (PROCESSING, False),
        ({**PROCESSING, "imageUUID": "a"}, False),
        ({"status": "queued"}, False),
        ({"inputImageURL": "https://h/in.png"}, False),
        ({"imageURL": None}, False),
        (image("a"), True),
        ({"status": "success"}, True),
        ({"videoURL": "https://h/a.mp4"}, True),
        ({"imageBase64Data": "AA"}, True),
        ({"imageDataURI": "data:,x"}, True),
        ({"text": ""}, True),
        ({"outputs": {}}, True),
        ({"structuredData": {}}, True),
        ({"air": "a:1@1"}, True),
    ],
)
def test_when_an_item_is_final(item: Any, final: bool) -> None:
    """Media, words or success make an item final; an id alone does not."""
    assert is_final(item) is final


@pytest.mark.parametrize(
    ("item", "kind", "media_type", "vendor_ref"),
    [
        (image("a"), "image", "image/jpeg", "a"),
        ({"videoURL": "https://h/a.mp4?x=1", "videoUUID": "b"}, "video", "video/mp4", "b"),
        ({"mediaURL": "https://h/a.webm", "mediaUUID": "c"}, "video", "video/webm", "c"),
        ({"mediaURL": "https://h/a", "mediaUUID": "c"}, "file", None, "c"),
        ({"audioURL": "https://h/a.mp3", "audioUUID": "d"}, "audio", "audio/mpeg", "d"),
        ({"maskImageURL": "https://h/a.png", "maskImageUUID": "e", "inputImageUUID": "f"}, "image", "image/png", "e"),
        ({"guideImageURL": "https://h/a.png"}, "image", "image/png", None),
        ({"modelURL": "https://h/a.glb", "modelUUID": "g"}, "model", "model/gltf-binary", "g"),
        ({"outputs": {"files": [{"uuid": "h", "url": "https://h/a.glb"}]}}, "model", "model/gltf-binary", "h"),
        ({"air": "acme:1@1"}, "weights", None, "acme:1@1"),
        ({"text": "words"}, "text", "text/plain", None),
        ({"structuredData": {"ageGroup": "20-30"}}, "text", "application/json", None),
        ({"outputs": {"draftId": "x"}}, "text", "application/json", None),
    ],
)
def test_outputs(item: Any, kind: str, media_type: str | None, vendor_ref: str | None) -> None:
    """Every kind of result becomes an output with its type and the vendor's id."""
    (output,) = outputs_of(item)
    assert (output.kind, output.media_type, output.vendor_ref) == (kind, media_type, vendor_ref)


def test_inline_data() -> None:
    """Base64 and data URIs become bytes, their type told by the bytes."""
    text = base64.b64encode(PNG).decode()
    for item in ({"imageBase64Data": text}, {"imageDataURI": f"data:image/png;base64,{text}"}):
        (output,) = outputs_of(item)
        assert (output.data, output.url, output.media_type) == (PNG, None, "image/png")
    assert list(outputs_of({"imageBase64Data": "not base64!"})) == []


def test_seed_and_content_check() -> None:
    """What repeats a picture, and what the check found."""
    (output,) = outputs_of(image("a", seed=7, NSFWContent=True))
    assert (output.seed, output.nsfw) == (7, True)
    (output,) = outputs_of(image("a", seed="7", NSFWContent="no"))
    assert (output.seed, output.nsfw) == (None, None)


def test_what_tells_results_apart() -> None:
    """The index, else the medium's id, else the words."""
    assert key_of({"resultIndex": 0, "imageUUID": "a"}) == key_of({"resultIndex": 0, "imageUUID": "b"})
    assert key_of(image("a", status="success")) == key_of(image("a"))
    assert key_of(image("a")) != key_of(image("b"))
    assert key_of({"text": "a", "cost": 1}) == key_of({"text": "a"}) != key_of({"text": "b"})


def test_a_running_task() -> None:
    """Progress counts finished results as whole; the finished ones are there already."""
    snapshot = polled(REF, Reply((image("a", cost=0.1, status="success"), PROCESSING)))
    assert snapshot is not None
    assert (snapshot.state, snapshot.provider_status) == (TaskState.RUNNING, "processing")
    assert snapshot.progress == pytest.approx(0.7)
    assert [output.vendor_ref for output in snapshot.outputs] == ["a"]
    assert snapshot.cost is not None
    assert snapshot.cost.final is False


@pytest.mark.parametrize(
    ("status", "state"),
    [("queued", TaskState.QUEUED), ("processing", TaskState.RUNNING), ("dreaming", TaskState.RUNNING)],
)
def test_words_for_not_yet(status: str, state: TaskState) -> None:
    """Waiting is queued; any other word, known or not, is running."""
    snapshot = polled(REF, Reply(({"taskUUID": "t", "status": status},)))
    assert snapshot is not None
    assert (snapshot.state, snapshot.provider_status) == (state, status)


def test_a_finished_task() -> None:
    """Repeated results count once; cost is the sum; fewer or more than asked for is still the end."""
    items = (image("a", cost=0.1), image("b", cost=0.2), image("a", cost=0.1))
    for ref in (REF, TaskRef(provider="runware", id="t", operation="x", model="m", count=5)):
        snapshot = polled(ref, Reply(items))
        assert snapshot is not None
        assert snapshot.state is TaskState.SUCCEEDED
        assert len(snapshot.outputs) == 2
        assert snapshot.cost is not None
        assert (snapshot.cost.amount, snapshot.cost.final) == (Decimal("0.3"), True)
        assert snapshot.errors == ()


def test_failures() -> None:
    """Some results with errors are a success with errors; none at all is a failure."""
    partial = polled(REF, Reply((image("a"),), (FAILED,)))
    assert partial is not None
    assert (partial.state, len(partial.outputs), len(partial.errors)) == (TaskState.SUCCEEDED, 1, 1)
    for reply in (Reply(errors=(FAILED, FAILED)), Reply(({"status": "success"},))):
        whole = polled(REF, reply)
        assert whole is not None
        assert whole.state is TaskState.FAILED
        assert whole.failure is not None
        assert whole.failure.ref == REF


def test_answers_that_tell_nothing_of_the_task() -> None:
    """Not knowing it, or trouble while asking, is no state."""
    for reply in (Reply(), Reply(errors=({"code": "taskNotFound"},)), Reply(errors=({"code": "rateLimitExceeded"},))):
        assert polled(REF, reply) is None
    assert is_unknown(Reply(errors=({"code": "taskNotFound"},)))
    assert not is_unknown(Reply(errors=({"code": "rateLimitExceeded"},)))
    assert not is_unknown(Reply((PROCESSING,)))


def test_pushed_results() -> None:
    """A pushed task is over with the last result asked for."""
    assert pushed(REF, ()).state is TaskState.QUEUED
    assert pushed(REF, (image("a"),)).state is TaskState.RUNNING
    assert pushed(REF, (image("a"), image("b"))).state is TaskState.SUCCEEDED


@pytest.mark.parametrize(
    ("response", "state"),
    [
        ({"data": [image("a")]}, TaskState.SUCCEEDED),
        ([{"data": image("a")}, {"error": FAILED}], TaskState.SUCCEEDED),
        ({"data": [], "errors": [FAILED]}, TaskState.FAILED),
        ({"data": []}, TaskState.RUNNING),
        (None, TaskState.RUNNING),
        ("x", TaskState.RUNNING),
    ],
)
def test_the_archive(response: Any, state: TaskState) -> None:
    """Both forms of the archive's answer are read; a task without results goes on."""
    snapshot = archived(REF, {"taskType": "getTaskDetails", "taskUUID": "t", "response": response})
    assert snapshot.state is state


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4) | st.just("url"), inner, max_size=3)
    ),
    max_leaves=6,
)
_ITEMS = st.lists(
    st.dictionaries(
        st.sampled_from(
            "status progress cost seed NSFWContent imageUUID imageURL imageBase64Data imageDataURI videoURL mediaURL text"
            " outputs structuredData air result resultIndex response code message parameter taskType".split()
        ),
        _VALUES,
        max_size=6,
    ),
    max_size=4,
).map(tuple)


@given(_ITEMS, _ITEMS)
def test_any_items_make_a_snapshot_or_nothing(data: Any, errors: Any) -> None:
    """Whatever the values are, decoding raises nothing but our errors, and a final state has what it needs."""
    reply = Reply(data, errors)
    try:
        found = [polled(REF, reply), pushed(REF, data), *(archived(REF, item) for item in data)]
    except MediaError:
        return
    for snapshot in filter(None, found):
        assert snapshot.state is not TaskState.SUCCEEDED or snapshot.outputs
        assert snapshot.state is not TaskState.FAILED or snapshot.failure is not None
        assert snapshot.progress is None or 0 <= snapshot.progress <= 1


def test_numbers_beyond_a_float() -> None:
    """An absurd cost is no cost."""
    snapshot = polled(REF, Reply((image("a", cost=10**400),)))
    assert snapshot is not None
    assert snapshot.cost is None


def test_an_address_that_is_none() -> None:
    """A malformed URL is passed on, its type unknown."""
    (output,) = outputs_of({"imageURL": "https://[half/a.png"})
    assert (output.url, output.media_type) == ("https://[half/a.png", None)
