"""Runware's own face: account, models, stored media and past tasks, through both clients and both doors."""

import asyncio
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from anymedia import AsyncMediaClient, MediaClient
from anymedia.errors import (
    InsufficientCreditsError,
    InvalidRequestError,
    MediaError,
    MediaInputError,
    ProtocolError,
    TaskNotFoundError,
)
from anymedia.refs import TaskState
from anymedia.requests import TextToImage, UpscaleImage
from anymedia.testing.hosting import Hosted
from anymedia_runware import AsyncRunware, Runware, upload_model
from anymedia_runware.emulator import Behaviour, RunwareEmulator

Link = Any
OpenClient = Any
Vendor = Any

IMAGE = TextToImage(prompt="a lighthouse")


@pytest.fixture(params=["ws", "http"])
async def runware(
    request: pytest.FixtureRequest, runware_emulator: RunwareEmulator, open_client: OpenClient
) -> AsyncRunware:
    """An account, over the socket and over HTTP."""
    base_url = runware_emulator.endpoint.base_url.replace("ws", request.param, 1)
    return AsyncRunware(await open_client(base_url, runware_emulator.api_key))


async def test_the_account(runware: AsyncRunware, runware_emulator: RunwareEmulator) -> None:
    """The balance falls by exactly what a task was charged."""
    before = await runware.account.details()
    assert before.balance is not None
    assert before.organization_name == "Emulated organisation"
    assert before.organization_uuid
    assert before.air_source == "emulated"
    await runware.account._client.run(IMAGE)  # type: ignore[attr-defined]
    after = await runware.account.details()
    assert after.balance == before.balance - runware_emulator.ledger.charged
    assert after.usage is not None
    assert after.usage["total"].credits == runware_emulator.ledger.charged


async def test_keys_and_team(runware: AsyncRunware) -> None:
    """Who and what belongs to the account, with no more of a key than the vendor shows."""
    details = await runware.account.details()
    assert details.team is not None
    assert details.team[0].roles == ("owner",)
    assert details.api_keys is not None
    assert details.api_keys[0].api_key == "emul****************0000"
    assert details.api_keys[0].enabled is True


async def test_what_was_used(runware: AsyncRunware, runware_emulator: RunwareEmulator) -> None:
    """The vendor's own count of what was asked for, spent and failed is the ledger's."""
    client: AsyncMediaClient = runware.account._client  # type: ignore[assignment]
    await client.run(IMAGE)
    runware_emulator.faults.add("fail_task")
    with pytest.raises(MediaError):
        await client.run(IMAGE)
    reports = {name: await runware.account.usage(name) for name in ("activity", "performance", "errors")}  # type: ignore[arg-type]
    activity: Any = reports["activity"].usage
    assert activity["total"]["requests"] == runware_emulator.ledger.accepted == 2
    assert Decimal(str(activity["total"]["credits"])) == runware_emulator.ledger.charged
    assert "inferenceError" in str(reports["errors"].usage)
    narrowed: Any = (await runware.account.usage("activity", models=["google:3@3"], start=date(2026, 1, 1))).usage
    assert narrowed["total"]["requests"] == 0


async def test_bringing_a_model(runware: AsyncRunware, runware_emulator: RunwareEmulator) -> None:
    """A model's upload is a task with stages that ends when the model is ready; it is free."""
    client: AsyncMediaClient = runware.models._client  # type: ignore[assignment]
    task = await client.submit(
        upload_model(
            category="lora",
            architecture="sdxl",
            name="Harbour style",
            version="1",
            download_url="https://files.invalid/harbour.safetensors",
            air="emulated:12@1",
            unique_identifier="harbour-style",
        )
    )
    states = [snapshot.state async for snapshot in task.events()]
    assert states[-1] is TaskState.SUCCEEDED
    assert (await task.result()).output.vendor_ref == "emulated:12@1"
    assert runware_emulator.ledger.charged == 0


async def test_a_balance_that_is_an_object(open_client: OpenClient) -> None:
    """The other form in which the vendor gives the balance is read to the same number."""
    async with RunwareEmulator(behaviour=Behaviour(balance_object=True)) as emulator:
        runware = AsyncRunware(await open_client(emulator.endpoint.base_url, emulator.api_key))
        assert (await runware.account.details()).balance == Decimal(1000)


