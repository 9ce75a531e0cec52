"""Traps of the old Python SDK `runware` 0.5.24, second part: its tasks. Each test fails if we fall into the same."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from anymedia.errors import InvalidRequestError, MediaError
from anymedia.media import Media
from anymedia.provider import Gap
from anymedia.refs import Outcome, TaskState
from anymedia.requests import (
    ImageToImage,
    Native,
    RemoveBackground,
    TextToImage,
    TextToVideo,
    UpscaleImage,
)
from anymedia.tasks import Snapshot, advance
from anymedia_runware import RunwareOptions
from anymedia_runware.emulator import RunwareEmulator

Client = Any
Desk = Any
Link = Any
OpenClient = Any
OpenDesk = Any
Vendor = Any

IMAGE = TextToImage(prompt="a lighthouse")
FILM = TextToVideo(prompt="waves", duration=3)
URL = "https://media.invalid/a.png"


def native(call: str, **payload: Any) -> Native:
    return Native(provider="runware", call=call, payload=payload)


async def test_trap_o05_a_cumulative_answer_counts_each_result_once(vendor: Vendor, open_desk: OpenDesk) -> None:
    """One of two films is ready at two looks before the other: the result holds both, none of them twice."""
    early = {"status": "success", "videoUUID": "a", "videoURL": "https://h/a.mp4"}
    late = {"status": "success", "videoUUID": "b", "videoURL": "https://h/b.mp4"}

    async def gradual(link: Link) -> None:
        await link.greet()
        await link.answer(await link.task())
        for other in ({"status": "processing"}, {"status": "processing"}, late):
            await link.answer(await link.task(), early, other)
        await link.listen()

    desk = await open_desk(await vendor(gradual), "key_0")
    snapshot = await desk.run(native("videoInference", model="google:3@3", positivePrompt="waves", numberResults=2))
    assert snapshot.state is TaskState.SUCCEEDED
    assert [output.vendor_ref for output in snapshot.outputs] == ["a", "b"]


_UTILITIES = [
    native("imageCaption", inputImage=URL),
    native("imageUpscale", inputImage=URL, upscaleFactor=2),
    native("promptEnhance", prompt="a dog", promptMaxLength=64, promptVersions=1),
    UpscaleImage(image=URL),
    IMAGE,
]


@pytest.mark.parametrize("request_", _UTILITIES, ids=lambda request: getattr(request, "call", request.operation))
@pytest.mark.parametrize("trouble", ["link", "throttle"])
async def test_trap_o07_a_retry_keeps_the_id(
    vendor: Vendor, open_client: OpenClient, request_: Any, trouble: str
) -> None:
    """Whatever goes wrong before the answer, all that is sent about one request carries one id."""
    links: list[Link] = []

    async def shaky(link: Link) -> None:
        links.append(link)
        await link.greet()
        first = await link.task()
        if trouble == "link" and len(links) == 1:
            return
        if trouble == "throttle":
            await link.answer(first, errors=[{"code": "rateLimitExceeded", "message": "Slow down."}])
            first = await link.task()
        while True:
            await link.answer(first, {"status": "success", "text": "x", "imageUUID": "a", "imageURL": URL})
            first = await link.task()

    client = await open_client(await vendor(shaky))
    assert (await client.run(request_)).outputs
    sent = [task for link in links for frame in link.frames for task in frame]
    assert len(sent) >= 2
    assert len({task["taskUUID"] for task in sent}) == 1
    creating = [task for task in sent if task["taskType"] not in ("getResponse", "getTaskDetails")]
    assert len(creating) == (2 if trouble == "throttle" else 1)


@pytest.mark.parametrize("push", [False, True])
async def test_trap_o08_a_webhook_does_not_send_twice(
    desk: Desk, runware_emulator: RunwareEmulator, push: bool
) -> None:
    """A task with a webhook's address goes out once."""
    options = {"runware": RunwareOptions(webhook_url="http://127.0.0.1:1/hook")}
    snapshot = await desk.run(TextToImage(prompt="a lighthouse", provider_options=options), push=push)
    assert snapshot.state is TaskState.SUCCEEDED
    assert runware_emulator.ledger.requests.count("imageInference") == 1
    (entry,) = runware_emulator.ledger.entries.values()
    assert entry.request["webhookURL"] == "http://127.0.0.1:1/hook"


@pytest.mark.parametrize("fault", ["mixed_frame", "foreign", "foreign_error", "orphan_error"])
async def test_trap_o09_another_tasks_error_is_not_ours(
    desk: Desk, runware_emulator: RunwareEmulator, fault: str, png: bytes
) -> None:
    """A vectorisation is not ended by errors and results of tasks it has never heard of."""
    code = {"code": "invalidModel"} if fault == "foreign_error" else {}
    runware_emulator.faults.add(fault, times=3, **code)
    snapshot = await desk.run(native("vectorize", model="recraft:1@1", inputs={"image": Media.of(png).data_uri}))
    assert (snapshot.state, len(snapshot.outputs)) == (TaskState.SUCCEEDED, 1)
    assert snapshot.errors == ()
    assert runware_emulator.ledger.accepted == 1


