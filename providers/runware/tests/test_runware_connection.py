"""The connection at a server that does exactly what a test says, over a real socket."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from anymedia.refs import Outcome
from anymedia.requests import TextToImage, TextToVideo
from anymedia.testing import FaultProxy, ManualClock, ScaledClock
from anymedia_runware.emulator import RunwareEmulator

Desk = Any
OpenDesk = Any
Link = Any
Vendor = Any

IMAGE = TextToImage(prompt="a lighthouse")
FILM = TextToVideo(prompt="waves", duration=3)
FOUR_IMAGES = TextToImage(prompt="a lighthouse", count=4)
WELCOME = {"data": [{"taskType": "authentication", "connectionSessionUUID": "s"}]}
RESULT = {"imageUUID": "a", "imageURL": "https://h/a.png"}


async def test_nothing_before_the_answer_to_the_key(vendor: Vendor, open_desk: OpenDesk) -> None:
    """Stray frames before the login change nothing: the task is written after the answer, not before."""
    heard: list[str] = []

    async def handler(link: Link) -> None:
        heard.append((await link.task())["taskType"])
        await link.send({"data": [{"taskType": "ping", "pong": True}]})
        await link.send({"data": [{"taskType": "imageInference", "taskUUID": "old", "imageURL": "https://h/o.png"}]})
        await link.socket.send("noise")
        pong = await link.socket.ping()
        await pong
        assert heard == ["authentication"]
        await link.send(WELCOME)
        await link.answer(await link.task(), RESULT)
        await link.listen()

    desk = await open_desk(await vendor(handler), "key_0")
    assert (await desk.submit(IMAGE)).outcome is Outcome.ACCEPTED


async def test_a_large_frame_on_its_way_is_no_silence(vendor: Vendor, open_desk: OpenDesk) -> None:
    """A frame that takes far longer than the patience with silence arrives whole, on the same link."""
    clock = ScaledClock(10)
    links: list[Link] = []

    async def handler(link: Link) -> None:
        links.append(link)
        await link.greet()
        text = json.dumps({"data": [{**await link.task(), **RESULT, "note": "x" * 400_000}]})

        async def slowly() -> AsyncIterator[str]:
            for start in range(0, len(text), 50_000):
                await clock.sleep(1.5)
                yield text[start : start + 50_000]

        await link.socket.send(slowly())
        await link.listen()

    desk = await open_desk(await vendor(handler), "key_0", clock=clock)
    before = clock.now()
    assert (await desk.submit(IMAGE)).outcome is Outcome.ACCEPTED
    assert clock.now() - before > 10
    assert len(links) == 1


async def test_a_mute_server_is_left(vendor: Vendor, open_desk: OpenDesk) -> None:
    """A server that takes the task and never says anything again is left within ten seconds, its socket aborted."""
    clock = ManualClock()
    taken, gone = asyncio.Event(), asyncio.Event()

    async def handler(link: Link) -> None:
        await link.greet()
        await link.task()
        taken.set()
        await link.listen()
        gone.set()

    desk = await open_desk(await vendor(handler), "key_0", clock=clock)
    submitting = asyncio.create_task(desk.submit(IMAGE))
    async with asyncio.timeout(20):
        await taken.wait()
        await clock.advance(8.9)
        assert not submitting.done()
        await clock.advance(1.1)
        assert (await submitting).outcome is Outcome.UNKNOWN
        await gone.wait()


async def test_reconnects_until_the_link_holds(open_desk: OpenDesk) -> None:
    """While pushed results are due, the link is tried again and again, and nothing is sent twice."""
    async with RunwareEmulator(speed=20) as emulator:
        proxy = FaultProxy(emulator.endpoint.base_url)
        desk = await open_desk(await proxy.start(), emulator.api_key)
        ref = await desk.start(FOUR_IMAGES)
        proxy.arm("reset", on="connect", times=4)
        proxy.reset()
        assert len((await desk.end(ref)).outputs) == 4
        await proxy.aclose()
        assert proxy.connections == 6
        assert emulator.ledger.requests.count("imageInference") == 1


async def test_the_first_reconnect_is_immediate(vendor: Vendor, open_desk: OpenDesk) -> None:
    """Back-off starts with the second reconnect, and grows."""
    clock = ManualClock()
    opened: asyncio.Queue[float] = asyncio.Queue()
    links = 0

    async def handler(link: Link) -> None:
        nonlocal links
        links += 1
        opened.put_nowait(clock.now())
        await link.greet()
        if links == 1:
            await link.answer(await link.task(), RESULT)
            await opened.join()
        await link.socket.close()

    desk = await open_desk(await vendor(handler), "key_0", clock=clock, retry_delay=4)
    assert (await desk.submit(TextToImage(prompt="a lighthouse", count=2))).outcome is Outcome.ACCEPTED
    async with asyncio.timeout(20):
        assert await opened.get() == 0
        opened.task_done()
        assert await opened.get() == 0
        for pause in (4, 8):
            await _between_links(desk, clock)
            await clock.advance(0.7 * pause)
            assert opened.empty()
            await clock.advance(0.6 * pause)
            assert await opened.get() > 0


async def _between_links(desk: Desk, clock: ManualClock) -> None:
    """Wait until one link is gone and the next one is only waited for."""
    while desk.provider._connection._link is not None or not clock.sleepers:  # noqa: ASYNC110 - no event tells of it
        await asyncio.sleep(0)


async def test_the_key_stays_secret(
    runware_emulator: RunwareEmulator, open_desk: OpenDesk, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither logs nor reprs nor errors hold the key."""
    caplog.set_level(logging.DEBUG)
    desk = await open_desk(runware_emulator.endpoint.base_url, runware_emulator.api_key)
    await desk.run(IMAGE)
    wrong = await open_desk(runware_emulator.endpoint.base_url, "a-very-secret-key")
    error = (await wrong.submit(IMAGE)).error
    names = ("anymedia", "websockets.client")
    ours = [record.getMessage() for record in caplog.records if record.name.startswith(names)]
    assert ours
    told = "".join(ours) + repr(desk.provider) + repr(vars(desk.provider)) + repr(error) + str(vars(error))
    assert runware_emulator.api_key not in told
    assert "a-very-secret-key" not in told


