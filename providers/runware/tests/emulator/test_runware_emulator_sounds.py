"""Audio and films: speech as long as its text, music, effects, sound for films, frames, voices and drafts."""

import struct
from typing import Any
from uuid import uuid4

import pytest

from anymedia.testing import render


@pytest.mark.parametrize("format", ["MP3", "WAV", "FLAC", "OGG"])
async def test_speech_lasts_as_long_as_its_text(wire: Any, format: str) -> None:
    """Longer text takes longer, faster speech shorter; every format plays."""
    texts = ("Hello there.", "Hello there, this is rather a long sentence to say.")
    lengths = []
    for text, speed in ((texts[0], 1), (texts[1], 1), (texts[1], 2)):
        speech = {"text": text, "voice": "Ann", "speed": speed}
        item = await wire.result(
            taskType="audioInference", model="minimax:speech@2.8", speech=speech, outputFormat=format, includeCost=True
        )
        facts = await wire.facts(item["audioURL"])
        assert facts.audio
        assert item["cost"] > 0
        lengths.append(facts.duration)
    assert lengths[0] < lengths[2] < lengths[1]
    assert lengths[1] == pytest.approx(0.06 * len(texts[1]), abs=0.2)


async def test_voices_differ(wire: Any) -> None:
    """Another voice, another text or another seed gives other sound; the same request the same."""
    made = []
    for voice, text, seed in (("Ann", "Hi", 1), ("Ann", "Hi", 1), ("Bob", "Hi", 1), ("Ann", "Ho", 1), ("Ann", "Hi", 2)):
        speech = {"text": text * 5, "voice": voice}
        task = {"taskType": "audioInference", "model": "google:gemini@3.1-flash-tts", "speech": speech, "seed": seed}
        made.append(await wire.download((await wire.result(**task, outputFormat="WAV"))["audioURL"]))
    assert made[0] == made[1]
    assert len(set(made)) == 4


async def test_a_dialogue_has_its_voices(wire: Any) -> None:
    """Lines that begin with a speaker's name are said in that speaker's voice, without the name."""
    text = "Ann: Good morning!\nBob: Good evening!"
    voices = [{"speaker": "Ann", "voice": "a"}, {"speaker": "Bob", "voice": "b"}]
    task = {"taskType": "audioInference", "model": "xai:tts@0", "outputFormat": "WAV"}
    item = await wire.result(**task, speech={"text": text, "voices": voices})
    plain = await wire.result(**task, speech={"text": text, "voice": "a"})
    assert (await wire.facts(item["audioURL"])).duration < (await wire.facts(plain["audioURL"])).duration


@pytest.mark.parametrize("seconds", [1, 2.5])
async def test_music_has_its_length_and_rate(wire: Any, seconds: float) -> None:
    """Music lasts as long as asked for, at the sample rate asked for, in as many versions."""
    task = {
        "taskType": "audioInference", "taskUUID": str(uuid4()), "model": "runware:ace-step@v1.5-turbo",
        "positivePrompt": "a calm piano", "duration": seconds, "numberResults": 2, "outputFormat": "WAV",
        "audioSettings": {"sampleRate": 22000, "bitrate": 128}, "settings": {"lyrics": "la la"},
    }  # fmt: skip
    items = (await wire.post(task)).json()["data"]
    data = [await wire.download(item["audioURL"]) for item in items]
    assert data[0] != data[1]
    assert render.probe(data[0]).duration == pytest.approx(seconds, abs=0.05)
    assert struct.unpack_from("<I", data[0], 24) == (22050,)


async def test_a_plan_gives_the_length(wire: Any) -> None:
    """A composition plan replaces prompt and duration."""
    sections = [{"sectionName": "a", "duration": 3, "lines": []}, {"sectionName": "b", "duration": 4, "lines": []}]
    vendor = {"elevenlabs": {"music": {"compositionPlan": {"sections": sections}}}}
    item = await wire.result(taskType="audioInference", model="elevenlabs:1@1", providerSettings=vendor)
    assert (await wire.facts(item["audioURL"])).duration == pytest.approx(7, abs=0.2)


async def test_a_cover_is_as_long_as_its_original(wire: Any, data_uri: Any) -> None:
    """Music made from a recording keeps its length, and differs from it."""
    original = render.audio("x", seed=1, duration=1.2)
    item = await wire.result(
        taskType="audioInference", model="minimax:music@cover", positivePrompt="jazz", outputFormat="WAV",
        inputs={"audio": data_uri(original, "audio/wav")},
    )  # fmt: skip
    data = await wire.download(item["audioURL"])
    assert render.probe(data).duration == pytest.approx(1.2, abs=0.05)
    assert data != original


@pytest.mark.parametrize(
    ("format", "key", "media_type"), [("WAV", "audioURL", "audio/wav"), ("MP4", "videoURL", "video/mp4")]
)
async def test_sound_for_a_film(wire: Any, data_uri: Any, film: bytes, format: str, key: str, media_type: str) -> None:
    """Sound made for a film is as long as it; asked for as a film, it comes with the film."""
    item = await wire.result(
        taskType="audioInference", model="mirelo:1@1", positivePrompt="rain", outputFormat=format,
        inputs={"video": data_uri(film, "video/mp4")},
    )  # fmt: skip
    facts = await wire.facts(item[key])
    assert (facts.media_type, facts.audio) == (media_type, True)
    assert facts.duration == pytest.approx(0.5, abs=0.1)


