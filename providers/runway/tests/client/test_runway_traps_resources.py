"""Traps of the official SDKs around uploads, lists, and things that take a while: none of them is one of ours."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from anymedia import (
    AsyncMediaClient,
    MediaError,
    MediaInputError,
    ProtocolError,
    ProviderUnavailableError,
    TaskFailedError,
    TaskTimeoutError,
    TextToImage,
    TransportError,
    VideoToVideo,
)
from anymedia.testing import FaultProxy, ManualClock
from anymedia_runway import AsyncRunway, realtime_session, workflow
from anymedia_runway.emulator import RunwayEmulator

OpenClient = Callable[..., AsyncMediaClient]
SLOT, STORE = "POST /v1/uploads", "POST /storage"
_LARGE = 100 * 10**6
PROMPT = "a deep and calm voice with a northern accent"


@pytest.fixture
def runway(client: AsyncMediaClient) -> AsyncRunway:
    """The account behind the client."""
    return AsyncRunway(client)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A file of four megabytes that begins like a film."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"\0\0\0\x18ftypmp42" + bytes(4_000_000))
    return path


async def test_trap_18_everything_that_takes_a_while_has_a_waiter(
    brisk: RunwayEmulator, open_client: OpenClient, png: bytes
) -> None:
    """Voices, avatars, sessions and workflows are waited for in one line each."""
    client = open_client(brisk.endpoint.base_url, brisk.api_key)
    runway = AsyncRunway(client)
    async with asyncio.timeout(40):
        voice = await runway.voices.create(name="Nora", prompt=PROMPT)
        assert (await runway.voices.wait(voice.id)).status == "READY"
        avatar = await runway.avatars.create(name="Nora", personality="kind", reference_image=png, voice=voice.id)
        assert (await runway.avatars.wait(avatar.id)).status == "READY"
        session = await client.submit(realtime_session(avatar=avatar.id))
        assert (await runway.realtime_sessions.wait_ready(session.ref.id)).session_key is not None
        (family, *_) = await runway.workflows.list()
        assert (await client.run(workflow(family.versions[0].id))).outputs


async def test_trap_18_a_waiter_tells_failure_from_delay(still: RunwayEmulator, patient: AsyncMediaClient) -> None:
    """What failed raises with the vendor's reason; what is not ready in time raises with its id, and goes on."""
    runway = AsyncRunway(patient)
    slow = await runway.voices.create(name="Nora", prompt=PROMPT)
    still.faults.add("fail_processing", reason="too much noise")
    failing = await runway.voices.create(name="Nora", prompt=PROMPT)
    async with asyncio.timeout(20):
        with pytest.raises(TaskTimeoutError, match=slow.id):
            await runway.voices.wait(slow.id, timeout=0)
        assert isinstance(still.clock, ManualClock)
        await still.clock.advance(60)
        assert (await runway.voices.wait(slow.id, timeout=0)).status == "READY"
        with pytest.raises(TaskFailedError, match="too much noise"):
            await runway.voices.wait(failing.id)


@pytest.fixture
async def wire(runway_emulator: RunwayEmulator) -> AsyncIterator[tuple[FaultProxy, str]]:
    """A proxy before the emulator that breaks the wire, and its address."""
    proxy = FaultProxy(runway_emulator.endpoint.base_url)
    url = await proxy.start()
    yield proxy, url
    await proxy.aclose()


async def test_trap_21_a_network_that_breaks_an_upload_is_our_error(
    runway_emulator: RunwayEmulator, wire: tuple[FaultProxy, str], open_client: OpenClient, film: Path
) -> None:
    """An upload that the network keeps breaking ends as one of our errors; one that it breaks once goes through."""
    proxy, url = wire
    runway = AsyncRunway(open_client(url, runway_emulator.api_key, retries=2))
    proxy.arm("reset", on="request", times=None)
    with pytest.raises(TransportError):
        await runway.uploads.create(film)
    proxy.clear()
    proxy.arm("truncate", on="request", direction="up", after_bytes=1_000)
    assert (await runway.uploads.create(film)).ref
    assert runway_emulator.ledger.requests[-2:] == [SLOT, STORE]


