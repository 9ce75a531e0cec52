"""Which inputs Runway takes, and in what form one travels: as its own URI, inline, or by upload."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Final, cast
from urllib.parse import urlsplit

from anymedia.config import is_loopback
from anymedia.errors import MediaInputError
from anymedia.media import SUFFIXES, Media

__all__ = ["check_input", "kind_of_input", "needs_upload", "upload_name", "uri_of", "with_media"]

# Source: runwayml 5.24.0, docstrings (5 MB for data URIs of all media); 2026-11
_MAX_DATA_URI: Final = 5_242_880
# Source: docs.dev.runwayml.com, page Inputs; 2026-11
_MAX_UPLOAD: Final = 200 * 10**6
_REFUSED: Final = ("image/gif", "image/bmp", "image/svg+xml", "audio/ogg")
_TAKEN: Final = {
    "image": "JPEG, PNG and WebP",
    "video": "MP4, MOV, MKV, WebM, 3GP and OGV",
    "audio": "MP3, WAV, FLAC, M4A and AAC",
}
# Source: Runway API reference 2024-11-06, media URIs; 2026-11
_MAX_URL: Final = 2048
_MAX_RUNWAY_URI: Final = 5000
_FILM_SUFFIXES: Final = (".mp4", ".mov", ".mkv", ".webm", ".3gp", ".ogv", ".avi")
_SOUND_SUFFIXES: Final = (".mp3", ".wav", ".flac", ".m4a", ".aac")


def check_input(field: str, media: Media) -> None:
    """Refuse before anything is sent what Runway would refuse.

    Raises:
        MediaInputError: The format, the size or the address of an input will not do.
    """
    if media.url is not None:
        _check_url(field, media.url)
    elif media.ref is not None:
        _check_ref(field, media.ref)
    elif media.media_type in _REFUSED:
        kinds = _TAKEN[media.kind or "image"]
        raise _refused(field, f"Runway takes {kinds}, not {media.media_type}; convert it")
    elif (media.size or 0) > _MAX_UPLOAD:
        raise _refused(field, f"{media.size:,} bytes are too many; Runway takes {_MAX_UPLOAD:,}")


def kind_of_input(media: Media) -> str:
    """`image`, `video` or `audio`: by its type, else by the name in its address; a picture when nothing tells."""
    if media.kind is not None:
        return media.kind
    suffix = PurePosixPath(urlsplit(media.url or media.ref or "").path).suffix.lower()
    if suffix in _FILM_SUFFIXES:
        return "video"
    return "audio" if suffix in _SOUND_SUFFIXES else "image"


def needs_upload(media: Media) -> bool:
    """Whether the bytes are too many to travel inside the request."""
    if media.size is None:
        return False
    head = len(f"data:{media.media_type};base64,")
    return head + 4 * ((media.size + 2) // 3) > _MAX_DATA_URI


def uri_of(media: Media) -> str:
    """The URI of an input that needs no upload."""
    return media.url or media.ref or media.data_uri


def upload_name(media: Media) -> str:
    """A file name that tells the media type and nothing a storage service could stumble over."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "_", PurePosixPath(media.name or "input").stem)[:100]
    return (stem or "input") + SUFFIXES.get(media.media_type or "", ".bin")


def with_media(value: object, change: Callable[[Media], object]) -> object:
    """A body, or a part of one, with each input that still stands in it as it was handed in changed."""
    if isinstance(value, Media):
        return change(value)
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, object]", value)
        return {name: with_media(item, change) for name, item in fields.items()}
    if isinstance(value, list | tuple):
        items = cast("Sequence[object]", value)
        return [with_media(item, change) for item in items]
    return value


def _check_url(field: str, url: str) -> None:
    if url[:6].lower() != "https:" and not is_loopback(url):
        raise _refused(field, f"Runway fetches https:// URLs only, not {urlsplit(url).scheme}://")
    if len(url) > _MAX_URL:
        raise _refused(field, f"the URL has {len(url)} characters; Runway takes {_MAX_URL}")


def _check_ref(field: str, ref: str) -> None:
    if not ref.startswith("runway://"):
        raise _refused(field, f"{ref[:60]!r} is no reference of Runway's; its own begin with runway://")
    if len(ref) > _MAX_RUNWAY_URI:
        raise _refused(field, f"the reference has {len(ref)} characters; Runway takes {_MAX_RUNWAY_URI}")


def _refused(field: str, message: str) -> MediaInputError:
    return MediaInputError(f"{field}: {message}", provider="runway")
