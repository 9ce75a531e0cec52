"""From a request to the task on the wire, in both dialects."""

from typing import Any

import pytest

from anymedia.catalog import ModelInfo
from anymedia.errors import InvalidRequestError
from anymedia.media import Media
from anymedia.requests import (
    ImageToImage,
    ImageToVideo,
    Native,
    Reference,
    RemoveBackground,
    RemoveVideoBackground,
    Request,
    TextToImage,
    TextToVideo,
    UpscaleImage,
    UpscaleVideo,
    VideoToVideo,
)
from anymedia.results import Result
from anymedia_runware import RunwareOptions
from anymedia_runware.bodies import body_of, call_of, count_of, encoded_body
from anymedia_runware.catalog import catalog

URL = "https://media.invalid/a.png"
FILM = "https://media.invalid/a.mp4"
UUID = "c64351d5-4c59-42f7-95e1-eace013eddab"
UNLISTED = ModelInfo(id="acme:1@1", listed=False)


def body(request: Request[Result], model: str | None = None) -> dict[str, Any]:
    """The task for a listed model (the default one unless named), as it is sent."""
    return encoded_body(
        body_of(request, catalog().find(model or catalog().default(request.operation), request.operation))
    )


def unlisted(request: Request[Result]) -> dict[str, Any]:
    """The task for a model nobody knows."""
    return encoded_body(body_of(request, UNLISTED))


def test_a_whole_request() -> None:
    """Every field has its name; format, count and the wish for the cost are said aloud."""
    request = TextToImage(
        prompt="a dog", negative_prompt="cats", size="1024x768", count=2, seed=5, output_format="webp"
    )
    assert body(request) == {
        "model": "runware:101@1",
        "positivePrompt": "a dog",
        "negativePrompt": "cats",
        "width": 1024,
        "height": 768,
        "seed": 5,
        "numberResults": 2,
        "outputFormat": "WEBP",
        "includeCost": True,
    }


@pytest.mark.parametrize(
    ("request_", "format"),
    [
        (TextToImage(prompt="a dog"), "PNG"),
        (UpscaleImage(image=URL), "PNG"),
        (RemoveBackground(image=URL), "PNG"),
        (TextToVideo(prompt="a dog"), "MP4"),
        (UpscaleVideo(video=FILM), "MP4"),
        (RemoveVideoBackground(video=FILM), "WEBM"),
    ],
)
def test_formats_said_aloud(request_: Request[Result], format: str) -> None:
    """Without a wish, images are lossless and keep their transparency, and films play everywhere."""
    assert body(request_)["outputFormat"] == format


def test_the_only_format_of_a_model() -> None:
    """A model that cannot make the usual format makes its own."""
    request = ImageToImage(prompt="layers", image=URL)
    assert body(request, "alibaba:qwen-image@layered")["outputFormat"] == "TIFF"


def test_an_option_in_place_of_a_default() -> None:
    """Where a request has no such field, an option decides; where it has, they contradict each other."""
    options = {"runware": RunwareOptions(output_format="WEBP", steps=4, cfg_scale=2.5)}
    sent = body(UpscaleImage(image=URL, provider_options=options))
    assert (sent["outputFormat"], sent["steps"], sent["CFGScale"]) == ("WEBP", 4, 2.5)
    with pytest.raises(InvalidRequestError, match="outputFormat"):
        body(TextToImage(prompt="a dog", output_format="jpg", provider_options=options))


def test_options_join_what_the_request_puts_there() -> None:
    """Inside objects, options are added; the same key twice is an error."""
    film = {"prompt": "a dog", "audio": True}
    joined = {"runware": RunwareOptions(provider_settings={"klingai": {"cfg": 1}})}
    assert body(TextToVideo(**film, provider_options=joined))["providerSettings"] == {
        "klingai": {"sound": True, "cfg": 1}
    }
    twice = {"runware": RunwareOptions(provider_settings={"klingai": {"sound": False}})}
    with pytest.raises(InvalidRequestError, match="providerSettings.klingai.sound"):
        body(TextToVideo(**film, provider_options=twice))


def test_whole_numbers() -> None:
    """The vendor types seconds, frames and factors as integers; halves stay halves."""
    sent = body(TextToVideo(prompt="a dog", duration=5.0), "lightricks:ltx@2")
    assert repr(sent["duration"]) == "5"
    assert body(TextToVideo(prompt="a dog", duration=2.5), "lightricks:ltx@2.3")["duration"] == 2.5
    assert repr(body(UpscaleImage(image=URL, factor=4.0))["upscaleFactor"]) == "4"


