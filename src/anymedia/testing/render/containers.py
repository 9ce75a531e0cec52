"""Reads and writes film and sound files through FFmpeg, as streams of frames."""

import io
import tempfile
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.video.frame import PictureType
from av.video.stream import VideoStream
from PIL import Image

__all__ = [
    "Pictures",
    "Sound",
    "as_frame",
    "as_picture",
    "film_frames",
    "film_rate",
    "opened",
    "sound_of",
    "steady",
    "write",
]

# Only these are media here: FFmpeg would also read subtitles and text files.
_READABLE = {"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi", "mpegts", "wav", "mp3", "flac", "ogg", "aac"}
# Exact bits: no random ids or dates, so the same frames make the same file.
_SAME_BYTES = {"fflags": "+bitexact"}
_INDEX_FIRST = _SAME_BYTES | {"movflags": "+faststart"}
_QUICK_H264 = {"preset": "ultrafast", "crf": "24", "g": "48"}
_QUICK_VP9 = {"deadline": "realtime", "cpu-used": "8", "row-mt": "1", "crf": "32", "b": "0"}


# Encoder, pixel format and options.
_Codec = tuple[str, str, dict[str, str]]


@dataclass(frozen=True)
class _Format:
    video: _Codec | None
    alpha: _Codec | None
    sound: str
    sound_rates: tuple[int, ...] = ()
    options: dict[str, str] = field(default_factory=_SAME_BYTES.copy)
    muxer: str = ""

    def codec(self, pictures: "Pictures") -> _Codec | None:
        return self.alpha if pictures.alpha else self.video

    def holds(self, pictures: "Pictures | None") -> bool:
        return self.video is None if pictures is None else self.codec(pictures) is not None


_H264 = ("libx264", "yuv420p", _QUICK_H264)
_VP9 = ("libvpx-vp9", "yuv420p", _QUICK_VP9)
# Hidden reference frames cannot carry alpha.
_VP9_ALPHA = ("libvpx-vp9", "yuva420p", _QUICK_VP9 | {"auto-alt-ref": "0"})
_PRORES_ALPHA: _Codec = ("prores", "yuva444p10le", {})
_OPUS_RATES = (48000, 24000, 16000, 12000, 8000)

_FORMATS = {
    "mp4": _Format(_H264, None, "aac", options=_INDEX_FIRST),
    "mov": _Format(_H264, _PRORES_ALPHA, "aac", options=_INDEX_FIRST),
    "webm": _Format(_VP9, _VP9_ALPHA, "libopus", _OPUS_RATES),
    "wav": _Format(None, None, "pcm_s16le"),
    "mp3": _Format(None, None, "libmp3lame"),
    "flac": _Format(None, None, "flac"),
    "ogg": _Format(None, None, "libopus", _OPUS_RATES),
    "mkv": _Format(_H264, None, "aac", muxer="matroska"),
    "aac": _Format(None, None, "aac", muxer="adts"),
}


@dataclass(frozen=True)
class Pictures:
    """The frames of a film, at a steady rate per second."""

    frames: Iterable[av.VideoFrame]
    size: tuple[int, int]
    rate: Fraction
    alpha: bool = False


@dataclass(frozen=True)
class Sound:
    """The sound of a film, or sound alone."""

    frames: Iterable[av.AudioFrame]
    rate: int
    layout: str = "mono"


def write(format: str, *, pictures: Pictures | None = None, sound: Sound | None = None) -> bytes:
    """The bytes of a media file.

    Args:
        format: `mp4`, `mov`, `webm` and `mkv` for films; `wav`, `mp3`, `flac`, `ogg` and `aac` for sound.
        pictures: The film's frames.
        sound: Its sound.

    Raises:
        ValueError: The format is unknown, or cannot hold this.
    """
    kind = format.lower()
    chosen = _chosen(kind, pictures)
    # A file and not memory, because the index can only be moved to the front of a file.
    with tempfile.TemporaryDirectory(prefix="anymedia-") as folder:
        path = Path(folder, f"media.{kind}")
        try:
            with av.open(str(path), "w", format=chosen.muxer or kind, options=chosen.options) as container:
                _fill(container, chosen, pictures, sound)
        except FFmpegError as error:
            raise ValueError(f"cannot write this as {kind}: {error}") from error
        return path.read_bytes()


def _chosen(kind: str, pictures: Pictures | None) -> _Format:
    fitting = [name for name, each in _FORMATS.items() if each.holds(pictures)]
    if kind not in fitting:
        what = "sound" if pictures is None else "a film with transparency" if pictures.alpha else "a film"
        raise ValueError(f"{kind!r} is no format for {what}; use one of {', '.join(fitting)}")
    return _FORMATS[kind]


