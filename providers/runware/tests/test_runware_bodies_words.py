"""From a request to the task on the wire: speech, music, words, masks, shapes and training."""

from typing import Any

import pytest

from anymedia.catalog import ModelInfo
from anymedia.errors import InvalidRequestError, MediaInputError
from anymedia.requests import (
    CaptionImage,
    CaptionVideo,
    EnhancePrompt,
    Generate3D,
    GenerateMusic,
    GenerateText,
    ImageToVideo,
    MaskImage,
    Message,
    PreprocessImage,
    Reference,
    Request,
    SoundEffect,
    TextToImage,
    TextToSpeech,
    TrainModel,
    Vectorize,
    VideoToAudio,
    VideoToVideo,
)
from anymedia.results import Result
from anymedia_runware import ImportModel, RunwareOptions, Speech
from anymedia_runware.bodies import body_of, call_of, encoded_body
from anymedia_runware.catalog import catalog

Desk = Any

URL = "https://media.invalid/a.png"
OTHER = "https://media.invalid/b.png"
FILM = "https://media.invalid/a.mp4"
SOUND = "https://media.invalid/a.mp3"
ZIP = "https://media.invalid/a.zip"
UNLISTED = ModelInfo(id="acme:1@1", listed=False)


def body(request: Request[Result]) -> dict[str, Any]:
    """The task for a listed model, without the wish for the cost that all of them have."""
    model = catalog().find(request.model or catalog().default(request.operation), request.operation)
    sent = encoded_body(body_of(request, model))
    assert sent.pop("includeCost") is True
    return sent


@pytest.mark.parametrize(
    ("request_", "call", "expected"),
    [
        (
            TextToSpeech(text="Hello", voice="Ada", language="en", speed=1.5),
            "audioInference",
            {
                "model": "minimax:speech@2.8",
                "speech": {"text": "Hello", "voice": "Ada", "language": "en", "speed": 1.5},
                "outputFormat": "MP3",
            },
        ),
        (
            TextToSpeech(model="fishaudio:s2.1@pro", text="Hello", voice_sample=SOUND, output_format="wav"),
            "audioInference",
            {
                "model": "fishaudio:s2.1@pro",
                "speech": {"text": "Hello"},
                "inputs": {"referenceVoices": [{"audio": SOUND}]},
                "outputFormat": "WAV",
            },
        ),
        (
            TextToSpeech(model="bytedance:seed-audio@1.0", text="Hello", voice="Ada"),
            "audioInference",
            {
                "model": "bytedance:seed-audio@1.0",
                "positivePrompt": "Hello",
                "speech": {"voice": "Ada"},
                "outputFormat": "MP3",
            },
        ),
        (
            SoundEffect(model="bytedance:seed-audio@1.0", prompt="rain", references=[SOUND], count=2),
            "audioInference",
            {
                "model": "bytedance:seed-audio@1.0",
                "positivePrompt": "rain",
                "inputs": {"referenceAudios": [SOUND]},
                "numberResults": 2,
                "outputFormat": "MP3",
            },
        ),
        (
            GenerateMusic(prompt="jazz", lyrics="la la", instrumental=False, references=[SOUND], duration=20, seed=3),
            "audioInference",
            {
                "model": "runware:ace-step@v1.5-turbo",
                "positivePrompt": "jazz",
                "settings": {"lyrics": "la la", "instrumental": False},
                "inputs": {"audio": SOUND},
                "duration": 20,
                "seed": 3,
                "numberResults": 1,
                "outputFormat": "MP3",
            },
        ),
        (
            VideoToAudio(video=FILM, prompt="steps"),
            "audioInference",
            {
                "model": "mirelo:1@1",
                "positivePrompt": "steps",
                "inputs": {"video": FILM},
                "numberResults": 1,
                "outputFormat": "MP3",
            },
        ),
        (
            CaptionImage(image=URL, prompt="how many?"),
            "caption",
            {"model": "runware:150@2", "prompt": "how many?", "inputs": {"image": URL}},
        ),
        (CaptionVideo(video=FILM), "caption", {"model": "memories:1@1", "inputs": {"video": FILM}}),
        (
            MaskImage(image=URL, confidence=0.4, max_detections=2),
            "imageMasking",
            {
                "model": "runware:35@1",
                "inputs": {"image": URL},
                "settings": {"confidence": 0.4, "maxDetections": 2},
                "outputFormat": "PNG",
            },
        ),
        (
            PreprocessImage(image=URL, preprocessor="lineart_anime", output_format="webp"),
            "controlNetPreprocess",
            {
                "model": "runware:controlnet-preprocess@lineart-anime",
                "inputs": {"image": URL},
                "outputFormat": "WEBP",
            },
        ),
        (
            Vectorize(image=URL),
            "vectorize",
            {"model": "recraft:1@1", "inputs": {"image": URL}, "outputFormat": "SVG"},
        ),
        (
            TextToImage(model="recraft:v4@vector", prompt="a logo"),
            "vectorize",
            {"model": "recraft:v4@vector", "positivePrompt": "a logo", "outputFormat": "SVG"},
        ),
        (
            EnhancePrompt(prompt="a dog", max_tokens=64, count=3),
            "promptEnhance",
            {
                "model": "runware:llama-3-1-8b@prompt-enhancer",
                "prompt": "a dog",
                "promptMaxLength": 64,
                "promptVersions": 3,
            },
        ),
        (
            Generate3D(prompt="a chair", image=URL, references=[OTHER], seed=4),
            "3dInference",
            {
                "model": "tripo:v3.1@0",
                "positivePrompt": "a chair",
                "inputs": {"images": [URL, OTHER]},
                "seed": 4,
                "numberResults": 1,
                "outputFormat": "GLB",
            },
        ),
        (
            ImageToVideo(model="klingai:avatar@2.0-pro", image=URL, references=[SOUND]),
            "videoInference",
            {
                "model": "klingai:avatar@2.0-pro",
                "inputs": {"image": URL, "audio": SOUND},
                "numberResults": 1,
                "outputFormat": "MP4",
            },
        ),
        (
            VideoToVideo(model="sync:3@0", video=FILM, references=[SOUND]),
            "videoInference",
            {
                "model": "sync:3@0",
                "inputs": {"video": FILM, "audio": SOUND},
                "numberResults": 1,
                "outputFormat": "MP4",
            },
        ),
    ],
)
def test_whole_tasks(request_: Request[Result], call: str, expected: dict[str, Any]) -> None:
    """Every field has its name and its place, and nothing else is said."""
    model = catalog().find(request_.model or catalog().default(request_.operation), request_.operation)
    assert call_of(request_, model) == call
    assert body(request_) == expected


