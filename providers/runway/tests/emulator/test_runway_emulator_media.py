"""What the emulator hands out: real media of the size, length and format asked for, behind signed URLs."""

import io
import zipfile
from typing import Any

import httpx
import pytest

from anymedia.testing import ManualClock
from anymedia.testing.render import probe
from anymedia_runway.emulator import RunwayEmulator

_IMAGE = {"model": "gen4_image", "promptText": "a kite", "ratio": "1280:720", "seed": 7}
_SHORT = {"model": "gen4.5", "promptText": "a kite", "ratio": "720:1280", "duration": 2}
_ACT = {"model": "gen4.5", "promptText": "a face", "ratio": "1280:720", "duration": 3}


async def made(api: httpx.AsyncClient, clock: ManualClock, endpoint: str, body: dict[str, Any]) -> list[str]:
    """The output URLs of a task."""
    created = await api.post(f"/v1/{endpoint}", json=body)
    assert created.status_code == 200, created.text
    await clock.advance(60)
    outputs: list[str] = (await api.get(f"/v1/tasks/{created.json()['id']}")).json()["output"]
    return outputs


@pytest.mark.parametrize(
    ("body", "media_type", "size"),
    [
        (_IMAGE, "image/png", (1280, 720)),
        ({"model": "muse_image", "promptText": "a", "ratio": "auto", "outputFormat": "jpeg"}, "image/jpeg", (1024, 1024)),
        ({"model": "recraft_v4_1_flash", "promptText": "a", "ratio": "1536:768"}, "image/webp", (1536, 768)),
        ({"model": "seedream5_pro", "promptText": "a", "ratio": "auto_2k"}, "image/png", (2048, 2048)),
    ],
)  # fmt: skip
async def test_pictures_are_as_asked(
    api: httpx.AsyncClient, web: httpx.AsyncClient, clock: ManualClock,
    body: dict[str, Any], media_type: str, size: tuple[int, int],
) -> None:  # fmt: skip
    """A picture decodes at the size and in the format of the request, and its Content-Type says so."""
    (url,) = await made(api, clock, "text_to_image", body)
    answer = await web.get(url)
    facts = probe(answer.content)
    assert answer.headers["content-type"] == facts.media_type == media_type
    assert (facts.width, facts.height) == size


async def test_outputs_depend_on_prompt_and_seed(
    api: httpx.AsyncClient, web: httpx.AsyncClient, clock: ManualClock
) -> None:
    """The same prompt and seed give the same picture; another seed, another prompt or the next output do not."""
    bodies = [_IMAGE, _IMAGE, _IMAGE | {"seed": 8}, _IMAGE | {"promptText": "a sail"}]
    same, again, *others = [
        (await web.get((await made(api, clock, "text_to_image", body))[0])).content for body in bodies
    ]
    several = {"model": "seedream5_lite", "promptText": "a", "ratio": "2048:2048", "outputCount": 2}
    one, two = await made(api, clock, "text_to_image", several)
    assert same == again
    assert len({same, *others}) == 3
    assert (await web.get(one)).content != (await web.get(two)).content


async def test_transparent_background_is_transparent(
    api: httpx.AsyncClient, web: httpx.AsyncClient, clock: ManualClock
) -> None:
    """A picture asked for without background has an alpha channel."""
    body = {
        "model": "gpt_image_2",
        "promptText": "a",
        "ratio": "1920:1088",
        "background": "transparent",
        "quality": "low",
    }
    (url,) = await made(api, clock, "text_to_image", body)
    assert probe((await web.get(url)).content).alpha


async def test_vectors_are_svg(api: httpx.AsyncClient, web: httpx.AsyncClient, clock: ManualClock) -> None:
    """The vector model draws SVG of the declared size."""
    body = {"model": "recraft_v4_1_vector", "promptText": "a", "ratio": "1216:896"}
    answer = await web.get((await made(api, clock, "text_to_image", body))[0])
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert b'width="1216" height="896"' in answer.content


async def test_films_are_as_asked(api: httpx.AsyncClient, web: httpx.AsyncClient, clock: ManualClock) -> None:
    """A film plays at the size and for the seconds of the request, with sound where it was asked for."""
    silent = await web.get((await made(api, clock, "text_to_video", _SHORT))[0])
    facts = probe(silent.content)
    assert silent.headers["content-type"] == "video/mp4"
    assert (facts.width, facts.height, facts.audio) == (720, 1280, False)
    assert facts.duration == pytest.approx(2, abs=0.1)
    loud = {"model": "veo3.1_fast", "promptText": "a", "ratio": "1280:720", "duration": 4}
    heard = probe((await web.get((await made(api, clock, "text_to_video", loud))[0])).content)
    assert (heard.width, heard.height, heard.audio) == (1280, 720, True)


