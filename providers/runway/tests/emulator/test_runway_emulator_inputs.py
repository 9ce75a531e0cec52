"""Media that requests name: data URIs, uploads and URLs, and the checks made while a create is answered."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from anymedia.testing import ManualClock
from anymedia.testing.render import audio, image, probe, video
from anymedia.testing.server import Server
from anymedia_runway.emulator import RunwayEmulator

_SMALL = image("a", seed=1, width=320, height=320)
_TINY = image("a", seed=1, width=64, height=64)
_FILM = video("a", seed=1, width=64, height=64, duration=1)


@pytest.fixture
async def host() -> AsyncIterator[str]:
    """Another server on loopback, with a picture, an empty page and a redirect."""

    async def picture(request: Request) -> Response:
        return Response(_SMALL, media_type="image/png")

    async def moved(request: Request) -> Response:
        return RedirectResponse("/a.png")

    async def nameless(request: Request) -> Response:
        return Response(_SMALL, media_type="application/octet-stream")

    async def endless(request: Request) -> Response:
        return StreamingResponse(iter([_SMALL]), media_type="image/png")

    async def huge(request: Request) -> Response:
        return Response(None, headers={"Content-Type": "image/png", "Content-Length": str(17 * 2**20)})

    async def no_head(request: Request) -> Response:
        return Response(_SMALL, 405 if request.method == "HEAD" else 200, media_type="image/png")

    pages = {"/a.png": picture, "/moved": moved, "/nameless": nameless, "/endless": endless, "/huge": huge}
    routes = [Route(path, page) for path, page in pages.items()]
    server = Server(Starlette(routes=[*routes, Route("/no_head", no_head, methods=["GET", "HEAD"])]))
    port = await server.start()
    yield f"http://127.0.0.1:{port}"
    await server.aclose()


def data_uri(data: bytes, kind: str = "image/png") -> str:
    """Media inside the request."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


async def upscale(api: httpx.AsyncClient, uri: str) -> httpx.Response:
    """A request with one picture."""
    return await api.post("/v1/image_upscale", json={"model": "magnific_precision_upscaler_v2", "imageUri": uri})


async def slot(api: httpx.AsyncClient, name: str = "a.png") -> dict[str, Any]:
    """A place to upload to."""
    answer = await api.post("/v1/uploads", json={"filename": name, "type": "ephemeral"})
    assert answer.status_code == 200, answer.text
    opened: dict[str, Any] = answer.json()
    return opened


async def put(web: httpx.AsyncClient, opened: dict[str, Any], data: bytes) -> httpx.Response:
    """Upload as the vendor's SDK does."""
    return await web.post(opened["uploadUrl"], data=opened["fields"], files={"file": ("a.png", data)})


async def test_data_uri_is_used(api: httpx.AsyncClient, web: httpx.AsyncClient, clock: ManualClock) -> None:
    """A picture inside the request is the one that is enlarged."""
    created = await upscale(api, data_uri(_SMALL))
    await clock.advance(60)
    (url,) = (await api.get(f"/v1/tasks/{created.json()['id']}")).json()["output"]
    facts = probe((await web.get(url)).content)
    assert (facts.width, facts.height) == (640, 640)


async def test_upload_is_used_again_and_again_for_a_day(
    emulator: RunwayEmulator, api: httpx.AsyncClient, web: httpx.AsyncClient, clock: ManualClock
) -> None:
    """A file posted to storage can be named in requests for 24 hours."""
    opened = await slot(api)
    assert opened["uploadUrl"].startswith(emulator.endpoint.base_url)
    assert (await put(web, opened, _SMALL)).status_code == 204
    for _ in range(2):
        assert (await upscale(api, opened["runwayUri"])).status_code == 200
    await clock.advance(24 * 3600)
    late = await upscale(api, opened["runwayUri"])
    assert (late.status_code, late.json()["issues"][0]["path"]) == (400, ["imageUri"])


async def test_slot_takes_one_file(api: httpx.AsyncClient, web: httpx.AsyncClient) -> None:
    """A slot works once, and holds nothing before that."""
    opened = await slot(api)
    assert (await upscale(api, opened["runwayUri"])).status_code == 400
    assert (await put(web, opened, _SMALL)).status_code == 204
    assert (await put(web, opened, _SMALL)).status_code == 403


@pytest.mark.parametrize("data", [b"x" * 511, b""])
async def test_small_file_is_refused(api: httpx.AsyncClient, web: httpx.AsyncClient, data: bytes) -> None:
    """Below 512 bytes storage says no, and the slot stays free."""
    opened = await slot(api)
    assert (await put(web, opened, data)).status_code == 400
    assert (await put(web, opened, b"x" * 512)).status_code == 204


async def test_form_must_be_as_signed(api: httpx.AsyncClient, web: httpx.AsyncClient) -> None:
    """Every field unchanged, then the file, named `file`: anything else is refused."""
    opened = await slot(api)
    url, fields = opened["uploadUrl"], opened["fields"]
    file = {"file": ("a.png", _SMALL)}
    changed = await web.post(url, data=fields | {"policy": "other"}, files=file)
    short = await web.post(url, data={"key": fields["key"]}, files=file)
    renamed = await web.post(url, data=fields, files={"data": ("a.png", _SMALL)})
    parts = [("file", ("a.png", _SMALL)), *((name, (None, value)) for name, value in fields.items())]
    early = await web.post(url, files=parts)
    empty = await web.post(url)
    assert [answer.status_code for answer in (changed, short, renamed, early, empty)] == [403, 403, 400, 400, 403]
    extra = await web.post(url, data=fields | {"metadata": "mine"}, files=file)
    assert extra.status_code == 204


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ({}, [["filename"], ["type"]]),
        ({"filename": "a.txt", "type": "ephemeral"}, [["filename"]]),
        ({"filename": "a", "type": "ephemeral"}, [["filename"]]),
        ({"filename": "a" * 252 + ".png", "type": "ephemeral"}, [["filename"]]),
        ({"filename": 5, "type": "forever"}, [["filename"], ["type"]]),
    ],
)
async def test_slot_needs_a_media_name(api: httpx.AsyncClient, body: dict[str, Any], paths: list[list[str]]) -> None:
    """A slot is for a file with the extension of a medium, 3 to 255 characters, ephemeral."""
    answer = await api.post("/v1/uploads", json=body)
    assert answer.status_code == 400
    assert [issue["path"] for issue in answer.json()["issues"]] == paths