async def test_trap_o15_a_string_is_never_a_file(
    client: Client, nowhere: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, png: bytes
) -> None:
    """A bare string that happens to name a file is refused where media are meant, and is sent as it is elsewhere."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cat.png").write_bytes(png)
    with pytest.raises(InvalidRequestError, match="Path"):
        ImageToImage(prompt="a cat", image="cat.png")
    plan = await nowhere.plan(native("imageUpscale", inputImage="cat.png"))
    assert plan.body["inputImage"] == "cat.png"


async def test_trap_o16_bytes_are_an_input(desk: Desk, runware_emulator: RunwareEmulator, png: bytes) -> None:
    """Bytes in memory are taken as they are, and arrive."""
    assert (await desk.run(UpscaleImage(image=png))).state is TaskState.SUCCEEDED
    assert runware_emulator.ledger.accepted == 1


async def test_trap_o17_an_input_is_what_it_says(nowhere: Desk, png: bytes) -> None:
    """A URL travels as the URL, bytes travel as data: neither is passed off as the id of an upload."""
    by_url = await nowhere.plan(UpscaleImage(image=URL))
    by_bytes = await nowhere.plan(UpscaleImage(image=png))
    assert str(by_url.body).count(URL) == 1
    assert "data:image/png;base64," in str(by_bytes.body)


async def test_trap_o20_a_request_is_never_changed(
    client: Client, runware_emulator: RunwareEmulator, png: bytes
) -> None:
    """The same request object runs twice, as two tasks, and is afterwards what it was before."""
    request = UpscaleImage(image=png)
    before = request.model_dump_json()
    results = [await client.run(request) for _ in range(2)]
    assert len({result.ref.id for result in results}) == 2
    assert request.model_dump_json() == before
    assert runware_emulator.ledger.accepted == 2


async def test_trap_o25_a_conflict_leads_to_the_task(desk: Desk, runware_emulator: RunwareEmulator) -> None:
    """A task that exists already under our id is followed to its result, and not paid again."""
    plan = await desk.plan(FILM)
    ref = desk.provider.new_ref(plan)
    outcomes = [(await desk.provider.submit(plan, ref)).outcome for _ in range(2)]
    assert outcomes == [Outcome.ACCEPTED, Outcome.ACCEPTED]
    assert (await desk.end(ref)).state is TaskState.SUCCEEDED
    assert runware_emulator.ledger.accepted == 1


async def test_trap_o27_the_names_of_the_documentation(
    desk: Desk, runware_emulator: RunwareEmulator, png: bytes
) -> None:
    """Options travel under the documented names, nested where they are documented nested."""
    options = RunwareOptions(prompt_weighting="sdEmbeds", accelerator_options={"fbCache": True, "cacheEndStep": 20})
    plan = await desk.plan(
        TextToImage(model="civitai:101055@128078", prompt="a dog", provider_options={"runware": options})
    )
    assert plan.body["promptWeighting"] == "sdEmbeds"
    assert plan.body["acceleratorOptions"] == {"fbCache": True, "cacheEndStep": 20}
    settings = {"runware": {"settings": {"rgba": [255, 255, 255, 0]}}}
    request = RemoveBackground(image=png, model="runware:110@1", provider_options=settings)
    assert (await desk.run(request)).state is TaskState.SUCCEEDED
    (entry,) = runware_emulator.ledger.entries.values()
    assert entry.request["settings"] == {"rgba": [255, 255, 255, 0]}
    assert "rgba" not in entry.request


@pytest.mark.parametrize("push", [False, True])
async def test_trap_o28_enhanced_prompts_keep_their_order(vendor: Vendor, open_desk: OpenDesk, push: bool) -> None:
    """Three versions come back as three, in the vendor's order, even when two of them are equal."""
    versions = [{"text": text, "cost": 0.001} for text in ("a red dog", "a dog", "a red dog")]

    async def poet(link: Link) -> None:
        await link.greet()
        task = await link.task()
        if push:
            await link.answer(task, *versions)
        else:
            await link.answer(task)
            await link.answer(await link.task(), *({**version, "status": "success"} for version in versions))
        await link.listen()

    desk = await open_desk(await vendor(poet), "key_0")
    snapshot = await desk.run(native("promptEnhance", prompt="a dog", promptVersions=3), push=push)
    assert [output.data for output in snapshot.outputs] == [b"a red dog", b"a dog", b"a red dog"]


