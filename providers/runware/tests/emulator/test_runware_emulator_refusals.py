"""What the service refuses: the code, the field and the legal values, before anything is charged."""

from typing import Any
from uuid import uuid4

import pytest

from anymedia_runware.emulator import Behaviour


async def refusal(wire: Any, task: dict[str, Any]) -> dict[str, Any]:
    """The only error of a task that is refused and leaves the ledger alone."""
    answer = await wire.post(task)
    assert answer.json()["data"] == []
    assert wire.emulator.ledger.accepted == 0
    (error,) = answer.json()["errors"]
    assert answer.status_code == (404 if error["code"] == "mediaNotFound" else 400)
    return error


@pytest.mark.parametrize(
    ("changes", "code", "parameter"),
    [
        ({"model": None}, "missingModel", "model"),
        ({"model": "flux"}, "invalidModel", "model"),
        ({"model": 7}, "invalidModel", "model"),
        ({"model": "google:3@3"}, "invalidTaskType", "taskType"),
        ({"positivePrompt": None}, "missingPositivePrompt", "positivePrompt"),
        ({"positivePrompt": "x"}, "invalidPositivePromptLength", "positivePrompt"),
        ({"positivePrompt": "x" * 3001}, "invalidPositivePromptLength", "positivePrompt"),
        ({"positivePrompt": 5}, "invalidPositivePrompt", "positivePrompt"),
        ({"width": None}, "missingWidth", "width"),
        ({"width": 100}, "invalidWidth", "width"),
        ({"width": 130}, "invalidWidth", "width"),
        ({"height": 4096}, "invalidHeight", "height"),
        ({"height": "512"}, "invalidHeight", "height"),
        ({"steps": 101}, "invalidSteps", "steps"),
        ({"steps": True}, "invalidSteps", "steps"),
        ({"numberResults": 0}, "invalidNumberResults", "numberResults"),
        ({"outputFormat": "GIF"}, "invalidOutputFormat", "outputFormat"),
        ({"outputType": "file"}, "invalidOutputType", "outputType"),
        ({"outputQuality": 10}, "invalidOutputQuality", "outputQuality"),
        ({"ttl": 59}, "invalidTtl", "ttl"),
        ({"ttl": 60, "outputType": "dataURI"}, "invalidTtl", "ttl"),
        ({"deliveryMethod": "stream"}, "invalidDeliveryMethod", "deliveryMethod"),
        ({"scheduler": "Eulerian"}, "invalidScheduler", "scheduler"),
        ({"upscaleFactor": 2}, "unsupportedParameter", "upscaleFactor"),
        ({"webhookURL": "https://example.com/hook"}, "invalidWebhookURL", "webhookURL"),
        ({"webhookURL": "http://[::1/hook"}, "invalidWebhookURL", "webhookURL"),
        ({"uploadEndpoint": "https://127.0.0.1/put"}, "invalidUploadEndpoint", "uploadEndpoint"),
        ({"seedImage": "no such thing!"}, "invalidSeedImage", "seedImage"),
        ({"seedImage": "5b0c2c3e-8a35-4f0b-9a8d-5d3f6a1b7c10"}, "mediaNotFound", "seedImage"),
        ({"inputs": {"seedImage": "bm90IGFuIGltYWdl"}}, "invalidSeedImage", "inputs.seedImage"),
        ({"seedImage": "http://127.0.0.1:9/nothing.png"}, "downloadFailed", "seedImage"),
    ],
)
async def test_bad_image_request(wire: Any, image_task: Any, changes: Any, code: str, parameter: str) -> None:
    """Each wrong field of an image request has a code of its own and is named."""
    task = image_task(**changes)
    error = await refusal(wire, task)
    assert (error["code"], error["parameter"]) == (code, parameter)
    assert (error["taskType"], error["taskUUID"]) == ("imageInference", task["taskUUID"])
    assert error["message"]
    assert error["documentation"]


