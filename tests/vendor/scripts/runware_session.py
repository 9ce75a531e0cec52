"""Every method of the vendor's older Python SDK (`runware`), as its users call it; run it where that is installed.

Usage: python runware_session.py <WebSocket URL> <API key>

Prints `ok <method>` where a method did what it is for, and `ok <method>: <trap>` where the SDK stood in its own way.
"""

import asyncio
import io
import os
import sys
import tempfile
import zipfile
from base64 import b64encode
from pathlib import Path

# Its own settings, read at import: a poll that finds a task running would otherwise take 30 seconds.
os.environ.update(
    RUNWARE_VIDEO_INITIAL_TIMEOUT="1000", RUNWARE_VIDEO_POLLING_DELAY="50", RUNWARE_TEXT_POLLING_DELAY="50"
)
os.environ.update(RUNWARE_AUDIO_POLLING_DELAY="50", RUNWARE_IMAGE_POLLING_DELAY="50")
os.environ.update(RUNWARE_MODEL_UPLOAD_TIMEOUT="5000")

from runware import (
    I3dInference,
    I3dInputs,
    IAudioInference,
    IImageBackgroundRemoval,
    IImageCaption,
    IImageInference,
    IImageUpscale,
    IModelSearch,
    IPhotoMaker,
    IPromptEnhance,
    ITextInference,
    ITraining,
    IUploadModelLora,
    IVectorize,
    IVideoBackgroundRemoval,
    IVideoCaption,
    IVideoInference,
    IVideoUpscale,
    Runware,
)
from runware import types as sdk_types
from runware.utils import get_http_url_from_ws_url
from steps import download, ok, png_size, small_png


async def images(runware):
    """Two images by one request; the first, and the id of the task."""
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
    ok("imageInference")
    await the_same_object_again(runware, request)
    return made[0]


async def the_same_object_again(runware, request):
    """O20: it writes the task's id into the request, so the same object cannot be sent twice."""
    try:
        await runware.imageInference(requestImage=request)
    except Exception as error:
        assert "conflictTaskUUID" in str(error), error
        ok("imageInference", "O20")
    else:
        raise AssertionError("a request was sent twice")


async def portrait(runware, url):
    """A person in a new picture."""
    request = IPhotoMaker(
        model="civitai:139562@344487",
        positivePrompt="a rwre man on a beach",
        width=512,
        height=512,
        inputImages=[url],
        style="No style",
        strength=15,
    )
    (made,) = await runware.photoMaker(requestPhotoMaker=request)
    assert (await download(made.imageURL)).startswith(b"\xff\xd8\xff")
    ok("photoMaker")


async def image_tools(runware, url):
    """Upscale, background removal, caption, vector drawing."""
    (larger,) = await runware.imageUpscale(
        upscaleGanPayload=IImageUpscale(inputImage=url, model="runware:504@1", upscaleFactor=2, outputFormat="PNG")
    )
    assert png_size(await download(larger.imageURL))[:2] == (1024, 1024)
    ok("imageUpscale")
    (cut,) = await runware.imageBackgroundRemoval(
        removeImageBackgroundPayload=IImageBackgroundRemoval(inputImage=url, model="runware:109@1", outputFormat="PNG")
    )
    assert png_size(await download(cut.imageURL))[2], "no alpha channel"
    ok("imageBackgroundRemoval")
    caption = await runware.imageCaption(requestImageToText=IImageCaption(inputImage=url, model="runware:150@2"))
    assert caption.text, caption
    ok("imageCaption")
    request = IVectorize(model="recraft:1@1", inputs=sdk_types.IInputs(image=url))
    (drawing,) = await runware.imageVectorize(vectorizePayload=request)
    assert b"<svg" in await download(drawing.imageURL)
    ok("imageVectorize")


