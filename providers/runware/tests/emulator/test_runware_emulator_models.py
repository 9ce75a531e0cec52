"""Models as results: 3D files, trained and uploaded models that searches find and tasks use; account and archive."""

import base64
import io
import json
import struct
import zipfile
from typing import Any
from uuid import uuid4

import pytest

from anymedia.testing import ManualClock, render

TRAINER = "runware:flux-1-dev@style-lora-training"


def dataset() -> str:
    """A ZIP of one file as a data URI."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("1.txt", "a barn")
    return f"data:application/zip;base64,{base64.b64encode(file.getvalue()).decode()}"


def training(**changes: Any) -> dict[str, Any]:
    """A valid training request, with changes."""
    wanted = {"air": "emulated:900@1", "name": "Barns", "uniqueIdentifier": "barns", "version": "1", "private": True}
    task = {
        "taskType": "training", "taskUUID": str(uuid4()), "model": TRAINER, "inputs": {"dataset": dataset()},
        "importModel": wanted, "triggerWord": "brn", "trainingSteps": 100, "learningRate": 0.0001,
    }  # fmt: skip
    return {**task, **changes}


def upload(**changes: Any) -> dict[str, Any]:
    """A valid model upload, with changes."""
    task = {
        "taskType": "modelUpload", "taskUUID": str(uuid4()), "category": "checkpoint", "architecture": "sdxl",
        "format": "safetensors", "air": "emulated:12@1", "uniqueIdentifier": "mine", "name": "My paintings",
        "version": "1", "downloadURL": "https://example.com/x.safetensors", "private": True, "tags": ["paint"],
    }  # fmt: skip
    return {**task, **changes}


async def search(wire: Any, **asked: Any) -> Any:
    return await wire.result(taskType="modelSearch", **asked)


@pytest.mark.parametrize(
    ("model", "asked", "textured"),
    [
        ("tripo:v3.1@0", {"positivePrompt": "a vase"}, False),
        ("meta:sam@3d", {"positivePrompt": "x", "inputs": {"image": "PICTURE"}}, True),
        ("microsoft:trellis-2@4b", {"inputs": {"image": "PICTURE"}}, True),
        ("meshy:meshy@6", {"positivePrompt": "a vase", "settings": {"faceCount": 20000}}, False),
    ],
)
async def test_models_load(wire: Any, data_uri: Any, picture: bytes, model: str, asked: Any, textured: bool) -> None:
    """A GLB is valid glTF 2.0 whose numbers fit its binary part; a picture becomes its texture; polling brings it."""
    task = {"taskType": "3dInference", "taskUUID": str(uuid4()), "model": model, "includeCost": True, **asked}
    if "inputs" in task:
        task["inputs"] = {"image": data_uri(picture, "image/png")}
    (acknowledged,) = (await wire.post(task)).json()["data"]
    assert "outputs" not in acknowledged
    await wire.finished(task)
    (item,) = (await wire.post({"taskType": "getResponse", "taskUUID": task["taskUUID"]})).json()["data"]
    (file,) = item["outputs"]["files"]
    data = await wire.download(file["url"])
    assert render.read_model(data).textured is textured
    assert render.read_model(data).triangles > (2000 if "settings" in asked else 500)
    _check_glb(data)
    assert item["cost"] > 0
    assert not [name for name in item if name.endswith("URL")]


def _check_glb(data: bytes) -> None:
    """Chunks, views and accessors lie where they say, and indices point at vertices."""
    size = struct.unpack_from("<I", data, 12)[0]
    scene, binary = json.loads(data[20 : 20 + size]), data[28 + size :]
    assert scene["asset"]["version"] == "2.0"
    assert (size % 4, len(binary) % 4, len(binary)) == (0, 0, scene["buffers"][0]["byteLength"])
    for view in scene["bufferViews"]:
        assert view["byteOffset"] % 4 == 0
        assert view["byteOffset"] + view["byteLength"] <= len(binary)
    widths = {"SCALAR": 1, "VEC2": 2, "VEC3": 3}
    for accessor in scene["accessors"]:
        view = scene["bufferViews"][accessor["bufferView"]]
        assert view["byteLength"] == 4 * widths[accessor["type"]] * accessor["count"]
    primitive = scene["meshes"][0]["primitives"][0]
    vertices = scene["accessors"][primitive["attributes"]["POSITION"]]["count"]
    view = scene["bufferViews"][scene["accessors"][primitive["indices"]]["bufferView"]]
    indices = struct.unpack_from(f"<{view['byteLength'] // 4}I", binary, view["byteOffset"])
    assert max(indices) == vertices - 1


async def test_models_depend_on_the_request(wire: Any) -> None:
    """Another prompt or seed gives another shape; a mesh goes in as it came out, also through the store."""
    task = {"taskType": "3dInference", "model": "tripo:v3.1@0", "positivePrompt": "a vase", "seed": 1}
    files = []
    for changes in ({}, {}, {"seed": 2}, {"positivePrompt": "a bowl"}):
        item = await wire.result(**{**task, **changes})
        files.append(await wire.download(item["outputs"]["files"][0]["url"]))
    assert files[0] == files[1]
    assert len(set(files)) == 3
    uri = f"data:model/gltf-binary;base64,{base64.b64encode(files[0]).decode()}"
    stored = await wire.result(taskType="mediaStorage", operation="upload", media=uri)
    item = await wire.result(**{**task, "positivePrompt": "x", "inputs": {"meshFile": stored["mediaUUID"]}})
    assert await wire.download(item["outputs"]["files"][0]["url"]) == files[0]


async def test_fbx_is_refused(wire: Any) -> None:
    """What the service cannot write it says it cannot."""
    task = {"taskType": "3dInference", "taskUUID": str(uuid4()), "model": "tripo:v3.1@0", "positivePrompt": "a vase"}
    error = (await wire.post({**task, "outputFormat": "FBX"})).json()["errors"][0]
    assert (error["code"], error["allowedValues"]) == ("unsupportedOutputFormat", ["GLB"])


async def test_training_makes_a_model(slow_wire: Any, clock: ManualClock) -> None:
    """Training is acknowledged, tells its progress, and ends with an AIR that searches find and nobody had before."""
    task = training()
    assert (await slow_wire.post(task)).json()["data"] == [{"taskType": "training", "taskUUID": task["taskUUID"]}]
    poll = {"taskType": "getResponse", "taskUUID": task["taskUUID"]}
    await clock.advance(200)
    (running,) = (await slow_wire.post(poll)).json()["data"]
    assert running["status"] == "processing"
    assert 20 <= running["progress"] < 60
    assert (await _found(slow_wire, "barns")) == []
    await clock.advance(600)
    (done,) = (await slow_wire.post(poll)).json()["data"]
    assert (done["status"], done["air"], done["outputs"]) == ("success", "emulated:900@1", {})
    (entry,) = await _found(slow_wire, "barns")
    assert (entry["air"], entry["category"], entry["architecture"]) == ("emulated:900@1", "lora", "flux-1-dev")
    assert (entry["private"], entry["positiveTriggerWords"]) == (True, "brn")
    assert slow_wire.emulator.ledger.charged > 1


async def _found(wire: Any, words: str) -> Any:
    task = {"taskType": "modelSearch", "taskUUID": str(uuid4()), "search": words}
    return (await wire.post(task)).json()["data"][0]["results"]


async def test_a_dataset_may_be_far_away(wire: Any) -> None:
    """An address that cannot be followed stands for a data set, which can be kept and named by its id, too."""
    task = training(inputs={"dataset": "https://example.com/set.zip"})
    assert "data" in (await wire.post(task)).json()
    stored = await wire.result(taskType="mediaStorage", operation="upload", media=dataset())
    wanted = {"air": "emulated:901@1", "name": "More", "uniqueIdentifier": "more", "version": "1"}
    again = training(inputs={"dataset": stored["mediaUUID"]}, importModel=wanted)
    assert "errors" not in (await wire.post(again)).json()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"deliveryMethod": "sync"}, "invalidDeliveryMethod"),
        ({"inputs": {"dataset": base64.b64encode(b"no zip at all").decode()}}, "invalidDataset"),
        ({"inputs": {}}, "missingDataset"),
        ({"importModel": {"air": "emulated:1@1"}}, "missingName"),
        ({"importModel": {"air": "x", "name": "n", "uniqueIdentifier": "u", "version": "1"}}, "invalidAir"),
        ({"importModel": {"air": "runware:101@1", "name": "n", "uniqueIdentifier": "u", "version": "1"}}, "modelAlreadyExists"),
    ],
)  # fmt: skip
async def test_bad_training(wire: Any, changes: dict[str, Any], code: str) -> None:
    """A training without a data set, a free name or patience is refused."""
    assert code in {error["code"] for error in (await wire.post(training(**changes))).json()["errors"]}
    assert wire.emulator.ledger.accepted == 0


async def test_upload_goes_through_its_stages(slow_wire: Any, clock: ManualClock) -> None:
    """A model upload is told stage by stage, pushed over the socket and cumulative when polled, and costs nothing."""
    link, task = await slow_wire.link(), upload()
    await link.send(task)
    assert await link.ask({"taskType": "ping"})
    stages = ["validated", "downloaded", "optimized", "stored", "ready"]
    for stage in stages:
        await clock.advance(20 if stage != "validated" else 24)
        (item,) = (await link.next())["data"]
        assert (item["status"], item["air"]) == (stage, "emulated:12@1")
        assert item["message"]
        known = (await slow_wire.post({"taskType": "getResponse", "taskUUID": task["taskUUID"]})).json()["data"]
        assert [one["status"] for one in known] == stages[: stages.index(stage) + 1]
    entry = slow_wire.emulator.ledger.entries[task["taskUUID"]]
    assert (entry.charged, entry.state) == (0, "succeeded")
    assert [one["tags"] for one in await _found(slow_wire, "paintings")] == [["paint"]]


async def test_upload_asynchronously(slow_wire: Any, clock: ManualClock) -> None:
    """Before the first stage, a poll says that the upload is under way."""
    task = upload(deliveryMethod="async", air=None)
    assert len((await slow_wire.post({k: v for k, v in task.items() if v is not None})).json()["data"]) == 1
    poll = {"taskType": "getResponse", "taskUUID": task["taskUUID"]}
    (item,) = (await slow_wire.post(poll)).json()["data"]
    assert item["status"] == "processing"
    await clock.advance(200)
    assert (await slow_wire.post(poll)).json()["data"][-1]["air"].startswith("emulated:")


async def test_an_uploaded_checkpoint_draws(wire: Any, image_task: Any) -> None:
    """A checkpoint that is ready makes images by its architecture's rules; its name is taken from then on."""
    assert (await wire.post(upload())).json()["data"][-1]["status"] == "ready"
    item = await wire.result(**image_task(model="emulated:12@1"))
    assert (await wire.facts(item["imageURL"])).width == 128
    refused = await wire.post(image_task(model="emulated:12@1", pulid={"inputImages": []}))
    assert refused.json()["errors"][0]["code"] == "unsupportedParameter"
    assert (await wire.post(upload())).json()["errors"][0]["code"] == "modelAlreadyExists"


