"""What the client costs above a bare loop that does the same work in the same run: `make bench`.

Each pair runs alternately against one emulator in a process of its own, and the ratio of the medians is printed.
Absolute times say little on a shared machine; the ratio says what the client adds.
"""

import asyncio
import json
import multiprocessing
import statistics
import sys
import time
import uuid
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection

import httpx
import websockets

from anymedia import AsyncMediaClient, TextToImage
from anymedia.testing import Emulator
from anymedia.testing.hosting import Hosted
from anymedia_runware.emulator import RunwareEmulator
from anymedia_runway.emulator import RunwayEmulator

TASKS = 200
AT_ONCE = 20
ROUNDS = 5
POLL = 0.02
EMULATORS: dict[str, type[Emulator]] = {"runware": RunwareEmulator, "runway": RunwayEmulator}


def serve(name: str, pipe: Connection) -> None:
    """Run an emulator until told to stop."""
    with Hosted(EMULATORS[name](speed=10_000)) as endpoint:
        pipe.send((endpoint.base_url, endpoint.api_key))
        pipe.recv()


async def anymedia(name: str, url: str, key: str) -> None:
    """The tasks through our client."""
    requests = (TextToImage(prompt=f"picture {number}", size="1024x1024") for number in range(TASKS))
    async with AsyncMediaClient(name, base_url=url, api_key=key, poll_interval=POLL) as client:
        finished = [completion async for completion in client.map(requests, concurrency=AT_ONCE)]
    assert all(completion.result is not None for completion in finished)


async def bare_runware(url: str, key: str) -> None:
    """The same tasks over a bare WebSocket: one future per task, no checks, no journal, no recovery."""
    gate = asyncio.Semaphore(AT_ONCE)
    waiting: dict[str, asyncio.Future[None]] = {}
    async with websockets.connect(url, max_size=None, compression=None) as socket:
        await socket.send(json.dumps([{"taskType": "authentication", "apiKey": key}]))
        await socket.recv()

        async def one(number: int) -> None:
            task = str(uuid.uuid4())
            body = {
                "taskType": "imageInference",
                "taskUUID": task,
                "model": "runware:101@1",
                "positivePrompt": f"picture {number}",
                "width": 1024,
                "height": 1024,
                "numberResults": 1,
                "deliveryMethod": "sync",
            }
            async with gate:
                waiting[task] = asyncio.get_running_loop().create_future()
                await socket.send(json.dumps([body]))
                await waiting[task]

        async def read() -> None:
            async for frame in socket:
                for item in json.loads(frame).get("data", ()):
                    waiting[item["taskUUID"]].set_result(None)

        reader = asyncio.create_task(read())
        await asyncio.gather(*(one(number) for number in range(TASKS)))
        reader.cancel()


async def bare_runway(url: str, key: str) -> None:
    """The same tasks with bare httpx: post, sleep, get, until done."""
    gate = asyncio.Semaphore(AT_ONCE)
    headers = {"Authorization": f"Bearer {key}", "X-Runway-Version": "2024-11-06"}
    async with httpx.AsyncClient(base_url=url, headers=headers) as http:

        async def one(number: int) -> None:
            body = {"model": "gen4_image", "promptText": f"picture {number}", "ratio": "1024:1024"}
            async with gate:
                task = (await http.post("/v1/text_to_image", json=body)).json()["id"]
                status = ""
                while status != "SUCCEEDED":
                    await asyncio.sleep(POLL)
                    status = (await http.get(f"/v1/tasks/{task}")).json()["status"]

        await asyncio.gather(*(one(number) for number in range(TASKS)))


BARE: dict[str, Callable[[str, str], Awaitable[None]]] = {"runware": bare_runware, "runway": bare_runway}


async def timed(work: Awaitable[None]) -> tuple[float, float]:
    """Wall and processor seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    await work
    return time.perf_counter() - wall, time.process_time() - cpu


async def compare(name: str, url: str, key: str) -> None:
    """Alternate both, after one warm-up each, and print the ratios."""
    ours: list[tuple[float, float]] = []
    theirs: list[tuple[float, float]] = []
    for round_ in range(ROUNDS + 1):
        pair = await timed(anymedia(name, url, key)), await timed(BARE[name](url, key))
        if round_:
            ours.append(pair[0])
            theirs.append(pair[1])
    for kind, column in (("wall", 0), ("cpu", 1)):
        mine = statistics.median(row[column] for row in ours)
        bare = statistics.median(row[column] for row in theirs)
        per_task = 1000 * (mine - bare) / TASKS
        line = f"{name:8} {kind:4}  anymedia / bare = {mine / bare:5.2f}   ({per_task:+.2f} ms a task)"
        sys.stdout.write(line + "\n")


def main() -> None:
    """Compare both providers."""
    for name in EMULATORS:
        here, there = multiprocessing.Pipe()
        server = multiprocessing.get_context("spawn").Process(target=serve, args=(name, there))
        server.start()
        url, key = here.recv()
        asyncio.run(compare(name, url, key))
        here.send("stop")
        server.join()


if __name__ == "__main__":
    main()
