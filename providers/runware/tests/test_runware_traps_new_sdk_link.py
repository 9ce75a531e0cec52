"""Traps of the new Python SDK `runware-sdk` 1.8.0, first part: connection and resources. Each fails if we fall in."""

import asyncio
import json
import logging
import math
import subprocess
import sys
from dataclasses import asdict
from typing import Any

import pytest

from anymedia.errors import TaskTimeoutError
from anymedia.refs import Outcome, TaskRef, TaskState
from anymedia.requests import Native, TextToImage, TextToVideo, UpscaleImage
from anymedia.testing import FaultProxy, ManualClock, ScaledClock
from anymedia_runware.attempts import Died, Question, Write
from anymedia_runware.emulator import RunwareEmulator
from anymedia_runware.pulse import Pace
from anymedia_runware.session import Session
from anymedia_runware.wire import get_response

Client = Any
Desk = Any
Link = Any
OpenClient = Any
OpenDesk = Any
Vendor = Any

IMAGE = TextToImage(prompt="a lighthouse")
FOUR_IMAGES = TextToImage(prompt="a lighthouse", count=4)
FILM = TextToVideo(prompt="waves", duration=3)
RESULT = {"imageUUID": "a", "imageURL": "https://h/a.png"}


def native(call: str, **payload: Any) -> Native:
    return Native(provider="runware", call=call, payload=payload)


async def test_trap_n01_a_frame_of_many_mebibytes(desk: Desk, runware_emulator: RunwareEmulator) -> None:
    """A result of 20 MB inside the answer arrives on the same link, decoded."""
    runware_emulator.faults.add("large_result", bytes=20_000_000)
    options = {"runware": {"outputType": "base64Data"}}
    snapshot = await desk.run(TextToImage(prompt="a lighthouse", provider_options=options))
    assert snapshot.outputs[0].data[:4] == b"\x89PNG"
    assert runware_emulator.ledger.requests.count("authentication") == 1


async def test_trap_n09_two_may_ask_about_one_task(desk: Desk, runware_emulator: RunwareEmulator) -> None:
    """Looks at a task do not disturb each other, nor whoever waits for its pushed results."""
    film = await desk.start(FILM)
    picture = asyncio.create_task(desk.run(FOUR_IMAGES))
    async with asyncio.timeout(10):
        answers = await asyncio.gather(*(desk.provider.fetch([film]) for _ in range(10)))
        assert len((await picture).outputs) == 4
        assert (await desk.end(film)).state is TaskState.SUCCEEDED
    assert all(len(answer) == 1 for answer in answers)


async def test_trap_n10_a_late_or_empty_acknowledgement(
    open_client: OpenClient, runware_emulator: RunwareEmulator
) -> None:
    """A task whose acknowledgement never comes is found by its id; one that is `{"data": []}` is one: each paid once."""
    clock = ScaledClock(50)
    client = await open_client(runware_emulator.endpoint.base_url, runware_emulator.api_key, clock=clock)
    for fault, sent in (("lose_ack", 2), ("empty_ack", 1)):
        runware_emulator.faults.add(fault)
        runware_emulator.ledger.requests.clear()
        async with asyncio.timeout(20):
            assert (await client.with_options(delivery="poll").run(FILM)).outputs
        assert runware_emulator.ledger.requests.count("videoInference") == sent
    assert runware_emulator.ledger.accepted == 2


async def test_trap_n11_a_timeout_leads_back_to_the_task(client: Client, runware_emulator: RunwareEmulator) -> None:
    """The error of a wait in vain carries the ref, which gives a typed result later, also from its string."""
    runware_emulator.faults.add("slow", seconds=300)
    with pytest.raises(TaskTimeoutError) as caught:
        await client.with_options(timeout=0.01).run(FILM)
    assert caught.value.ref is not None
    result = await client.attach(str(caught.value.ref), TextToVideo).result()
    assert result.output.kind == "video"
    assert runware_emulator.ledger.accepted == 1


async def test_trap_n21_a_dead_link_gets_no_goodbye(open_desk: OpenDesk) -> None:
    """A link that fell silent is dropped, not said goodbye to: the next one is there without any waiting in between."""
    async with RunwareEmulator(speed=1000) as emulator:
        clock = ManualClock()
        proxy = FaultProxy(emulator.endpoint.base_url)
        desk = await open_desk(await proxy.start(), emulator.api_key, clock=clock)
        ref = await desk.start(FILM)
        proxy.stall()
        looking = asyncio.create_task(desk.provider.fetch([ref]))
        async with asyncio.timeout(1.5):  # seconds of the machine's: a close handshake alone would take ten
            await clock.advance(10)
            await asyncio.gather(looking, return_exceptions=True)
            assert [snapshot.ref for snapshot in await desk.provider.fetch([ref])] == [ref]
        await desk.provider.aclose()
        await proxy.aclose()
        assert proxy.connections == 2