async def test_an_upload_that_cannot_be_downloaded_fails(wire: Any) -> None:
    """A file that is not there ends the upload with the status failed, and no model is added."""
    items = (await wire.post(upload(downloadURL="http://127.0.0.1:9/none.safetensors"))).json()["data"]
    assert [item["status"] for item in items] == ["validated", "failed"]
    assert items[-1]["message"].startswith("error downloading")
    assert (await search(wire, search="paintings"))["totalResults"] == 0
    assert [entry.state for entry in wire.emulator.ledger.entries.values()] == ["failed"]


async def test_search_pages_through_the_catalogue(wire: Any) -> None:
    """Pages neither overlap nor leave out; the total is the whole list; sorting by name works both ways."""
    first, rest = await search(wire, limit=100, sort="name"), []
    assert first["totalResults"] == 363
    for offset in (100, 200, 300):
        rest += (await search(wire, limit=100, offset=offset, sort="name"))["results"]
    names = [entry["name"] for entry in [*first["results"], *rest]]
    assert names == sorted(names)
    assert len({entry["air"] for entry in [*first["results"], *rest]}) == 363
    assert (await search(wire, limit=1, sort="-name"))["results"][0]["name"] == names[-1]
    assert len((await search(wire))["results"]) == 20


@pytest.mark.parametrize(
    ("asked", "least", "most"),
    [
        ({"search": "flux dev"}, 2, 20),
        ({"search": "no such model anywhere"}, 0, 0),
        ({"category": "checkpoint", "type": "base"}, 363, 363),
        ({"category": "vae"}, 0, 0),
        ({"tags": ["videoInference"]}, 98, 98),
        ({"capabilities": ["textInference"]}, 22, 22),
        ({"architecture": "flux-1-dev"}, 1, 20),
        ({"visibility": "private"}, 1, 1),
        ({"visibility": "owned"}, 2, 2),
        ({"visibility": "favorite"}, 0, 0),
        ({"visibility": "public"}, 364, 364),
        ({"source": "official"}, 363, 363),
        ({"source": "community"}, 2, 2),
        ({"category": "lora"}, 2, 2),
    ],
)
async def test_search_filters(wire: Any, asked: dict[str, Any], least: int, most: int) -> None:
    """Each filter leaves what it says, the users' own models included."""
    catalogue = wire.emulator.backend.catalogue
    for number, private in ((1, True), (2, False)):
        entry = {"name": f"Own {number}", "category": "lora", "architecture": "z-image", "private": private}
        catalogue.add(f"emulated:{number}@1", entry)
    assert least <= (await search(wire, **asked))["totalResults"] <= most


