"""Every operation, from a request to its outputs, against the emulator."""

import asyncio
import io
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from anymedia import AsyncMediaClient
from anymedia.errors import InvalidRequestError, MediaInputError, ModelNotFoundError, OutputExpiredError
from anymedia.media import Media
from anymedia.refs import TaskState
from anymedia.requests import (
    CaptionImage,
    CaptionVideo,
    CharacterPerformance,
    EnhancePrompt,
    Generate3D,
    GenerateMusic,
    GenerateText,
    ImageToImage,
    ImageToVideo,
    MaskImage,
    Native,
    PreprocessImage,
    Reference,
    RemoveBackground,
    RemoveVideoBackground,
    SoundEffect,
    TextToImage,
    TextToSpeech,
    TextToVideo,
    TrainModel,
    UpscaleImage,
    UpscaleVideo,
    Vectorize,
    VideoToAudio,
    VideoToVideo,
)
from anymedia.tasks import Snapshot
from anymedia.testing import render
from anymedia_runware import RunwareOptions
from anymedia_runware.emulator import RunwareEmulator

Desk = Any


async def _facts(desk: Desk, snapshot: Snapshot) -> Any:
    answer = await desk.provider.context.http.request("GET", snapshot.outputs[0].url or "")
    return render.probe(answer.body)


def _sent(emulator: RunwareEmulator) -> Any:
    (entry,) = emulator.ledger.entries.values()
    return entry.request


async def test_text_to_image(desk: Desk, runware_emulator: RunwareEmulator) -> None:
    """A prompt gives pictures of the size asked for, with their cost, started and paid once."""
    request = TextToImage(prompt="a lighthouse", aspect_ratio="16:9", count=3, seed=7, negative_prompt="people")
    snapshot = await desk.run(request)
    assert snapshot.state is TaskState.SUCCEEDED
    assert [(output.kind, output.media_type) for output in snapshot.outputs] == [("image", "image/png")] * 3
    assert {output.seed for output in snapshot.outputs} == {7, 8, 9}
    assert len({output.vendor_ref for output in snapshot.outputs}) == 3
    facts = await _facts(desk, snapshot)
    assert (facts.width, facts.height) == (1344, 768)
    assert snapshot.cost is not None
    assert (snapshot.cost.unit, snapshot.cost.final) == ("USD", True)
    assert snapshot.cost.usd == snapshot.cost.amount == runware_emulator.ledger.charged > Decimal(0)
    assert runware_emulator.ledger.accepted == 1


async def test_references(desk: Desk, png: bytes, runware_emulator: RunwareEmulator) -> None:
    """A model that takes references gets them, with a tag where there is one."""
    request = TextToImage(prompt="a boat", model="runware:400@4", references=[png, Reference(png, tag="hull")])
    assert (await desk.run(request)).state is TaskState.SUCCEEDED
    first, second = _sent(runware_emulator)["inputs"]["referenceImages"]
    assert first.startswith("data:image/png;base64,")
    assert second["tag"] == "hull"


async def test_image_to_image_with_mask(desk: Desk, png: bytes, runware_emulator: RunwareEmulator) -> None:
    """An image, a mask and a strength give a changed image."""
    snapshot = await desk.run(ImageToImage(prompt="snow", image=png, mask=png, strength=0.5))
    assert snapshot.state is TaskState.SUCCEEDED
    sent = _sent(runware_emulator)
    assert set(sent["inputs"]) == {"seedImage", "maskImage"}
    assert sent["strength"] == 0.5


async def test_image_to_image_by_reference(desk: Desk, png: bytes, runware_emulator: RunwareEmulator) -> None:
    """An editing model gets the image as its first reference, before the others."""
    request = ImageToImage(prompt="snow", model="runware:400@2", image="https://media.invalid/a.png", references=[png])
    assert (await desk.run(request)).state is TaskState.SUCCEEDED
    first, second = _sent(runware_emulator)["inputs"]["referenceImages"]
    assert first == "https://media.invalid/a.png"
    assert second.startswith("data:image/png")


