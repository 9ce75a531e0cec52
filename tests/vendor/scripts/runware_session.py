"""What an app does with the vendor's older Python SDK (`runware`); run it where that is installed.

Usage: python runware_session.py <WebSocket URL> <API key>

The service must render a film within a second: this SDK notices a result up to 33 seconds late when its first poll
comes too early.
"""

import asyncio
import struct
import sys
import tempfile
import urllib.request
import zlib
from pathlib import Path

from runware import (
    IImageBackgroundRemoval,
    IImageCaption,
    IImageInference,
    IImageUpscale,
    IModelSearch,
    IVideoInference,
    Runware,
)

PNG = b"\x89PNG\r\n\x1a\n"


def ok(step: str) -> None:
    """Say that a step went well."""
    print("ok", step, flush=True)


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


async def images(runware: Runware) -> tuple[str, str]:
    """Two images; the URL of the first and the id of the task."""
    request = IImageInference(
        model="runware:101@1",
        positivePrompt="a lighthouse at dusk",
        width=512,
        height=512,
        numberResults=2,
        seed=7,
        includeCost=True,
    )
    made = await runware.imageInference(requestImage=request)
    assert len(made) == 2 and made[0].imageUUID != made[1].imageUUID, made
    assert sorted(image.seed for image in made) == [7, 8], made
    assert all(image.cost > 0 for image in made), made
    assert (await download(made[0].imageURL)).startswith(b"\xff\xd8\xff")
    ok("image generation")
    return made[0].imageURL, made[0].taskUUID


async def film(runware: Runware) -> None:
    """A film: submitted, then fetched by the id of its task."""
    request = IVideoInference(
        model="google:3@3", positivePrompt="waves on rocks", duration=4, width=1280, height=720, includeCost=True
    )
    task = await runware.videoInference(requestVideo=request)
    assert task.taskType == "videoInference", task
    await asyncio.sleep(1)
    (made,) = await runware.getResponse(taskUUID=task.taskUUID)
    assert made.status == "success" and made.cost > 0, made
    assert (await download(made.videoURL))[4:8] == b"ftyp"
    ok("video generation")


async def tools(runware: Runware, url: str) -> None:
    """Upscale, background removal, caption."""
    (larger,) = await runware.imageUpscale(
        upscaleGanPayload=IImageUpscale(inputImage=url, model="runware:504@1", upscaleFactor=2, outputFormat="PNG")
    )
    data = await download(larger.imageURL)
    assert data.startswith(PNG) and struct.unpack(">II", data[16:24]) == (1024, 1024), data[:32]
    ok("upscale")
    (cut,) = await runware.imageBackgroundRemoval(
        removeImageBackgroundPayload=IImageBackgroundRemoval(inputImage=url, model="runware:109@1", outputFormat="PNG")
    )
    data = await download(cut.imageURL)
    assert data.startswith(PNG) and data[25] == 6, "no alpha channel"
    ok("background removal")
    caption = await runware.imageCaption(requestImageToText=IImageCaption(inputImage=url, model="runware:150@2"))
    assert "512" in caption.text, caption
    ok("caption")


async def retrieval(runware: Runware, task: str) -> None:
    """A task by its id, long after it was done."""
    details = await runware.getTaskDetails(taskUUID=task)
    assert details.request[0].positivePrompt == "a lighthouse at dusk", details
    assert len(details.response) == 2, details
    ok("task retrieval")


async def uploads(runware: Runware) -> None:
    """A local file becomes a medium that later tasks may name."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "red.png")
        path.write_bytes(small_png())
        image = await runware.uploadImage(str(path))
        medium = await runware.uploadMedia(str(path))
    assert image.imageUUID and image.imageURL and medium.mediaUUID, (image, medium)
    assert (await download(image.imageURL)).startswith(PNG)
    (larger,) = await runware.imageUpscale(
        upscaleGanPayload=IImageUpscale(inputImage=image.imageUUID, model="runware:504@1", upscaleFactor=2)
    )
    assert larger.imageURL, larger
    ok("upload")


async def search(runware: Runware) -> None:
    """The model catalogue."""
    found = await runware.modelSearch(payload=IModelSearch(search="flux dev", limit=5))
    assert any(model.air == "runware:101@1" for model in found.results), found
    ok("model search")


async def wrong_key(url: str) -> None:
    """A wrong key is found out at the first request, at the latest."""
    runware = Runware(api_key="not-the-key", url=url)
    try:
        await runware.connect()
        await runware.imageInference(requestImage=IImageInference(model="runware:101@1", positivePrompt="x y"))
    except Exception as error:
        assert "key" in str(error).lower(), error
        ok("wrong key")
    else:
        raise AssertionError("a wrong key was accepted")
    finally:
        await runware.disconnect()


async def main(url: str, key: str) -> None:
    """All steps over one connection, and the wrong key over another."""
    runware = Runware(api_key=key, url=url)
    await runware.connect()
    ok("connect")
    image, task = await images(runware)
    await film(runware)
    await tools(runware, image)
    await retrieval(runware, task)
    await uploads(runware)
    await search(runware)
    await runware.disconnect()
    await wrong_key(url)


asyncio.run(main(*sys.argv[1:]))