async def test_account(wire: Any, image_task: Any) -> None:
    """The account tells who, what is left and what was used, in numbers that follow the ledger."""
    before = await wire.result(taskType="accountManagement", operation="getDetails")
    await wire.result(**image_task())
    after = await wire.result(taskType="accountManagement", operation="getDetails")
    assert after["balance"] == pytest.approx(before["balance"] - float(wire.emulator.ledger.charged))
    assert after["usage"]["today"]["requests"] == before["usage"]["today"]["requests"] + 1
    assert set(after["usage"]) == {"total", "today", "last7Days", "last30Days"}
    assert wire.emulator.api_key not in json.dumps(after)
    assert set(after["team"][0]) == {"name", "email", "roles", "joinedAt"}
    assert after["apiKeys"][0]["requests"] == 1


async def test_usage_reports(wire: Any, image_task: Any) -> None:
    """Activity, performance and errors are told in total and by model, for the models asked about."""
    await wire.result(**image_task(numberResults=1))
    wire.emulator.faults.add("fail_task")
    await wire.post(image_task(model="runware:100@1"))
    task = {"taskType": "accountManagement", "startDate": "2026-10-01", "endDate": "2026-10-31", "timezone": "UTC"}
    activity = await wire.result(**task, operation="getUsageActivity", models=["runware:101@1"])
    assert activity["usage"]["total"] == {"credits": 0.0038, "requests": 1}
    assert activity["usage"]["groups"] == [{"model": "runware:101@1", "credits": 0.0038, "requests": 1}]
    assert (activity["startDate"], activity["timezone"]) == ("2026-10-01", "UTC")
    speed = await wire.result(**task, operation="getUsagePerformance")
    assert 3 < speed["usage"]["total"]["averageSeconds"] < 6
    errors = await wire.result(**task, operation="getUsageErrors")
    assert errors["usage"]["groups"] == [{"model": "runware:100@1", "code": "inferenceError", "errors": 1}]