async def test_url_on_loopback_is_fetched(api: httpx.AsyncClient, host: str) -> None:
    """Media on any loopback server are fetched and checked during the create, without following redirects."""
    assert (await upscale(api, f"{host}/a.png")).status_code == 200
    refused = {
        "/b.png": 'HTTP response code "404"',
        "/moved": 'HTTP response code "307"',
        "/no_head": 'HTTP response code "405"',
        "/nameless": "Content-Type application/octet-stream",
        "/endless": "no Content-Length",
        "/huge": "at most 16777216 bytes",
    }
    for path, message in refused.items():
        answer = await upscale(api, host + path)
        assert answer.status_code == 400
        assert message in answer.json()["issues"][0]["message"]
    nobody = await upscale(api, "http://127.0.0.1:1/a.png")
    assert "did not answer" in nobody.json()["issues"][0]["message"]


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        (data_uri(b"not a picture at all"), "Failed to decode asset"),
        (data_uri(_SMALL[:2000]), "Failed to decode asset"),
        ("data:image/png;base64,!!!!", "not base64"),
        ("data:image/png,abcdefgh", "base64 data"),
        (data_uri(_FILM), "Unsupported asset type video/mp4"),
        (data_uri(_TINY), "Asset width must be at least 300 pixels"),
    ],
)
async def test_bad_picture_is_an_issue(emulator: RunwayEmulator, api: httpx.AsyncClient, uri: str, words: str) -> None:
    """Media that cannot be decoded, are of another kind or too small are 400 issues at their field; nothing starts."""
    answer = await upscale(api, uri)
    assert answer.status_code == 400
    assert answer.json()["error"] == "Validation of body failed"
    assert [issue["path"] for issue in answer.json()["issues"]] in ([["imageUri"]], [["imageUri"]] * 2)
    assert words in answer.json()["issues"][0]["message"]
    assert emulator.ledger.accepted == 0


async def test_shape_and_length_are_checked(api: httpx.AsyncClient) -> None:
    """A picture too wide, a film too short, and sound too long in all are told with the bound."""
    wide = image("a", seed=1, width=900, height=300)
    frame = {"model": "gen4.5", "promptText": "a", "ratio": "1280:720", "duration": 5, "promptImage": data_uri(wide)}
    (issue,) = (await api.post("/v1/image_to_video", json=frame)).json()["issues"]
    assert (issue["code"], issue["maximum"], issue["path"]) == ("too_big", 2, ["promptImage"])
    film = {"model": "aleph2", "videoUri": data_uri(_FILM, "video/mp4")}
    (issue,) = (await api.post("/v1/video_to_video", json=film)).json()["issues"]
    assert issue == {
        "code": "too_small",
        "minimum": 2,
        "type": "number",
        "inclusive": True,
        "origin": "number",
        "message": "Asset duration must be at least 2 seconds",
        "path": ["videoUri"],
    }
    sound = {"type": "audio", "uri": data_uri(audio("a", seed=1, duration=8, format="mp3"), "audio/mpeg")}
    song = {"model": "seedance2", "promptText": "a", "referenceAudio": [sound, sound]}
    (issue,) = (await api.post("/v1/text_to_video", json=song)).json()["issues"]
    assert (issue["maximum"], issue["path"]) == (15, ["referenceAudio"])


async def test_films_are_measured(api: httpx.AsyncClient) -> None:
    """A film that is too fine or too fast for `aleph2`, or too coarse for `seedance2_5`, is told with the bound."""
    fine = data_uri(video("a", seed=1, width=1100, height=1200, duration=2, fps=2), "video/mp4")
    fast = data_uri(video("a", seed=1, width=64, height=64, duration=2, fps=60), "video/mp4")
    for film, most in ((fine, 1080), (fast, 30)):
        answer = await api.post("/v1/video_to_video", json={"model": "aleph2", "videoUri": film})
        assert [(issue["code"], issue["maximum"]) for issue in answer.json()["issues"]] == [("too_big", most)]
    coarse = {"model": "seedance2_5", "promptVideo": data_uri(_FILM, "video/mp4")}
    (issue,) = (await api.post("/v1/video_to_video", json=coarse)).json()["issues"]
    assert (issue["minimum"], issue["path"]) == (480, ["promptVideo"])


async def test_output_too_large_is_refused(api: httpx.AsyncClient) -> None:
    """An upscale beyond the vendor's pixel limit is refused at the factor."""
    body = {"model": "magnific_precision_upscaler_v2", "imageUri": data_uri(_SMALL), "scaleFactor": 16}
    (issue,) = (await api.post("/v1/image_upscale", json=body)).json()["issues"]
    assert (issue["code"], issue["maximum"], issue["path"]) == ("too_big", 25_300_000, ["scaleFactor"])
