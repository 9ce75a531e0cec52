"""Tools on media: guides, masks, drawings, captions, conversions; each result is opened and looked at."""

import io
import xml.etree.ElementTree as ET
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

from anymedia.testing import render

SVG = "{http://www.w3.org/2000/svg}"


def opened(data: bytes) -> Image.Image:
    """The decoded picture."""
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        return picture


@pytest.fixture(scope="module")
def plate() -> bytes:
    """A red disc on white, 120 x 160 pixels."""
    picture = Image.new("RGB", (120, 160), (255, 255, 255))
    ImageDraw.Draw(picture).ellipse((30, 20, 90, 140), fill=(200, 20, 20))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("kind", render.GUIDES)
@pytest.mark.parametrize("dialect", ["flat", "nested"])
async def test_guide_pictures(wire: Any, data_uri: Any, plate: bytes, kind: str, dialect: str) -> None:
    """Every preprocessor gives a guide of the picture's size, the same in both dialects; the input gets an id."""
    uri = data_uri(plate, "image/png")
    task = (
        {"taskType": "imageControlNetPreProcess", "inputImage": uri, "preProcessorType": kind}
        if dialect == "flat"
        else {
            "taskType": "controlNetPreprocess",
            "model": f"runware:controlnet-preprocess@{kind.replace('_', '-')}",
            "inputs": {"image": uri},
        }
    )
    item = await wire.result(**task, outputFormat="PNG", includeCost=True)
    assert item["taskType"] == task["taskType"]
    assert item["cost"] > 0
    made = opened(await wire.download(item["guideImageURL"]))
    expected = render.guide(plate, kind).convert("RGB")
    assert ImageChops.difference(made, expected).getbbox() is None
    assert len(made.getcolors(maxcolors=2**16) or []) != 1
    again = await wire.result(**{**task, ("inputImage" if dialect == "flat" else "inputs"): _same(item, dialect)})
    assert again["inputImageUUID"] == item["inputImageUUID"]


def _same(item: dict[str, Any], dialect: str) -> Any:
    return item["inputImageUUID"] if dialect == "flat" else {"image": item["inputImageUUID"]}


async def test_canny_follows_the_outline(wire: Any, data_uri: Any, plate: bytes) -> None:
    """Edges are thin, lie on the outline and nowhere else; higher thresholds leave none; a size is kept to."""
    task = {"taskType": "controlNetPreprocess", "inputImage": data_uri(plate, "image/png"), "outputFormat": "PNG"}
    item = await wire.result(**task, preProcessorType="canny")
    edges = opened(await wire.download(item["guideImageURL"])).convert("L")
    left, top, right, bottom = edges.getbbox() or (0, 0, 0, 0)
    assert (abs(left - 30) < 3, abs(top - 20) < 3, abs(right - 91) < 3, abs(bottom - 141) < 3) == (True,) * 4
    assert edges.crop((50, 50, 70, 100)).getbbox() is None
    assert 100 < sum(edges.histogram()[128:]) < 1200
    sized = await wire.result(**task, preProcessorType="canny", width=64, height=128, highThresholdCanny=255)
    assert opened(await wire.download(sized["guideImageURL"])).size == (64, 128)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "missingPreProcessorType"),
        ({"preProcessorType": "crystal"}, "invalidPreProcessorType"),
        ({"preProcessorType": "canny", "width": 10, "height": 64}, "invalidWidth"),
    ],
)
async def test_preprocessors_are_checked(wire: Any, plate: bytes, data_uri: Any, changes: Any, code: str) -> None:
    """Without a model, the kind of guide has to be named rightly."""
    task = {"taskType": "controlNetPreprocess", "taskUUID": str(uuid4()), "inputImage": data_uri(plate, "image/png")}
    assert (await wire.post({**task, **changes})).json()["errors"][0]["code"] == code