async def test_a_film_of_nothing_but_sound(wire: Any) -> None:
    """Asked for as a film without one to go with, the sound gets pictures of its own."""
    item = await wire.result(
        taskType="audioInference", model="mirelo:1@1", positivePrompt="rain", duration=1, outputFormat="MOV"
    )
    facts = await wire.facts(item["videoURL"])
    assert (facts.media_type, facts.audio) == ("video/quicktime", True)
    assert facts.duration == pytest.approx(1, abs=0.1)


async def test_a_voice_is_cloned(wire: Any, data_uri: Any) -> None:
    """A recording of a voice decides the voice that speaks, the same recording the same voice."""
    made = []
    for seed in (1, 1, 2):
        sample = data_uri(render.audio("x", seed=seed, duration=0.3), "audio/wav")
        item = await wire.result(
            taskType="audioInference", model="acme:tts@1", speech={"text": "Good morning"}, seed=1,
            inputs={"referenceVoices": [{"audio": sample, "text": "x"}]}, outputFormat="WAV",
        )  # fmt: skip
        made.append(await wire.download(item["audioURL"]))
    assert made[0] == made[1] != made[2]


async def test_sound_needs_something_to_go_by(wire: Any) -> None:
    """Without words, speech, media or settings there is nothing to make."""
    task = {"taskType": "audioInference", "taskUUID": str(uuid4()), "model": "acme:sound@1"}
    assert (await wire.post(task)).json()["errors"][0]["code"] == "missingPositivePrompt"
    spoken = {**task, "model": "minimax:speech@2.8", "audioSettings": {"sampleRate": 1}, "speech": {"text": "x"}}
    assert (await wire.post(spoken)).json()["errors"][0]["code"] == "invalidSampleRate"


@pytest.mark.parametrize("dialect", ["flat", "nested"])
async def test_lip_sync_lasts_as_its_sound(wire: Any, data_uri: Any, picture: bytes, dialect: str) -> None:
    """A film of a portrait and a recording has the recording's length and sound."""
    uris = data_uri(picture, "image/png"), data_uri(render.audio("x", seed=1, duration=0.8), "audio/wav")
    media = (
        {"frameImages": [uris[0]], "inputAudios": [uris[1]]}
        if dialect == "flat"
        else {"inputs": {"image": uris[0], "audio": [{"id": "1", "source": uris[1]}]}}
    )
    item = await wire.result(taskType="videoInference", model="acme:film@1", resolution="64p", **media)
    facts = await wire.facts(item["videoURL"])
    assert facts.audio
    assert facts.duration == pytest.approx(0.8, abs=0.1)


@pytest.mark.parametrize("dialect", ["flat", "nested"])
async def test_a_film_speaks(wire: Any, data_uri: Any, picture: bytes, dialect: str) -> None:
    """Words to say become the film's sound, and its length where none is asked for."""
    uri, words = data_uri(picture, "image/png"), "Good morning, everyone!"
    media = (
        {"frameImages": [uri], "speech": {"voice": "a", "text": words}}
        if dialect == "flat"
        else {"inputs": {"image": uri, "speech": [{"id": "1", "provider": "x", "voiceId": "a", "text": words}]}}
    )
    item = await wire.result(taskType="videoInference", model="acme:film@1", resolution="64p", **media)
    facts = await wire.facts(item["videoURL"])
    assert facts.audio
    assert facts.duration == pytest.approx(0.06 * len(words), abs=0.15)


async def test_many_frames_come_in_order(wire: Any, data_uri: Any) -> None:
    """More than two frame images are spread over the film by their places."""
    images = [data_uri(render.image(word, seed=1, width=64, height=64), "image/png") for word in "abc"]
    frames = [{"image": image, "timestamp": at} for image, at in zip(images, (1.0, 0.0, 0.5), strict=True)]
    item = await wire.result(
        taskType="videoInference", model="acme:film@1", positivePrompt="x", duration=1, width=64, height=64,
        inputs={"frameImages": frames},
    )  # fmt: skip
    film = await wire.download(item["videoURL"])
    assert render.probe(film).duration == pytest.approx(1, abs=0.1)
    first = render.convert(film, "png")
    assert render.describe(first) == render.describe(render.image("b", seed=1, width=64, height=64))


async def test_a_draft_goes_on(wire: Any, video_task: Any) -> None:
    """A draft is named by id and becomes the source of a later film."""
    task = video_task(model="acme:film@1", providerSettings={"bytedance": {"draft": True}})
    draft = await wire.result(**task)
    assert draft["outputs"]["draftId"] == draft["videoUUID"]
    final = await wire.result(
        taskType="videoInference",
        model="acme:film@1",
        resolution="64p",
        inputs={"draftId": draft["outputs"]["draftId"]},
    )
    assert (await wire.facts(final["videoURL"])).duration == pytest.approx(1, abs=0.1)
