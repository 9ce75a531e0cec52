"""Images in all their variants: masks, canvases, guides, adapters, faces, regions, layers; both dialects."""

import io
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image, ImageChops, ImageSequence, ImageStat

from anymedia.testing import render

SIDE = 128


def opened(data: bytes) -> Image.Image:
    """The decoded picture."""
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        return picture


def as_png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def apart(one: Image.Image, other: Image.Image) -> float:
    """How different two pictures of one size are, 0 to 255."""
    return sum(ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean) / 3


@pytest.fixture(scope="module")
def barn() -> Image.Image:
    """A picture as large as the results."""
    return opened(render.image("a red barn", seed=9, width=SIDE, height=SIDE)).convert("RGB")


@pytest.fixture(scope="module")
def half() -> Image.Image:
    """A mask whose right half is white."""
    mask = Image.new("RGB", (SIDE, SIDE))
    mask.paste((255, 255, 255), (SIDE // 2, 0, SIDE, SIDE))
    return mask


@pytest.fixture
def draw(wire: Any, image_task: Any) -> Any:
    """Makes one image, losslessly and with a fixed seed."""

    async def make(**changes: Any) -> Image.Image:
        task = image_task(**{"outputFormat": "PNG", "seed": 5, **changes})
        return opened(await wire.download((await wire.result(**task))["imageURL"]))

    return make


@pytest.mark.parametrize("dialect", ["flat", "nested", "nested mask"])
async def test_inpainting_changes_the_mask_only(
    draw: Any, data_uri: Any, barn: Image.Image, half: Image.Image, dialect: str
) -> None:
    """What the mask keeps is the same to the pixel; what it frees is new."""
    name = "mask" if dialect == "nested mask" else "maskImage"
    media = {"seedImage": data_uri(as_png(barn), "image/png"), name: data_uri(as_png(half), "image/png")}
    made = await draw(strength=0.9, maskMargin=32, **(media if dialect == "flat" else {"inputs": media}))
    left, right = (0, 0, SIDE // 2, SIDE), (SIDE // 2, 0, SIDE, SIDE)
    assert apart(made.crop(left), barn.crop(left)) == 0
    assert apart(made.crop(right), barn.crop(right)) > 5


@pytest.mark.parametrize("blur", [0, 16])
async def test_outpainting_extends(draw: Any, data_uri: Any, barn: Image.Image, blur: int) -> None:
    """The picture stays to the pixel where it was, and the canvas around it is painted."""
    made = await draw(
        width=SIDE + 64,
        height=SIDE + 64,
        seedImage=data_uri(as_png(barn), "image/png"),
        strength=0.5,
        outpaint={"right": 64, "top": 64, "blur": blur},
    )
    assert made.size == (192, 192)
    assert apart(made.crop((0, 64, SIDE, 192)), barn) == 0
    assert apart(made.crop((SIDE, 0, 192, 192)), Image.new("RGB", (64, 192))) > 5


async def test_outpainting_gives_the_size(wire: Any, data_uri: Any, barn: Image.Image) -> None:
    """Without a size, a model that does not need one makes the picture as large as it and what is added."""
    item = await wire.result(
        taskType="imageInference", model="acme:paint@1", positivePrompt="a barn", outputFormat="PNG",
        inputs={"seedImage": data_uri(as_png(barn), "image/png")}, outpaint={"left": 64},
    )  # fmt: skip
    made = opened(await wire.download(item["imageURL"]))
    assert made.size == (192, 128)
    assert apart(made.crop((64, 0, 192, 128)), barn) == 0


@pytest.mark.parametrize(
    ("net", "least", "most"), [({}, 20, 255), ({"weight": 0.2}, 2, 30), ({"startStepPercentage": 99}, 0, 2)]
)
async def test_controlnet_guides(draw: Any, data_uri: Any, net: dict[str, Any], least: float, most: float) -> None:
    """The lines of the guide appear in the picture, by its weight and the steps it holds for."""
    guide = Image.new("RGB", (SIDE, SIDE))
    guide.paste((255, 255, 255), (20, 20, 60, 60))
    guided = {"model": "runware:25@1", "guideImage": data_uri(as_png(guide), "image/png"), **net}
    free, made = await draw(), await draw(controlNet=[guided])
    inside = apart(made.crop((20, 20, 60, 60)), free.crop((20, 20, 60, 60)))
    assert least <= inside <= most
    assert apart(made.crop((64, 64, SIDE, SIDE)), free.crop((64, 64, SIDE, SIDE))) == 0


@pytest.mark.parametrize(
    ("model", "changes"),
    [
        ("runware:101@1", {"lora": [{"model": "civitai:1@2", "weight": 1}]}),
        ("runware:101@1", {"lycoris": [{"model": "civitai:3@4", "weight": -1}]}),
        ("civitai:101055@128078", {"embeddings": [{"model": "civitai:5@6", "weight": 2}]}),
        ("civitai:101055@128078", {"vae": "civitai:7@8"}),
        ("civitai:101055@128078", {"refiner": {"model": "civitai:101055@128080", "startStepPercentage": 20}}),
        ("runware:101@1", {"hiresFix": True}),
        ("runware:101@1", {"advancedFeatures": {"watermark": {"text": "sample", "opacity": 0.8, "tiled": True}}}),
        ("runware:101@1", {"negativePrompt": "people"}),
    ],
)
async def test_adapters_change_the_picture(draw: Any, model: str, changes: dict[str, Any]) -> None:
    """Each adapter is taken and shows in the picture; the same one shows in the same way."""
    made = await draw(model=model, **changes)
    assert apart(made, await draw(model=model)) > 0.2
    assert apart(made, await draw(model=model, **changes)) == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"lora": [{"model": "civitai:1@2", "weight": 0}]},
        {"acceleratorOptions": {"teaCache": True, "teaCacheDistance": 0.3, "cacheEndStepPercentage": 80}},
        {"steps": 4, "CFGScale": 3.5, "scheduler": "Euler", "promptWeighting": "sdEmbeds", "trueCFGScale": 2.0},
        {"ultralytics": {"confidence": 0.4, "maskBlur": 8}},
    ],
)
async def test_accelerators_are_taken(draw: Any, changes: dict[str, Any]) -> None:
    """What only makes it faster, or weighs nothing, leaves the picture as it is."""
    assert apart(await draw(**changes), await draw()) == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"puLID": {"inputImages": ["FACE"], "idWeight": 1}},
        {"pulid": {"inputImages": ["FACE"]}},
        {"ipAdapters": [{"model": "runware:105@1", "guideImages": ["FACE"], "weight": 0.9}]},
        {"instantID": {"inputImage": "FACE"}},
        {"inputs": {"referenceImages": ["FACE"]}},
        {"referenceImages": ["FACE"]},
    ],
)
async def test_people_and_styles_show(draw: Any, data_uri: Any, changes: dict[str, Any]) -> None:
    """Faces, styles and references pull the picture towards their colours."""
    face = data_uri(as_png(Image.new("RGB", (64, 64), (255, 0, 0))), "image/png")
    made, free = await draw(**_with(changes, face)), await draw()
    red, _, blue = ImageStat.Stat(made.convert("RGB")).mean
    plain_red, _, plain_blue = ImageStat.Stat(free.convert("RGB")).mean
    assert red - blue > plain_red - plain_blue + 1


