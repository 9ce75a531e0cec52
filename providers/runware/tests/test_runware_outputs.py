"""What comes out of every kind of task, and when it counts as finished."""

import base64
from typing import Any

import pytest

from anymedia.errors import TaskFailedError
from anymedia.refs import TaskRef, TaskState
from anymedia_runware.codec import Reply, is_final, keyed, outputs_of, polled, pushed
from anymedia_runware.wire import read_frame

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'


def ref(count: int = 1) -> TaskRef:
    """A task that is to have so many results."""
    return TaskRef(provider="runware", id="t", operation="native", model="m", count=count)


def inline(data: bytes) -> str:
    """Bytes as the vendor writes them."""
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("item", "kind", "media_type", "vendor_ref"),
    [
        ({"taskType": "vectorize", "imageUUID": "i", "imageBase64Data": inline(SVG)}, "image", "image/svg+xml", "i"),
        ({"taskType": "vectorize", "imageUUID": "i", "imageURL": "https://m/x"}, "image", "image/svg+xml", "i"),
        ({"maskImageUUID": "m", "maskImageURL": "https://m/x.png", "inputImageUUID": "z"}, "image", "image/png", "m"),
        ({"guideImageUUID": "g", "guideImageURL": "https://m/x.webp"}, "image", "image/webp", "g"),
        ({"mediaUUID": "v", "mediaURL": "https://m/x.mov"}, "video", "video/quicktime", "v"),
        ({"audioUUID": "a", "audioDataURI": "data:audio/aac;base64,AAAA"}, "audio", "audio/aac", "a"),
        (
            {"taskType": "3dInference", "outputs": {"files": [{"uuid": "f", "url": "https://m/x"}]}},
            "model",
            None,
            "f",
        ),
        ({"outputs": {"files": [{"uuid": "f", "url": "https://m/x.fbx"}]}}, "model", "model/fbx", "f"),
        ({"taskType": "tools", "outputs": {"files": [{"url": "https://m/x.mkv"}]}}, "video", "video/x-matroska", None),
        ({"taskType": "training", "air": "acme:1@1", "outputs": {}}, "weights", None, "acme:1@1"),
        ({"taskType": "modelUpload", "status": "ready", "air": "acme:1@1"}, "weights", None, "acme:1@1"),
        ({"taskType": "mediaStorage", "operation": "upload", "mediaUUID": "s"}, "file", None, "s"),
        ({"taskType": "imageUpload", "imageUUID": "i", "imageURL": "https://m/x.png"}, "image", "image/png", "i"),
        ({"taskType": "caption", "text": "A cat"}, "text", "text/plain", None),
        ({"taskType": "caption", "structuredData": {"ageGroup": "25-34"}}, "text", "application/json", None),
        ({"taskType": "textInference", "text": None, "finishReason": "content_filter"}, "text", "text/plain", None),
        ({"taskType": "tools", "outputs": {"frames": 3}}, "text", "application/json", None),
    ],
)
def test_what_an_item_holds(item: dict[str, Any], kind: str, media_type: str | None, vendor_ref: str | None) -> None:
    """Each kind of result becomes one output of its kind, and counts as finished."""
    assert is_final(item)
    (output,) = outputs_of(item)
    assert (output.kind, output.media_type, output.vendor_ref) == (kind, media_type, vendor_ref)


def test_a_trained_model_and_its_files() -> None:
    """The model's address comes first, whatever files come with it."""
    item = {"air": "acme:1@1", "outputs": {"files": [{"url": "https://m/log.txt"}]}}
    assert [output.kind for output in outputs_of(item)] == ["weights", "text"]


def test_what_was_deleted_is_no_output() -> None:
    """A deletion succeeds with nothing to show."""
    deleted = {"taskType": "mediaStorage", "operation": "delete", "mediaUUID": "s"}
    end = pushed(ref(), [deleted])
    assert (end.state, end.outputs, end.failure) == (TaskState.SUCCEEDED, (), None)


@pytest.mark.parametrize(
    "item",
    [
        {"status": "processing", "imageUUID": "i", "imageURL": "https://m/x.png"},
        {"status": "validated", "air": "acme:1@1"},
        {"status": "stored", "air": "acme:1@1"},
        {"status": "queued", "text": "so far"},
        {"taskType": "imageInference", "imageUUID": "i"},
    ],
)
def test_what_is_not_finished(item: dict[str, Any]) -> None:
    """Neither an id nor an address makes a result of what the vendor still works on."""
    assert not is_final(item)


def test_stages_of_an_upload() -> None:
    """Each stage is progress; the model is there when it is ready, though earlier stages stay in the answer."""
    stages = [{"status": status, "air": "acme:1@1"} for status in ("validated", "downloaded", "ready")]
    under_way = polled(ref(), Reply(tuple(stages[:2])))
    assert under_way is not None
    assert (under_way.state, under_way.provider_status) == (TaskState.RUNNING, "downloaded")
    end = polled(ref(), Reply(tuple(stages)))
    assert end is not None
    assert (end.state, [output.kind for output in end.outputs]) == (TaskState.SUCCEEDED, ["weights"])


@pytest.mark.parametrize("status", ["failed", "error", "error downloading"])
def test_an_upload_that_fails(status: str) -> None:
    """A stage that is a failure is an error, told in the vendor's words."""
    frame = read_frame(f'{{"data":[{{"taskUUID":"t","status":"{status}","message":"no such file"}}]}}')
    assert frame is not None
    assert frame.data == ()
    end = polled(ref(), Reply(errors=frame.errors))
    assert end is not None
    assert isinstance(end.failure, TaskFailedError)
    assert "no such file" in str(end.failure)


def test_equal_texts_are_two_results() -> None:
    """What has no id counts as often as a frame holds it; what has one counts once."""
    yes = {"taskType": "textInference", "text": "Yes", "finishReason": "stop"}
    picture = {"imageUUID": "i", "imageURL": "https://m/x.png"}
    assert len(keyed([yes, yes, picture, picture])) == 3
    end = polled(ref(2), Reply((yes, yes)))
    assert end is not None
    assert [output.data for output in end.outputs] == [b"Yes", b"Yes"]


def test_fewer_or_more_than_asked() -> None:
    """A sequence ends when nothing is in the making, however many there are."""
    pictures = [{"status": "success", "imageUUID": str(n), "imageURL": f"https://m/{n}.png"} for n in range(3)]
    for count in (2, 3, 15):
        end = polled(ref(count), Reply(tuple(pictures)))
        assert end is not None
        assert (end.state, len(end.outputs)) == (TaskState.SUCCEEDED, 3)
    going = polled(ref(15), Reply((*pictures, {"status": "processing"})))
    assert going is not None
    assert (going.state, len(going.outputs)) == (TaskState.RUNNING, 3)


def test_some_results_and_some_errors() -> None:
    """What came out is a success that carries the errors."""
    picture = {"imageUUID": "i", "imageURL": "https://m/x.png", "cost": 0.5}
    error = {"code": "inferenceError", "message": "m", "taskUUID": "t", "status": "error"}
    end = polled(ref(2), Reply((picture,), (error,)))
    assert end is not None
    assert (end.state, len(end.outputs), len(end.errors)) == (TaskState.SUCCEEDED, 1, 1)
    assert end.cost is not None
    assert str(end.cost.usd) == "0.5"