def test_a_conversation() -> None:
    """Earlier turns, then the prompt; settings, media and a schema where the vendor has them."""
    request = GenerateText(
        prompt="And now?",
        system_prompt="Be brief",
        messages=[Message("user", "Hi"), Message("assistant", "Hello")],
        references=[URL, Reference(FILM)],
        max_tokens=64,
        temperature=0.5,
        top_p=0.9,
        json_schema={"type": "object"},
        count=2,
        seed=1,
    )
    assert body(request) == {
        "model": "openai:gpt@5-mini",
        "messages": [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "Hello"},
            {"role": "user", "content": "And now?"},
        ],
        "settings": {"maxTokens": 64, "temperature": 0.5, "topP": 0.9, "systemPrompt": "Be brief"},
        "inputs": {"images": [URL], "videos": [FILM]},
        "jsonSchema": {"type": "object"},
        "outputFormat": "JSON",
        "numberResults": 2,
        "seed": 1,
        "includeUsage": True,
    }
    assert body(GenerateText(prompt="Hi"))["outputFormat"] == "TEXT"
    with pytest.raises(MediaInputError, match="images or films"):
        body(GenerateText(prompt="Hi", references=[SOUND]))


def test_one_view_or_several() -> None:
    """A single view is the image, whichever field it came in; several are images."""
    assert body(Generate3D(image=URL))["inputs"] == {"image": URL}
    assert body(Generate3D(references=[URL, OTHER]))["inputs"] == {"images": [URL, OTHER]}
    assert "inputs" not in body(Generate3D(prompt="a chair"))


