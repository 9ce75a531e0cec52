"""What tasks yield: real media that follow the request, and the ways media go in and out."""

import asyncio
import base64
import io
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image

from anymedia.testing import ManualClock, render
from anymedia_runware.emulator import Behaviour


def opened(data: bytes) -> Image.Image:
    """The decoded picture."""
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        return picture


def apart(one: bytes, other: bytes) -> float:
    """How different two pictures of one size are, 0 to 255."""
    first, second = (opened(data).convert("L").tobytes() for data in (one, other))
    return sum(abs(a - b) for a, b in zip(first, second, strict=True)) / len(first)


async def image(wire: Any, task: dict[str, Any]) -> bytes:
    """The bytes of a task's only image."""
    return await wire.download((await wire.result(**task))["imageURL"])


@pytest.mark.parametrize(("format", "media_type"), [(None, "image/jpeg"), ("PNG", "image/png"), ("webp", "image/webp")])
async def test_image_has_format_and_size(wire: Any, image_task: Any, format: Any, media_type: str) -> None:
    """An image is what was asked for, under the media host's path; JPG by default."""
    item = await wire.result(**image_task(width=192, outputFormat=format))
    assert item["imageURL"].startswith(f"http://127.0.0.1:{wire.emulator.port}/image/ws/2/ii/{item['imageUUID']}.")
    facts = await wire.facts(item["imageURL"])
    assert (facts.media_type, facts.width, facts.height) == (media_type, 192, 128)


async def test_images_depend_on_model_prompt_seed_and_index(wire: Any, image_task: Any) -> None:
    """The same request gives the same bytes; another model, prompt, seed or index others."""
    task = {"seed": 1, "outputFormat": "PNG"}
    first = await image(wire, image_task(**task))
    assert await image(wire, image_task(**task)) == first
    for changes in ({"seed": 2}, {"positivePrompt": "a red barn"}, {"model": "runware:100@1"}):
        assert await image(wire, image_task(**{**task, **changes})) != first
    two = (await wire.post(image_task(**task, numberResults=2))).json()["data"]
    assert {await wire.download(item["imageURL"]) for item in two} > {first}


async def test_size_follows_reference_and_resolution(wire: Any, image_task: Any) -> None:
    """Without width and height, a reference gives the shape and the resolution the scale."""
    task = image_task(model="google:4@3", width=None, height=None, resolution="0.5K")
    facts = await wire.facts((await wire.result(**task))["imageURL"])
    assert (facts.width, facts.height) == (512, 512)
    source = render.image("wide", seed=1, width=200, height=100)
    uri = f"data:image/png;base64,{base64.b64encode(source).decode()}"
    task = image_task(model="google:4@3", width=None, height=None, resolution="0.5K", inputs={"referenceImages": [uri]})
    facts = await wire.facts((await wire.result(**task))["imageURL"])
    assert facts.width / facts.height == pytest.approx(2, rel=0.05)


@pytest.mark.parametrize("dialect", ["flat", "nested"])
async def test_seed_image_and_mask(wire: Any, image_task: Any, data_uri: Any, dialect: str) -> None:
    """A seed image shows through, the more so where the mask keeps it; both dialects."""
    base = render.image("a red barn", seed=9, width=128, height=128)
    keep = io.BytesIO()
    Image.new("L", (128, 128), 0).save(keep, "PNG")
    inputs = {"seedImage": data_uri(base, "image/png"), "maskImage": data_uri(keep.getvalue(), "image/png")}
    media = inputs if dialect == "flat" else {"inputs": inputs}
    kept = await image(wire, image_task(**media, strength=0.9, outputFormat="PNG"))
    free = await image(wire, image_task(outputFormat="PNG"))
    assert apart(kept, base) < 2 < apart(free, base)


@pytest.mark.parametrize("form", ["uuid", "url", "data URI", "base64", "upload", "foreign URL", "loopback URL"])
async def test_input_forms(wire: Any, image_task: Any, picture: bytes, data_uri: Any, form: str) -> None:
    """Media may be named by id, by address or given as data; only loopback addresses are fetched."""
    made = await wire.result(**image_task(outputFormat="PNG"))
    uri = data_uri(picture, "image/png")
    async with _file_server(picture) as port:
        text = {
            "uuid": made["imageUUID"],
            "url": made["imageURL"],
            "data URI": uri,
            "base64": uri.partition(",")[2],
            "upload": (await wire.result(taskType="imageUpload", image=uri))["imageUUID"],
            "foreign URL": "https://example.com/a/cat.jpg",
            "loopback URL": f"http://127.0.0.1:{port}/cat.png",
        }[form]
        item = await wire.result(taskType="upscale", model="runware:504@1", inputs={"image": text}, upscaleFactor=2)
    facts = await wire.facts(item["imageURL"])
    expected = {"uuid": (256, 256), "url": (256, 256), "foreign URL": (2048, 1536)}
    assert (facts.width, facts.height) == expected.get(form, (160, 120))