@pytest.mark.parametrize("kind", ["portrait", "subject"])
async def test_ace_plus_plus_shows_its_subject(draw: Any, data_uri: Any, kind: str) -> None:
    """ACE++ puts the subject into the picture, less so the more it repaints."""
    face = data_uri(as_png(Image.new("RGB", (64, 64), (255, 0, 0))), "image/png")
    reds = []
    for scale in (0.0, 0.9):
        ace = {"type": kind, "inputImages": [face], "repaintingScale": scale}
        made = await draw(model="runware:102@1", acePlusPlus=ace)
        reds.append(ImageStat.Stat(made.convert("RGB")).mean[0])
    assert reds[0] > reds[1] + 5


async def test_ace_plus_plus_edits_inside_its_mask(
    draw: Any, data_uri: Any, barn: Image.Image, half: Image.Image
) -> None:
    """A local edit keeps what its mask keeps."""
    images, masks = [data_uri(as_png(barn), "image/png")], [data_uri(as_png(half), "image/png")]
    ace = {"type": "local_editing", "inputImages": images, "inputMasks": masks}
    made = await draw(model="runware:102@1", acePlusPlus=ace)
    assert apart(made.crop((0, 0, 64, SIDE)), barn.crop((0, 0, 64, SIDE))) == 0
    assert apart(made, barn) > 1


async def test_regions_have_their_own_prompts(draw: Any, data_uri: Any, half: Image.Image) -> None:
    """A region is drawn by its prompt, the rest by the main one."""
    region = {"prompt": "a purple storm", "mask": data_uri(as_png(half), "image/png")}
    features = {"regionalPrompting": {"regions": [region], "backgroundPrompt": "x"}}
    made, free = await draw(advancedFeatures=features), await draw()
    assert apart(made.crop((0, 0, 64, 100)), free.crop((0, 0, 64, 100))) == 0
    assert apart(made.crop((64, 0, SIDE, 100)), free.crop((64, 0, SIDE, 100))) > 5


async def test_layer_diffusion_has_alpha(wire: Any, image_task: Any) -> None:
    """Layer diffusion leaves the ground out, in PNG unless asked otherwise; JPG cannot hold that."""
    task = image_task(advancedFeatures={"layerDiffuse": True})
    data = await wire.download((await wire.result(**task))["imageURL"])
    assert render.probe(data).media_type == "image/png"
    assert opened(data).getchannel("A").getextrema() == (0, 255)
    refused = await wire.post({**task, "taskUUID": str(uuid4()), "outputFormat": "JPG"})
    assert refused.json()["errors"][0]["code"] == "invalidOutputFormat"


