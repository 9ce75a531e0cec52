"""How often the vendor hears of us: never more than it allows, whatever happens to a look."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import UUID

from anymedia import AsyncMediaClient, TaskRef
from anymedia.json import dumps
from anymedia.testing import ScaledClock
from anymedia_runway import AsyncRunway

OpenClient = Callable[..., AsyncMediaClient]
ALLOWED = 5.0
LOOKS = 6
SPEED = 100
Answers = Callable[[int], bytes]


def ref_of(number: int) -> TaskRef:
    """A task that was started elsewhere."""
    return TaskRef(provider="runway", id=str(UUID(int=number, version=4)), operation="text_to_image", model="m")


def http(status: int, body: object) -> bytes:
    """An answer as it stands on the wire."""
    content = dumps(body).encode()
    head = f"HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


class Vendor:
    """Answers each look at a task by its number, and keeps when it came."""

    def __init__(self, clock: ScaledClock, answers: Answers) -> None:
        self.looks = defaultdict[str, list[float]](list)
        self._clock = clock
        self._answers = answers

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        """Its address, while it listens."""
        async with await asyncio.start_server(self._serve, "127.0.0.1", 0) as server:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
                looks = self.looks[path]
                looks.append(self._clock.now())
                answer = self._answers(len(looks))
                writer.write(answer)
                if not answer:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    def gaps(self) -> list[float]:
        """Seconds between two looks at the same thing."""
        return [after - before for looks in self.looks.values() for before, after in itertools.pairwise(looks)]


def ending(look: int) -> bytes:
    """Running, until it has been looked at often enough."""
    if look < LOOKS:
        return http(200, {"status": "RUNNING", "progress": 0.1 * look})
    return http(200, {"status": "SUCCEEDED", "output": ["https://cdn.test/a.png"]})


def troubled(look: int) -> bytes:
    """What can go wrong with a look, then the end."""
    trouble = (http(502, {}), http(200, "nonsense"), b"", http(500, {}), http(429, {}))
    return trouble[look - 1] if look < LOOKS else ending(look)


async def _followed(open_client: OpenClient, answers: Answers, tasks: int) -> Vendor:
    clock = ScaledClock(SPEED)
    vendor = Vendor(clock, answers)
    async with vendor.listening() as url, asyncio.timeout(60):
        client = open_client(url, clock=clock, poll_interval=ALLOWED)
        await asyncio.gather(*(client.attach(ref_of(number)).result(timeout=None) for number in range(tasks)))
        await client.aclose()
    return vendor


async def test_each_task_is_looked_at_no_more_often_than_allowed(open_client: OpenClient) -> None:
    """Twenty tasks followed at once: five seconds and more between two looks at one, and not all at the same beat."""
    vendor = await _followed(open_client, ending, 20)
    assert [len(looks) for looks in vendor.looks.values()] == [LOOKS] * 20
    assert min(vendor.gaps()) >= ALLOWED
    assert max(vendor.gaps()) - min(vendor.gaps()) > 0.5


async def test_trouble_never_makes_the_looks_more_frequent(open_client: OpenClient) -> None:
    """Errors, nonsense and lost answers slow the looks down; no task is given up."""
    vendor = await _followed(open_client, troubled, 5)
    assert [len(looks) for looks in vendor.looks.values()] == [LOOKS] * 5
    assert min(vendor.gaps()) >= ALLOWED
    for looks in vendor.looks.values():
        first, *_, last = (after - before for before, after in itertools.pairwise(looks))
        assert last > 2 * first


async def test_waiters_of_resources_keep_the_same_pace(open_client: OpenClient) -> None:
    """Voices and avatars that are waited for are looked at no more often than tasks, in trouble too."""

    def answers(look: int) -> bytes:
        trouble = (http(200, {"id": "v", "status": "PROCESSING"}), http(503, {}), b"", http(200, "nonsense"))
        return trouble[look - 1] if look <= len(trouble) else http(200, {"id": "v", "status": "READY"})

    clock = ScaledClock(SPEED)
    vendor = Vendor(clock, answers)
    async with vendor.listening() as url, asyncio.timeout(40):
        client = open_client(url, clock=clock, poll_interval=ALLOWED)
        assert (await AsyncRunway(client).voices.wait("v", timeout=None)).status == "READY"
        await client.aclose()
    assert len(vendor.gaps()) == 4
    assert min(vendor.gaps()) >= ALLOWED