class _file_server:  # noqa: N801
    """Serves one file over HTTP on loopback."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def __aenter__(self) -> int:
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(self._data) + self._data
        )
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize("kind", ["base64Data", "dataURI"])
async def test_output_inside_the_answer(wire: Any, image_task: Any, kind: str) -> None:
    """The medium itself can be in the frame, over either transport and in the archive."""
    task = image_task(outputType=kind, outputFormat="PNG", seed=3)
    name = f"image{kind[0].upper()}{kind[1:]}"
    pushed = (await (await wire.link()).ask(task))["data"][0]
    assert "imageURL" not in pushed
    data = base64.b64decode(pushed[name].rpartition(",")[2])
    assert data == await image(wire, image_task(outputFormat="PNG", seed=3))
    assert pushed[name].startswith("data:image/png;base64,") is (kind == "dataURI")
    details = await wire.post({"taskType": "getTaskDetails", "taskUUID": task["taskUUID"]})
    assert details.json()["data"][0]["response"]["data"][0][name] == pushed[name]


async def test_address_dies_with_its_ttl(slow_wire: Any, clock: ManualClock, image_task: Any) -> None:
    """`ttl` seconds after it was made, an output's address gives 404; its id still works as an input."""
    link = await slow_wire.link()
    await link.send(image_task(ttl=60))
    assert await link.ask({"taskType": "ping"})
    await clock.advance(10)
    item = (await link.next())["data"][0]
    await slow_wire.download(item["imageURL"])
    await clock.advance(60)
    assert (await slow_wire.http.get(item["imageURL"])).status_code == 404
    task = {"taskType": "caption", "taskUUID": str(uuid4()), "inputImage": item["imageURL"]}
    link = await slow_wire.link()
    assert (await link.ask(task))["errors"][0]["code"] == "downloadFailed"
    await link.send({**task, "inputImage": item["imageUUID"]})
    assert await link.ask({"taskType": "ping"})
    await clock.advance(5)
    assert "128 by 128" in (await link.next())["data"][0]["text"]


async def test_media_can_be_read_in_ranges(wire: Any, image_task: Any) -> None:
    """A range gives its part with 206, an impossible one 416, an unknown address 404."""
    url = (await wire.result(**image_task()))["imageURL"]
    whole = await wire.download(url)
    for spec, part in {"0-9": whole[:10], "100-": whole[100:], "-7": whole[-7:], "5-999999999": whole[5:]}.items():
        answer = await wire.http.get(url, headers={"range": f"bytes={spec}"})
        assert (answer.status_code, answer.content) == (206, part)
        assert answer.headers["content-range"].endswith(f"/{len(whole)}")
    for spec in (f"{len(whole)}-", "x-y", "-0"):
        assert (await wire.http.get(url, headers={"range": f"bytes={spec}"})).status_code == 416
    assert (await wire.http.get(url.replace("/ii/", "/xx/"))).status_code == 404
    assert (await wire.http.get(url.replace(".jpg", ".png"))).status_code == 404