@pytest.mark.parametrize(("busy", "dead_by"), [(True, 10), (False, 61)])
def test_trap_n22_a_dead_link_is_noticed(busy: bool, dead_by: int) -> None:
    """Silence ends a link after a ping: within 10 s while an answer is owed, within about a minute otherwise."""
    session = Session("key_0", Pace())
    session.open(0.0)
    session.receive('{"data": [{"taskType": "authentication", "connectionSessionUUID": "s"}]}', 0.0)
    if busy:
        question, _ = session.look(Question.STATE, [get_response("a")], 0.0)
        session.written(question, 0.0)
    seen: list[tuple[int, Any]] = []
    for second in range(1, 101):
        seen += [(second, event) for event in session.tick(float(second)) if isinstance(event, Write | Died)]
        if seen and isinstance(seen[-1][1], Died):
            break
    assert [type(event) for _, event in seen] == [Write, Died]
    assert seen[-1][0] <= dead_by


async def test_trap_n23_results_are_replayed_after_a_loss(vendor: Vendor, open_client: OpenClient) -> None:
    """What the resumed session replays ends the waiting call: the task is neither failed nor sent again."""
    links: list[Link] = []

    async def replaying(link: Link) -> None:
        links.append(link)
        await link.greet()
        if len(links) == 1:
            await link.answer(await link.task(), RESULT)
            return
        task = links[0].frames[0][0]
        await link.answer(task, {**RESULT, "imageUUID": "b", "imageURL": "https://h/b.png"})
        await link.listen()

    client = await open_client(await vendor(replaying), poll_interval=1000)
    async with asyncio.timeout(10):
        result = await client.run(TextToImage(prompt="a lighthouse", count=2))
    assert [output.vendor_ref for output in result.outputs] == ["a", "b"]
    assert links[1].auth["connectionSessionUUID"] == "s"
    assert [frame[0]["taskType"] for link in links for frame in link.frames].count("imageInference") == 1


async def test_trap_n24_a_frame_that_is_an_array(desk: Desk, runware_emulator: RunwareEmulator) -> None:
    """Arrays are frames: acknowledgements, results and answers to looks in that form all count."""
    runware_emulator.faults.add("array_frame", times=None)
    assert len((await desk.run(FOUR_IMAGES)).outputs) == 4
    assert (await desk.run(FILM)).state is TaskState.SUCCEEDED
    assert runware_emulator.ledger.accepted == 2


async def test_trap_n25_every_wait_has_an_end(open_desk: OpenDesk, nowhere: Desk) -> None:
    """Each phase has a finite limit of its own, and reconnecting is not tried for ever on a caller's time."""
    assert all(0 < seconds <= 150 and math.isfinite(seconds) for seconds in asdict(Pace()).values())
    settings = nowhere.provider.settings
    assert settings.timeout is not None
    assert all(map(math.isfinite, (settings.timeout, settings.connect_timeout, settings.submit_timeout)))
    async with asyncio.timeout(5):
        assert (await nowhere.submit(IMAGE)).outcome is Outcome.NOT_SENT


async def test_trap_n26_payloads_are_not_written_into_logs(
    desk: Desk, caplog: pytest.LogCaptureFixture, png: bytes
) -> None:
    """Megabytes of input leave not a kilobyte in the log, even at DEBUG."""
    caplog.set_level(logging.DEBUG)
    await desk.run(UpscaleImage(image=png + bytes(3_000_000)))
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("anymedia")]
    assert ours
    assert max(map(len, ours)) < 500


async def test_trap_n27_many_questions_in_one_frame(vendor: Vendor, open_desk: OpenDesk) -> None:
    """Twenty tasks are asked for in one message, and their answers told apart whatever their order."""
    links: list[Link] = []

    async def registrar(link: Link) -> None:
        links.append(link)
        await link.greet()
        tasks = await link.frame()
        items = [{"taskUUID": task["taskUUID"], "taskType": "videoInference", "status": "processing"} for task in tasks]
        await link.send({"data": items[::-1]})
        await link.listen()

    desk = await open_desk(await vendor(registrar), "key_0")
    refs = [TaskRef(provider="runware", id=f"t{number}", operation="text_to_video", model="m") for number in range(20)]
    snapshots = await desk.provider.fetch(refs)
    assert [snapshot.ref for snapshot in snapshots] == refs
    assert [len(frame) for frame in links[0].frames] == [20]