@pytest.mark.parametrize(
    "task",
    [
        {"taskType": "textInference", "model": "openai:gpt@5-mini", "messages": [{"role": "user", "content": "Hello"}]},
        {"taskType": "3dInference", "model": "tripo:v3.1@0", "positivePrompt": "a vase", "deliveryMethod": "sync"},
        {"taskType": "vectorize", "model": "recraft:v4@vector", "positivePrompt": "a barn"},
        {"taskType": "promptEnhance", "prompt": "a dog"},
        {"taskType": "modelSearch", "limit": 1},
        {"taskType": "accountManagement", "operation": "getDetails"},
        upload(),
    ],
    ids=lambda task: str(task["taskType"]),
)
async def test_archive_has_every_kind_of_task(wire: Any, task: dict[str, Any]) -> None:
    """getTaskDetails gives back the request and the answer of any task, word by word."""
    task = {**task, "taskUUID": str(uuid4())}
    answered = (await wire.post(task)).json()["data"]
    details = await wire.result(taskType="getTaskDetails", taskUUID=task["taskUUID"])
    assert details["request"] == [task]
    assert details["response"]["data"] == answered


async def test_reading_again_is_no_conflict(wire: Any) -> None:
    """What only reads may be sent again under its id; what stores something may not."""
    task = {"taskType": "modelSearch", "taskUUID": str(uuid4()), "limit": 1}
    assert (await wire.post(task)).json() == (await wire.post(task)).json()
    stored = {"taskType": "mediaStorage", "taskUUID": str(uuid4()), "operation": "upload", "media": dataset()}
    assert (await wire.post(stored)).status_code == 200
    assert (await wire.post(stored)).json()["errors"][0]["code"] == "conflictTaskUUID"