@pytest.mark.parametrize(
    ("model", "count"), [("runware:35@1", 1), ("runware:35@3", 2), ("runware:35@4", 1), ("runware:35@9", 2), ("runware:35@12", 2)]
)  # fmt: skip
async def test_masks_mask(wire: Any, data_uri: Any, plate: bytes, model: str, count: int) -> None:
    """Each detector finds its parts: the mask is white in every box and black where no box is."""
    settings = {"maskBlur": 0, "maskPadding": 0}
    item = await wire.result(
        taskType="imageMasking", model=model, inputs={"image": data_uri(plate, "image/png")}, settings=settings,
        outputFormat="PNG",
    )  # fmt: skip
    mask = opened(await wire.download(item["maskImageURL"])).convert("L")
    assert mask.size == (120, 160)
    assert len(item["detections"]) == count
    for box in item["detections"]:
        corners = box["x_min"], box["y_min"], box["x_max"], box["y_max"]
        assert mask.getpixel(((corners[0] + corners[2]) // 2, (corners[1] + corners[3]) // 2)) == 255
        mask.paste(0, corners)
    assert mask.getbbox() is None


async def test_mask_knobs(wire: Any, data_uri: Any, plate: bytes) -> None:
    """Padding widens, blur softens, a high confidence and a low limit find less; also at the root, as of old."""
    task = {"taskType": "imageMasking", "model": "runware:35@3", "inputImage": data_uri(plate, "image/png")}
    tight, wide = await wire.result(**task, maskPadding=0), await wire.result(**task, maskPadding=6)
    assert wide["detections"][0]["x_max"] == tight["detections"][0]["x_max"] + 6
    assert len((await wire.result(**task, maxDetections=1))["detections"]) == 1
    assert len((await wire.result(**task, confidence=0.9))["detections"]) == 1
    assert (await wire.result(**task, confidence=0.99))["detections"] == []
    soft = opened(await wire.download((await wire.result(**task, maskBlur=8, outputFormat="PNG"))["maskImageURL"]))
    assert len(soft.convert("L").getcolors() or []) > 20


@pytest.mark.parametrize("model", ["recraft:1@1", "picsart:1@1"])
async def test_traced_drawing_renders(wire: Any, data_uri: Any, plate: bytes, model: str) -> None:
    """A traced picture is an SVG whose shapes, drawn, look like the picture."""
    item = await wire.result(taskType="vectorize", model=model, inputs={"image": data_uri(plate, "image/png")})
    assert item["imageURL"].endswith(f"{item['imageUUID']}.svg")
    drawn = _rasterised(await wire.download(item["imageURL"]))
    assert drawn.size == (120, 160)
    assert sum(ImageStat.Stat(ImageChops.difference(drawn, opened(plate))).mean) / 3 < 6


async def test_drawing_from_text(wire: Any) -> None:
    """Text becomes an SVG of the size asked for, another text another one; it can be had inside the answer."""
    task = {"taskType": "vectorize", "model": "recraft:v4@vector", "width": 512, "height": 256}
    one = await wire.result(**task, positivePrompt="a lighthouse")
    root = ET.fromstring(await wire.download(one["imageURL"]))
    assert (root.tag, root.get("width"), root.get("height")) == (f"{SVG}svg", "512", "256")
    other = await wire.result(**task, positivePrompt="a red barn", outputType="dataURI")
    assert other["imageDataURI"].startswith("data:image/svg+xml;base64,")
    refused = await wire.post({"taskUUID": str(uuid4()), **task, "model": "acme:v@1"})
    assert refused.json()["errors"][0]["code"] == "missingPositivePrompt"


def _rasterised(data: bytes) -> Image.Image:
    """The drawing's paths filled with Pillow, by the even-odd rule."""
    root = ET.fromstring(data)
    _, _, width, height = map(int, root.get("viewBox", "").split())
    made = Image.new("RGB", (width, height), (0, 255, 0))
    for path in root.iter(f"{SVG}path"):
        area = Image.new("1", made.size)
        for loop in path.get("d", "").removesuffix("Z").split("Z"):
            points = [tuple(map(int, point.split())) for point in loop.removeprefix("M").split("L")]
            one = Image.new("1", made.size)
            for y in range(height):
                crossings = sorted(
                    a[0] for a, b in zip(points, [*points[1:], points[0]], strict=True)
                    if a[0] == b[0] and min(a[1], b[1]) <= y < max(a[1], b[1])
                )  # fmt: skip
                for left, right in zip(crossings[::2], crossings[1::2], strict=True):
                    one.paste(1, (left, y, right, y + 1))
            area = ImageChops.logical_xor(area, one)
        made.paste(path.get("fill", ""), mask=area)
    return made.resize((int(root.get("width", 0)), int(root.get("height", 0))))


async def test_caption_says_what_was_drawn(wire: Any, image_task: Any, data_uri: Any, plate: bytes) -> None:
    """The service remembers what it drew; of anything else it says what can be measured."""
    made = await wire.result(**image_task())
    for name in ("imageUUID", "imageURL"):
        text = (await wire.result(taskType="imageCaption", inputImage=made[name]))["text"]
        assert text.startswith("a lighthouse at dusk. A square picture of 128 by 128 pixels")
    text = (await wire.result(taskType="caption", inputs={"image": data_uri(plate, "image/png")}))["text"]
    assert text == "A tall picture of 120 by 160 pixels, bright, mostly white and red"
    both = await wire.result(taskType="caption", inputImages=[made["imageUUID"], data_uri(plate, "image/png")])
    assert len(both["text"].splitlines()) == 2
    asked = await wire.result(
        taskType="caption", model="runware:152@2", prompt="Which colours?", inputs={"image": data_uri(plate, "image/png")}
    )  # fmt: skip
    assert asked["text"].startswith("Which colours? A tall picture")


async def test_ages_depend_on_the_picture(wire: Any, data_uri: Any, plate: bytes, picture: bytes) -> None:
    """The age models answer alike for the same picture, and not always alike."""
    ages = []
    for data in (plate, plate, picture):
        item = await wire.result(
            taskType="caption", model="runware:154@1", inputs={"image": data_uri(data, "image/png")}
        )
        ages.append(item["structuredData"])
    assert ages[0] == ages[1] != ages[2]


async def test_video_is_described(wire: Any, film: bytes, data_uri: Any) -> None:
    """A film's caption tells its length and colours; it comes asynchronously unless asked otherwise."""
    task = {"taskType": "caption", "model": "memories:1@1", "inputs": {"video": data_uri(film, "video/mp4")}}
    uuid = str(uuid4())
    acknowledged = await wire.post({**task, "taskUUID": uuid})
    assert acknowledged.json()["data"] == [{"taskType": "caption", "taskUUID": uuid}]
    await wire.finished({"taskUUID": uuid})
    (item,) = (await wire.post({"taskType": "getResponse", "taskUUID": uuid})).json()["data"]
    assert "0.5 seconds, 96 by 64 pixels, without sound" in item["text"]
    assert item["status"] == "success"


@pytest.mark.parametrize(
    ("format", "media_type"),
    [("MP4", "video/mp4"), ("WEBM", "video/webm"), ("MOV", "video/quicktime"), ("MKV", "video/x-matroska"),
     ("MP3", "audio/mpeg"), ("WAV", "audio/wav"), ("AAC", "audio/aac"), ("FLAC", "audio/flac"), ("OGG", "audio/ogg"),
     ("PNG", "image/png"), ("JPG", "image/jpeg"), ("WEBP", "image/webp")],
)  # fmt: skip
async def test_tools_convert(wire: Any, data_uri: Any, format: str, media_type: str) -> None:
    """A film with sound becomes any of the twelve formats, cut to the part asked for."""
    film = render.video("waves", seed=1, width=64, height=48, duration=1, audio=True)
    item = await wire.result(
        taskType="tools", model="runware:ffmpeg@0", inputs={"video": data_uri(film, "video/mp4")}, outputFormat=format,
        settings={"startTime": 0.25, "endTime": 0.75}, includeCost=True,
    )  # fmt: skip
    (file,) = item["outputs"]["files"]
    facts = await wire.facts(file["url"])
    assert facts.media_type == media_type
    assert facts.duration is None or facts.duration == pytest.approx(0.5, abs=0.07)
    assert file["uuid"] in file["url"]
    assert item["cost"] > 0


@pytest.mark.parametrize(
    ("settings", "expected"), [({"width": 32, "height": 32}, (32, 32)), ({"removeAudio": True}, (64, 48))]
)
async def test_tools_resize_and_silence(wire: Any, data_uri: Any, settings: Any, expected: tuple[int, int]) -> None:
    """A film is resized, or loses its sound."""
    film = render.video("waves", seed=1, width=64, height=48, duration=0.5, audio=True)
    inputs = {"video": data_uri(film, "video/mp4")}
    item = await wire.result(taskType="tools", model="runware:ffmpeg@0", inputs=inputs, settings=settings)
    facts = await wire.facts(item["outputs"]["files"][0]["url"])
    assert (facts.width, facts.height, facts.audio) == (*expected, "removeAudio" not in settings)


async def test_tools_refuse_the_impossible(wire: Any, data_uri: Any, film: bytes) -> None:
    """A recording does not become a film, nor a silent film a recording."""
    sound = render.audio("x", seed=1, duration=0.3)
    task = {"taskType": "tools", "model": "runware:ffmpeg@0"}
    for inputs, format in (
        ({"audio": data_uri(sound, "audio/wav")}, "MP4"),
        ({"video": data_uri(film, "video/mp4")}, "MP3"),
    ):
        answer = await wire.post({**task, "taskUUID": str(uuid4()), "inputs": inputs, "outputFormat": format})
        assert answer.json()["errors"][0]["code"] == "unsupportedOutputFormat"
    assert wire.emulator.ledger.accepted == 0


@pytest.mark.parametrize("settings", [{"rgba": [0, 255, 0, 1]}, {"backgroundColor": "#00ff00"}])
async def test_film_on_a_colour(wire: Any, data_uri: Any, settings: Any) -> None:
    """A film's background becomes a colour instead of nothing."""
    film = render.video("waves", seed=1, width=64, height=48, duration=0.2)
    item = await wire.result(
        taskType="removeBackground", model="bria:51@1", inputs={"video": data_uri(film, "video/mp4")}, settings=settings
    )
    frame = opened(render.convert(await wire.download(item["videoURL"]), "png")).convert("RGB")
    red, green, blue = frame.getpixel((1, 1))
    assert green > 200
    assert max(red, blue) < 60


async def test_mask_settings_of_background_removal(wire: Any, data_uri: Any, plate: bytes) -> None:
    """The mask alone, hardened, is black and white; the settings also work at the root, as of old."""
    item = await wire.result(
        taskType="imageBackgroundRemoval", inputImage=data_uri(plate, "image/png"), outputFormat="PNG",
        returnOnlyMask=True, postProcessMask=True,
    )  # fmt: skip
    mask = opened(await wire.download(item["imageURL"]))
    assert set(mask.convert("L").getextrema()) == {0, 255}
    assert len(mask.convert("L").getcolors() or []) == 2


@pytest.mark.parametrize(
    ("task", "code"),
    [
        ({"taskType": "upscale", "model": "acme:up@1", "inputs": {}}, "missingInputs"),
        ({"taskType": "caption", "inputs": {"meshFile": "https://example.com/a.glb"}}, "missingInputs"),
        ({"taskType": "imageMasking", "model": "runware:35@1", "inputs": {"audio": "https://example.com/a.mp3"}}, "missingInputs"),
        ({"taskType": "removeBackground", "model": "acme:cut@1", "inputs": {"image": "PLATE"}, "outputFormat": "MP4"}, "invalidOutputFormat"),
        ({"taskType": "tools", "model": "runware:ffmpeg@0", "inputs": {"image": "PLATE"}, "settings": {"startTime": 2, "endTime": 1}}, "invalidSettings"),
        ({"taskType": "vectorize", "model": "recraft:1@1", "inputs": {"image": "SVG"}}, "invalidImage"),
    ],
)  # fmt: skip
async def test_tools_need_what_they_work_on(wire: Any, data_uri: Any, plate: bytes, task: Any, code: str) -> None:
    """A tool is refused when nothing it is given can be worked on, or nothing would come of it."""
    drawing = await wire.result(taskType="vectorize", model="recraft:v4@vector", positivePrompt="a barn")
    given = {"PLATE": data_uri(plate, "image/png"), "SVG": drawing["imageUUID"]}
    inputs = {name: given.get(value, value) for name, value in task["inputs"].items()}
    answer = await wire.post({**task, "taskUUID": str(uuid4()), "inputs": inputs})
    assert code in {error["code"] for error in answer.json()["errors"]}
    assert wire.emulator.ledger.accepted == 1
