"""Outputs reach the disk whole, under their true name, and over nothing else."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from random import Random

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from anymedia.downloads import Downloader
from anymedia.errors import DownloadError, OutputExpiredError
from anymedia.refs import TaskRef
from anymedia.results import ImageResult, Output
from anymedia.testing.clock import ScaledClock
from anymedia.testing.server import Server
from anymedia.transports.http import HttpTransport

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
REF = TaskRef(provider="x", id="17/..", operation="text_to_image", model="m")


class Host:
    """A CDN that misbehaves by path."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.base = ""

    async def serve(self, request: Request) -> Response:
        self.requests.append(request)
        seen = sum(other.url.path == request.url.path for other in self.requests)
        match request.path_params["case"]:
            case "expired":
                return Response(status_code=403)
            case "short":
                return StreamingResponse(self.half(), headers={"content-length": str(len(PNG))})
            case "busy" if seen < 3:
                return Response(status_code=503)
            case "moved":
                return Response(status_code=302, headers={"location": "/good"})
            case "empty":
                return Response(b"")
        return Response(PNG, media_type="image/png")

    async def half(self) -> AsyncIterator[bytes]:
        yield PNG[: len(PNG) // 2]
        raise ConnectionResetError

    def output(self, case: str) -> Output:
        return Output(kind="image", url=f"{self.base}/{case}?_jwt=secret")


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    """A running CDN."""
    host = Host()
    server = Server(Starlette(routes=[Route("/{case}", host.serve)]))
    host.base = f"http://127.0.0.1:{await server.start()}"
    yield host
    await server.aclose()


@pytest.fixture
async def downloader() -> AsyncIterator[Downloader]:
    """A downloader whose waits are short."""
    http = HttpTransport()
    yield Downloader(http, ScaledClock(1000), Random(1))
    await http.aclose()


def result(*outputs: Output) -> ImageResult:
    return ImageResult(outputs=outputs, ref=REF, provider="x", model="m")


async def nothing_fresh() -> Sequence[Output]:
    return ()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_one_output_takes_the_given_name(host: Host, downloader: Downloader, tmp_path: Path) -> None:
    """A file name is a file name; folders are made; no part file stays."""
    target = tmp_path / "new" / "cat.png"
    assert await downloader.save(result(host.output("good")), target, nothing_fresh) == [target]
    assert target.read_bytes() == PNG
    assert names(target.parent) == ["cat.png"]


async def test_several_outputs_are_numbered(host: Host, downloader: Downloader, tmp_path: Path) -> None:
    """Several outputs become name-1, name-2; inline bytes need no network."""
    two = result(host.output("good"), Output(kind="image", data=PNG))
    saved = await downloader.save(two, tmp_path / "cat.png", nothing_fresh)
    assert [path.name for path in saved] == ["cat-1.png", "cat-2.png"]


async def test_a_folder_gets_a_name_that_cannot_escape_it(host: Host, downloader: Downloader, tmp_path: Path) -> None:
    """In a folder the name comes from operation and task, with nothing in it that a path could follow."""
    (saved,) = await downloader.save(result(host.output("good")), tmp_path, nothing_fresh)
    assert saved == tmp_path / "text_to_image-17---.png"
    (other,) = await downloader.save(result(host.output("good")), tmp_path / "sub", nothing_fresh)
    assert other.parent == tmp_path / "sub"


async def test_bytes_are_never_relabelled(host: Host, downloader: Downloader, tmp_path: Path) -> None:
    """A PNG asked for as JPG is saved as what it is."""
    (saved,) = await downloader.save(result(host.output("good")), tmp_path / "cat.jpg", nothing_fresh)
    assert saved.name == "cat.png"


async def test_nothing_is_overwritten(host: Host, downloader: Downloader, tmp_path: Path) -> None:
    """A name that is taken gets a number; the old file stays as it was."""
    (tmp_path / "cat.png").write_bytes(b"precious")
    for expected in ("cat (2).png", "cat (3).png"):
        (saved,) = await downloader.save(result(host.output("good")), tmp_path / "cat.png", nothing_fresh)
        assert saved.name == expected
    assert (tmp_path / "cat.png").read_bytes() == b"precious"


async def test_a_dead_link_is_renewed_once(host: Host, downloader: Downloader, tmp_path: Path) -> None:
    """An expired link is asked for again; if there is no other, the error says so."""

    async def fresh() -> Sequence[Output]:
        return [host.output("good")]

    async def still_dead() -> Sequence[Output]:
        return [Output(kind="image", url=f"{host.base}/expired?again")]

    assert await downloader.save(result(host.output("expired")), tmp_path / "a.png", fresh) == [tmp_path / "a.png"]
    for refresh in (nothing_fresh, still_dead):
        with pytest.raises(OutputExpiredError):
            await downloader.save(result(host.output("expired")), tmp_path / "b.png", refresh)
    assert names(tmp_path) == ["a.png"]


async def test_trouble_is_survived(host: Host, downloader: Downloader, tmp_path: Path) -> None:
    """A busy host is asked again, a redirect is followed."""
    for case in ("busy", "moved"):
        (saved,) = await downloader.save(result(host.output(case)), tmp_path / f"{case}.png", nothing_fresh)
        assert saved.read_bytes() == PNG


@pytest.mark.parametrize("case", ["short", "empty"])
async def test_half_a_file_is_no_file(host: Host, downloader: Downloader, tmp_path: Path, case: str) -> None:
    """What does not arrive whole leaves nothing behind."""
    with pytest.raises(DownloadError) as caught:
        await downloader.save(result(host.output(case)), tmp_path / "a.png", nothing_fresh)
    assert names(tmp_path) == []
    assert "secret" not in str(caught.value)


async def test_no_key_goes_to_a_cdn(host: Host, downloader: Downloader, tmp_path: Path) -> None:
    """A download carries no authorization."""
    await downloader.save(result(host.output("good")), tmp_path / "a.png", nothing_fresh)
    assert all("authorization" not in request.headers for request in host.requests)


async def test_an_output_without_bytes_or_link_says_so(downloader: Downloader, tmp_path: Path) -> None:
    """There is nothing to save, and the error says it."""
    with pytest.raises(DownloadError, match="neither"):
        await downloader.save(result(Output(kind="image", vendor_ref="x")), tmp_path / "a.png", nothing_fresh)
