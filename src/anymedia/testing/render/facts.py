"""Says what a media file is, by decoding it."""

import io
from dataclasses import dataclass

import av
from av.container import InputContainer
from PIL import Image, UnidentifiedImageError

from anymedia.testing.render.containers import opened

__all__ = ["Facts", "probe"]


@dataclass(frozen=True)
class Facts:
    """What a media file holds: sizes in pixels, `duration` in seconds, None where there is no such thing."""

    media_type: str
    width: int | None
    height: int | None
    duration: float | None
    frames: int | None
    alpha: bool
    audio: bool


def probe(data: bytes) -> Facts:
    """What the bytes of a picture, film or sound hold.

    Raises:
        ValueError: They are no medium, or broken.
    """
    try:
        with Image.open(io.BytesIO(data)) as picture:
            picture.load()
            return _picture_facts(picture)
    except UnidentifiedImageError:
        return _stream_facts(data)
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"this picture is broken: {error}") from error


def _picture_facts(picture: Image.Image) -> Facts:
    media_type = Image.MIME[picture.format or ""]
    frames: int = getattr(picture, "n_frames", 1)
    return Facts(
        media_type, picture.width, picture.height, None, frames, alpha=picture.has_transparency_data, audio=False
    )


def _stream_facts(data: bytes) -> Facts:
    with opened(data) as container:
        seconds = None if container.duration is None else container.duration / av.time_base
        audio = bool(container.streams.audio)
        if not container.streams.video:
            next(container.decode(audio=0))
            return Facts(_media_type(container, data), None, None, seconds, None, alpha=False, audio=audio)
        video = container.streams.video[0]
        # VP9 keeps its alpha beside the picture, out of the decoder's sight.
        alpha = video.metadata.get("alpha_mode") == "1" or any(part.is_alpha for part in video.format.components)
        frames = sum(1 for _ in container.decode(video))
        if not frames:
            raise ValueError("this film has no frame that can be decoded")
        return Facts(_media_type(container, data), video.width, video.height, seconds, frames, alpha=alpha, audio=audio)


def _media_type(container: InputContainer, data: bytes) -> str:
    family = "video" if container.streams.video else "audio"
    name = container.format.name
    if name.startswith("mov,"):
        quicktime = container.metadata.get("major_brand", "").strip() == "qt"
        return "video/quicktime" if quicktime else f"{family}/mp4"
    if name.startswith("matroska,"):
        return f"{family}/webm" if b"webm" in data[:64] else f"{family}/x-matroska"
    return {"mp3": "audio/mpeg", "avi": "video/x-msvideo", "mpegts": "video/mp2t"}.get(name, f"audio/{name}")
