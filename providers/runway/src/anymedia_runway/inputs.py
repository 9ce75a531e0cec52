"""Which inputs Runway takes, and in what form one travels: as its own URI, inline, or by upload."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final, cast
from urllib.parse import urlsplit

from anymedia.config import is_loopback
from anymedia.errors import MediaInputError
from anymedia.media import SUFFIXES, Media, kind_of, sniff

__all__ = [
    "as_uri",
    "check_file",
    "check_input",
    "kind_of_input",
    "needs_upload",
    "upload_name",
    "uri_of",
    "with_media",
    "with_uploads",
]

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
_PICTURE_SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".webp")


def check_input(field: str, media: Media) -> None:
    """Refuse before anything is sent what Runway would refuse.

    Raises:
        MediaInputError: The format, the size or the address of an input will not do.
    """
    if media.url is not None:
        _check_url(field, media.url)
    elif media.ref is not None:
        _check_ref(field, media.ref)
    else:
        check_file(field, media.media_type, media.size or 0)


def check_file(field: str, media_type: str | None, size: int) -> None:
    """Refuse a local file that Runway would refuse.

    Args:
        field: Where it is given, for the error.
        media_type: What it is, where that is known.
        size: Its bytes.

    Raises:
        MediaInputError: The format or the size will not do.
    """
    if media_type in _REFUSED:
        kinds = _TAKEN[kind_of(media_type)]
        raise _refused(field, f"Runway takes {kinds}, not {media_type}; convert it")
    if size > _MAX_UPLOAD:
        raise _refused(field, f"{size:,} bytes are too many; Runway takes {_MAX_UPLOAD:,}")


def as_uri(value: object) -> str:
    """An input as text, for a call of Runway's own: a local file is read at once and becomes a data URI.

    Raises:
        MediaInputError: `value` is no input, or cannot be read.
    """
    media = Media.of(value)
    if media.url is not None or media.ref is not None:
        return uri_of(media)
    data = media.data if media.data is not None else _read(media)
    media_type = sniff(data[:256]) or media.media_type
    if media_type is None:
        raise MediaInputError(f"{media} is of no known media type", provider="runway")
    return Media(data=data, media_type=media_type).data_uri


def kind_of_input(media: Media, otherwise: str = "image") -> str:
    """`image`, `video` or `audio`: by its type, else by the name in its address, else the one that is likely."""
    if media.kind is not None:
        return media.kind
    suffix = PurePosixPath(urlsplit(media.url or media.ref or "").path).suffix.lower()
    if suffix in _FILM_SUFFIXES:
        return "video"
    return "audio" if suffix in _SOUND_SUFFIXES else "image" if suffix in _PICTURE_SUFFIXES else otherwise


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
    return _with_leaves(value, lambda leaf: change(leaf) if isinstance(leaf, Media) else leaf)


def with_uploads(value: object) -> object:
    """A body, or a part of one, with each data URI that is too long for Runway turned into an input to be uploaded."""
    return _with_leaves(value, lambda leaf: Media.of(leaf) if _is_long(leaf) else leaf)


def _with_leaves(value: object, change: Callable[[object], object]) -> object:
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, object]", value)
        return {name: _with_leaves(item, change) for name, item in fields.items()}
    if isinstance(value, list | tuple):
        items = cast("Sequence[object]", value)
        return [_with_leaves(item, change) for item in items]
    return change(value)


def _is_long(leaf: object) -> bool:
    return isinstance(leaf, str) and len(leaf) > _MAX_DATA_URI and leaf[:5].lower() == "data:"


def _read(media: Media) -> bytes:
    try:
        data = media.file.read() if media.file is not None else (media.path or Path()).read_bytes()
    except OSError as error:
        raise MediaInputError(f"{media} cannot be read: {error.strerror or error}", provider="runway") from error
    if not data:
        raise MediaInputError(f"{media} is empty", provider="runway")
    return data


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