@pytest.mark.parametrize(("changes", "side"), [({"upscaleFactor": 2}, 160), ({"upscaleFactor": 4}, 320), ({}, 160)])
async def test_upscaled_image_is_larger(
    wire: Any, picture: bytes, data_uri: Any, changes: dict[str, Any], side: int
) -> None:
    """Upscaling multiplies the sides."""
    inputs = {"image": data_uri(picture, "image/png")}
    item = await wire.result(taskType="upscale", model="runware:504@1", inputs=inputs, **changes)
    facts = await wire.facts(item["imageURL"])
    assert (facts.width, facts.height) == (side, side * 60 // 80)


async def test_upscaling_to_megapixels(wire: Any, picture: bytes, data_uri: Any) -> None:
    """Instead of a factor, the number of pixels can be given."""
    inputs = {"image": data_uri(picture, "image/png")}
    item = await wire.result(taskType="upscale", model="acme:up@1", inputs=inputs, targetMegapixels=1)
    facts = await wire.facts(item["imageURL"])
    assert facts.width * facts.height == pytest.approx(1_000_000, rel=0.01)


async def test_transparent_image(wire: Any, image_task: Any) -> None:
    """A transparent background is really transparent."""
    task = image_task(model="openai:1@1", settings={"background": "transparent"}, outputFormat="PNG")
    assert opened(await image(wire, task)).getchannel("A").getextrema()[0] == 0


async def test_content_check_is_reported(wire: Any, image_task: Any) -> None:
    """With a content check, items say what it found."""
    assert (await wire.result(**image_task(safety={"checkContent": True})))["NSFWContent"] is False


async def test_upscaled_image_stops_at_4096(wire: Any) -> None:
    """No side of an upscaled image is longer than 4096 pixels."""
    wide = render.image("wide", seed=1, width=1500, height=16, format="jpg")
    item = await wire.result(taskType="upscale", upscaleFactor=4, inputImage=base64.b64encode(wide).decode())
    assert (await wire.facts(item["imageURL"])).width == 4096


async def test_background_removal_leaves_alpha(wire: Any, picture: bytes, data_uri: Any) -> None:
    """The background becomes transparent in a PNG, or a colour, or only the mask is returned."""
    task = {"taskType": "removeBackground", "model": "runware:109@1", "inputImage": data_uri(picture, "image/png")}
    cut = opened(await image(wire, task))
    assert cut.mode == "RGBA"
    assert cut.getchannel("A").getextrema() == (0, 255)
    colored = opened(await image(wire, {**task, "settings": {"rgba": [255, 0, 0, 1]}}))
    assert colored.mode == "RGB"
    mask = opened(await image(wire, {**task, "settings": {"returnOnlyMask": True}}))
    assert mask.mode == "L"


async def test_film_has_size_and_length(wire: Any, video_task: Any) -> None:
    """A film is as long and as large as asked for, and an MP4 by default."""
    task = video_task()
    item = (await wire.post({**task, "deliveryMethod": "sync"})).json()["data"][0]
    assert item["videoURL"].endswith(f"/video/ws/2/vi/{item['videoUUID']}.mp4")
    facts = await wire.facts(item["videoURL"])
    assert (facts.media_type, facts.width, facts.height) == ("video/mp4", 128, 64)
    assert facts.duration == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("dialect", ["flat", "nested"])
async def test_film_starts_with_its_frame_image(
    wire: Any, video_task: Any, picture: bytes, data_uri: Any, dialect: str
) -> None:
    """A frame image, in either dialect, sets the shape of a film that leaves it open."""
    uri = data_uri(picture, "image/png")
    media = (
        {"frameImages": [{"inputImage": uri, "frame": "first"}]}
        if dialect == "flat"
        else {"inputs": {"frameImages": [{"image": uri, "frame": "first"}, {"image": uri, "frame": "last"}]}}
    )
    task = video_task(model="acme:film@1", width=None, height=None, resolution="120p", **media)
    item = await wire.result(**task)
    facts = await wire.facts(item["videoURL"])
    assert (facts.width, facts.height) == (160, 120)


@pytest.mark.parametrize("inputs", [["video"], ["image", "video"]])
async def test_film_from_a_film(wire: Any, picture: bytes, film: bytes, data_uri: Any, inputs: list[str]) -> None:
    """A film is repainted, or performed by a character; the result is as long as the film given."""
    given = {"image": data_uri(picture, "image/png"), "video": data_uri(film, "video/mp4")}
    item = await wire.result(
        taskType="videoInference",
        model="acme:film@1",
        positivePrompt="dance",
        resolution="64p",
        inputs={name: given[name] for name in inputs},
    )
    facts = await wire.facts(item["videoURL"])
    assert facts.duration == pytest.approx(0.5, abs=0.1)


async def test_video_tools(wire: Any, film: bytes, data_uri: Any) -> None:
    """A film is enlarged, and freed of its background with real transparency."""
    inputs = {"video": data_uri(film, "video/mp4")}
    larger = await wire.result(taskType="upscale", model="bria:50@1", inputs=inputs, upscaleFactor=2)
    facts = await wire.facts(larger["videoURL"])
    assert (facts.width, facts.height) == (192, 128)
    sized = await wire.result(
        taskType="upscale", model="bytedance:video-enhancement@pro", inputs=inputs, resolution="240p"
    )
    assert (await wire.facts(sized["videoURL"])).height == 240
    cut = await wire.result(taskType="removeBackground", model="bria:51@1", inputs=inputs)
    facts = await wire.facts(cut["videoURL"])
    assert (facts.media_type, facts.alpha) == ("video/webm", True)


async def test_video_tools_may_name_their_result_media(make_wire: Any, film: bytes, data_uri: Any) -> None:
    """The older key of video tools can be chosen."""
    wire = await make_wire(behaviour=Behaviour(video_tool_key="media"))
    inputs = {"video": data_uri(film, "video/mp4")}
    item = await wire.result(taskType="upscale", model="bria:50@1", inputs=inputs, upscaleFactor=2)
    assert item["mediaURL"].endswith(f"{item['mediaUUID']}.mp4")


async def test_speech_is_sound(wire: Any) -> None:
    """Audio tasks yield decodable sound in the format asked for."""
    speech = {"text": "Hello there, this is a test.", "voice": "x"}
    item = await wire.result(taskType="audioInference", model="minimax:speech@2.8", speech=speech, outputFormat="WAV")
    assert "/audio/ws/0.5/ai/" in item["audioURL"]
    facts = await wire.facts(item["audioURL"])
    assert facts.audio
    assert facts.duration == pytest.approx(0.06 * 28, abs=0.2)


async def test_words_about_media(wire: Any, picture: bytes, film: bytes, data_uri: Any) -> None:
    """A caption says true things; the age models answer with structured data."""
    uri = data_uri(picture, "image/png")
    assert "80 by 60" in (await wire.result(taskType="caption", inputImage=uri))["text"]
    age = await wire.result(taskType="caption", model="runware:153@1", inputs={"image": uri})
    assert set(age["structuredData"]) == {"ageGroup", "confidence"}
    task = {"taskType": "caption", "model": "memories:1@1", "inputs": {"video": data_uri(film, "video/mp4")}}
    assert "0.5 seconds" in (await wire.result(**task))["text"]
    acknowledged = await wire.post({**task, "taskUUID": str(uuid4())})
    assert "text" not in acknowledged.json()["data"][0]


async def test_mask_and_its_box(wire: Any, picture: bytes, data_uri: Any) -> None:
    """A mask has the size of its image, and the box lies inside it."""
    uploaded = await wire.result(taskType="imageUpload", image=data_uri(picture, "image/png"))
    item = await wire.result(taskType="imageMasking", model="runware:35@1", inputImage=uploaded["imageUUID"])
    assert item["inputImageUUID"] == uploaded["imageUUID"]
    assert opened(await wire.download(item["maskImageURL"])).size == (80, 60)
    (box,) = item["detections"]
    assert 0 <= box["x_min"] < box["x_max"] <= 80
    assert 0 <= box["y_min"] < box["y_max"] <= 60


async def test_enhanced_prompts(wire: Any) -> None:
    """As many versions as asked for, each starting from the prompt and no longer than the limit."""
    task = {"taskType": "promptEnhance", "prompt": "a dog", "promptVersions": 3, "promptMaxLength": 12}
    items = (await wire.post({"taskUUID": str(uuid4()), **task})).json()["data"]
    assert len({item["text"] for item in items}) == 3
    assert all(item["text"].startswith("a dog") and len(item["text"].split()) <= 12 for item in items)


async def test_stored_media_can_be_deleted(wire: Any, film: bytes, data_uri: Any) -> None:
    """mediaStorage keeps any medium as it is until it is deleted."""
    stored = await wire.result(taskType="mediaStorage", operation="upload", media=data_uri(film, "video/mp4"))
    assert await wire.download(stored["mediaURL"]) == film
    gone = await wire.result(taskType="mediaStorage", operation="delete", media=stored["mediaUUID"])
    assert gone["mediaUUID"] == stored["mediaUUID"]
    assert (await wire.http.get(stored["mediaURL"])).status_code == 404


async def test_uploaded_image_is_kept_small(wire: Any) -> None:
    """imageUpload stores at most 2048 pixels a side."""
    wide = render.image("wide", seed=1, width=3000, height=30, format="jpg")
    item = await wire.result(taskType="imageUpload", image=base64.b64encode(wide).decode())
    assert (await wire.facts(item["imageURL"])).width == 2048