async def prompts(runware):
    """Better words: all of them, in whatever order the SDK shuffles them (O28)."""
    made = await runware.promptEnhance(
        promptEnhancer=IPromptEnhance(prompt="a lighthouse", promptMaxLength=64, promptVersions=3)
    )
    assert len({one.text for one in made}) == 3, made
    ok("promptEnhance")


async def film(runware):
    """A film: submitted, then fetched by the id of its task."""
    request = IVideoInference(
        model="lightricks:ltx@2.3", positivePrompt="waves on rocks", duration=1, width=256, height=128, includeCost=True
    )
    task = await runware.videoInference(requestVideo=request)
    assert task.taskType == "videoInference", task
    (made,) = await runware.getResponse(taskUUID=task.taskUUID)
    assert made.status == "success" and made.cost > 0, made
    assert (await download(made.videoURL))[4:8] == b"ftyp"
    ok("videoInference")
    ok("getResponse")
    return made.videoURL


async def film_tools(runware, url):
    """The same tools for films."""
    larger = await runware.videoUpscale(
        requestVideoUpscale=IVideoUpscale(
            model="bria:50@1", inputs=sdk_types.IVideoUpscaleInputs(video=url), upscaleFactor=2
        )
    )
    (made,) = await runware.getResponse(taskUUID=larger.taskUUID)
    assert (await download(made.mediaURL or made.videoURL))[4:8] == b"ftyp"
    ok("videoUpscale")
    cut = await runware.videoBackgroundRemoval(
        requestVideoBackgroundRemoval=IVideoBackgroundRemoval(
            model="bria:51@1", inputs=sdk_types.IVideoBackgroundRemovalInputs(video=url), outputFormat="WEBM"
        )
    )
    (made,) = await runware.getResponse(taskUUID=cut.taskUUID)
    assert (await download(made.mediaURL or made.videoURL)).startswith(b"\x1aE\xdf\xa3")
    ok("videoBackgroundRemoval")
    (caption,) = await runware.videoCaption(
        requestVideoCaption=IVideoCaption(model="memories:1@1", inputs=sdk_types.IVideoCaptionInputs(video=url))
    )
    assert caption.text, caption
    ok("videoCaption")


async def other_media(runware, picture):
    """Sound, shapes and words."""
    (sound,) = await runware.audioInference(
        requestAudio=IAudioInference(model="elevenlabs:1@1", positivePrompt="a slow waltz", duration=10)
    )
    assert len(await download(sound.audioURL)) > 1000
    ok("audioInference")
    task = await runware.inference3d(
        request3d=I3dInference(model="meshy:meshy@6", inputs=I3dInputs(image=picture), outputFormat="GLB")
    )
    (shape,) = await runware.getResponse(taskUUID=task.taskUUID)
    (model,) = shape.outputs.files
    assert (await download(model.url)).startswith(b"glTF")
    ok("inference3d")
    question = [{"role": "user", "content": "What is a lighthouse?"}]
    (answer,) = await runware.textInference(ITextInference(model="openai:gpt@5-mini", messages=question))
    assert answer.text, answer
    ok("textInference")


