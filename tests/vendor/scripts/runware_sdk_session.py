"""Every method of the vendor's newer Python SDK (`runware-sdk`) over one transport; run it where that is installed.

Usage: python runware_sdk_session.py <WebSocket URL> <HTTP URL> <API key> <websocket or rest>

Prints `ok <method>` where a method did what it is for, and `ok <method>: <trap>` where the SDK stood in its own way.
"""

import asyncio
import io
import sys
import uuid
import zipfile
from base64 import b64encode

from runware import InvokeOptions, RunOptions, Runware, RunwareError
from runware.constants import CONTENT_BASE_URL, SCHEMAS_BASE_URL
from steps import download, ok, png_size, small_png

IMAGE = {"taskType": "imageInference", "model": "runware:101@1", "positivePrompt": "a lighthouse at dusk"}
QUESTION = {"model": "openai:gpt@5-mini", "messages": [{"role": "user", "content": "What is a lighthouse?"}]}


class Session:
    """The SDK on one transport, with its steps."""

    def __init__(self, runware, transport):
        self.runware = runware
        self.transport = transport

    async def one(self, task_type, **request):
        """The only result of a task; both ways of delivery take turns."""
        (item,) = await self.runware.run({"taskType": task_type, **request})
        return item

    async def images(self):
        """Two images, polled for and pushed; the URL of one and the id of a task."""
        task = str(uuid.uuid4())
        request = {**IMAGE, "width": 512, "height": 512, "numberResults": 2, "seed": 7, "includeCost": True}
        made = await self.runware.run({**request, "taskUUID": task})
        assert sorted(image["seed"] for image in made) == [7, 8], made
        assert all(image["cost"] > 0 and image["status"] == "success" for image in made), made
        pushed = await self.runware.run({**request, "deliveryMethod": "sync"})
        assert len({image["imageUUID"] for image in pushed}) == 2, pushed
        assert (await download(made[0]["imageURL"])).startswith(b"\xff\xd8\xff")
        ok("run imageInference")
        return made[0]["imageURL"], task

    async def large_result(self):
        """N1: results above a mebibyte break the SDK's own WebSocket."""
        request = {"model": "elevenlabs:1@1", "positivePrompt": "a slow waltz", "duration": 30, "outputFormat": "WAV"}
        try:
            made = await self.one("audioInference", **request, outputType="base64Data", deliveryMethod="sync")
        except RunwareError as error:
            assert self.transport == "websocket" and "connection" in str(error.code).lower(), error
            ok("run audioInference", "N1")
        else:
            assert self.transport == "rest" and len(made["audioBase64Data"]) > 2**20

    async def image_tools(self, url):
        """Everything that works on one image."""
        inputs = {"image": url}
        larger = await self.one("upscale", model="runware:504@1", inputs=inputs, upscaleFactor=2, outputFormat="PNG")
        assert png_size(await download(larger["imageURL"]))[:2] == (1024, 1024)
        ok("run upscale")
        cut = await self.one("removeBackground", model="runware:109@1", inputs=inputs, deliveryMethod="sync")
        assert png_size(await download(cut["imageURL"]))[2], "no alpha channel"
        ok("run removeBackground")
        caption = await self.one("caption", model="runware:150@2", inputs=inputs, deliveryMethod="sync")
        assert caption["text"], caption
        ok("run caption")
        mask = await self.one("imageMasking", model="runware:35@1", inputs=inputs)
        assert (await download(mask["maskImageURL"]))[:3] in (b"\xff\xd8\xff", b"\x89PN")
        ok("run imageMasking")
        guide = await self.one("controlNetPreprocess", model="runware:controlnet-preprocess@canny", inputs=inputs)
        assert (await download(guide["guideImageURL"]))[:3] in (b"\xff\xd8\xff", b"\x89PN")
        ok("run controlNetPreprocess")
        drawing = await self.one("vectorize", model="recraft:1@1", inputs=inputs)
        assert b"<svg" in await download(drawing["imageURL"])
        ok("run vectorize")

    async def film(self):
        """A film; its address and the id of its task."""
        task = str(uuid.uuid4())
        request = {"model": "lightricks:ltx@2.3", "positivePrompt": "waves", "duration": 1, "width": 256, "height": 128}
        made = await self.one("videoInference", **request, taskUUID=task, includeCost=True)
        assert made["taskUUID"] == task and made["cost"] > 0, made
        assert (await download(made["videoURL"]))[4:8] == b"ftyp"
        ok("run videoInference")
        return made["videoURL"], task

    async def other_media(self, picture, film):
        """Sound, shapes, conversions."""
        sound = await self.one("audioInference", model="elevenlabs:1@1", positivePrompt="a slow waltz", duration=10)
        assert len(await download(sound["audioURL"])) > 1000
        ok("run audioInference")
        shape = await self.one("3dInference", model="meshy:meshy@6", inputs={"image": picture})
        assert (await download(shape["outputs"]["files"][0]["url"])).startswith(b"glTF")
        ok("run 3dInference")
        converted = await self.one("tools", model="runware:ffmpeg@0", inputs={"media": [film]}, outputFormat="WEBM")
        assert converted["outputs"], converted
        ok("run tools")

    async def words(self):
        """Prompts and answers, whole and streamed."""
        prompt = {"model": "runware:llama-3-1-8b@prompt-enhancer", "prompt": "a lighthouse", "promptMaxLength": 64}
        made = await self.runware.run({"taskType": "promptEnhance", **prompt, "promptVersions": 3})
        assert all(one["text"] for one in made), made
        ok("run promptEnhance")
        if len(made) == 1:
            ok("run promptEnhance", "N7")
        answer = await self.one("textInference", **QUESTION, includeUsage=True)
        assert answer["text"] and answer["usage"]["totalTokens"] > 0, answer
        ok("run textInference")
        try:
            await self.runware.run(
                {"taskType": "textInference", **QUESTION, "numberResults": 2}, RunOptions(timeout=3000)
            )
        except RunwareError as error:
            assert error.code == "timeout", error
            ok("run textInference", "N6")
        else:
            raise AssertionError("two texts were told apart")

    async def stream(self):
        """N19: the text comes in pieces, but the task's id is replaced, so nobody can look it up."""
        task = str(uuid.uuid4())
        stream = await self.runware.stream({"taskType": "textInference", "taskUUID": task, **QUESTION})
        pieces = [piece async for piece in stream.text_stream]
        assert len(pieces) > 3 and (await stream.result()).finish_reason == "stop", pieces
        ok("stream")
        try:
            await self.runware.get_task_details({"taskUUID": task})
        except RunwareError:
            ok("stream", "N19")
        else:
            raise AssertionError("the stream kept its id")

    async def retrieval(self, image, video):
        """Tasks by their ids."""
        (details,) = await self.runware.get_task_details({"taskUUID": image})
        assert details["request"][0]["positivePrompt"] == "a lighthouse at dusk", details
        assert len(details["response"]["data"]) == 2, details
        ok("get_task_details")
        (state,) = await self.runware.get_response({"taskUUID": video})
        assert state["status"] == "success" and state["videoURL"], state
        ok("get_response")

    async def uploads(self):
        """A medium that later tasks may name."""
        data = "data:image/png;base64," + b64encode(small_png()).decode()
        (image,) = await self.runware.image_upload({"image": data})
        assert (await download(image["imageURL"])).startswith(b"\x89PNG")
        ok("image_upload")
        (medium,) = await self.runware.media_storage({"operation": "upload", "media": data})
        larger = await self.one(
            "upscale", model="runware:504@1", upscaleFactor=2, inputs={"image": medium["mediaUUID"]}
        )
        assert larger["imageURL"], larger
        (gone,) = await self.runware.media_storage({"operation": "delete", "media": medium["mediaUUID"]})
        assert gone["mediaUUID"] == medium["mediaUUID"], gone
        ok("media_storage")

    async def models(self):
        """Finding, training and uploading models; the account."""
        (page,) = await self.runware.model_search({"search": "flux dev", "limit": 5})
        assert any(model["air"] == "runware:101@1" for model in page["results"]), page
        ok("model_search")
        name = f"{self.transport}-{uuid.uuid4().hex[:8]}"
        model = {"name": name, "version": "1", "uniqueIdentifier": name, "private": True}
        trained = await self.one(
            "training",
            model="runware:z-image@style-lora-training",
            importModel={**model, "air": f"acme:{name}@1"},
            inputs={"dataset": pictures_and_words()},
        )
        assert trained["status"] == "success", trained
        ok("run training")
        statuses = [
            one["status"]
            for one in await self.runware.model_upload(
                {
                    **model,
                    "air": f"acme:{name}@2",
                    "category": "lora",
                    "architecture": "flux-1-dev",
                    "format": "safetensors",
                    "downloadURL": "https://example.com/harbours.safetensors",
                }
            )
        ]
        if statuses == ["validated"]:
            ok("model_upload", "N8")
        else:
            assert statuses[-1] == "ready", statuses
            ok("model_upload")
        (account,) = await self.runware.account_management({"operation": "getDetails"})
        assert account["balance"], account
        ok("account_management")

    async def apps(self):
        """A serverless app, both ways, and a task picked up later."""
        for delivery in ("async", "sync"):
            options = InvokeOptions(delivery_method=delivery, poll_interval=0.02)
            done = await self.runware.invoke("emulated-app", "echo", {"prompt": "a cat"}, options=options)
            assert (done["status"], done["output"]) == ("completed", {"prompt": "a cat"}), done
        ok("invoke")
        begun = await self.runware.invoke("emulated-app", "echo", {}, options=InvokeOptions(wait=False))
        while begun["status"] == "pending":
            begun = await self.runware.get_task("emulated-app", begun["id"])
            await asyncio.sleep(0.02)
        assert begun["status"] == "completed", begun
        ok("get_task")

    async def wrong_values(self):
        """A refused request names the field."""
        try:
            await self.runware.run({**IMAGE, "width": 1000, "height": 512})
        except RunwareError as error:
            assert error.code == "validation" or "width" in str(error).lower(), error
        else:
            raise AssertionError("a width of 1000 was accepted")