async def test_text_to_video(desk: Desk, runware_emulator: RunwareEmulator) -> None:
    """A prompt gives a film of the length asked for, by looks and not by push."""
    snapshot = await desk.run(TextToVideo(prompt="waves", duration=4, aspect_ratio="9:16"))
    assert (snapshot.state, snapshot.outputs[0].media_type) == (TaskState.SUCCEEDED, "video/mp4")
    facts = await _facts(desk, snapshot)
    assert (facts.width, facts.height, round(facts.duration)) == (720, 1280, 4)
    assert "getResponse" in runware_emulator.ledger.requests


async def test_image_to_video(desk: Desk, png: bytes, runware_emulator: RunwareEmulator) -> None:
    """A first and a last frame give a film; the sound is switched where the model has its switch."""
    snapshot = await desk.run(ImageToVideo(image=png, last_frame=png, prompt="x", duration=3, audio=True))
    assert snapshot.state is TaskState.SUCCEEDED
    sent = _sent(runware_emulator)
    assert [frame["frame"] for frame in sent["inputs"]["frameImages"]] == ["first", "last"]
    assert sent["providerSettings"] == {"klingai": {"sound": True}}
    assert (await _facts(desk, snapshot)).audio


async def test_video_to_video(desk: Desk, film: bytes) -> None:
    """A film and a prompt give a changed film."""
    snapshot = await desk.run(VideoToVideo(prompt="snow", video=film))
    assert (snapshot.state, snapshot.outputs[0].kind) == (TaskState.SUCCEEDED, "video")


async def test_upscale_image(desk: Desk, png: bytes) -> None:
    """An image comes back as many times wider and higher as asked, twice when nothing is asked."""
    for factor, side in ((4, 1024), (None, 512)):
        facts = await _facts(desk, await desk.run(UpscaleImage(image=png, factor=factor)))
        assert (facts.width, facts.height) == (side, side)


@pytest.mark.parametrize(
    "options", [{"factor": 2}, {"resolution": "480p", "fps": 24, "model": "bytedance:video-enhancement@standard"}]
)
async def test_upscale_video(desk: Desk, film: bytes, options: dict[str, Any]) -> None:
    """A film is enlarged by factor or by scale."""
    snapshot = await desk.run(UpscaleVideo(video=film, **options))
    assert (await _facts(desk, snapshot)).height == 480


async def test_remove_background(desk: Desk, png: bytes) -> None:
    """An image comes back with transparency."""
    snapshot = await desk.run(RemoveBackground(image=png))
    assert snapshot.outputs[0].media_type == "image/png"
    assert (await _facts(desk, snapshot)).alpha


async def test_remove_video_background(desk: Desk, film: bytes) -> None:
    """A film comes back in a format that has transparency."""
    snapshot = await desk.run(RemoveVideoBackground(video=film))
    assert (snapshot.state, snapshot.outputs[0].media_type) == (TaskState.SUCCEEDED, "video/webm")


async def test_character_performance(desk: Desk, png: bytes, film: bytes, runware_emulator: RunwareEmulator) -> None:
    """A face and a performance give a film; settings the model lacks are dropped with a notice."""
    plan = await desk.plan(CharacterPerformance(character=png, performance=film, expression=0.5))
    assert [notice.field for notice in plan.notices] == ["expression"]
    snapshot = await desk.run(plan.request)
    assert (snapshot.state, snapshot.outputs[0].kind) == (TaskState.SUCCEEDED, "video")
    assert set(_sent(runware_emulator)["inputs"]) == {"referenceImages", "referenceVideos"}


async def test_a_film_cannot_be_the_character(desk: Desk, film: bytes, runware_emulator: RunwareEmulator) -> None:
    """What the model cannot animate is refused before anything is sent."""
    with pytest.raises(MediaInputError, match="must be an image"):
        await desk.plan(CharacterPerformance(character=film, performance=film))
    assert runware_emulator.ledger.requests == []