@pytest.mark.parametrize("report", ["activity", "performance", "errors"])
async def test_usage_reports(vendor: Vendor, open_client: OpenClient, report: Any) -> None:
    """Filters travel under the vendor's names, nothing that was not given travels, and what is unknown is kept."""
    asked: list[Any] = []

    async def books(link: Link) -> None:
        await link.greet()
        while True:
            task = await link.task()
            asked.append(task)
            await link.answer(task, {"operation": task["operation"], "usage": {"a": 1}, "series": [1, 2]})

    account = AsyncRunware(await open_client(await vendor(books))).account
    found = await account.usage(report, models=["runware:101@1"], group_by=["model"], timezone="UTC")
    assert found.usage == {"a": 1}
    assert found.model_extra is not None
    assert found.model_extra["series"] == [1, 2]
    (task,) = asked
    assert task["operation"] == f"getUsage{report.capitalize()}"
    sent = {key: value for key, value in task.items() if key not in ("taskType", "taskUUID", "operation")}
    assert sent == {"models": ["runware:101@1"], "groupBy": ["model"], "timezone": "UTC"}


async def test_searching_models(runware: AsyncRunware, runware_emulator: RunwareEmulator) -> None:
    """A page has what was asked for; a model that was found can be used."""
    page = await runware.models.search("flux", limit=3, category="checkpoint")
    assert len(page.results) == 3 < page.total_results
    assert all("flux" in f"{model.air} {model.name}".lower() for model in page.results)
    following = await runware.models.search("flux", limit=3, offset=3, category="checkpoint")
    assert {model.air for model in page.results}.isdisjoint(model.air for model in following.results)
    with pytest.raises(InvalidRequestError) as caught:
        await runware.models.search(limit=1000)
    assert caught.value.issues[0].legal == ("1 to 100",)


async def test_all_that_a_search_says_of_a_model(vendor: Vendor, open_client: OpenClient) -> None:
    """Every documented field has its name here; only what was asked for goes out, and odd values hurt nobody."""
    found = {
        "air": "acme:1@1",
        "name": "Harbours",
        "tags": ["sea", 7],
        "nsfwLevel": 2,
        "negativeTriggerWords": "blur",
        "defaultCFG": 3.5,
        "defaultStrength": 0.8,
        "defaultWeight": "heavy",
        "invented": True,
    }
    asked: list[Any] = []

    async def librarian(link: Link) -> None:
        await link.greet()
        asked.append(await link.task())
        await link.answer(asked[0], {"results": [found], "totalResults": 1})
        await link.listen()

    models = AsyncRunware(await open_client(await vendor(librarian))).models
    (model,) = (await models.search("harbours", limit=5)).results
    assert (model.nsfw_level, model.negative_trigger_words, model.default_cfg) == (2, "blur", 3.5)
    assert (model.default_strength, model.default_weight, model.tags) == (0.8, None, ("sea", 7))
    assert model.model_extra == {"invented": True}
    assert set(asked[0]) == {"taskType", "taskUUID", "search", "limit"}


