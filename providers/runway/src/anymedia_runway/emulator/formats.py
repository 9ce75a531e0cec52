"""The output formats the vendor names, and how a film is turned into the rarer ones."""

# pyright: reportUnknownMemberType=false
# PyAV leaves some of its parameters untyped.

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
from av import VideoFrame, VideoStream

from anymedia.testing.render.containers import film_frames, film_rate
from anymedia.testing.render.hdr import GRADES, graded

__all__ = ["FORMATS", "Format", "converted", "sound_track"]


@dataclass(frozen=True)
class Format:
    """What a format is called on disk and on the wire, the codec it needs beyond plain H.264, and its grade."""

    suffix: str
    media_type: str
    codec: str = ""
    pixels: str = ""
    grade: str = ""
    sequence: bool = False
    profile: str = ""


_MP4, _MOV, _ZIP = ("mp4", "video/mp4"), ("mov", "video/quicktime"), ("zip", "application/zip")

# Source: docs.dev.runwayml.com and runwayml 5.24.0, docstrings of `output_format` and `prores_profile`; 2026-11
FORMATS = {
    "png": Format("png", "image/png"),
    "jpeg": Format("jpg", "image/jpeg"),
    "webp": Format("webp", "image/webp"),
    "svg": Format("svg", "image/svg+xml"),
    "mp4": Format(*_MP4),
    "mov": Format(*_MOV),
    "prores": Format(*_MOV, "prores_ks", "yuv422p10le", profile="4444"),
    "hdr10": Format(*_MP4, "libx265", "yuv420p10le", "pq"),
    "hlg": Format(*_MP4, "libx265", "yuv420p10le", "hlg"),
    "sdr_rec709_10bit": Format(*_MP4, "libx265", "yuv420p10le"),
    "hdr_pq_12bit_master": Format(*_MOV, "libx265", "yuv444p12le", "pq"),
    "hdr_prores": Format(*_MOV, "prores_ks", "yuv422p10le", "pq", profile="422 HQ"),
    "png_sequence": Format(*_ZIP, "png", "rgb24", sequence=True),
    "hdr_png_sequence": Format(*_ZIP, "png", "rgb48be", "pq", sequence=True),
    "hdr_exr_sequence": Format(*_ZIP, "exr", "gbrpf32le", "linear", sequence=True),
    "hdr_exr_acescg_sequence_1_3": Format(*_ZIP, "exr", "gbrpf32le", "acescg", sequence=True),
    "hdr_exr_acescg_sequence_2_0": Format(*_ZIP, "exr", "gbrpf32le", "acescg", sequence=True),
    "wav": Format("wav", "audio/wav"),
    "mp3": Format("mp3", "audio/mpeg"),
    "flac": Format("flac", "audio/flac"),
    "ogg": Format("ogg", "audio/ogg"),
}

# FFmpeg's names of the ProRes profiles; those with 4444 keep all colour samples.
_PROFILES = {
    "422 Proxy": "proxy", "422 LT": "lt", "422": "standard", "422 HQ": "hq", "4444": "4444", "4444 XQ": "4444xq"
}  # fmt: skip

# The light of the mastering display and of the brightest picture, as HDR10 announces them.
_HDR10 = (
    ":hdr10=1:master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50):max-cll=1000,203"
)
_OPTIONS = {"exr": {"compression": "zip16", "format": "half"}}


def converted(film: bytes, name: str, profile: str | None = None) -> bytes:
    """An H.264 film as one of the formats that need another codec; `profile` is one of ProRes's."""
    made = FORMATS[name]
    return _sequence(film, name) if made.sequence else _film(film, made, profile or made.profile)


def sound_track(film: bytes) -> bytes:
    """The sound of a film as WAV."""
    file = io.BytesIO()
    with av.open(io.BytesIO(film), "r") as source, av.open(file, "w", format="wav") as target:
        heard = source.streams.audio[0]
        track = target.add_stream("pcm_s16le", rate=heard.rate, layout=heard.layout.name)
        for frame in source.decode(heard):
            target.mux(track.encode(frame))
        target.mux(track.encode(None))
    return file.getvalue()


def _film(film: bytes, made: Format, profile: str) -> bytes:
    pixels = "yuv444p10le" if profile.startswith("4444") else made.pixels
    file = io.BytesIO()
    with av.open(io.BytesIO(film), "r") as source, av.open(file, "w", format=made.suffix) as target:
        seen = source.streams.video[0]
        rate, _ = film_rate(film)
        picture = target.add_stream(made.codec, rate=rate, options=_options(made, profile))
        assert isinstance(picture, VideoStream)
        _describe(picture, seen, pixels, made)
        for heard in source.streams.audio:
            copy = target.add_stream_from_template(heard)
            for packet in source.demux(heard):
                if packet.dts is not None:
                    packet.stream = copy
                    target.mux(packet)
        for index, frame in enumerate(_frames(film, made, pixels)):
            frame.pts, frame.time_base = index, 1 / rate
            target.mux(picture.encode(frame))
        target.mux(picture.encode(None))
    return file.getvalue()


def _describe(stream: VideoStream, seen: VideoStream, pixels: str, made: Format) -> None:
    stream.width, stream.height, stream.pix_fmt = seen.width, seen.height, pixels
    if made.grade:
        grade = GRADES[made.grade]
        context = stream.codec_context
        context.color_primaries, context.color_trc, context.colorspace = grade.primaries, grade.transfer, grade.space


def _options(made: Format, profile: str) -> dict[str, str]:
    if made.codec == "prores_ks":
        return {"profile": _PROFILES[profile]}
    extra = _HDR10 if made.grade == "pq" and made.suffix == "mp4" else ""
    return {"preset": "ultrafast", "x265-params": f"log-level=none:repeat-headers=1{extra}"}


def _frames(film: bytes, made: Format, pixels: str) -> Iterator[VideoFrame]:
    if made.grade:
        return graded(film, made.grade, pixels)
    return (frame.reformat(format=pixels) for frame in film_frames(film))


def _sequence(film: bytes, name: str) -> bytes:
    made, file = FORMATS[name], io.BytesIO()
    rate, _ = film_rate(film)
    with zipfile.ZipFile(file, "w") as archive:
        count = 0
        for count, frame in enumerate(_frames(film, made, made.pixels), 1):
            archive.writestr(f"frame_{count:05}.{made.codec}", _still(frame, made, rate))
        archive.writestr("sequence.json", json.dumps(_sidecar(name, made, count, rate)))
    return file.getvalue()


def _sidecar(name: str, made: Format, count: int, rate: Fraction) -> Mapping[str, Any]:
    return {"format": name, "frames": count, "frameRate": float(rate), "grade": made.grade or "rec709"}


def _still(frame: VideoFrame, made: Format, rate: Fraction) -> bytes:
    # One encoder for each still, because each is a file of its own.
    encoder: Any = av.CodecContext.create(made.codec, "w")
    encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, made.pixels
    encoder.time_base, encoder.options = 1 / rate, _OPTIONS.get(made.codec, {})
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])