async def test_native_words(desk: Desk, png: bytes) -> None:
    """A task without media gives its words, several of them in one task too."""
    payload = {"model": "runware:150@2", "inputs": {"image": "https://media.invalid/a.png"}}
    (words,) = (await desk.run(Native(provider="runware", call="caption", payload=payload))).outputs
    assert (words.kind, words.media_type) == ("text", "text/plain")
    assert words.data
    payload = {"prompt": "a dog", "promptMaxLength": 64, "promptVersions": 3}
    snapshot = await desk.run(Native(provider="runware", call="promptEnhance", payload=payload))
    assert len({output.data for output in snapshot.outputs}) == 3


async def test_native_sound(desk: Desk) -> None:
    """Speech is pushed, music is not, and both come out as sound."""
    for payload in ({"speech": {"text": "Hello", "voice": "a"}}, {"positivePrompt": "jazz", "duration": 5}):
        native = Native(provider="runware", call="audioInference", payload={"model": "acme:1@1", **payload})
        assert (await desk.plan(native)).quick is ("speech" in payload)
        assert [output.kind for output in (await desk.run(native)).outputs] == ["audio"]


async def test_outputs_are_inputs(desk: Desk, runware_emulator: RunwareEmulator) -> None:
    """A picture made here is the input of the next task without being downloaded, by URL or by the vendor's id."""
    output = (await desk.run(TextToImage(prompt="a lighthouse"))).outputs[0]
    for image in (output, output.vendor_ref):
        assert (await desk.run(UpscaleImage(image=image))).state is TaskState.SUCCEEDED
    sent = [entry.request["inputs"]["image"] for entry in list(runware_emulator.ledger.entries.values())[1:]]
    assert sent == [output.url, output.vendor_ref]


async def test_inline_results(desk: Desk) -> None:
    """Bytes inside the answer become the output's bytes."""
    for kind in ("base64Data", "dataURI"):
        request = TextToImage(prompt="a dog", size="128x128", provider_options={"runware": {"outputType": kind}})
        (output,) = (await desk.run(request)).outputs
        assert output.url is None
        assert output.media_type == "image/png"
        assert output.data is not None
        assert render.probe(output.data).width == 128


async def test_an_output_is_copied_and_does_not_live_for_ever(
    client: AsyncMediaClient, runware_emulator: RunwareEmulator, tmp_path: Path
) -> None:
    """`upload_endpoint` gets the very bytes of an output; one whose address has died, as `ttl` wants, says so."""
    copies: asyncio.Queue[bytes] = asyncio.Queue()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        await copies.put(await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0])))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    options = {"runware": RunwareOptions(ttl=60, upload_endpoint=address)}
    result = await client.run(TextToImage(prompt="a dog", size="128x128", provider_options=options))
    async with asyncio.timeout(10):
        (saved,) = await result.asave(tmp_path)
        assert await copies.get() == saved.read_bytes()
    server.close()
    await server.wait_closed()
    (entry,) = runware_emulator.ledger.entries.values()
    assert entry.request["ttl"] == 60
    runware_emulator.faults.add("expire_url", times=None)
    with pytest.raises(OutputExpiredError):
        await result.asave(tmp_path / "late")


async def test_content_check(desk: Desk) -> None:
    """Where a check was asked for, the output says what it found."""
    options = {"runware": {"safety": {"checkContent": True}}}
    (output,) = (await desk.run(TextToImage(prompt="a dog", provider_options=options))).outputs
    assert output.nsfw is False


async def test_an_unlisted_checkpoint(desk: Desk, png: bytes, runware_emulator: RunwareEmulator) -> None:
    """Any well-formed AIR is taken on trust, with a notice, and spoken to in the older dialect."""
    plan = await desk.plan(ImageToImage(model="civitai:1@2", prompt="snow", image=png))
    assert [(notice.code, notice.field) for notice in plan.notices] == [("unconfirmed", "model")]
    assert (await desk.run(plan.request)).state is TaskState.SUCCEEDED
    assert {"seedImage", "width", "height"} <= set(_sent(runware_emulator))