async def test_picture_becomes_film_becomes_larger(
    api: httpx.AsyncClient, web: httpx.AsyncClient, clock: ManualClock
) -> None:
    """The emulator takes its own outputs as inputs: image to video, edit, upscale of both, performance."""
    (image,) = await made(api, clock, "text_to_image", _IMAGE)
    frames = [{"uri": image, "position": "first"}, {"uri": image, "position": "last"}]
    film = {"model": "h3_max", "promptImage": frames, "promptText": "a", "resolution": "480p", "duration": 3}
    (video,) = await made(api, clock, "image_to_video", film)
    jobs: list[tuple[str, dict[str, Any], tuple[int, int], float | None]] = [
        ("image_upscale", {"model": "magnific_precision_upscaler_v2", "imageUri": image}, (2560, 1440), None),
        ("video_to_video", {"model": "aleph2", "videoUri": video, "promptText": "make it snow"}, (854, 480), 3),
        ("video_upscale", {"model": "magnific_video_upscaler_creative", "videoUri": video, "resolution": "720p"}, (1280, 720), 3),
        ("character_performance", {
            "model": "act_two", "ratio": "960:960",
            "character": {"type": "image", "uri": image}, "reference": {"type": "video", "uri": video},
        }, (960, 960), 3),
    ]  # fmt: skip
    for endpoint, body, size, seconds in jobs:
        (url,) = await made(api, clock, endpoint, body)
        facts = probe((await web.get(url)).content)
        assert (facts.width, facts.height) == size, endpoint
        assert facts.duration == (None if seconds is None else pytest.approx(seconds, abs=0.1)), endpoint


async def test_frame_rate_is_raised(api: httpx.AsyncClient, web: httpx.AsyncClient, clock: ManualClock) -> None:
    """Frame-rate conversion keeps size and length and makes more frames."""
    (video,) = await made(api, clock, "text_to_video", _SHORT)
    body = {"model": "enhance_frame_rate", "videoUri": video, "targetFramerate": "60"}
    facts = probe((await web.get((await made(api, clock, "video_upscale", body))[0])).content)
    assert (facts.width, facts.height, facts.frames) == (720, 1280, 120)


async def test_sequences_come_as_archive_and_sound(
    api: httpx.AsyncClient, web: httpx.AsyncClient, clock: ManualClock
) -> None:
    """A sequence is a ZIP of pictures; when the film has sound, a WAV follows as one more output."""
    loud = {"model": "wan3", "promptText": "a", "ratio": "480:832", "duration": 2, "audio": True}
    (video,) = await made(api, clock, "text_to_video", loud)
    body = {"model": "aleph2", "videoUri": video, "promptText": "a", "outputFormat": "png_sequence"}
    archive, sound = await made(api, clock, "video_to_video", body)
    answer = await web.get(archive)
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as opened:
        assert len(opened.namelist()) == 2 * 24 + 1
        assert probe(opened.read("frame_00001.png")).width == 480
    assert probe((await web.get(sound)).content).media_type == "audio/wav"


@pytest.mark.parametrize(
    ("endpoint", "body", "media_type"),
    [
        ("text_to_speech", {"model": "eleven_v3", "promptText": "hello", "voice": {"type": "runway-preset", "presetId": "Leslie"}}, "audio/mpeg"),
        ("sound_effect", {"model": "seed_audio", "promptText": "rain", "outputFormat": "ogg_opus"}, "audio/ogg"),
        ("sound_effect", {"model": "mirelo_sfx_2_0", "promptText": "rain", "duration": 1.5, "format": "flac"}, "audio/flac"),
        ("voice_isolation", {"model": "eleven_voice_isolation", "audioUri": "https://example.com/a.mp3"}, "audio/mpeg"),
        ("voice_dubbing", {"model": "eleven_voice_dubbing", "audioUri": "https://example.com/a.mp3", "targetLang": "es"}, "audio/mpeg"),
        ("speech_to_speech", {"model": "eleven_multilingual_sts_v2", "media": {"type": "audio", "uri": "https://example.com/a.mp3"}, "voice": {"type": "runway-preset", "presetId": "Leslie"}}, "audio/mpeg"),
        ("video_to_audio", {"model": "mirelo_sfx_2_0", "videoUri": "https://example.com/a.mp4", "duration": 1, "format": "wav"}, "audio/wav"),
    ],
)  # fmt: skip
async def test_sound_is_as_asked(
    api: httpx.AsyncClient, web: httpx.AsyncClient, clock: ManualClock,
    endpoint: str, body: dict[str, Any], media_type: str,
) -> None:  # fmt: skip
    """Every endpoint for sound makes sound that decodes, in the format asked for."""
    (url,) = await made(api, clock, endpoint, body)
    answer = await web.get(url)
    assert answer.headers["content-type"] == probe(answer.content).media_type == media_type