def test_trap_n28_a_name_of_its_own_and_a_light_import() -> None:
    """Importing the client neither takes the name `runware` nor loads sockets, TLS and models before they are wanted."""
    script = (
        "import sys\n"
        "import anymedia\n"
        "assert 'runware' not in sys.modules\n"
        "heavy = [name for name in ('httpx', 'websockets', 'starlette', 'PIL', 'av') if name in sys.modules]\n"
        "assert not heavy, heavy\n"
        "import anymedia_runware\n"
        "assert 'runware' not in sys.modules\n"
        "heavy = [name for name in ('httpx', 'websockets', 'starlette', 'PIL', 'av') if name in sys.modules]\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


async def test_trap_n29_a_new_model_needs_no_registry(desk: Desk, runware_emulator: RunwareEmulator) -> None:
    """A model that nobody has listed is asked for at once, with a notice: nothing is looked up before the task goes out."""
    request = TextToImage(prompt="a lighthouse", model="acme:12345@1")
    plan = await desk.plan(request)
    assert any(notice.code == "unconfirmed" for notice in plan.notices)
    assert plan.call == "imageInference"
    assert (await desk.run(request)).state is TaskState.SUCCEEDED
    assert runware_emulator.ledger.requests == ["authentication", "imageInference"]


async def test_trap_n30_one_poller_for_all_tasks(vendor: Vendor, open_client: OpenClient) -> None:
    """Forty tasks that fall due together are two messages, not forty."""
    sizes: list[int] = []
    all_asked = asyncio.Event()

    async def registrar(link: Link) -> None:
        await link.greet()
        while True:
            tasks = await link.frame()
            if tasks[0]["taskType"] == "getResponse":
                sizes.append(len(tasks))
                if sum(sizes) >= 40:
                    all_asked.set()
            items = [
                {"taskUUID": task["taskUUID"], "taskType": "videoInference", "status": "processing"} for task in tasks
            ]
            await link.send({"data": items})

    clock = ManualClock()
    client = await open_client(await vendor(registrar), clock=clock, poll_interval=1.0)
    refs = [
        str(
            TaskRef(
                provider="runware", id=f"00000000-0000-4000-8000-{number:012d}", operation="text_to_video", model="m"
            )
        )
        for number in range(40)
    ]
    waits = [asyncio.create_task(client.attach(ref, TextToVideo).result(timeout=None)) for ref in refs]
    async with asyncio.timeout(10):
        await all_asked.wait()
    assert sizes == [20, 20]
    for wait in waits:
        wait.cancel()
    await asyncio.gather(*waits, return_exceptions=True)


@pytest.mark.parametrize("count", [1, 5])
async def test_trap_n03_an_unknown_tasks_error_hurts_nobody(vendor: Vendor, open_desk: OpenDesk, count: int) -> None:
    """The late error of a task that nobody waits for leaves the tasks under way alone, one or several."""
    tasks: list[Any] = []

    async def gossip(link: Link) -> None:
        await link.greet()
        while len(tasks) < count:
            tasks.append(await link.task())
        late = {"code": "invalidModel", "message": "Late.", "taskUUID": "abandoned", "taskType": "imageInference"}
        await link.send({"errors": [late]})
        for number, task in enumerate(tasks):
            await link.answer(task, {"imageUUID": str(number), "imageURL": f"https://h/{number}.png"})
        await link.listen()

    desk = await open_desk(await vendor(gossip), "key_0")
    snapshots = await asyncio.gather(*(desk.run(IMAGE) for _ in range(count)))
    assert [snapshot.state for snapshot in snapshots] == [TaskState.SUCCEEDED] * count
    assert len({snapshot.outputs[0].vendor_ref for snapshot in snapshots}) == count
    assert json.dumps(tasks).count("imageInference") == count


def test_trap_n03_nor_does_it_answer_the_only_question() -> None:
    """An error that names another task is no answer to the one question under way, and no news of a pushed task."""
    session = Session("key_0", Pace())
    session.open(0.0)
    session.receive('{"data": [{"taskType": "authentication", "connectionSessionUUID": "s"}]}', 0.0)
    ref = TaskRef(provider="runware", id="ours", operation="text_to_image", model="m")
    session.start(ref, {"taskType": "imageInference", "taskUUID": "ours"}, push=True, now=0.0)
    late = '{"errors": [{"code": "invalidModel", "message": "m", "taskUUID": "other", "taskType": "imageInference"}]}'
    assert session.receive(late, 0.0) == []
    assert session.is_needed
