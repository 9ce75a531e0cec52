"""What a name tells: a model's form, a task type's delivery, and the medium behind a URL's suffix."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from anymedia.media import SUFFIXES, Media, kind_of

__all__ = ["AIR", "IMMEDIATE", "NO_TASKS", "UNPAID", "kind_of_media", "media_type_of"]

AIR: Final = re.compile(r"[a-z0-9][a-z0-9._-]*:[A-Za-z0-9][A-Za-z0-9._-]*@[A-Za-z0-9][A-Za-z0-9._-]*")
"""The form of a model id, `source:model@version`. Source: runware.ai/docs, AIR; 2026-10."""

IMMEDIATE: Final = frozenset({"imageUpload", "mediaStorage"})
"""Task types answered at once; they take no `deliveryMethod` and cost nothing.
Source: request types of runware-sdk 1.8.0; 2026-10."""

UNPAID: Final = IMMEDIATE | {"modelUpload"}
"""Task types that are followed like paid ones but cost nothing, and take no wish for the cost. Source: as above."""

NO_TASKS: Final = frozenset("authentication ping getResponse getTaskDetails modelSearch accountManagement".split())
"""What is answered and starts nothing. Source: as above."""

_TYPES: Final[Mapping[str, str]] = {
    **{suffix: media_type for media_type, suffix in SUFFIXES.items()},
    ".jpeg": "image/jpeg",
    ".tiff": "image/tiff",
    ".m4v": "video/mp4",
    ".mkv": "video/x-matroska",
    ".aac": "audio/aac",
    ".opus": "audio/ogg",
    ".pcm": "audio/pcm",
    ".fbx": "model/fbx",
    ".obj": "model/obj",
    ".ply": "model/ply",
    ".stl": "model/stl",
    ".3mf": "model/3mf",
    ".usdz": "model/vnd.usdz+zip",
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