@pytest.fixture
async def storage(runway_emulator: RunwayEmulator) -> AsyncIterator[list[int]]:
    """A storage that keeps nothing but how many bytes came; the vendor's next slot leads there."""
    taken: list[int] = []

    async def store(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        while sum(taken) < length:
            taken.append(len(await reader.read(65536)))
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(store, "127.0.0.1", 0) as server:
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        slot = {"uploadUrl": address, "fields": {"key": "k"}, "runwayUri": "runway://clip"}
        runway_emulator.faults.add("status_before", match=SLOT, status=200, body=slot)
        yield taken


@contextmanager
def _measured() -> Iterator[list[int]]:
    """The most memory taken inside, in bytes, once it is over."""
    peak: list[int] = []
    tracemalloc.start()
    try:
        yield peak
        peak.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()


async def test_trap_22_a_file_is_never_read_whole(runway: AsyncRunway, storage: list[int], tmp_path: Path) -> None:
    """A hundred megabytes on disk are sent with a few in memory."""
    path = _film_of(_LARGE, tmp_path)
    with _measured() as peak:
        assert (await runway.uploads.create(path)).ref == "runway://clip"
    assert sum(storage) > _LARGE
    assert peak[0] < _LARGE / 5


async def test_trap_22_an_input_of_a_request_is_held_once(
    runway_emulator: RunwayEmulator, client: AsyncMediaClient, storage: list[int], tmp_path: Path
) -> None:
    """A large input is read into memory once, so that every attempt sends the same bytes, and goes out piece by piece."""
    path = _film_of(_LARGE, tmp_path)
    created = {"id": "11111111-1111-4111-8111-111111111111"}
    runway_emulator.faults.add("status_before", match="POST /v1/video_to_video", status=200, body=created)
    with _measured() as peak:
        await client.submit(VideoToVideo(video=path, prompt="snow"))
    assert sum(storage) > _LARGE
    assert _LARGE <= peak[0] < _LARGE * 1.2


def _film_of(size: int, folder: Path) -> Path:
    path = folder / "clip.mp4"
    with path.open("wb") as file:
        file.write(b"\0\0\0\x18ftypmp42")
        file.truncate(size)
    return path


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\0\0\0\x18ftypmp42" + bytes(400), "too few"),
        (b"GIF89a" + bytes(600), "JPEG, PNG and WebP"),
        (b"plain words and nothing else " * 40, "no known media type"),
    ],
    ids=["too small", "wrong format", "no media at all"],
)
async def test_trap_22_a_file_is_checked_before_it_is_sent(
    runway_emulator: RunwayEmulator, runway: AsyncRunway, tmp_path: Path, content: bytes, says: str
) -> None:
    """Files that the vendor would refuse are refused here; nothing is sent."""
    path = tmp_path / "input.bin"
    path.write_bytes(content)
    with pytest.raises(MediaInputError, match=says):
        await runway.uploads.create(path)
    assert runway_emulator.ledger.requests == []


async def test_trap_22_a_file_too_large_is_not_sent(
    runway_emulator: RunwayEmulator, runway: AsyncRunway, film: Path
) -> None:
    """More than the vendor's 200 MB are refused here."""
    with film.open("r+b") as file:
        file.truncate(200 * 10**6 + 1)
    with pytest.raises(MediaInputError, match="too many"):
        await runway.uploads.create(film)
    assert runway_emulator.ledger.requests == []


async def test_trap_23_a_failed_upload_gets_a_new_slot(
    runway_emulator: RunwayEmulator, runway: AsyncRunway, film: Path
) -> None:
    """Storage that refuses a file is asked again with another slot, a few times; then the error has a class."""
    runway_emulator.faults.add("storage_failure", times=2)
    assert (await runway.uploads.create(film)).ref
    assert runway_emulator.ledger.requests == [SLOT, STORE] * 3
    runway_emulator.faults.add("storage_failure", times=None)
    with pytest.raises(ProviderUnavailableError, match="storage"):
        await runway.uploads.create(film)
    assert runway_emulator.ledger.requests == [SLOT, STORE] * 6