@pytest.mark.parametrize(
    ("changes", "code", "parameter"),
    [
        ({"duration": None}, "missingDuration", "duration"),
        ({"duration": -3}, "invalidDuration", "duration"),
        ({"model": "google:3@3", "duration": 5}, "invalidDuration", "duration"),
        ({"model": "minimax:3@1", "duration": 6, "fps": 24}, "invalidFps", "fps"),
        ({"numberResults": 5}, "invalidNumberResults", "numberResults"),
        ({"outputType": "base64Data"}, "invalidOutputType", "outputType"),
        (
            {"model": "bytedance:seedance@2.5", "duration": 31, "width": 1280, "height": 720},
            "invalidDuration",
            "duration",
        ),
        (
            {"model": "bytedance:seedance@2.5", "duration": 5, "width": 1000, "height": 700},
            "invalidDimensions",
            ["width", "height"],
        ),
        (
            {"model": "klingai:kling-video@3-standard", "deliveryMethod": "sync"},
            "invalidDeliveryMethod",
            "deliveryMethod",
        ),
    ],
)
async def test_bad_video_request(wire: Any, video_task: Any, changes: Any, code: str, parameter: Any) -> None:
    """The windows of the models hold."""
    if changes.get("model", "").startswith("klingai"):
        changes = {**changes, "duration": 5}
    error = await refusal(wire, video_task(**changes))
    assert (error["code"], error["parameter"]) == (code, parameter)


async def test_range_errors_tell_the_range(wire: Any, image_task: Any) -> None:
    """A number outside its window comes back with the window."""
    error = await refusal(wire, image_task(width=130))
    assert (error["min"], error["max"], error["multiplier"]) == (128, 2048, 64)


async def test_enum_errors_tell_the_values(wire: Any, image_task: Any) -> None:
    """A word outside its list comes back with the list, whose case does not matter."""
    error = await refusal(wire, image_task(outputFormat="GIF"))
    assert error["allowedValues"] == ["JPG", "PNG", "WEBP"]
    assert (await wire.post(image_task(outputFormat="png"))).status_code == 200


async def test_total_size_has_a_window(wire: Any, image_task: Any) -> None:
    """Where a model limits the number of pixels, both sides are named."""
    error = await refusal(wire, image_task(model="openai:gpt-image@2", width=512, height=512))
    assert (error["code"], error["parameter"], error["min"]) == ("invalidDimensions", ["width", "height"], 655360)


async def test_references_are_counted(wire: Any, image_task: Any) -> None:
    """More references than a model takes are refused in both dialects."""
    images = [f"https://example.com/{n}.jpg" for n in range(3)]
    flat = image_task(model="runware:106@1", referenceImages=images)
    nested = image_task(model="runware:106@1", inputs={"referenceImages": images})
    assert (await refusal(wire, flat))["parameter"] == "referenceImages"
    error = await refusal(wire, nested)
    assert (error["code"], error["parameter"], error["max"]) == ("invalidReferenceImages", "inputs.referenceImages", 2)


async def test_all_problems_are_told_at_once(wire: Any, image_task: Any) -> None:
    """Several wrong fields give several errors."""
    errors = (await wire.post(image_task(width=1, steps=500, numberResults=99))).json()["errors"]
    assert {error["code"] for error in errors} == {"invalidWidth", "invalidSteps", "invalidNumberResults"}


async def test_an_unlisted_model_is_taken(wire: Any, image_task: Any) -> None:
    """Any well-formed AIR works; generic rules hold for it."""
    assert (await wire.post(image_task(model="acme:9@1", width=640, height=360))).status_code == 200
    assert (await wire.post(image_task(model="civitai:9@1", width=640, height=360))).status_code == 400


async def test_strictness_can_be_switched_off(make_wire: Any, image_task: Any) -> None:
    """Without strictness, surplus parameters and unknown media are let pass."""
    wire = await make_wire(behaviour=Behaviour(strict=False))
    assert (await wire.post(image_task(upscaleFactor=2, seedImage=str(uuid4())))).status_code == 200


