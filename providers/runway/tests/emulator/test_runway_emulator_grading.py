"""Films in the vendor's finer formats: the codec, depth, colours and curve that their names promise."""

import base64
import io
import struct
import zipfile
from collections.abc import Mapping

import av
import httpx
import pytest
from av.video.frame import VideoFrame

from anymedia.testing import ManualClock
from anymedia_runway.emulator import RunwayEmulator
from anymedia_runway.emulator.formats import FORMATS, converted

_PQ, _HLG, _BT2020 = 16, 18, 9


def opened(data: bytes) -> tuple[str, VideoFrame, int]:
    """Codec, first frame and number of sound tracks."""
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.video[0]
        return stream.codec_context.name, next(container.decode(stream)), len(container.streams.audio)


def film(inline: Mapping[str, str]) -> bytes:
    """The film of three seconds, with sound."""
    return base64.b64decode(inline["video"].partition(",")[2])


@pytest.mark.parametrize(
    ("name", "codec", "pixels", "transfer"),
    [
        ("hdr10", "hevc", "yuv420p10le", _PQ),
        ("hlg", "hevc", "yuv420p10le", _HLG),
        ("hdr_pq_12bit_master", "hevc", "yuv444p12le", _PQ),
        ("hdr_prores", "prores", "yuv422p10le", _PQ),
    ],
)
def test_graded_films_carry_their_colours(
    inline: Mapping[str, str], name: str, codec: str, pixels: str, transfer: int
) -> None:
    """An HDR film has the bits, the wide colours and the curve of its format, and keeps its sound."""
    found, frame, tracks = opened(converted(film(inline), name))
    assert (found, frame.format.name, tracks) == (codec, pixels, 1)
    assert (frame.color_primaries, frame.color_trc, frame.colorspace) == (_BT2020, transfer, _BT2020)


def test_hdr10_announces_its_display(inline: Mapping[str, str]) -> None:
    """HDR10 says for which display it was mastered and how bright it becomes."""
    _, frame, _ = opened(converted(film(inline), "hdr10"))
    kinds = {str(data.type) for data in frame.side_data}
    assert any("MASTERING_DISPLAY" in kind for kind in kinds), kinds
    assert any("CONTENT_LIGHT" in kind for kind in kinds), kinds


def test_graded_light_is_brighter_than_standard_white(inline: Mapping[str, str]) -> None:
    """Linear EXR frames hold light above the white of a standard film, which no standard film can."""
    with zipfile.ZipFile(io.BytesIO(converted(film(inline), "hdr_exr_sequence"))) as archive:
        assert len(archive.namelist()) == 3 * 24 + 1
        codec, frame, _ = opened(archive.read("frame_00001.exr"))
    assert codec == "exr"
    assert frame.format.name == "gbrpf16le"
    assert max(light for plane in frame.planes for (light,) in struct.iter_unpack("<e", bytes(plane))) > 1.0


@pytest.mark.parametrize(
    ("profile", "named", "pixels"),
    [(None, "4444", "yuv444p"), ("422 Proxy", "Proxy", "yuv422p"), ("422 LT", "LT", "yuv422p"), ("4444 XQ", "XQ", "yuv444p")],
)  # fmt: skip
def test_prores_has_the_profile_asked_for(
    inline: Mapping[str, str], profile: str | None, named: str, pixels: str
) -> None:
    """ProRes comes in the profile of the request, and in the vendor's usual one without."""
    with av.open(io.BytesIO(converted(film(inline), "prores", profile))) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.profile == named
        assert stream.codec_context.pix_fmt is not None
        assert stream.codec_context.pix_fmt.startswith(pixels)


def test_every_format_can_be_made(inline: Mapping[str, str]) -> None:
    """Each format of films that the vendor names is a file of that kind."""
    signs = {"mp4": b"ftyp", "mov": b"ftyp", "zip": b"PK\x03\x04"}
    for name, made in FORMATS.items():
        if made.codec:
            assert signs[made.suffix] in converted(film(inline), name)[:12], name


async def test_profile_of_the_request_is_honoured(
    emulator: RunwayEmulator,
    api: httpx.AsyncClient,
    web: httpx.AsyncClient,
    clock: ManualClock,
    inline: Mapping[str, str],
) -> None:
    """`video_to_hdr` to ProRes 4444 is charged by the second and downloads as a QuickTime film of that profile."""
    body = {
        "model": "ruby",
        "videoUri": inline["video"],
        "outputFormat": "hdr_prores",
        "proresProfile": "4444",
    }
    created = (await api.post("/v1/video_to_hdr", json=body)).json()
    await clock.advance(60)
    task = (await api.get(f"/v1/tasks/{created['id']}")).json()
    assert task["cost"]["credits"] == pytest.approx(60, abs=2)
    answer = await web.get(task["output"][0])
    assert answer.headers["content-type"] == "video/quicktime"
    with av.open(io.BytesIO(answer.content)) as container:
        assert container.streams.video[0].codec_context.profile == "4444"