async def test_trap_24_lists_need_no_limit_and_are_whole(runway: AsyncRunway) -> None:
    """A list is read to its end without a word about pages, whatever the size of these."""
    made = [(await runway.documents.create(name=f"note {number}", content="x")).id for number in range(7)]
    found = [document.id async for document in runway.documents.list(order="asc")]
    assert found == made
    assert [document.id async for document in runway.documents.list(order="asc", limit=2)] == made
    page = await runway.documents.page(order="asc", limit=5)
    assert [document.id for document in page.items] == made[:5]
    rest = await runway.documents.page(order="asc", limit=5, cursor=page.next_cursor)
    assert ([document.id for document in rest.items], rest.next_cursor) == (made[5:], None)


@pytest.mark.parametrize(
    ("end", "pages"),
    [
        ({"hasMore": False, "nextCursor": None}, 2),
        ({"hasMore": False, "nextCursor": "c2"}, 2),
        ({"nextCursor": None}, 2),
        ({"hasMore": True, "nextCursor": ""}, 2),
        ({}, 2),
    ],
)
async def test_trap_24_a_list_ends_where_the_vendor_says(
    runway_emulator: RunwayEmulator, runway: AsyncRunway, end: dict[str, object], pages: int
) -> None:
    """The end is told by either field, and an empty page in the middle is not one."""
    first: dict[str, object] = {"data": [], "hasMore": True, "nextCursor": "c1"}
    last: dict[str, object] = {"data": [{"id": "a"}], **end}
    for body in (first, last):
        runway_emulator.faults.add("status_before", match="/v1/avatars", status=200, body=body)
    assert [avatar.id async for avatar in runway.avatars.list()] == ["a"]
    assert runway_emulator.ledger.requests == ["GET /v1/avatars"] * pages


async def test_trap_24_a_list_never_goes_round_in_circles(runway_emulator: RunwayEmulator, runway: AsyncRunway) -> None:
    """A cursor that leads back is an error, not an endless list."""
    body = {"data": [{"id": "a"}], "hasMore": True, "nextCursor": "same"}
    runway_emulator.faults.add("status_before", match="/v1/avatars", status=200, body=body, times=None)
    with pytest.raises(ProtocolError, match="circles"):
        assert [avatar async for avatar in runway.avatars.list()]
    assert runway_emulator.ledger.requests == ["GET /v1/avatars"] * 2


@pytest.mark.parametrize("record_id", ["../organization?x=1", "..%2Forganization", "a/b", "", "a?b", "."])
async def test_trap_16_a_records_id_leads_nowhere_else(
    runway_emulator: RunwayEmulator, runway: AsyncRunway, record_id: str
) -> None:
    """An id that is none of the vendor's never comes near a URL, whatever is asked of it."""
    for ask in (runway.avatars.retrieve, runway.avatars.delete, runway.voices.wait, runway.routers.retrieve):
        with pytest.raises(MediaError, match="no id of Runway's"):
            await ask(record_id)
    assert runway_emulator.ledger.requests == []


async def test_trap_15_a_page_is_no_record(runway_emulator: RunwayEmulator, runway: AsyncRunway) -> None:
    """HTML with status 200 is an error of ours that says so, not a record made of a text."""
    runway_emulator.faults.add("html", times=None)
    with pytest.raises(ProtocolError, match="text/html"):
        await runway.organization.retrieve()


async def test_an_upload_is_an_input_like_any_other(
    runway: AsyncRunway, client: AsyncMediaClient, tmp_path: Path, png: bytes
) -> None:
    """What was stored once stands in as many requests as one likes."""
    path = tmp_path / "input.png"
    path.write_bytes(png)
    stored = await runway.uploads.create(path)
    for prompt in ("at dawn", "at dusk"):
        assert (await client.run(TextToImage(prompt=prompt, references=[stored], size="720x720"))).url