def pictures_and_words():
    """What to train a model with: a ZIP archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("1.png", small_png())
        archive.writestr("1.txt", "a red square")
    return "data:application/zip;base64," + b64encode(file.getvalue()).decode()


async def models(runware):
    """Finding, training and uploading models."""
    found = await runware.modelSearch(payload=IModelSearch(search="flux dev", limit=5))
    assert any(model.air == "runware:101@1" for model in found.results), found
    ok("modelSearch")
    task = await runware.training(
        requestTraining=ITraining(
            model="runware:z-image@style-lora-training",
            importModel={
                "name": "lighthouses",
                "air": "acme:7@1",
                "uniqueIdentifier": "acme-lighthouses",
                "version": "1",
                "private": True,
            },
            inputs={"dataset": pictures_and_words()},
        )
    )
    (trained,) = await runware.getResponse(taskUUID=task.taskUUID)
    assert trained.status == "success", trained
    ok("training")
    uploaded = await runware.modelUpload(weights("harbours", "https://example.com/harbours.safetensors"))
    assert [one["status"] for one in uploaded][-1] == "ready", uploaded
    ok("modelUpload")


def weights(name, url):
    """A model that is to be had at a URL."""
    return IUploadModelLora(
        air=f"acme:{name}@1",
        architecture="flux1d",
        name=name,
        downloadURL=url,
        uniqueIdentifier=f"acme-{name}",
        version="1",
        format="safetensors",
        private=True,
    )


async def upload_of_a_lost_model(runware):
    """It waits for `ready` only: of a model that cannot be downloaded it says nothing before its timeout."""
    try:
        await runware.modelUpload(weights("lost", "http://127.0.0.1:9/lost.safetensors"))
    except Exception as error:
        assert "Timeout waiting for model upload" in str(error), error
        ok("modelUpload", "failed")
    else:
        raise AssertionError("a model that cannot be had was uploaded")


async def uploads(runware):
    """A local file becomes a medium that later tasks may name."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "red.png")
        path.write_bytes(small_png())
        image = await runware.uploadImage(str(path))
        medium = await runware.uploadMedia(str(path))
    assert (await download(image.imageURL)).startswith(b"\x89PNG")
    for uuid in (image.imageUUID, medium.mediaUUID):
        (larger,) = await runware.imageUpscale(
            upscaleGanPayload=IImageUpscale(inputImage=uuid, model="runware:504@1", upscaleFactor=2)
        )
        assert larger.imageURL, larger
    ok("uploadImage")
    ok("uploadMedia")
    return image.imageURL


async def upload_of_an_address(runware, url):
    """O17: an address is not uploaded, but given back as if it were an id."""
    image = await runware.uploadImage(url)
    assert image.imageUUID == url, image
    ok("uploadImage", "O17")


async def upload_of_bytes(runware):
    """O16: its own type for bytes is not taken."""
    try:
        await runware.uploadImage(sdk_types.File(small_png()))
    except TypeError:
        ok("uploadImage", "O16")
    else:
        raise AssertionError("bytes were taken")


async def retrieval(runware, task):
    """A task by its id, long after it was done."""
    details = await runware.getTaskDetails(taskUUID=task)
    assert details.request[0].positivePrompt == "a lighthouse at dusk", details
    assert len(details.response) == 2, details
    ok("getTaskDetails")


async def wrong_key(url):
    """O2: `connect` takes a rejected key for a good one; the first request finds out."""
    runware = Runware(api_key="not-the-key", url=url)
    await runware.connect()
    ok("connect", "O2")
    try:
        await runware.imageInference(requestImage=IImageInference(model="runware:101@1", positivePrompt="x y"))
    except Exception as error:
        assert "key" in str(error).lower(), error
    else:
        raise AssertionError("a wrong key was accepted")
    finally:
        await runware.disconnect()


def streams(url):
    """For any address but its own two, it would stream from the vendor's production service."""
    assert get_http_url_from_ws_url(url) == "https://api.runware.ai/v1"
    ok("textInference", "stream")


async def main(url, key):
    """All methods over one connection, and the wrong key over another."""
    runware = Runware(api_key=key, url=url)
    await runware.connect()
    ok("connect")
    image = await images(runware)
    await portrait(runware, image.imageURL)
    await image_tools(runware, image.imageURL)
    await prompts(runware)
    await film_tools(runware, await film(runware))
    await other_media(runware, image.imageURL)
    await upload_of_an_address(runware, await uploads(runware))
    await upload_of_bytes(runware)
    await models(runware)
    await upload_of_a_lost_model(runware)
    await retrieval(runware, image.taskUUID)
    await runware.disconnect()
    ok("disconnect")
    await wrong_key(url)
    streams(url)


asyncio.run(main(*sys.argv[1:]))