def pictures_and_words():
    """What to train a model with: a ZIP archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("1.png", small_png())
        archive.writestr("1.txt", "a red square")
    return "data:application/zip;base64," + b64encode(file.getvalue()).decode()


async def wrong_key(options):
    """A wrong key is told at once."""
    try:
        async with Runware(api_key="not-the-key", **options) as runware:
            await runware.account_management({"operation": "getDetails"})
    except RunwareError as error:
        assert "key" in str(error).lower() or "auth" in str(error.code).lower(), error
    else:
        raise AssertionError("a wrong key was accepted")


async def catalogue(runware):
    """The public catalogue and the models' schemas have addresses that no setting changes."""
    assert (CONTENT_BASE_URL, SCHEMAS_BASE_URL) == ("https://content.runware.ai", "https://schemas.runware.ai")
    assert runware.content is not None and runware.refresh_registry is not None
    for method in ("content", "refresh_registry"):
        ok(method, "address")


async def again(runware, transport):
    """A connection can be ended and opened again; over HTTP there is none, and it says that it is up."""
    assert runware.is_connected
    await runware.disconnect()
    assert runware.is_connected is (transport == "rest")
    ok("is_connected")
    await runware.connect()
    assert runware.is_connected
    ok("disconnect")


async def main(ws_url, http_url, key, transport):
    """All methods over one connection, and the wrong key over another."""
    options = {"transport": transport, "ws_base_url": ws_url, "http_base_url": http_url}
    options["serverless_base_url"] = http_url.removesuffix("/v1")
    async with Runware(api_key=key, **options) as runware:
        session = Session(runware, transport)
        ok("connect")
        await again(runware, transport)
        url, image = await session.images()
        await session.image_tools(url)
        film, video = await session.film()
        await session.other_media(url, film)
        await session.words()
        await session.stream()
        await session.retrieval(image, video)
        await session.uploads()
        await session.models()
        await session.apps()
        await session.wrong_values()
        await session.large_result()
        await catalogue(runware)
    ok("close")
    await wrong_key(options)


asyncio.run(main(*sys.argv[1:]))