async def test_all_models_page_by_page(runware: AsyncRunware, runware_emulator: RunwareEmulator) -> None:
    """Every model comes once, and no more pages are asked for than there are."""
    found = [model.air async for model in runware.models.all()]
    assert len(found) == len(set(found)) == (await runware.models.search(limit=1)).total_results
    assert runware_emulator.ledger.requests.count("modelSearch") == -(-len(found) // 100) + 1


async def test_stored_media(runware: AsyncRunware, tmp_path: Path, png: bytes) -> None:
    """An upload's id is an input, as often as wanted; once deleted it is gone, which is said."""
    (tmp_path / "harbour.png").write_bytes(png)
    stored = [await runware.media.upload(media) for media in (png, tmp_path / "harbour.png")]
    assert len({one.media_uuid for one in stored}) == 2
    assert stored[0].media_url
    result = await runware.media._client.run(UpscaleImage(image=stored[0].media_uuid))  # type: ignore[attr-defined]
    assert result.outputs
    await runware.media.delete(stored[1].media_uuid)
    with pytest.raises(MediaInputError):
        await runware.media.delete(stored[1].media_uuid)


async def test_past_tasks(runware: AsyncRunware) -> None:
    """What was asked and answered is in the archive, by ref and by id; a stranger is not found."""
    result = await runware.tasks._client.run(IMAGE)  # type: ignore[attr-defined]
    for task in (result.ref, result.ref.id):
        details = await runware.tasks.details(task)
        assert details.request is not None
        assert details.request[0]["positivePrompt"] == "a lighthouse"
        assert result.url in str(details.response)
    with pytest.raises(TaskNotFoundError):
        await runware.tasks.details("0b5a1a3e-8f0e-4c53-9d59-1a2b3c4d5e6f")


async def test_nothing_here_is_a_task(runware: AsyncRunware, runware_emulator: RunwareEmulator, png: bytes) -> None:
    """Resources start nothing that is paid for, and leave no trace in the journal."""
    await runware.media.upload(png)
    await runware.models.search("flux")
    await runware.account.details()
    assert runware_emulator.ledger.accepted == 0
    assert await runware.media._client.unfinished() == ()  # type: ignore[attr-defined]


async def test_a_lost_link_is_asked_over_again(vendor: Vendor, open_client: OpenClient, png: bytes) -> None:
    """A call whose answer is lost is made again; one that the vendor has answered already gets a new id."""
    asked: list[Any] = []

    async def shaky(link: Link) -> None:
        await link.greet()
        asked.append(await link.task())
        if len(asked) == 1:
            return
        if len(asked) == 2:
            await link.answer(asked[-1], errors=[{"code": "conflictTaskUUID", "message": "Used before."}])
            asked.append(await link.task())
        await link.answer(asked[-1], {"mediaUUID": "m"})
        await link.listen()

    media = AsyncRunware(await open_client(await vendor(shaky))).media
    assert (await media.upload(png)).media_uuid == "m"
    assert asked[0]["taskUUID"] == asked[1]["taskUUID"] != asked[2]["taskUUID"]


async def test_errors_are_the_trees(vendor: Vendor, open_client: OpenClient, png: bytes) -> None:
    """An error item is an error of the tree; an answer that is no record says so and keeps what came."""

    async def stern(link: Link) -> None:
        await link.greet()
        await link.answer(await link.task(), errors=[{"code": "insufficientCredits", "message": "Top up."}])
        for _ in range(3):
            await link.answer(await link.task(), errors=[{"code": "internalServerError", "message": "Later."}])
        await link.answer(await link.task(), {"mediaURL": "https://h/x"})
        await link.listen()

    runware = AsyncRunware(await open_client(await vendor(stern)))
    with pytest.raises(InsufficientCreditsError):
        await runware.account.details()
    with pytest.raises(MediaError, match="Later"):
        await runware.account.details()
    with pytest.raises(ProtocolError) as caught:
        await runware.media.upload(png)
    assert "https://h/x" in str(caught.value.raw)


async def test_resources_beside_tasks(runware: AsyncRunware, runware_emulator: RunwareEmulator) -> None:
    """Twenty calls among twenty tasks: each gets the answer to its own question."""
    client: AsyncMediaClient = runware.models._client  # type: ignore[assignment]
    pictures = [client.run(TextToImage(prompt=f"dog {number}")) for number in range(20)]
    searches = [runware.models.search(limit=1, offset=number) for number in range(20)]
    found = await asyncio.gather(*pictures, *searches)
    assert len({page.results[0].air for page in found[20:]}) == 20  # type: ignore[union-attr]
    assert runware_emulator.ledger.accepted == 20


def test_the_synchronous_twin(png: bytes) -> None:
    """Everything above, for synchronous code."""
    with Hosted(RunwareEmulator(speed=1000)) as there, MediaClient("runware", **vars(there), journal=None) as client:
        runware = Runware(client)
        assert runware.account.details().balance == Decimal(1000)
        assert runware.models.search("flux", limit=2).total_results > 2
        assert len(list(runware.models.all("flux"))) > 2
        stored = runware.media.upload(png)
        assert client.run(UpscaleImage(image=stored.media_uuid)).outputs
        result = client.run(IMAGE)
        assert runware.tasks.details(result.ref).request is not None


def test_a_models_upload_is_a_request() -> None:
    """Bringing a model is a value on the journalled road, with the vendor's names and nothing that was not given."""
    request = upload_model(
        category="lora",
        architecture="sdxl",
        name="n",
        version="1",
        download_url="https://h/x.safetensors",
        defaultWeight=1,
    )
    assert (request.provider, request.call) == ("runware", "modelUpload")
    assert request.payload == {
        "category": "lora",
        "architecture": "sdxl",
        "format": "safetensors",
        "name": "n",
        "version": "1",
        "private": True,
        "downloadURL": "https://h/x.safetensors",
        "defaultWeight": 1,
    }


@pytest.mark.parametrize(
    ("task_type", "fields"),
    [
        ("imageInference", {"positivePrompt": "a dog", "model": "runware:101@1", "width": 512, "height": 512}),
        ("modelSearch", {"taskType": "imageInference", "positivePrompt": "a dog", "model": "runware:101@1"}),
    ],
)
async def test_nothing_paid_goes_this_way(
    runware: AsyncRunware, runware_emulator: RunwareEmulator, task_type: str, fields: dict[str, object]
) -> None:
    """A call is repeated without a journal, so what may cost something is refused before it is sent."""
    provider: Any = await runware.models._client.provider_named("runware")
    with pytest.raises(InvalidRequestError, match="Native"):
        await provider.calls.call(task_type, fields)
    assert runware_emulator.ledger.accepted == 0