@pytest.mark.parametrize(
    ("model", "inputs"),
    [
        ("runware:101@1", {"seedImage": URL, "maskImage": UUID}),
        ("bria:21@1", {"image": URL, "mask": UUID}),
    ],
)
def test_an_image_and_its_mask(model: str, inputs: dict[str, Any]) -> None:
    """Each model takes the image and the mask under its own names; ids and URLs go as they are."""
    assert body(ImageToImage(prompt="snow", image=URL, mask=UUID), model)["inputs"] == inputs


def test_references_by_kind() -> None:
    """Films and sounds among the references go under their own names, tags along."""
    references = [
        URL,
        Reference(Media(url=FILM), tag="walk"),
        "https://media.invalid/a.mp3",
        Reference(Media(url=URL), tag="x"),
    ]
    assert body(TextToVideo(prompt="a dog", references=references), "bytedance:seedance@2.5")["inputs"] == {
        "referenceImages": [URL, {"images": [URL], "tag": "x"}],
        "referenceVideos": [{"video": FILM, "tag": "walk"}],
        "referenceAudios": ["https://media.invalid/a.mp3"],
    }


def test_a_film_to_change() -> None:
    """Under `video`, or as the first of the reference films."""
    assert body(VideoToVideo(prompt="snow", video=FILM))["inputs"] == {"video": FILM}
    request = VideoToVideo(prompt="snow", video=FILM, references=["https://media.invalid/b.mp4"])
    sent = body(request, "bytedance:seedance@2.0")
    assert sent["inputs"] == {"referenceVideos": [FILM, "https://media.invalid/b.mp4"]}


def test_bytes_become_a_data_uri() -> None:
    """Local bytes travel inside the task."""
    png = b"\x89PNG\r\n\x1a\n"
    assert body(UpscaleImage(image=png))["inputs"] == {"image": Media.of(png).data_uri}


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (TextToImage(prompt="a dog"), {"width": 1024, "height": 1024}),
        (TextToImage(prompt="a dog", aspect_ratio="16:9"), {"width": 1344, "height": 768}),
        (ImageToImage(prompt="a dog", image=URL, mask=UUID), {"seedImage": URL, "maskImage": UUID}),
        (TextToVideo(prompt="a dog", resolution="720p"), {"resolution": "720p"}),
        (ImageToVideo(prompt="a dog", image=URL), {"frameImages": [{"inputImage": URL, "frame": "first"}]}),
        (UpscaleImage(image=URL, factor=2), {"inputImage": URL, "upscaleFactor": 2}),
        (UpscaleVideo(video=FILM), {"inputs": {"video": FILM}}),
        (TextToImage(prompt="a dog", references=[URL]), {"referenceImages": [URL]}),
    ],
)
def test_the_older_dialect(request_: Request[Result], expected: dict[str, Any]) -> None:
    """A model whose schema is not known is spoken to with inputs at the root."""
    sent = unlisted(request_)
    assert {name: sent[name] for name in expected} == expected
    assert sent["model"] == "acme:1@1"
    assert ("inputs" in sent) is ("inputs" in expected)


def test_native() -> None:
    """The payload goes as it is; how many results it asks for is read from it."""
    native = Native(provider="runware", call="textInference", payload={"model": "a:b@c", "numberResults": 3})
    assert call_of(native, UNLISTED) == "textInference"
    assert unlisted(native) == {"model": "a:b@c", "numberResults": 3, "includeCost": True}


@pytest.mark.parametrize(
    ("call", "body", "count"),
    [
        ("textInference", {"numberResults": 3}, 3),
        ("promptEnhance", {"promptVersions": 2}, 2),
        ("caption", {"numberResults": "many"}, 1),
        ("imageInference", {"settings": {"maxSequentialImages": 4}, "numberResults": 2}, 8),
        ("imageInference", {"providerSettings": {"bytedance": {"maxSequentialImages": 15}}}, 15),
        ("imageInference", {"settings": [], "providerSettings": {"bytedance": None}}, 1),
    ],
)
def test_how_many_results_a_task_may_have(call: str, body: dict[str, Any], count: int) -> None:
    """Each kind of task says it in its own way; a sequence has at most as many images as were allowed."""
    assert count_of(call, body) == count


@pytest.mark.parametrize("key", ["taskType", "taskUUID", "deliveryMethod", "apiKey"])
def test_what_is_the_librarys_business(key: str) -> None:
    """Ids, keys and delivery cannot be set by payload or option."""
    with pytest.raises(InvalidRequestError, match=key):
        unlisted(Native(provider="runware", call="caption", payload={key: "x"}))
    with pytest.raises(InvalidRequestError, match=key):
        body(TextToImage(prompt="a dog", provider_options={"runware": {key: "x"}}))


@pytest.mark.parametrize("call", ["getResponse", "modelSearch", "accountManagement", "authentication"])
def test_calls_that_start_no_task(call: str) -> None:
    """Native is for what can be followed."""
    with pytest.raises(InvalidRequestError, match="starts no task"):
        call_of(Native(provider="runware", call=call), UNLISTED)