async def test_media_far_away_is_taken_on_trust(
    api: httpx.AsyncClient, web: httpx.AsyncClient, clock: ManualClock
) -> None:
    """An https URL elsewhere is not fetched; what comes out depends on its text."""
    outputs = []
    for name in ("a", "b"):
        body = {"model": "magnific_precision_upscaler_v2", "imageUri": f"https://example.com/{name}.png"}
        outputs.append((await web.get((await made(api, clock, "image_upscale", body))[0])).content)
    assert (probe(outputs[0]).width, outputs[0] == outputs[1]) == (2048, False)


async def test_film_far_away_is_performed(api: httpx.AsyncClient, web: httpx.AsyncClient, clock: ManualClock) -> None:
    """Films elsewhere count as five seconds of 720p."""
    body = {
        "model": "act_two",
        "ratio": "960:960",
        "character": {"type": "image", "uri": "https://example.com/face.png"},
        "reference": {"type": "video", "uri": "https://example.com/act.mp4"},
    }
    facts = probe((await web.get((await made(api, clock, "character_performance", body))[0])).content)
    assert (facts.width, facts.height) == (960, 960)
    assert facts.duration == pytest.approx(5, abs=0.1)


async def test_urls_are_signed_anew_and_expire(
    api: httpx.AsyncClient, web: httpx.AsyncClient, clock: ManualClock
) -> None:
    """Each GET signs outputs anew; a URL dies after a day or with its task, and never works unsigned."""
    task = (await api.post("/v1/text_to_image", json=_IMAGE)).json()["id"]
    await clock.advance(60)
    first, second = [(await api.get(f"/v1/tasks/{task}")).json()["output"][0] for _ in range(2)]
    path, _, token = first.partition("?_jwt=")
    assert first != second
    assert second.startswith(path)
    assert (await web.get(first)).content == (await web.get(second)).content
    for forged in (path, f"{path}?_jwt={token[:-2]}xx", f"{path}?_jwt=x", first.replace("0.png", "1.png")):
        assert (await web.get(forged)).status_code == 403
    await clock.advance(24 * 3600)
    assert (await web.get(first)).status_code == 403
    fresh = (await api.get(f"/v1/tasks/{task}")).json()["output"][0]
    assert (await web.get(fresh)).status_code == 200
    await api.delete(f"/v1/tasks/{task}")
    assert (await web.get(fresh)).status_code == 404


async def test_key_does_not_belong_on_the_media_host(
    emulator: RunwayEmulator, api: httpx.AsyncClient, clock: ManualClock
) -> None:
    """A download that carries the API key is refused, so that no client gets used to it."""
    (url,) = await made(api, clock, "text_to_image", _IMAGE)
    assert (await api.get(url)).status_code == 400
    assert (await api.post("/storage", files={"file": b"x" * 600})).status_code == 400


@pytest.mark.parametrize(
    ("wanted", "status", "part"),
    [
        ("bytes=0-9", 206, slice(0, 10)),
        ("bytes=100-", 206, slice(100, None)),
        ("bytes=-10", 206, slice(-10, None)),
        ("bytes=5-99999999", 206, slice(5, None)),
        ("bytes=99999999-", 416, slice(0, 0)),
        ("lines=1-2", 200, slice(None)),
    ],
)
async def test_ranges_are_served(
    api: httpx.AsyncClient, web: httpx.AsyncClient, clock: ManualClock, wanted: str, status: int, part: slice
) -> None:
    """A single Range is honoured, one beyond the end is a 416, and another unit is ignored."""
    (url,) = await made(api, clock, "text_to_image", _IMAGE)
    whole = (await web.get(url)).content
    answer = await web.get(url, headers={"Range": wanted})
    assert (answer.status_code, answer.content) == (status, whole[part])
    if status == 206:
        first = len(whole) - len(answer.content) if part.start else 0
        assert answer.headers["content-range"] == f"bytes {first}-{first + len(answer.content) - 1}/{len(whole)}"


async def test_head_tells_type_and_length(api: httpx.AsyncClient, web: httpx.AsyncClient, clock: ManualClock) -> None:
    """HEAD answers the headers of the download alone."""
    (url,) = await made(api, clock, "text_to_image", _IMAGE)
    head, whole = await web.head(url), await web.get(url)
    assert (head.content, head.headers["content-length"]) == (b"", str(len(whole.content)))