async def test_a_late_answer_that_names_nothing(vendor: Vendor, open_desk: OpenDesk) -> None:
    """What may be the answer to a call given up before is no refusal of the task that was sent since."""
    asked = asyncio.Event()

    async def handler(link: Link) -> None:
        await link.greet()
        await link.task()
        asked.set()
        await link.task()
        await link.send({"errors": [{"code": "invalidTags", "message": "about the search"}]})
        await link.answer(await link.task(), errors=[{"code": "conflictTaskUUID", "message": "m"}])
        await link.listen()

    desk = await open_desk(await vendor(handler), "key_0", clock=ScaledClock(10))
    search = asyncio.create_task(desk.provider.calls.call("modelSearch", {"tags": 7}))
    await asked.wait()
    search.cancel()
    await asyncio.wait({search})
    submission = await desk.submit(FILM)
    assert submission.outcome is Outcome.UNKNOWN
    assert (await desk.provider.reconcile(submission.ref)).outcome is Outcome.ACCEPTED


async def test_a_connection_that_breaks_in_an_unforeseen_way(open_desk: OpenDesk) -> None:
    """Whatever goes wrong on the way to the vendor, nobody is left waiting; nothing was sent."""

    async def broken(url: str, *, timeout: float) -> Any:
        raise RuntimeError("out of threads")

    desk = await open_desk("ws://127.0.0.1:1", "key_0", connect_with=broken)
    async with asyncio.timeout(5):
        submission = await desk.submit(IMAGE)
    assert submission.outcome is Outcome.REFUSED
    assert "out of threads" in submission.error.message