@pytest.mark.parametrize("push", [False, True])
async def test_trap_o29_unknown_fields_are_kept(desk: Desk, runware_emulator: RunwareEmulator, push: bool) -> None:
    """Fields that nobody has heard of are in `raw`, and missing ones are missed by nobody."""
    runware_emulator.faults.add("extra_fields", times=None)
    snapshot = await desk.run(IMAGE, push=push)
    assert snapshot.state is TaskState.SUCCEEDED
    assert "newField" in str(snapshot.raw)
    bare = Snapshot(ref=snapshot.ref, state=TaskState.RUNNING)
    assert advance(bare, snapshot).outputs == snapshot.outputs


@pytest.mark.parametrize("name", ["picture.webp", "picture.weird", "picture"])
async def test_trap_o30_a_suffix_decides_nothing(nowhere: Desk, tmp_path: Path, name: str, png: bytes) -> None:
    """What a file holds is told from its bytes, whatever it is called."""
    (tmp_path / name).write_bytes(png)
    plan = await nowhere.plan(UpscaleImage(image=tmp_path / name))
    assert "data:image/png;base64," in str(plan.body)


async def test_trap_o33_only_the_vendors_fields_travel(desk: Desk, runware_emulator: RunwareEmulator) -> None:
    """Our own fields of a request stay with us: the strict emulator refuses what it does not know."""
    request = TextToImage(prompt="a dog", idempotency_key="order-17", metadata={"customer": "4"}, aspect_ratio="1:1")
    assert (await desk.run(request)).state is TaskState.SUCCEEDED
    (entry,) = runware_emulator.ledger.entries.values()
    assert "order-17" not in str(entry.request)
    assert {"idempotency_key", "idempotencyKey", "metadata", "aspect_ratio", "operation"}.isdisjoint(entry.request)


async def test_trap_js_ids_of_abandoned_tasks_are_let_go(desk: Desk, runware_emulator: RunwareEmulator) -> None:
    """JavaScript's SDK keeps frames of abandoned tasks for ever and scans them; here a hundred strangers leave nothing."""
    runware_emulator.faults.add("foreign", times=100)
    for _ in range(5):
        await desk.run(TextToImage(prompt="a dog", count=4))
    session = desk.provider._connection._session
    assert (session._attempts, session._asked) == ({}, {})


async def test_trap_js_closing_is_for_good(vendor: Vendor, open_desk: OpenDesk) -> None:
    """JavaScript's SDK reconnects after an explicit disconnect; a closed provider stays away, whatever was owed to it."""
    links: list[Link] = []

    async def owing(link: Link) -> None:
        links.append(link)
        await link.greet()
        await link.answer(await link.task(), {"imageUUID": "a", "imageURL": URL})
        await link.listen()

    desk = await open_desk(await vendor(owing), "key_0")
    await desk.start(TextToImage(prompt="a dog", count=2), push=True)
    await desk.provider.aclose()
    with pytest.raises(MediaError):
        await desk.provider.fetch([(await desk_ref(desk))])
    assert len(links) == 1
    assert not any(isinstance(news, Gap) for news in desk.emitted)


async def desk_ref(desk: Desk) -> Any:
    return next(news.ref for news in desk.emitted if isinstance(news, Snapshot))


async def test_trap_js_polling_slows_down(nowhere: Desk) -> None:
    """JavaScript's SDK polls every two seconds for ever; here the pauses grow to ten seconds, and vary."""
    plan = await nowhere.plan(FILM)
    ref = nowhere.provider.new_ref(plan)
    last = Snapshot(ref=ref, state=TaskState.RUNNING)
    interval = nowhere.provider.settings.poll_interval
    pauses = [nowhere.provider.next_look(ref, last, age * interval, 0) / interval for age in (1, 8, 600)]
    assert pauses[0] < 1.5
    assert 2.5 < pauses[1] < 6
    assert 7.5 < pauses[2] <= 12
    assert len({nowhere.provider.next_look(ref, last, 600 * interval, 0) for _ in range(5)}) == 5


async def test_trap_js_an_error_without_a_task_reaches_all_it_concerns(vendor: Vendor, open_desk: OpenDesk) -> None:
    """JavaScript's SDK ignores errors that name no task; here one about the account ends every call under way."""
    both = asyncio.Event()

    async def poor(link: Link) -> None:
        await link.greet()
        await link.task()
        await link.task()
        both.set()
        await link.send({"errors": [{"code": "insufficientCredits", "message": "Top up."}]})
        await link.listen()

    desk = await open_desk(await vendor(poor), "key_0")
    async with asyncio.timeout(10):
        submissions = await asyncio.gather(desk.submit(IMAGE), desk.submit(FILM))
    assert {submission.outcome for submission in submissions} == {Outcome.UNKNOWN}
    assert {submission.error.provider_code for submission in submissions} == {"insufficientCredits"}
