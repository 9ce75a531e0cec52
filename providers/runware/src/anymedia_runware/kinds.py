"""What a URL's suffix tells about the medium behind it."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from anymedia.media import SUFFIXES, Media, kind_of

__all__ = ["kind_of_media", "media_type_of"]

_TYPES: Final[Mapping[str, str]] = {
    **{suffix: media_type for media_type, suffix in SUFFIXES.items()},
    ".jpeg": "image/jpeg",
    ".tiff": "image/tiff",
    ".m4v": "video/mp4",
    ".fbx": "model/fbx",
}


def media_type_of(url: str) -> str | None:
    """The media type that the suffix of a URL's path stands for, or None."""
    try:
        path = urlsplit(url).path
    except ValueError:
        return None
    dot = path.rfind(".")
    return _TYPES.get(path[dot:].lower()) if dot >= 0 else None


def kind_of_media(media: Media) -> str | None:
    """`image`, `video` or `audio`, from the bytes or else from the URL; None when neither tells."""
    found = media.media_type or (media_type_of(media.url) if media.url else None)
    return kind_of(found) if found else None