def _fill(container: OutputContainer, chosen: _Format, pictures: Pictures | None, sound: Sound | None) -> None:
    film = None if pictures is None else _film_stream(container, chosen, pictures)
    if sound is not None:
        # First, because the muxer waits for pictures to put sound beside, and sound is the smaller to keep waiting.
        _encode_sound(container, chosen, sound)
    if pictures is not None and film is not None:
        _encode_pictures(container, film, pictures)


def _film_stream(container: OutputContainer, chosen: _Format, pictures: Pictures) -> VideoStream:
    codec = chosen.codec(pictures)
    assert codec is not None
    name, pixels, options = codec
    stream = container.add_stream(name, rate=pictures.rate, options=options)
    assert isinstance(stream, VideoStream)
    stream.width, stream.height = pictures.size
    stream.pix_fmt = pixels
    return stream


def _encode_sound(container: OutputContainer, chosen: _Format, sound: Sound) -> None:
    rate = sound.rate if not chosen.sound_rates or sound.rate in chosen.sound_rates else chosen.sound_rates[0]
    stream = container.add_stream(chosen.sound, rate=rate)
    assert isinstance(stream, AudioStream)
    stream.codec_context.layout = sound.layout
    for block in chain(sound.frames, [None]):
        container.mux(stream.encode(block))


def _encode_pictures(container: OutputContainer, stream: VideoStream, pictures: Pictures) -> None:
    for index, frame in enumerate(pictures.frames):
        frame.pts = index
        frame.time_base = 1 / pictures.rate
        frame.pict_type = PictureType.NONE
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def as_frame(picture: Image.Image) -> av.VideoFrame:
    """A film frame of an RGB or RGBA picture."""
    frame = av.VideoFrame(picture.width, picture.height, {"RGB": "rgb24", "RGBA": "rgba"}[picture.mode])
    plane = frame.planes[0]
    plane.update(picture.tobytes("raw", picture.mode, plane.line_size, 1))
    return frame


def as_picture(frame: av.VideoFrame, size: tuple[int, int] | None = None) -> Image.Image:
    """The RGB picture of a film frame, scaled to `size` if given."""
    width, height = size or (frame.width, frame.height)
    plane = frame.reformat(width, height, "rgb24").planes[0]
    return Image.frombytes("RGB", (width, height), bytes(plane), "raw", "RGB", plane.line_size, 1)


@contextmanager
def opened(data: bytes) -> Generator[InputContainer, None, None]:
    """Opens a film or sound file held in memory.

    Raises:
        ValueError: The bytes are neither.
    """
    try:
        with av.open(io.BytesIO(data), "r") as container:
            if container.format.name not in _READABLE:
                raise ValueError(f"these {len(data)} bytes are no film or sound, but {container.format.long_name}")
            yield container
    except (FFmpegError, EOFError, OSError) as error:
        raise ValueError(f"these {len(data)} bytes are no film or sound that can be decoded") from error


def film_frames(data: bytes) -> Iterator[av.VideoFrame]:
    """The frames of a film, one by one.

    Raises:
        ValueError: There are none.
    """
    with opened(data) as container:
        if not container.streams.video:
            raise ValueError("this file has no pictures")
        empty = True
        for frame in container.decode(video=0):
            empty = False
            yield frame
        if empty:
            raise ValueError("this film has no frame that can be decoded")


def film_rate(data: bytes) -> tuple[Fraction, float]:
    """Frames per second, and the seconds a film lasts."""
    with opened(data) as container:
        if not container.streams.video:
            raise ValueError("this file has no pictures")
        rate = container.streams.video[0].average_rate or Fraction(24)
        return rate, (container.duration or 0) / av.time_base


def steady(frames: Iterable[av.VideoFrame], source_rate: Fraction, rate: Fraction) -> Iterator[av.VideoFrame]:
    """The same film at `rate` frames per second, by repeating and dropping frames."""
    count, start = 0, 0.0
    shown: av.VideoFrame | None = None
    end = 0.0
    for frame in frames:
        if shown is None:
            start = frame.time or 0.0
        moment = (frame.time or 0.0) - start
        while shown is not None and count / rate < moment - 1e-6:
            yield shown
            count += 1
        shown, end = frame, moment + float(1 / source_rate)
    while shown is not None and (count == 0 or count / rate < end - 1e-6):
        yield shown
        count += 1


def sound_of(data: bytes) -> Sound | None:
    """The sound of a film, decoded, or None when it is silent."""
    with opened(data) as container:
        if not container.streams.audio:
            return None
        track = container.streams.audio[0]
        # A rate and layout that every encoder takes; what a WAV says of its layout may be nothing.
        return Sound(list(container.decode(track)), 48000, "mono" if track.channels == 1 else "stereo")