async def test_layers_give_the_picture_back(wire: Any, data_uri: Any, barn: Image.Image) -> None:
    """The layered model answers with a TIFF whose pages, laid together, are the picture."""
    item = await wire.result(
        taskType="imageInference",
        model="alibaba:qwen-image@layered",
        positivePrompt="take it apart",
        inputs={"image": data_uri(as_png(barn), "image/png")},
        settings={"layers": 3},
        outputFormat="TIFF",
    )
    with Image.open(io.BytesIO(await wire.download(item["imageURL"]))) as file:
        pages = [page.convert("RGBA") for page in ImageSequence.Iterator(file)]
    whole = Image.new("RGBA", barn.size)
    for page in pages:
        whole.alpha_composite(page)
    assert len(pages) == 3
    assert apart(whole, barn) == 0


async def test_photo_maker(wire: Any, data_uri: Any) -> None:
    """The legacy task keeps its name, shows the people by its strength and names the uploaded inputs."""
    red = data_uri(as_png(Image.new("RGB", (64, 64), (255, 0, 0))), "image/png")
    uploaded = await wire.result(taskType="imageUpload", image=red)
    task = {
        "taskType": "photoMaker", "model": "civitai:139562@344487", "inputImages": [uploaded["imageUUID"]], "seed": 1,
        "positivePrompt": "reading a map", "style": "No style", "width": SIDE, "height": SIDE, "outputFormat": "PNG",
    }  # fmt: skip
    weak, strong = await wire.result(**task, strength=15), await wire.result(**task, strength=50)
    assert (weak["taskType"], weak["inputImagesUUID"]) == ("photoMaker", [uploaded["imageUUID"]])
    reds = [ImageStat.Stat(opened(await wire.download(one["imageURL"]))).mean[0] for one in (weak, strong)]
    assert reds[1] > reds[0] + 5
    bad = {**task, "taskUUID": str(uuid4()), "style": "Baroque", "strength": 90}
    codes = {error["code"] for error in (await wire.post(bad)).json()["errors"]}
    assert codes == {"invalidStyle", "invalidStrength"}


async def test_sequences_may_be_shorter(wire: Any, image_task: Any) -> None:
    """A model that makes sequences yields at most as many images as allowed, by seed."""
    counts = set()
    for seed in range(4):
        vendor = {"bytedance": {"maxSequentialImages": 3}}
        task = image_task(model="acme:sequence@1", providerSettings=vendor, seed=seed)
        counts.add(len((await wire.post(task)).json()["data"]))
    assert counts == {1, 2, 3}


async def test_quality_decides_the_size_of_the_file(wire: Any, image_task: Any) -> None:
    """A lower quality makes a smaller JPG."""
    sizes = []
    for quality in (20, 99):
        item = await wire.result(**image_task(seed=1, outputQuality=quality))
        sizes.append(len(await wire.download(item["imageURL"])))
    assert sizes[0] < sizes[1]


@pytest.mark.parametrize(
    ("changes", "code", "parameter"),
    [
        ({"lora": [{"model": "civitai:1@2", "weight": 9}]}, "invalidWeight", "lora[0].weight"),
        ({"lora": [{"weight": 1}]}, "missingModel", "lora[0].model"),
        ({"outpaint": {"top": 10}}, "invalidTop", "outpaint.top"),
        ({"acceleratorOptions": {"fbCacheThreshold": 2}}, "invalidFbCacheThreshold", "acceleratorOptions.fbCacheThreshold"),
        ({"safety": {"mode": "hard"}}, "invalidMode", "safety.mode"),
        ({"noSuchKnob": 1}, "unknownParameter", "noSuchKnob"),
        ({"duration": 5}, "unsupportedParameter", "duration"),
        ({"model": "google:4@2", "providerSettings": {"openai": {}}}, "mismatchProviderSettingsProvider", "providerSettings.openai"),
        ({"model": "google:4@2", "providerSettings": {"acme": {}}}, "unknownProviderSettingsProvider", "providerSettings.acme"),
        ({"controlNet": [{"model": "a:1@1", "guideImage": "%%"}]}, "invalidGuideImage", "controlNet[0].guideImage"),
    ],
)  # fmt: skip
async def test_what_stands_inside_objects_is_checked(
    wire: Any, image_task: Any, changes: dict[str, Any], code: str, parameter: str
) -> None:
    """Adapters, accelerators and vendor settings are checked too, and parameters nobody knows are refused."""
    if str(changes.get("model", "")).startswith("google"):
        changes = {**changes, "width": 1024, "height": 1024}
    errors = (await wire.post(image_task(**changes))).json()["errors"]
    assert [(error["code"], error["parameter"]) for error in errors] == [(code, parameter)]
    assert wire.emulator.ledger.accepted == 0


def _with(value: Any, face: str) -> Any:
    """The same with the stand-in replaced by a picture."""
    if isinstance(value, dict):
        return {name: _with(inner, face) for name, inner in value.items()}
    if isinstance(value, list):
        return [_with(inner, face) for inner in value]
    return face if value == "FACE" else value