@pytest.mark.parametrize("uuid", [None, "", "42", "c232ab00-9414-11ec-b3c8-9f6bdeced846", 7])
async def test_task_needs_a_random_uuid(wire: Any, image_task: Any, uuid: Any) -> None:
    """Without a UUID of version 4 a task is refused, and the error names no task."""
    link = await wire.link()
    (error,) = (await link.ask({**image_task(), "taskUUID": uuid}))["errors"]
    assert error["code"] == ("missingParameter" if uuid is None else "invalidTaskUUID")
    assert error["parameter"] == "taskUUID"
    assert "taskUUID" not in error


@pytest.mark.parametrize("name", ["videoCaption", "noSuchTask", None])
async def test_other_task_types_are_unsupported(wire: Any, name: Any) -> None:
    """A task type that does not exist is refused by name, and the error names no task."""
    link = await wire.link()
    (error,) = (await link.ask({"taskType": name, "taskUUID": str(uuid4())}))["errors"]
    assert (error["code"], error["taskType"]) == ("unsupportedTaskType", str(name))
    assert "taskUUID" not in error


@pytest.mark.parametrize("name", ["upscale", "removeBackground", "caption", "imageMasking"])
async def test_tools_need_a_medium(wire: Any, name: str) -> None:
    """A tool without input says so."""
    model = {"imageMasking": "runware:35@1"}.get(name)
    task = {"taskType": name, "taskUUID": str(uuid4()), **({"model": model} if model else {})}
    assert (await refusal(wire, task))["code"] == "missingInputs"


async def test_tools_take_their_own_kind_of_medium(wire: Any) -> None:
    """An image tool refuses a film, and a film's field refuses an image."""
    task = {"taskType": "upscale", "taskUUID": str(uuid4()), "model": "runware:504@1"}
    error = await refusal(wire, {**task, "inputs": {"video": "https://example.com/a.mp4"}})
    assert error["code"] == "invalidVideo"
    error = await refusal(wire, {**task, "model": "bria:50@1", "inputs": {"image": "https://example.com/a.png"}})
    assert error["code"] == "invalidImage"


@pytest.mark.parametrize(
    ("task", "code"),
    [
        ({"taskType": "modelSearch", "limit": 0}, "invalidLimit"),
        ({"taskType": "modelSearch", "offset": -1}, "invalidOffset"),
        ({"taskType": "accountManagement", "operation": "close"}, "invalidOperation"),
        ({"taskType": "imageUpload"}, "missingImage"),
        ({"taskType": "imageUpload", "image": "%%%"}, "invalidImage"),
        ({"taskType": "mediaStorage", "operation": "delete"}, "missingMedia"),
    ],
)
async def test_bad_free_request(wire: Any, task: Any, code: str) -> None:
    """Free tasks are checked as well."""
    assert (await refusal(wire, {"taskUUID": str(uuid4()), **task}))["code"] == code


async def test_images_are_uploaded_as_images(wire: Any, film: bytes, data_uri: Any) -> None:
    """imageUpload takes no films."""
    task = {"taskType": "imageUpload", "taskUUID": str(uuid4()), "image": data_uri(film, "video/mp4")}
    assert (await refusal(wire, task))["code"] == "invalidImage"


async def test_poll_needs_an_id(wire: Any) -> None:
    """getResponse without a UUID is an error."""
    assert (await refusal(wire, {"taskType": "getResponse"}))["code"] == "missingParameter"


async def test_media_storage_knows_two_operations(wire: Any) -> None:
    """Anything but upload and delete is refused, as is deleting what is not there."""
    task = {"taskType": "mediaStorage", "taskUUID": str(uuid4())}
    assert (await refusal(wire, {**task, "operation": "list", "media": "x"}))["allowedValues"] == ["upload", "delete"]
    assert (await refusal(wire, {**task, "operation": "upload"}))["code"] == "missingMedia"
    assert (await refusal(wire, {**task, "operation": "delete", "media": str(uuid4())}))["code"] == "mediaNotFound"