def test_a_new_models_name() -> None:
    """Its address comes as its name or among the options; the rest is made up unless it is given."""
    named = body(TrainModel(dataset=ZIP, name="acme:900@1", trigger_word="lghths", steps=100, learning_rate=0.1))
    assert named["importModel"] == {
        "air": "acme:900@1",
        "name": "acme:900@1",
        "uniqueIdentifier": "acme-900-1",
        "version": "1",
        "private": True,
    }
    assert (named["triggerWord"], named["trainingSteps"], named["learningRate"]) == ("lghths", 100, 0.1)
    assert named["inputs"] == {"dataset": ZIP}
    options = {"runware": RunwareOptions(import_model=ImportModel(air="acme:7@1", private=False))}
    given = body(TrainModel(dataset=ZIP, name="Sea & Light", provider_options=options))["importModel"]
    assert (given["air"], given["name"], given["uniqueIdentifier"]) == ("acme:7@1", "Sea & Light", "sea-light")
    assert given["private"] is False
    with pytest.raises(InvalidRequestError, match="import_model.air"):
        body(TrainModel(dataset=ZIP, name="Sea & Light"))


def test_speech_joins_the_options() -> None:
    """What the request does not know is added to what it says."""
    options = {"runware": RunwareOptions(speech=Speech(emotion="happy"))}
    assert body(TextToSpeech(text="Hello", provider_options=options))["speech"] == {"text": "Hello", "emotion": "happy"}


async def test_the_preprocessor_picks_the_model(nowhere: Desk) -> None:
    """It wins over the default model, agrees with a named one, and never contradicts it."""
    plan = await nowhere.plan(PreprocessImage(image=URL, preprocessor="depth"))
    assert plan.model == plan.body["model"] == "runware:controlnet-preprocess@depth"
    named = await nowhere.plan(PreprocessImage(image=URL, model="runware:controlnet-preprocess@mlsd"))
    assert named.model == "runware:controlnet-preprocess@mlsd"
    with pytest.raises(InvalidRequestError, match="does mlsd"):
        await nowhere.plan(PreprocessImage(image=URL, model=named.model, preprocessor="tile"))
    with pytest.raises(InvalidRequestError, match="preprocessor"):
        await nowhere.plan(PreprocessImage(image=URL, preprocessor="magic"))


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (CaptionImage(image=URL, prompt="who?"), {"inputImage": URL, "prompt": "who?"}),
        (CaptionVideo(video=FILM), {"inputs": {"video": FILM}}),
        (MaskImage(image=URL, confidence=0.5), {"inputImage": URL, "confidence": 0.5}),
        (PreprocessImage(image=URL, preprocessor="canny"), {"inputImage": URL, "preProcessorType": "canny"}),
        (Vectorize(image=URL), {"inputImage": URL}),
        (TextToSpeech(text="Hello"), {"speech": {"text": "Hello"}}),
        (GenerateMusic(prompt="jazz", references=[SOUND]), {"inputs": {"audio": SOUND}}),
        (Generate3D(image=URL), {"inputs": {"image": URL}}),
        (GenerateText(prompt="Hi"), {"messages": [{"role": "user", "content": "Hi"}]}),
        (EnhancePrompt(prompt="a dog", count=2), {"prompt": "a dog", "promptVersions": 2}),
        (SoundEffect(prompt="rain", loop=True), {"settings": {"loop": True}}),
    ],
)
def test_the_older_dialect(request_: Request[Result], expected: dict[str, Any]) -> None:
    """Old task types get their inputs and knobs at the root; those that came with `inputs` keep it."""
    sent = encoded_body(body_of(request_, UNLISTED))
    assert {name: sent[name] for name in expected} == expected
    assert ("inputs" in sent) is ("inputs" in expected)
    assert ("settings" in sent) is ("settings" in expected)


def test_a_model_without_a_schema() -> None:
    """A curated model whose schema is not published is spoken to in the older dialect too."""
    sent = body(ImageToVideo(model="vidu:4@2", image=URL, last_frame=OTHER, prompt="waves"))
    frames = [{"inputImage": URL, "frame": "first"}, {"inputImage": OTHER, "frame": "last"}]
    assert (sent["frameImages"], "inputs" in sent) == (frames, False)