async def test_wrong_before_anything_is_sent(desk: Desk, runware_emulator: RunwareEmulator) -> None:
    """A wrong model, size, option or call is an error of ours that starts nothing."""
    with pytest.raises(ModelNotFoundError, match="runware-101"):
        await desk.plan(TextToImage(prompt="x", model="runware-101"))
    for wrong in (
        TextToImage(prompt="a dog", size="100x100"),
        TextToImage(prompt="x" * 3001),
        TextToImage(prompt="x y", count=21),
        TextToImage(prompt="x y", provider_options={"runware": {"positivePrompt": "other"}}),
        TextToImage(prompt="x y", provider_options={"runware": {"taskUUID": "mine"}}),
        TextToImage(prompt="x y", provider_options={"runware": {"steps": "many"}}),
        Native(provider="runware", call="getResponse", payload={}),
        Native(provider="runware", call="caption", payload={"deliveryMethod": "sync"}),
    ):
        with pytest.raises(InvalidRequestError):
            await desk.plan(wrong)
    assert runware_emulator.ledger.requests == []


@pytest.mark.parametrize(
    ("cls", "fields", "kind"),
    [
        (TextToSpeech, {"text": "Hello", "voice": "Ada"}, "audio"),
        (SoundEffect, {"prompt": "rain", "duration": 2}, "audio"),
        (GenerateMusic, {"prompt": "jazz", "lyrics": "la la", "duration": 5}, "audio"),
        (VideoToAudio, {"prompt": "steps"}, "audio"),
        (CaptionImage, {}, "text"),
        (CaptionVideo, {}, "text"),
        (MaskImage, {"confidence": 0.3}, "image"),
        (PreprocessImage, {"preprocessor": "depth"}, "image"),
        (Vectorize, {}, "image"),
        (EnhancePrompt, {"prompt": "a dog", "count": 2}, "text"),
        (GenerateText, {"prompt": "Say hi", "count": 2}, "text"),
        (Generate3D, {"prompt": "a chair"}, "model"),
    ],
)
async def test_sounds_words_and_shapes(
    desk: Desk, runware_emulator: RunwareEmulator, png: bytes, film: bytes, cls: Any, fields: Any, kind: str
) -> None:
    """The default model of each operation makes what the operation is for, as many times as asked, and is paid for."""
    media = {"image": png, "video": film}
    subject = {name: data for name, data in media.items() if name in cls.model_fields and cls is not Generate3D}
    snapshot = await desk.run(cls(**fields, **subject))
    assert snapshot.state is TaskState.SUCCEEDED
    assert [output.kind for output in snapshot.outputs] == [kind] * fields.get("count", 1)
    assert snapshot.cost is not None
    assert snapshot.cost.usd == runware_emulator.ledger.charged > 0


async def test_training(desk: Desk, runware_emulator: RunwareEmulator, png: bytes) -> None:
    """A new model is trained from an archive, and tells how far it is; its address is the output."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("1.png", png)
    snapshot = await desk.run(TrainModel(dataset=archive.getvalue(), name="emulated:900@1", trigger_word="lghths"))
    assert [(output.kind, output.vendor_ref) for output in snapshot.outputs] == [("weights", "emulated:900@1")]
    assert runware_emulator.ledger.accepted == 1


async def test_stored_media_are_inputs(desk: Desk, png: bytes) -> None:
    """What was stored goes into any task by its id; nothing is charged for storing it."""
    upload = Native(
        provider="runware",
        call="mediaStorage",
        payload={"operation": "upload", "media": Media.of(png).data_uri},
    )
    stored = await desk.run(upload)
    assert stored.cost is None
    upscaled = await desk.run(UpscaleImage(image=stored.outputs[0].vendor_ref))
    assert (await _facts(desk, upscaled)).width == 512
