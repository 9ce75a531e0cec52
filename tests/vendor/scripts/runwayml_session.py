"""Drives the vendor's own `runwayml` package, unmodified, against the API at a given URL.

Usage: runwayml_session.py BASE_URL API_KEY, with `runwayml` installed and nothing else beyond the standard library.
Prints one line per step, `ok <step>`, and ends with a traceback at the first promise that is broken.
"""

import asyncio
import struct
import sys
import tempfile
import time
import urllib.request
import zlib
from pathlib import Path

import runwayml
from runwayml import AsyncRunwayML, RunwayML

POLL_SECONDS = 0.02
LIMIT_SECONDS = 60


def ok(step):
    print(f"ok {step}", flush=True)


def picture(side=400):
    """A PNG of colour ramps, by hand."""
    rows = b"".join(
        b"\0" + b"".join(bytes((x * 255 // side, y * 255 // side, (x * y) % 256)) for x in range(side))
        for y in range(side)
    )
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def download(url):
    """The bytes behind an output URL, asked for without the API key."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=LIMIT_SECONDS) as response:
        return response.headers["Content-Type"], response.read()


def png_size(data):
    assert data.startswith(b"\x89PNG"), data[:16]
    return struct.unpack(">II", data[16:24])


def finished(client, task_id):
    """The task at its end, by looking again and again; the statuses seen on the way must be known ones."""
    end = time.monotonic() + LIMIT_SECONDS
    while True:
        task = client.tasks.retrieve(task_id)
        if task.status in ("SUCCEEDED", "FAILED", "CANCELLED"):
            return task
        assert task.status in ("PENDING", "THROTTLED", "RUNNING"), task.status
        assert task.estimated_cost.credits > 0
        if task.status == "RUNNING":
            assert 0 <= task.progress <= 1
        assert time.monotonic() < end, f"{task_id} is still {task.status}"
        time.sleep(POLL_SECONDS)


def made(client, created):
    """The first output URL of a task that must succeed."""
    assert created.estimated_cost.credits > 0
    task = finished(client, created.id)
    assert task.status == "SUCCEEDED", task
    assert type(task.cost.credits) is int
    return task.output[0]


def images(client, folder):
    url = made(
        client, client.text_to_image.create(model="gen4_image", prompt_text="a lighthouse", ratio="1280:720", seed=7)
    )
    kind, data = download(url)
    assert (kind, png_size(data)) == ("image/png", (1280, 720))
    ok("text_to_image")

    path = Path(folder, "ramps.png")
    path.write_bytes(picture())
    upload = client.uploads.create_ephemeral(file=path)
    assert upload.uri.startswith("runway://")
    ok("uploads.create_ephemeral")

    styled = client.text_to_image.create(
        model="gen4_image",
        prompt_text="@ramps as a flag",
        ratio="1024:1024",
        reference_images=[{"uri": upload.uri, "tag": "ramps"}],
    )
    assert png_size(download(made(client, styled))[1]) == (1024, 1024)
    ok("text_to_image with an uploaded reference")

    larger = client.image_upscale.create(model="magnific_precision_upscaler_v2", image_uri=upload.uri, scale_factor=2)
    assert png_size(download(made(client, larger))[1]) == (800, 800)
    ok("image_upscale")
    return url


def videos(client, image):
    created = client.image_to_video.create(
        model="gen4.5", prompt_image=image, prompt_text="slow push-in", ratio="1280:720", duration=3
    )
    task = created.wait_for_task_output(timeout=LIMIT_SECONDS)
    assert task.status == "SUCCEEDED"
    kind, data = download(task.output[0])
    assert kind == "video/mp4"
    assert data[4:8] == b"ftyp"
    ok("image_to_video with wait_for_task_output")

    created = client.text_to_video.create(
        model="veo3.1_fast", prompt_text="waves", ratio="1280:720", duration=4, audio=False
    )
    assert download(made(client, created))[0] == "video/mp4"
    ok("text_to_video")

    created = client.video_upscale.create(
        model="magnific_video_upscaler_creative", video_uri=task.output[0], resolution="1k"
    )
    assert made(client, created)
    ok("video_upscale")

    performed = client.character_performance.create(
        model="act_two",
        character={"type": "image", "uri": image},
        reference={"type": "video", "uri": task.output[0]},
        ratio="1280:720",
    )
    assert made(client, performed)
    ok("character_performance")


def tasks(client):
    created = client.text_to_image.create(model="gen4_image", prompt_text="a kite", ratio="1024:1024")
    assert client.tasks.retrieve(created.id).id == created.id
    first, second = made(client, created), client.tasks.retrieve(created.id).output[0]
    assert first != second
    assert first.partition("?")[0] == second.partition("?")[0]
    ok("tasks.retrieve signs outputs anew")

    created = client.text_to_video.create(model="gen4.5", prompt_text="a kite", ratio="1280:720", duration=5)
    client.tasks.delete(created.id)
    try:
        client.tasks.retrieve(created.id)
    except runwayml.NotFoundError as error:
        assert error.body == {"error": "Could not find Task"}
    else:
        raise AssertionError("a cancelled task can still be retrieved")
    ok("tasks.delete")


def account(client):
    organization = client.organization.retrieve()
    assert 0 < organization.credit_balance < 100_000
    assert organization.tier.models["gen4_image"].max_concurrent_generations > 0
    assert organization.usage.models["gen4_image"].daily_generations > 0
    assert client.organization.retrieve_usage(start_date="2026-01-01", before_date="2026-01-02").results
    ok("organization")


def errors(client, base_url):
    try:
        client.text_to_image.create(model="gen4_image", prompt_text="", ratio="16:9")
    except runwayml.BadRequestError as error:
        assert [issue["path"] for issue in error.body["issues"]] == [["promptText"], ["ratio"]]
    else:
        raise AssertionError("an impossible ratio was accepted")
    with RunwayML(api_key="key_" + "f" * 128, base_url=base_url) as stranger:
        try:
            stranger.organization.retrieve()
        except runwayml.AuthenticationError:
            ok("errors")
        else:
            raise AssertionError("a wrong key was accepted")


async def asynchronous(base_url, api_key):
    async with AsyncRunwayML(api_key=api_key, base_url=base_url) as client:
        upload = await client.uploads.create_ephemeral(file=("ramps.png", picture()))
        created = await asyncio.gather(
            client.text_to_image.create(model="gemini_2.5_flash", prompt_text="a fox", ratio="1024:1024"),
            client.image_to_video.create(model="gen4_turbo", prompt_image=upload.uri, ratio="1280:720", duration=2),
        )
        for each in created:
            async with asyncio.timeout(LIMIT_SECONDS):
                while (task := await client.tasks.retrieve(each.id)).status != "SUCCEEDED":
                    await asyncio.sleep(POLL_SECONDS)
            kind, data = await asyncio.to_thread(download, task.output[0])
            assert kind in ("image/png", "video/mp4")
            assert data
        dropped = await client.text_to_video.create(model="gen4.5", prompt_text="a fox", ratio="1280:720", duration=5)
        await client.tasks.delete(dropped.id)
        ok("async client")


def main():
    base_url, api_key = sys.argv[1:]
    with RunwayML(api_key=api_key, base_url=base_url) as client, tempfile.TemporaryDirectory() as folder:
        image = images(client, folder)
        videos(client, image)
        tasks(client)
        account(client)
        errors(client, base_url)
    asyncio.run(asynchronous(base_url, api_key))


main()
