"""The output formats the vendor names, and how a film is turned into the rarer ones."""

# pyright: reportUnknownMemberType=false
# PyAV leaves some of its parameters untyped.

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast

import av
from av import VideoStream

__all__ = ["FORMATS", "Format", "converted", "sound_track"]


@dataclass(frozen=True)
class Format:
    """What a format is called on disk and on the wire, and the codec it needs beyond plain H.264."""

    suffix: str
    media_type: str
    codec: str = ""
    pixels: str = ""
    sequence: bool = False


_MP4, _MOV, _ZIP = ("mp4", "video/mp4"), ("mov", "video/quicktime"), ("zip", "application/zip")

# Source: docs.dev.runwayml.com and runwayml 5.24.0, docstrings of `output_format`; 2026-11
FORMATS = {
    "png": Format("png", "image/png"),
    "jpeg": Format("jpg", "image/jpeg"),
    "webp": Format("webp", "image/webp"),
    "svg": Format("svg", "image/svg+xml"),
    "mp4": Format(*_MP4),
    "mov": Format(*_MOV),
    "prores": Format(*_MOV, "prores_ks", "yuv422p10le"),
    "hdr10": Format(*_MP4, "libx265", "yuv420p10le"),
    "hlg": Format(*_MP4, "libx265", "yuv420p10le"),
    "sdr_rec709_10bit": Format(*_MP4, "libx265", "yuv420p10le"),
    "hdr_pq_12bit_master": Format(*_MOV, "libx265", "yuv444p12le"),
    "hdr_prores": Format(*_MOV, "prores_ks", "yuv422p10le"),
    "png_sequence": Format(*_ZIP, "png", "rgb24", sequence=True),
    "hdr_png_sequence": Format(*_ZIP, "png", "rgb48be", sequence=True),
    "hdr_exr_sequence": Format(*_ZIP, "exr", "gbrpf32le", sequence=True),
    "hdr_exr_acescg_sequence_1_3": Format(*_ZIP, "exr", "gbrpf32le", sequence=True),
    "hdr_exr_acescg_sequence_2_0": Format(*_ZIP, "exr", "gbrpf32le", sequence=True),
    "wav": Format("wav", "audio/wav"),
    "mp3": Format("mp3", "audio/mpeg"),
    "flac": Format("flac", "audio/flac"),
    "ogg": Format("ogg", "audio/ogg"),
}

_OPTIONS = {
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=none"},
    "exr": {"compression": "zip16", "format": "half"},
}


def converted(film: bytes, name: str) -> bytes:
    """An H.264 film as one of the formats that need another codec."""
    made = FORMATS[name]
    return _sequence(film, name) if made.sequence else _film(film, made)


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


def _film(film: bytes, made: Format) -> bytes:
    file = io.BytesIO()
    with av.open(io.BytesIO(film), "r") as source, av.open(file, "w", format=made.suffix) as target:
        seen = source.streams.video[0]
        stream = target.add_stream(made.codec, rate=_rate(seen), options=_OPTIONS.get(made.codec, {}))
        picture = cast("VideoStream", stream)
        picture.width, picture.height, picture.pix_fmt = seen.width, seen.height, made.pixels
        copies = {heard.index: target.add_stream_from_template(heard) for heard in source.streams.audio}
        for packet in source.demux():
            if packet.stream.index in copies and packet.dts is not None:
                packet.stream = copies[packet.stream.index]
                target.mux(packet)
            elif packet.stream.index == seen.index:
                for frame in packet.decode():
                    target.mux(picture.encode(cast("av.VideoFrame", frame).reformat(format=made.pixels)))
        target.mux(picture.encode(None))
    return file.getvalue()


def _sequence(film: bytes, name: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        count = 0
        for count, still in enumerate(_stills(film, FORMATS[name]), 1):
            archive.writestr(f"frame_{count:05}.{FORMATS[name].codec}", still)
        archive.writestr("sequence.json", json.dumps({"format": name, "frames": count}))
    return file.getvalue()


def _stills(film: bytes, made: Format) -> Iterator[bytes]:
    with av.open(io.BytesIO(film), "r") as source:
        seen = source.streams.video[0]
        for frame in source.decode(seen):
            # One encoder for each still, because each is a file of its own.
            encoder: Any = av.CodecContext.create(made.codec, "w")
            encoder.width, encoder.height, encoder.pix_fmt = seen.width, seen.height, made.pixels
            encoder.time_base, encoder.options = 1 / _rate(seen), _OPTIONS.get(made.codec, {})
            packets = [*encoder.encode(frame.reformat(format=made.pixels)), *encoder.encode(None)]
            yield b"".join(bytes(packet) for packet in packets)


def _rate(stream: Any) -> Fraction:
    return stream.average_rate or Fraction(24)
