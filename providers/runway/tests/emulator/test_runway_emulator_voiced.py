"""Sound made from sound: other voices, other languages, cleared voices, sound for films, and talking avatars."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import httpx
import pytest

from anymedia.testing import ManualClock
from anymedia.testing.render import probe
from anymedia_runway.emulator import RunwayEmulator

Make = Callable[[str, Mapping[str, Any]], Awaitable[dict[str, Any]]]

_VOICE = {"type": "runway-preset", "presetId": "Maya"}


@pytest.fixture
async def emulator(clock: ManualClock) -> AsyncIterator[RunwayEmulator]:
    """One with credits for anything."""
    async with RunwayEmulator(clock=clock, credits=100_000) as running:
        yield running


@pytest.mark.parametrize(
    ("endpoint", "body", "source", "seconds"),
    [
        ("speech_to_speech", {"model": "eleven_multilingual_sts_v2", "media": {"type": "audio", "uri": "@clip"}, "voice": _VOICE}, "clip", 3),
        ("speech_to_speech", {"model": "eleven_multilingual_sts_v2", "media": {"type": "video", "uri": "@video"}, "voice": _VOICE}, "video", 3),
        ("voice_dubbing", {"model": "eleven_voice_dubbing", "audioUri": "@clip", "targetLang": "es"}, "clip", 3),
        ("voice_isolation", {"model": "eleven_voice_isolation", "audioUri": "@speech"}, "speech", 6),
    ],
)  # fmt: skip
async def test_changed_speech_lasts_as_long(
    make: Make, web: httpx.AsyncClient, inline: Mapping[str, str],
    endpoint: str, body: dict[str, Any], source: str, seconds: float,
) -> None:  # fmt: skip
    """What is done to a voice keeps its length, and is not the recording as it came."""
    task = await make(endpoint, filled(body, inline))
    data = (await web.get(task["output"][0])).content
    facts = probe(data)
    assert facts.media_type == "audio/mpeg"
    assert facts.duration == pytest.approx(seconds, abs=0.3)
    assert data != base64.b64decode(inline[source].partition(",")[2])


async def test_voices_differ(make: Make, web: httpx.AsyncClient, inline: Mapping[str, str]) -> None:
    """Two preset voices make two recordings of the same words."""
    body = filled({"model": "eleven_multilingual_sts_v2", "media": {"type": "audio", "uri": "@clip"}}, inline)
    heard = []
    for name in ("Maya", "Noah"):
        task = await make("speech_to_speech", body | {"voice": {"type": "runway-preset", "presetId": name}})
        heard.append((await web.get(task["output"][0])).content)
    assert heard[0] != heard[1]


@pytest.mark.parametrize(
    ("bad", "path"),
    [({"audioUri": "@clip"}, ["audioUri"]), ({"audioUri": "@image"}, ["audioUri"]), ({}, ["audioUri"])],
)
async def test_recordings_are_checked(
    api: httpx.AsyncClient, inline: Mapping[str, str], bad: dict[str, Any], path: list[str]
) -> None:
    """A recording too short to be isolated, and a picture in its place, are issues at the field."""
    answer = await api.post("/v1/voice_isolation", json=filled({"model": "eleven_voice_isolation", **bad}, inline))
    assert answer.status_code == 400
    assert [issue["path"] for issue in answer.json()["issues"]] == [path]


async def test_film_gets_as_many_sound_tracks_as_asked(
    make: Make, web: httpx.AsyncClient, inline: Mapping[str, str]
) -> None:
    """`video_to_audio` makes each variant in the format and length of the request."""
    body = {"model": "mirelo_sfx_2_0", "videoUri": "@video", "duration": 1.5, "numVariants": 2, "format": "flac"}
    task = await make("video_to_audio", filled(body, inline))
    one, two = [(await web.get(url)).content for url in task["output"]]
    assert one != two
    assert probe(one).media_type == "audio/flac"
    assert probe(one).duration == pytest.approx(1.5, abs=0.05)


@pytest.mark.parametrize(
    ("speech", "seconds"),
    [({"type": "audio", "audio": "@clip"}, 3), ({"type": "text", "text": "a" * 30}, 2)],
)
async def test_avatar_speaks_as_long_as_its_lines(
    make: Make, web: httpx.AsyncClient, inline: Mapping[str, str], speech: dict[str, Any], seconds: float
) -> None:
    """A talking avatar is a film with sound, as long as the recording or the text it is given."""
    body = {"model": "gwm1_avatars", "avatar": {"type": "runway-preset", "presetId": "influencer"}, "speech": speech}
    task = await make("avatar_videos", filled(body, inline))
    facts = probe((await web.get(task["output"][0])).content)
    assert facts.audio
    assert facts.duration == pytest.approx(seconds, abs=0.2)
    assert task["cost"]["credits"] == 22


async def test_speech_may_be_one_of_two_forms(api: httpx.AsyncClient) -> None:
    """An avatar's speech that is neither text nor audio is refused at the key that tells them apart."""
    body = {"model": "gwm1_avatars", "avatar": {"type": "custom", "avatarId": "x"}, "speech": {"type": "song"}}
    issues = (await api.post("/v1/avatar_videos", json=body)).json()["issues"]
    assert [(issue["code"], issue["path"]) for issue in issues] == [
        ("invalid_format", ["avatar", "avatarId"]),
        ("invalid_union", ["speech", "type"]),
    ]


def filled(body: Any, inline: Mapping[str, str]) -> Any:
    """The body with `@name` replaced by that medium."""
    if isinstance(body, dict):
        return {key: filled(value, inline) for key, value in body.items()}
    return inline.get(body[1:], body) if isinstance(body, str) else body
