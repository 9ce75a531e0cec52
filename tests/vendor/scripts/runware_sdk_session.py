"""What an app does with the vendor's newer Python SDK (`runware-sdk`); run it where that is installed.

Usage: python runware_sdk_session.py <WebSocket URL> <HTTP URL> <API key>
"""

import asyncio
import struct
import sys
import urllib.request
import uuid
import zlib
from base64 import b64encode

from runware import Runware, RunwareError

PNG = b"\x89PNG\r\n\x1a\n"


def ok(step: str, transport: str) -> None:
    """Say that a step went well."""
    print("ok", step, f"({transport})", flush=True)


def small_png() -> bytes:
    """A red picture of 64 by 64 pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\xc0\x20\x20" * 64) * 64)
    return PNG + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


async def download(url: str) -> bytes:
    """The bytes at a URL."""

    def get() -> bytes:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.read()

    return await asyncio.to_thread(get)


async def images(runware: Runware, transport: str) -> tuple[str, str]:
    """Two images, pushed and polled for; the URL of one and the id of a task."""
    task = str(uuid.uuid4())
    request = {
        "taskType": "imageInference",
        "taskUUID": task,
        "model": "runware:101@1",
        "positivePrompt": "a lighthouse at dusk",
        "width": 512,
        "height": 512,
        "numberResults": 2,
        "seed": 7,
        "includeCost": True,
    }
    made = await runware.run(request)
    assert sorted(image["seed"] for image in made) == [7, 8], made
    assert all(image["cost"] > 0 and image["status"] == "success" for image in made), made
    pushed = await runware.run({**request, "taskUUID": str(uuid.uuid4()), "deliveryMethod": "sync"})
    assert len({image["imageUUID"] for image in pushed}) == 2, pushed
    assert (await download(made[0]["imageURL"])).startswith(b"\xff\xd8\xff")
    ok("image generation", transport)
    return made[0]["imageURL"], task


async def film(runware: Runware, transport: str) -> str:
    """A film; the id of its task."""
    task = str(uuid.uuid4())
    request = {
        "taskType": "videoInference",
        "taskUUID": task,
        "model": "google:3@3",
        "positivePrompt": "waves on rocks",
        "duration": 4,
        "width": 1280,
        "height": 720,
        "includeCost": True,
    }
    (made,) = await runware.run(request)
    assert made["taskUUID"] == task and made["cost"] > 0, made
    assert (await download(made["videoURL"]))[4:8] == b"ftyp"
    ok("video generation", transport)
    return task


async def tools(runware: Runware, url: str, transport: str) -> None:
    """Upscale, background removal, caption."""
    inputs = {"image": url}
    upscale = {"taskType": "upscale", "model": "runware:504@1", "inputs": inputs, "upscaleFactor": 2}
    (larger,) = await runware.run({**upscale, "outputFormat": "PNG"})
    data = await download(larger["imageURL"])
    assert data.startswith(PNG) and struct.unpack(">II", data[16:24]) == (1024, 1024), data[:32]
    ok("upscale", transport)
    remove = {"taskType": "removeBackground", "model": "runware:109@1", "inputs": inputs}
    (cut,) = await runware.run({**remove, "deliveryMethod": "sync"})
    data = await download(cut["imageURL"])
    assert data.startswith(PNG) and data[25] == 6, "no alpha channel"
    ok("background removal", transport)
    describe = {"taskType": "caption", "model": "runware:150@2", "inputs": inputs}
    (caption,) = await runware.run({**describe, "deliveryMethod": "sync"})
    assert "512" in caption["text"], caption
    ok("caption", transport)


async def retrieval(runware: Runware, image: str, video: str, transport: str) -> None:
    """Tasks by their ids."""
    (details,) = await runware.get_task_details({"taskUUID": image})
    assert details["request"][0]["positivePrompt"] == "a lighthouse at dusk", details
    assert len(details["response"]["data"]) == 2, details
    (state,) = await runware.get_response({"taskUUID": video})
    assert state["status"] == "success" and state["videoURL"], state
    ok("task retrieval", transport)


async def uploads(runware: Runware, transport: str) -> None:
    """A medium that later tasks may name."""
    data = "data:image/png;base64," + b64encode(small_png()).decode()
    (image,) = await runware.image_upload({"image": data})
    (medium,) = await runware.media_storage({"operation": "upload", "media": data})
    assert (await download(image["imageURL"])).startswith(PNG)
    upscale = {"taskType": "upscale", "model": "runware:504@1", "upscaleFactor": 2, "deliveryMethod": "sync"}
    (larger,) = await runware.run({**upscale, "inputs": {"image": medium["mediaUUID"]}})
    assert larger["imageURL"], larger
    (gone,) = await runware.media_storage({"operation": "delete", "media": medium["mediaUUID"]})
    assert gone["mediaUUID"] == medium["mediaUUID"], gone
    ok("upload", transport)


async def catalogue(runware: Runware, transport: str) -> None:
    """Model search and the account."""
    (page,) = await runware.model_search({"search": "flux dev", "limit": 5})
    assert any(model["air"] == "runware:101@1" for model in page["results"]), page
    (account,) = await runware.account_management({"operation": "getDetails"})
    assert account["balance"] > 0, account
    ok("model search", transport)


async def wrong_values(runware: Runware, transport: str) -> None:
    """A refused request names the field."""
    request = {
        "taskType": "imageInference",
        "model": "runware:101@1",
        "positivePrompt": "a lighthouse",
        "width": 1000,
        "height": 512,
    }
    try:
        await runware.run(request)
    except RunwareError as error:
        assert error.code == "validation" or "width" in str(error).lower(), error
        ok("wrong values", transport)
    else:
        raise AssertionError("a width of 1000 was accepted")


async def wrong_key(options: dict[str, str], transport: str) -> None:
    """A wrong key is told at once."""
    try:
        async with Runware(api_key="not-the-key", **options) as runware:
            await runware.account_management({"operation": "getDetails"})
    except RunwareError as error:
        assert "key" in str(error).lower() or "auth" in str(error.code).lower(), error
        ok("wrong key", transport)
    else:
        raise AssertionError("a wrong key was accepted")


async def main(ws_url: str, http_url: str, key: str) -> None:
    """All steps over the WebSocket, then over REST."""
    for transport in ("websocket", "rest"):
        options = {"transport": transport, "ws_base_url": ws_url, "http_base_url": http_url}
        async with Runware(api_key=key, **options) as runware:
            ok("connect", transport)
            url, image = await images(runware, transport)
            video = await film(runware, transport)
            await tools(runware, url, transport)
            await retrieval(runware, image, video, transport)
            await uploads(runware, transport)
            await catalogue(runware, transport)
            await wrong_values(runware, transport)
        await wrong_key(options, transport)


asyncio.run(main(*sys.argv[1:]))
