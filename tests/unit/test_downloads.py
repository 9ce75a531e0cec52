"""Outputs reach the disk whole, under their true name, and over nothing else, however the host behaves."""

import asyncio
import gzip
import hashlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from anymedia.downloads import Downloader
from anymedia.errors import DownloadError, OutputExpiredError, TaskNotFoundError, TaskTimeoutError, TransportError
from anymedia.refs import TaskRef
from anymedia.results import ImageResult, Output, OutputKind, TrainingResult
from anymedia.testing.clock import ManualClock, ScaledClock
from anymedia.transports.http import HttpTransport

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
OTHER = b"\x89PNG\r\n\x1a\n" + bytes(range(255, -1, -1)) * 40
HALF = len(PNG) // 2
REF = TaskRef(provider="x", id="17/..", operation="text_to_image", model="m")


@dataclass
class Call:
    """One request to the host, and the way to answer it."""

    path: str
    headers: dict[str, str]
    writer: asyncio.StreamWriter
    body: int = 0

    async def head(self, status: int, **headers: object) -> None:
        lines = [f"HTTP/1.1 {status} x", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
        self.writer.write("\r\n".join([*lines, "connection: close", "", ""]).encode())
        await self.writer.drain()

    async def send(self, data: bytes) -> None:
        self.body += len(data)
        self.writer.write(data)
        await self.writer.drain()


Answer = Callable[[Call], Awaitable[None]]


class Host:
    """A CDN that answers each path by its own list, one answer per try; the last one is for all that follow."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.base = ""
        self._answers: dict[str, tuple[Answer, ...]] = {}
        self._connections: set[asyncio.Task[None]] = set()

    def url(self, *answers: Answer) -> str:
        path = f"/{len(self._answers)}"
        self._answers[path] = answers
        return f"{self.base}{path}?_jwt=secret"

    def output(self, *answers: Answer, kind: OutputKind = "image", media_type: str | None = None) -> Output:
        return Output(kind=kind, url=self.url(*answers), media_type=media_type)

    def asked(self, name: str) -> list[str | None]:
        return [call.headers.get(name) for call in self.calls]

    @property
    def body(self) -> int:
        return sum(call.body for call in self.calls)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._answer(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        self._connections.discard(task)

    async def aclose(self) -> None:
        for task in tuple(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        call = Call(first.split()[1].partition("?")[0], headers, writer)
        tries = sum(other.path == call.path for other in self.calls)
        self.calls.append(call)
        answers = self._answers[call.path]
        await answers[min(tries, len(answers) - 1)](call)


def whole(body: bytes = PNG, status: int = 200, content_type: str = "image/png", **headers: object) -> Answer:
    async def answer(call: Call) -> None:
        await call.head(status, content_length=len(body), content_type=content_type, **headers)
        await call.send(body)

    return answer


def cut(after: int = HALF, body: bytes = PNG, **headers: object) -> Answer:
    """Breaks off."""

    async def answer(call: Call) -> None:
        await call.head(200, content_length=len(body), **headers)
        await call.send(body[:after])

    return answer


def ranged(
    body: bytes = PNG, etag: str = '"1"', *, total: object = None, start: int | None = None, gives: int | None = None
) -> Answer:
    """Continues as HTTP says; `total` and `start` are what it claims, `gives` where it breaks off."""

    async def answer(call: Call) -> None:
        wanted = call.headers.get("range")
        if wanted is None or call.headers.get("if-range", etag) != etag:
            return await whole(body, etag=etag)(call)
        first = int(wanted.removeprefix("bytes=").removesuffix("-"))
        claimed = f"bytes {first if start is None else start}-{len(body) - 1}/{total or len(body)}"
        await call.head(206, content_length=len(body) - first, content_range=claimed, etag=etag)
        await call.send(body[first:gives])
        return None

    return answer


def status(code: int, **headers: object) -> Answer:
    return whole(b"", code, **headers)


def held(after: int, started: asyncio.Event) -> Answer:
    """Falls silent in the middle."""

    async def answer(call: Call) -> None:
        await cut(after)(call)
        started.set()
        await asyncio.Event().wait()

    return answer


async def gzipped(call: Call) -> None:
    body = gzip.compress(PNG)
    await whole(body, content_encoding="gzip")(call)


async def half_gzipped(call: Call) -> None:
    body = gzip.compress(PNG)
    await cut(len(body) // 2, body, content_encoding="gzip")(call)


def torn(body: bytes = PNG, **headers: object) -> Answer:
    """Breaks off without having said how much there is."""

    async def answer(call: Call) -> None:
        await call.head(200, transfer_encoding="chunked", **headers)
        await call.send(b"ff\r\n" + body[:99])

    return answer


async def unmeasured(call: Call) -> None:
    """Says no length; the end of the connection is the end of the file."""
    await call.head(200, content_type="image/png")
    await call.send(PNG)


async def liar(call: Call) -> None:
    """Says one length and sends another, in a form that lets it."""
    await call.head(200, content_length=100, transfer_encoding="chunked")
    await call.send(b"%x\r\n%b\r\n0\r\n\r\n" % (len(PNG), PNG))


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    """A running CDN."""
    host = Host()
    async with await asyncio.start_server(host.serve, "127.0.0.1", 0) as server:
        host.base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield host
        server.close()
        await host.aclose()


@pytest.fixture
async def http() -> AsyncIterator[HttpTransport]:
    """What fetches."""
    http = HttpTransport()
    yield http
    await http.aclose()


@pytest.fixture
def downloader(http: HttpTransport) -> Downloader:
    """A downloader whose pauses are short."""
    return Downloader(http, ScaledClock(1000), Random(1))


class Impatient(ManualClock):
    """Sleeps no longer than it takes to write down how long it should have."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def result(*outputs: Output) -> ImageResult:
    return ImageResult(outputs=outputs, ref=REF, provider="x", model="m")


async def nothing_fresh() -> Sequence[Output]:
    return ()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def fails(downloader: Downloader, output: Output, folder: Path) -> DownloadError:
    """The error with which saving ends; nothing is left, and no signature is told."""
    with pytest.raises(DownloadError) as caught:
        await downloader.save(result(output), folder / "a.png", nothing_fresh)
    assert names(folder) == []
    assert "secret" not in str(caught.value)
    assert caught.value.ref == REF
    return caught.value


async def test_what_is_saved_is_told_with_its_digest(host: Host, downloader: Downloader, tmp_path: Path) -> None:
    """Path, SHA-256 and size are those of the file; the folder is made, and no part file stays."""
    target = tmp_path / "new" / "cat.png"
    (saved,) = await downloader.fetch(result(host.output(whole())), target, nothing_fresh)
    assert (saved.path, saved.size, target.read_bytes()) == (str(target), len(PNG), PNG)
    assert saved.sha256 == hashlib.sha256(PNG).hexdigest()
    assert names(target.parent) == ["cat.png"]


async def test_several_outputs_are_fetched_side_by_side(host: Host, downloader: Downloader, tmp_path: Path) -> None:
    """Several outputs become name-1, name-2; none waits for another; inline bytes need no network."""
    second = asyncio.Event()

    async def last(call: Call) -> None:
        await second.wait()
        await whole()(call)

    async def first(call: Call) -> None:
        second.set()
        await whole(OTHER)(call)

    three = result(host.output(last), host.output(first), Output(kind="image", data=PNG))
    async with asyncio.timeout(10):
        saved = await downloader.save(three, tmp_path / "cat.png", nothing_fresh)
    assert [path.name for path in saved] == ["cat-1.png", "cat-2.png", "cat-3.png"]
    assert [path.read_bytes() for path in saved] == [PNG, OTHER, PNG]


async def test_one_bad_output_does_not_cost_the_others(host: Host, downloader: Downloader, tmp_path: Path) -> None:
    """The error comes out once the good ones are on disk."""
    three = result(host.output(whole()), host.output(status(400)), host.output(whole()))
    with pytest.raises(DownloadError, match="400"):
        await downloader.save(three, tmp_path / "cat.png", nothing_fresh)
    assert names(tmp_path) == ["cat-1.png", "cat-3.png"]


async def test_bytes_are_never_relabelled(host: Host, downloader: Downloader, tmp_path: Path) -> None:
    """A PNG asked for as JPG is saved as what it is; what no byte tells, the host does."""
    (saved,) = await downloader.save(result(host.output(whole())), tmp_path / "cat.jpg", nothing_fresh)
    assert saved.name == "cat.png"
    text = host.output(whole(b"a cat", content_type="text/plain; charset=utf-8"), kind="text")
    (saved,) = await downloader.save(result(text), tmp_path / "cat", nothing_fresh)
    assert saved.suffix == ".txt"


async def test_nothing_is_overwritten_unless_told(host: Host, downloader: Downloader, tmp_path: Path) -> None:
    """A name that is taken gets a number and the old file stays; `overwrite=True` replaces it."""
    one, target = result(host.output(whole())), tmp_path / "cat.png"
    target.write_bytes(b"precious")
    for expected in ("cat (2).png", "cat (3).png"):
        assert [path.name for path in await downloader.save(one, target, nothing_fresh)] == [expected]
    assert target.read_bytes() == b"precious"
    assert await downloader.save(one, target, nothing_fresh, overwrite=True) == [target]
    assert target.read_bytes() == PNG
    assert names(tmp_path) == ["cat (2).png", "cat (3).png", "cat.png"]


async def test_twenty_savers_of_one_name_do_not_meet(host: Host, downloader: Downloader, tmp_path: Path) -> None:
    """Saved at the same moment under the same name, twenty outputs are twenty whole files."""
    one = result(host.output(whole()))
    saves = [downloader.save(one, tmp_path / "cat.png", nothing_fresh) for _ in range(20)]
    saved = {path for paths in await asyncio.gather(*saves) for path in paths}
    assert len(saved) == len(names(tmp_path)) == 20
    assert {path.read_bytes() for path in saved} == {PNG}


async def test_a_break_is_mended_without_fetching_a_byte_twice(
    host: Host, downloader: Downloader, tmp_path: Path
) -> None:
    """However often the host breaks off, the next try asks for the rest only, on condition that it is the same file."""
    film = PNG * 100
    breaks = [ranged(film, gives=place) for place in range(200_000, len(film), 100_000)]
    output = host.output(cut(100_000, film, etag='"1"'), *breaks, ranged(film))
    (saved,) = await downloader.fetch(result(output), tmp_path / "a.png", nothing_fresh)
    assert (Path(saved.path).read_bytes(), saved.sha256) == (film, hashlib.sha256(film).hexdigest())
    assert host.body == len(film)
    assert host.asked("range")[:3] == [None, "bytes=100000-", "bytes=200000-"]
    assert host.asked("if-range") == [None, *['"1"'] * (len(host.calls) - 1)]
    assert names(tmp_path) == ["a.png"]


async def test_a_host_that_gives_crumbs_is_not_asked_for_ever(
    host: Host, downloader: Downloader, tmp_path: Path
) -> None:
    """Tries that bring next to nothing come to an end."""
    crumbs = [ranged(gives=place) for place in range(200, len(PNG), 100)]
    assert "500 bytes" in str(await fails(downloader, host.output(cut(100, etag='"1"'), *crumbs), tmp_path))
    assert len(host.calls) == 5


@pytest.mark.parametrize(
    ("first", "condition"),
    [
        (cut(etag='W/"1"', last_modified="Fri, 20 Nov 2026 10:00:00 GMT"), "Fri, 20 Nov 2026 10:00:00 GMT"),
        (cut(), None),
    ],
)
async def test_the_condition_is_the_best_the_host_gave(
    host: Host, downloader: Downloader, tmp_path: Path, first: Answer, condition: str | None
) -> None:
    """A weak ETag proves nothing, a date will do; without either the size must agree."""

    async def rest(call: Call) -> None:
        await call.head(206, content_length=len(PNG) - HALF, content_range=f"bytes {HALF}-{len(PNG) - 1}/{len(PNG)}")
        await call.send(PNG[HALF:])

    (saved,) = await downloader.save(result(host.output(first, rest)), tmp_path / "a.png", nothing_fresh)
    assert saved.read_bytes() == PNG
    assert host.asked("if-range") == [None, condition]
    assert host.body == len(PNG)


RESTARTS: dict[str, tuple[Answer, ...]] = {
    "a host without Range": (cut(), whole()),
    "a file changed between the tries": (cut(body=OTHER, etag='"0"'), ranged()),
    "another file in spite of the condition": (cut(body=OTHER, etag='"0"'), ranged(etag='"0"', total=7), whole()),
    "another ETag without a condition": (cut(body=OTHER, etag='W/"0"'), ranged(etag='W/"1"'), whole()),
    "a range that was not asked for": (cut(), ranged(start=3), whole()),
    "a range that nobody can place": (cut(), status(206), whole()),
    "a range that cannot be given": (cut(), status(416), whole()),
    "a range of compressed bytes": (half_gzipped, gzipped),
    "a file that nothing is known of": (torn(OTHER), ranged()),
    "a first page of apologies": (whole(b"<html>Back soon</html>"), whole()),
}


@pytest.mark.parametrize("case", RESTARTS)
async def test_what_cannot_be_continued_starts_over(
    host: Host, downloader: Downloader, tmp_path: Path, case: str
) -> None:
    """Two halves of different files are never joined; the file that stands at last is whole."""
    (saved,) = await downloader.fetch(result(host.output(*RESTARTS[case])), tmp_path / "a.png", nothing_fresh)
    assert Path(saved.path).read_bytes() == PNG
    assert (saved.size, saved.sha256) == (len(PNG), hashlib.sha256(PNG).hexdigest())


@pytest.mark.parametrize("answer", [gzipped, unmeasured])
async def test_other_ways_to_send_a_file_are_understood(
    host: Host, downloader: Downloader, tmp_path: Path, answer: Answer
) -> None:
    """Plain bytes are asked for; compressed ones are unpacked, and a missing length is no fault."""
    (saved,) = await downloader.save(result(host.output(answer)), tmp_path / "a.png", nothing_fresh)
    assert saved.read_bytes() == PNG
    assert host.asked("accept-encoding") == ["identity"]


async def test_a_busy_host_is_asked_again(host: Host, http: HttpTransport, tmp_path: Path) -> None:
    """Trouble that passes is waited out, as long as the host asks for; an hour is left to the caller."""
    clock = Impatient()
    downloader = Downloader(http, clock, Random(1))
    busy = result(host.output(status(503), status(429, retry_after=7), whole()))
    assert len(await downloader.save(busy, tmp_path / "a.png", nothing_fresh)) == 1
    assert clock.slept == [pytest.approx(0.5, rel=0.3), 7]
    away = result(host.output(status(503, retry_after=3600)))
    with pytest.raises(DownloadError) as caught:
        await downloader.save(away, tmp_path / "b.png", nothing_fresh)
    assert (caught.value.retry_after, len(clock.slept)) == (3600, 2)


HOPELESS: dict[str, tuple[Answer, str]] = {
    "breaks off at the same place": (cut(), f"after {HALF:,} bytes"),
    "is empty": (whole(b""), "0 of 0 bytes"),
    "lies about its length": (liar, f"{len(PNG):,} of 100 bytes"),
    "is never up": (status(503), "503"),
    "refuses": (status(400), "400"),
    "an error page": (whole(b"\n<!DOCTYPE html><p>Sorry", content_type="text/html"), "text/html"),
    "an error page called an image": (whole(b"<HTML><svg></svg>"), "in place of the image"),
    "JSON": (whole(b' {"error": "gone"}', content_type="application/json"), "application/json"),
    "XML": (whole(b"<?xml version='1.0'?><Error/>", content_type="application/octet-stream"), "in place of the image"),
    "plain text": (whole(b"try later", content_type="text/plain"), "text/plain"),
}


@pytest.mark.parametrize("case", HOPELESS)
async def test_what_is_not_the_whole_output_is_no_file(
    host: Host, downloader: Downloader, tmp_path: Path, case: str
) -> None:
    """Half a file, nothing or a page of text in place of an image leaves nothing behind, and the error says why."""
    answer, reason = HOPELESS[case]
    assert reason in str(await fails(downloader, host.output(answer), tmp_path))
    assert len(host.calls) <= 5


@pytest.mark.parametrize(
    ("body", "kind", "content_type"),
    [
        (b'<?xml version="1.0"?><svg/>', "image", "image/svg+xml"),
        (b"II*\0" + bytes(99), "image", "text/plain"),
        (b'{"a": 1}', "file", "application/json"),
    ],
)
async def test_unusual_outputs_are_not_mistaken_for_errors(
    host: Host, downloader: Downloader, tmp_path: Path, body: bytes, kind: OutputKind, content_type: str
) -> None:
    """A drawing in XML, an image with a wrong label and data that was wanted are saved as they came."""
    output = host.output(whole(body, content_type=content_type), kind=kind)
    (saved,) = await downloader.save(result(output), tmp_path / "a", nothing_fresh)
    assert saved.read_bytes() == body


async def test_an_output_too_large_is_not_fetched(host: Host, http: HttpTransport, tmp_path: Path) -> None:
    """The cap counts what is said, what is sent, what is unpacked and what a continuation reveals; both are named."""
    downloader = Downloader(http, ScaledClock(1000), Random(1), max_bytes=9000)
    for answers in ((whole(),), (liar,), (unmeasured,), (gzipped,), (torn(etag='"1"'), ranged(total=10**6))):
        assert "9,000" in str(await fails(downloader, host.output(*answers), tmp_path))
    assert host.calls[-1].headers["range"] == "bytes=99-"
    assert f"{len(PNG):,}" in str(await fails(downloader, host.output(whole()), tmp_path))
    small = result(host.output(whole(PNG[:9000])))
    assert len(await downloader.save(small, tmp_path / "a.png", nothing_fresh)) == 1


@pytest.mark.parametrize("code", [401, 403, 404, 410])
async def test_a_dead_link_is_renewed_once(host: Host, downloader: Downloader, tmp_path: Path, code: int) -> None:
    """A dead link is asked for again, and a fresh one goes on where the old one broke off."""
    fresh = host.output(ranged())

    async def refresh() -> Sequence[Output]:
        return [Output(kind="image", data=PNG), fresh]

    two = result(Output(kind="image", data=PNG), host.output(cut(etag='"1"'), status(code)))
    saved = await downloader.save(two, tmp_path / "a.png", refresh)
    assert [path.read_bytes() for path in saved] == [PNG, PNG]
    assert host.asked("range") == [None, f"bytes={HALF}-", f"bytes={HALF}-"]
    assert host.body == len(PNG)


async def test_a_fresh_link_is_not_trusted_blindly(host: Host, downloader: Downloader, tmp_path: Path) -> None:
    """Where nothing shows that a fresh link leads to the same bytes, it is fetched from the start."""
    fresh = host.output(ranged())

    async def refresh() -> Sequence[Output]:
        return [fresh]

    one = result(host.output(cut(body=OTHER), status(403)))
    (saved,) = await downloader.save(one, tmp_path / "a.png", refresh)
    assert saved.read_bytes() == PNG
    assert host.asked("range")[-1] is None


async def test_a_link_that_stays_dead_is_told(host: Host, downloader: Downloader, tmp_path: Path) -> None:
    """No fresh link, the same one, another dead one, or a task that is gone: the output has expired."""
    dead, also_dead = host.output(status(403)), host.output(status(404))

    async def gone() -> Sequence[Output]:
        raise TaskNotFoundError("gone")

    async def same() -> Sequence[Output]:
        return [dead]

    async def another() -> Sequence[Output]:
        return [also_dead]

    for refresh in (nothing_fresh, same, another, gone):
        with pytest.raises(OutputExpiredError) as caught:
            await downloader.save(result(dead), tmp_path / "b.png", refresh)
        assert (caught.value.ref, caught.value.retryable) == (REF, False)
    assert len(host.calls) == 5
    assert names(tmp_path) == []


async def test_a_refresh_that_fails_says_why_itself(host: Host, http: HttpTransport, tmp_path: Path) -> None:
    """The provider's own trouble is not passed off as the download's, nor as the end of its budget."""

    async def too_late() -> Sequence[Output]:
        raise TaskTimeoutError("not now")

    downloader = Downloader(http, ManualClock(), Random(1), timeout=30)
    with pytest.raises(TaskTimeoutError, match="not now"):
        await downloader.save(result(host.output(status(403))), tmp_path / "a.png", too_late)
    assert names(tmp_path) == []


async def test_a_silent_host_is_left_and_asked_for_the_rest(host: Host, http: HttpTransport, tmp_path: Path) -> None:
    """A connection without a byte for too long is given up, not the output."""
    downloader = Downloader(http, ScaledClock(1000), Random(1), idle_timeout=0.1)
    output = host.output(held(HALF, asyncio.Event()), ranged())
    async with asyncio.timeout(10):
        (saved,) = await downloader.save(result(output), tmp_path / "a.png", nothing_fresh)
    assert saved.read_bytes() == PNG
    assert host.body == len(PNG)


async def test_a_trickle_ends_with_the_budget(host: Host, http: HttpTransport, tmp_path: Path) -> None:
    """A host that keeps sending, but too slowly, is cut off when the time is up; nothing is left."""
    clock, started = ManualClock(), asyncio.Event()

    async def trickle(call: Call) -> None:
        await call.head(200, content_length=len(PNG))
        for byte in PNG:
            await call.send(bytes([byte]))
            started.set()
            await clock.sleep(1)

    downloader = Downloader(http, clock, Random(1), timeout=30)
    saving = asyncio.create_task(fails(downloader, host.output(trickle), tmp_path))
    await started.wait()
    assert [path.suffix for path in tmp_path.iterdir()] == [".part"]
    await clock.advance(29)
    assert not saving.done()
    await clock.advance(2)
    assert "within 30 s" in str(await saving)


async def test_a_saver_who_goes_away_leaves_nothing(host: Host, downloader: Downloader, tmp_path: Path) -> None:
    """Cancelled in the middle, a save takes its part file with it."""
    started = asyncio.Event()
    output = host.output(held(HALF, started))
    saving = asyncio.create_task(downloader.save(result(output), tmp_path / "a.png", nothing_fresh))
    await started.wait()
    saving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await saving
    assert names(tmp_path) == []


async def test_a_saver_who_goes_away_last_of_all_leaves_the_whole_file(
    host: Host, downloader: Downloader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cancelled while the disk is at work, a save ends only when the disk is at rest."""
    syncing, go_on, loop = asyncio.Event(), threading.Event(), asyncio.get_running_loop()

    def sync(handle: int) -> None:
        loop.call_soon_threadsafe(syncing.set)
        assert go_on.wait(10)

    monkeypatch.setattr(os, "fsync", sync)
    saving = asyncio.create_task(downloader.save(result(host.output(whole())), tmp_path / "a.png", nothing_fresh))
    await syncing.wait()
    saving.cancel()
    await asyncio.sleep(0)
    assert not saving.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await saving
    assert names(tmp_path) == ["a.png"]
    assert (tmp_path / "a.png").read_bytes() == PNG


async def test_slow_hosts_hold_up_nobody_else(
    host: Host, http: HttpTransport, downloader: Downloader, tmp_path: Path
) -> None:
    """With more downloads hanging than one host may have, another host's file and a call still get through."""
    started = asyncio.Event()
    slow = [host.output(held(HALF, started)) for _ in range(30)]
    saves = [asyncio.create_task(downloader.save(result(one), tmp_path / "slow.png", nothing_fresh)) for one in slow]
    await started.wait()
    other_name = host.url(whole()).replace("127.0.0.1", "localhost")
    async with asyncio.timeout(10):
        fast = result(Output(kind="image", url=other_name))
        (saved,) = await downloader.save(fast, tmp_path / "fast.png", nothing_fresh)
        assert (await http.request("GET", host.url(whole()))).body == saved.read_bytes() == PNG
    for save in saves:
        save.cancel()
    await asyncio.gather(*saves, return_exceptions=True)
    assert names(tmp_path) == ["fast.png"]


async def test_no_key_goes_to_a_cdn(host: Host, downloader: Downloader, tmp_path: Path) -> None:
    """A download carries no authorization and no cookie, redirected or continued."""
    moved = status(302, location=host.url(cut(etag='"1"'), ranged()), set_cookie="a=b")
    (saved,) = await downloader.save(result(host.output(moved)), tmp_path / "a.png", nothing_fresh)
    assert saved.read_bytes() == PNG
    assert host.asked("range") == [None, None, f"bytes={HALF}-", f"bytes={HALF}-"]
    assert host.asked("authorization") == [None] * 4


@pytest.mark.parametrize("target", ["http://media.example.com/a.png", "ftp://127.0.0.1/a.png", "file:///etc/passwd"])
async def test_a_redirect_never_leads_to_open_air(
    host: Host, downloader: Downloader, tmp_path: Path, target: str
) -> None:
    """A redirect to plain http on another machine, or to no HTTP at all, is refused at once."""
    error = await fails(downloader, host.output(status(302, location=target)), tmp_path)
    assert "not followed" in str(error)
    assert isinstance(error.__cause__, TransportError)
    assert len(host.calls) == 1


async def test_redirects_end(host: Host, downloader: Downloader, tmp_path: Path) -> None:
    """A circle of redirects is left."""
    circle = host.output(status(302, location=f"{host.base}/0"))
    assert "redirects" in str(await fails(downloader, circle, tmp_path))


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/a.png", "http://[::1/"])
async def test_a_broken_link_is_not_tried_again(http: HttpTransport, tmp_path: Path, url: str) -> None:
    """What can never be fetched ends at once."""
    downloader = Downloader(http, ManualClock(), Random(1))
    assert not (await fails(downloader, Output(kind="image", url=url), tmp_path)).retryable


async def test_an_output_without_bytes_or_link_says_so(downloader: Downloader, tmp_path: Path) -> None:
    """There is nothing to save, and the error says it."""
    assert "neither" in str(await fails(downloader, Output(kind="image", vendor_ref="x"), tmp_path))


async def test_a_model_that_was_trained_stays_where_it_is(downloader: Downloader, tmp_path: Path) -> None:
    """What has no bytes to give asks for no file, so that nothing waits for one."""
    trained = TrainingResult(
        outputs=(Output(kind="weights", vendor_ref="acme:900@1"),), ref=REF, provider="runware", model="m"
    )
    assert trained.trained_model == "acme:900@1"

    async def refresh() -> Sequence[Output]:
        return trained.outputs

    assert await downloader.save(trained, tmp_path, refresh) == []
    assert "acme:900@1" in repr(trained)


_SAVE = """
import asyncio, os, signal, sys
from random import Random
from anymedia.clock import SystemClock
from anymedia.downloads import Downloader
from anymedia.refs import TaskRef
from anymedia.results import ImageResult, Output
from anymedia.transports.http import HttpTransport

moment, url, target = sys.argv[1:]
sync, link = os.fsync, os.link

def die(*arguments):
    os.kill(os.getpid(), signal.SIGKILL)

def die_after_link(*arguments):
    link(*arguments)
    die()

if moment == "before fsync":
    os.fsync = die
elif moment == "before link":
    os.link = die
elif moment == "after link":
    os.link = die_after_link

async def save():
    ref = TaskRef(provider="x", id="7", operation="text_to_image", model="m")
    result = ImageResult(outputs=(Output(kind="image", url=url),), ref=ref, provider="x", model="m")
    await Downloader(HttpTransport(), SystemClock(), Random(1)).save(result, target, None)

asyncio.run(save())
"""


@pytest.mark.parametrize("moment", ["in the middle", "before fsync", "before link", "after link"])
async def test_a_killed_process_leaves_no_wrong_file(host: Host, tmp_path: Path, moment: str) -> None:
    """After kill -9 at any moment there may be a part file; under the final name there is nothing, or all of it."""
    started, target = asyncio.Event(), tmp_path / "a.png"
    url = host.url(held(HALF, started) if moment == "in the middle" else whole())
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _SAVE, moment, url, target, stderr=subprocess.PIPE
    )
    async with asyncio.timeout(60):
        if moment == "in the middle":
            await started.wait()
            child.kill()
        _, complaint = await child.communicate()
    assert (child.returncode, complaint) == (-signal.SIGKILL, b"")
    assert target.exists() is (moment == "after link")
    assert not target.exists() or target.read_bytes() == PNG
    assert {path.suffix for path in tmp_path.iterdir()} - {".png"} == {".part"}
