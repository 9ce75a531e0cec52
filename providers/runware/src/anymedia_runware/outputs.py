"""From one finished result to the artefacts in it: addresses, bytes, files, words and new models."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Final

from anymedia.json import JSON, dumps
from anymedia.media import sniff
from anymedia.results import Output, OutputKind
from anymedia_runware.kinds import media_type_of
from anymedia_runware.wire import Item

__all__ = ["outputs_of"]

_MEDIA: Final = ("URL", "Base64Data", "DataURI")
_BY_PREFIX: Final[Mapping[str, OutputKind]] = {
    "image": "image",
    "maskImage": "image",
    "guideImage": "image",
    "video": "video",
    "audio": "audio",
    "model": "model",
}
"""What comes out, by the prefix of the keys that hold it. Any other prefix is judged by the medium itself."""

_BY_MEDIA_TYPE: Final[Mapping[str, OutputKind]] = {
    "image": "image",
    "video": "video",
    "audio": "audio",
    "model": "model",
    "text": "text",
}
_BY_TASK: Final[Mapping[str, OutputKind]] = {"3dInference": "model"}
"""What comes out of a task whose files have no telling name."""

_ONLY_TYPE: Final[Mapping[str, str]] = {"vectorize": "image/svg+xml"}
"""The media type of a task that makes only one. Source: runware.ai/docs, vectorize; 2026-10."""


def outputs_of(item: Item) -> Iterator[Output]:
    """Every artefact in one finished result."""
    air = item.get("air")
    if isinstance(air, str) and air:
        yield Output(kind="weights", vendor_ref=air)
    found = [output for key, value in item.items() if (output := _medium(item, key, value)) is not None]
    found += _files(item.get("outputs"), str(item.get("taskType")))
    yield from found
    if not found and not air:
        yield from _words(item)


def _words(item: Item) -> Iterator[Output]:
    text, stored = item.get("text"), item.get("mediaUUID")
    if isinstance(text, str) or "finishReason" in item:
        yield _text(text if isinstance(text, str) else "", "text/plain")
        return
    words = next((item[name] for name in ("structuredData", "outputs", "result") if item.get(name)), None)
    if words is not None:
        yield _text(dumps(words), "application/json")
    elif isinstance(stored, str) and item.get("operation") != "delete":
        yield Output(kind="file", vendor_ref=stored)


def _medium(item: Item, key: str, value: JSON) -> Output | None:
    suffix = next((suffix for suffix in _MEDIA if key.endswith(suffix)), None)
    if suffix is None or not isinstance(value, str) or not value or key.startswith("input"):
        return None
    prefix = key.removesuffix(suffix)
    data = None if suffix == "URL" else _bytes(value)
    if suffix != "URL" and data is None:
        return None
    media_type = media_type_of(value) if data is None else _type_of_bytes(data, value)
    media_type = media_type or _ONLY_TYPE.get(str(item.get("taskType")))
    seed, nsfw, vendor_ref = item.get("seed"), item.get("NSFWContent"), item.get(f"{prefix}UUID")
    return Output(
        kind=_BY_PREFIX.get(prefix) or _kind_of(media_type, item.get("taskType")),
        url=value if data is None else None,
        data=data,
        media_type=media_type,
        seed=seed if isinstance(seed, int) and not isinstance(seed, bool) else None,
        vendor_ref=vendor_ref if isinstance(vendor_ref, str) else None,
        nsfw=nsfw if isinstance(nsfw, bool) else None,
    )


def _bytes(text: str) -> bytes | None:
    try:
        return base64.b64decode(text.partition(",")[2] if text.startswith("data:") else text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _type_of_bytes(data: bytes, text: str) -> str | None:
    named = text[5:].partition(",")[0].partition(";")[0] if text.startswith("data:") else ""
    return sniff(data[:256]) or named or None


def _kind_of(media_type: str | None, task: JSON) -> OutputKind:
    return _BY_MEDIA_TYPE.get((media_type or "").split("/")[0]) or _BY_TASK.get(str(task), "file")


def _files(value: JSON, task: str) -> list[Output]:
    """The artefacts under `outputs`, such as the `files` of a 3D model, wherever they are nested."""
    if isinstance(value, list):
        return [output for element in value for output in _files(element, task)]
    if not isinstance(value, Mapping):
        return []
    found = [output for inner in value.values() for output in _files(inner, task)]
    url, uuid = value.get("url"), value.get("uuid")
    if isinstance(url, str) and url:
        media_type = media_type_of(url)
        vendor_ref = uuid if isinstance(uuid, str) else None
        found.append(Output(kind=_kind_of(media_type, task), url=url, media_type=media_type, vendor_ref=vendor_ref))
    return found


def _text(text: str, media_type: str) -> Output:
    return Output(kind="text", data=text.encode(errors="replace"), media_type=media_type)
