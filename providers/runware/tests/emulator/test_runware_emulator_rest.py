"""The REST door and the public model schemas."""

from typing import Any
from uuid import uuid4

import pytest

from anymedia_runware.emulator.models import catalogue


async def test_key_in_the_header_or_in_the_body(wire: Any, image_task: Any) -> None:
    """The key is a bearer token, or comes in a first authentication element."""
    assert (await wire.post(image_task())).status_code == 200
    answer = await wire.http.post(wire.http_url, json=[wire.key, image_task()])
    assert answer.status_code == 200
    assert [item["taskType"] for item in answer.json()["data"]] == ["authentication", "imageInference"]


async def test_wrong_or_missing_key_is_401(wire: Any, image_task: Any) -> None:
    """Without the right key nothing is started."""
    wrong = await wire.post(image_task(), key="wrong")
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (401, "invalidApiKey")
    missing = await wire.http.post(wire.http_url, json=[image_task()])
    assert (missing.status_code, missing.json()["errors"][0]["code"]) == (401, "missingApiKey")
    assert wire.emulator.ledger.accepted == 0


async def test_sync_tasks_are_answered_in_one_body(wire: Any, image_task: Any) -> None:
    """All results of all tasks come together; without errors there is no `errors` key."""
    one, other = image_task(numberResults=2), image_task()
    answer = await wire.post(one, other)
    assert set(answer.json()) == {"data"}
    uuids = [item["taskUUID"] for item in answer.json()["data"]]
    assert sorted(uuids) == sorted([one["taskUUID"]] * 2 + [other["taskUUID"]])
    assert wire.emulator.ledger.delivered == 3


async def test_good_and_bad_tasks_share_a_body(wire: Any, image_task: Any) -> None:
    """With some data the status is 200, whatever else failed."""
    answer = await wire.post(image_task(), image_task(width=1))
    assert answer.status_code == 200
    assert len(answer.json()["data"]) == len(answer.json()["errors"]) == 1


async def test_async_tasks_are_polled(wire: Any, video_task: Any) -> None:
    """An acknowledgement, then the result by getResponse."""
    task = video_task()
    assert (await wire.post(task)).json() == {"data": [{"taskType": "videoInference", "taskUUID": task["taskUUID"]}]}
    await wire.finished(task)
    item = (await wire.post({"taskType": "getResponse", "taskUUID": task["taskUUID"]})).json()["data"][0]
    assert item["status"] == "success"


async def test_failed_poll_has_the_status_of_its_error(wire: Any, video_task: Any) -> None:
    """A body of nothing but errors gets the status of the first."""
    task = video_task()
    await wire.post(task)
    wire.emulator.faults.add("poll_error")
    assert (await wire.post({"taskType": "getResponse", "taskUUID": task["taskUUID"]})).status_code == 429


@pytest.mark.parametrize("body", ["{", '{"taskType":"ping"}', "[1]"])
async def test_unreadable_body_is_400(wire: Any, body: str) -> None:
    """A body that is no array of tasks is refused."""
    answer = await wire.http.post(wire.http_url, content=body, headers={"Authorization": "Bearer x"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "invalidJson")


async def test_ping_and_nothing(wire: Any) -> None:
    """A ping gets its pong, an empty array no data."""
    answer = await wire.post({"taskType": "ping", "taskUUID": str(uuid4())})
    assert answer.json() == {"data": [{"taskType": "ping", "pong": True}]}
    assert (await wire.post()).json() == {"data": []}


async def test_registry_has_an_etag(wire: Any) -> None:
    """registry.json lists every curated model, and answers 304 to whoever has it."""
    url = wire.http_url.replace("/v1", "/registry.json")
    answer = await wire.http.get(url)
    assert answer.json()["models"]["runware:101@1"] == {"taskType": "imageInference", "id": "bfl-flux-1-dev"}
    assert len(answer.json()["models"]) == 363
    again = await wire.http.get(url, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_schema_of_a_model(wire: Any) -> None:
    """resolve/<air> gives the model's parameters; 404 for a model that is not curated."""
    url = wire.http_url.replace("/v1", "/resolve/")
    schema = (await wire.http.get(url + "runware:101@1")).json()["requestSchema"]
    assert {"positivePrompt", "width", "height", "taskUUID"} <= set(schema["required"])
    assert schema["properties"]["outputFormat"] == {"enum": ["JPG", "PNG", "WEBP"]}
    assert schema["properties"]["lora"] == {"type": ["array"]}
    assert (await wire.http.get(url + "acme:1@1")).status_code == 404


def test_every_model_of_the_data_file_is_readable() -> None:
    """Each entry of models.json resolves to types and values, and its limits name a basis."""
    models = catalogue().models
    assert len(models) == 363
    for model in models.values():
        assert all(isinstance(definition, str | list) for definition in model.params.values())
        assert set(model.required) <= set(model.params)
        assert not model.limits or model.limits["basis"] in ("docs", "field")


def test_limits_of_a_model_come_before_the_generic_ones() -> None:
    """A model's own window wins over the diffusion window, which wins over the one for any model."""
    found = catalogue()
    assert found.limits("imageInference", found.find("runware:400@2"))["width"]["multiple"] == 16
    assert found.limits("imageInference", found.find("civitai:1@2"))["width"]["multiple"] == 64
    assert "width" not in found.limits("imageInference", found.find("google:4@3"))
