"""Brings local inputs to Runway: small ones inside the request, large ones through its storage."""

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from anymedia.config import is_loopback
from anymedia.errors import MediaInputError, ProtocolError, ProviderUnavailableError
from anymedia.media import Media, load, sniff
from anymedia_runway.caller import Caller
from anymedia_runway.errors import error_of
from anymedia_runway.inputs import check_file, check_input, needs_upload, upload_name, uri_of, with_media
from anymedia_runway.wire import UploadSlot, parse

__all__ = ["Uploader"]

_BINARY: Final = "application/octet-stream"
_HEAD: Final = 256
# Source: docs.dev.runwayml.com, page Inputs, "Uploads"; 2026-11
_MIN_UPLOAD: Final = 512


class _File(NamedTuple):
    """What is stored: opened anew for each try, and read piece by piece."""

    name: str
    media_type: str
    open: Callable[[], BinaryIO]


class Uploader:
    """Turns inputs into URIs.

    Args:
        caller: Makes the calls; its policy says how often an upload is tried again, each time with a new slot, as the
            vendor asks.
    """

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def resolve(self, body: Mapping[str, object]) -> Mapping[str, object]:
        """The body with a URI in place of each input; equal inputs are uploaded once.

        Raises:
            MediaError: An upload failed as often as it may.
        """
        found: dict[Media, None] = {}
        with_media(body, found.setdefault)
        uris = {media: await self._uri(media) for media in found}
        return {name: with_media(value, uris.__getitem__) for name, value in body.items()}

    async def uri_of(self, field: str, source: object, *, kinds: tuple[str, ...]) -> str:
        """The URI of an input as a caller hands it in, for the field of a resource.

        Raises:
            MediaInputError: It is none, or not one that Runway takes there.
            MediaError: It could not be uploaded.
        """
        media = await load(Media.of(source), field=field, kinds=kinds)
        check_input(field, media)
        return await self._uri(media)

    async def upload(self, source: object, *, name: str | None = None) -> Media:
        """Store a file for a day, whatever its size; one named by its path is never read into memory as a whole.

        Args:
            source: A path, bytes, an open file or a data URI.
            name: What to call it; left out, its own name.

        Raises:
            MediaInputError: It is no local file, or not one that Runway takes.
            MediaError: It could not be stored.
        """
        media = Media.of(source)
        if media.url is not None or media.ref is not None:
            raise MediaInputError(f"{media} needs no upload: use it as it is", provider="runway")
        media = _seen(media) if media.path is not None else await load(media)
        file = _file_of(media, name)
        return Media(ref=await self._stored(file), media_type=media.media_type, name=file.name)

    async def _uri(self, media: Media) -> str:
        return await self._stored(_file_of(media)) if needs_upload(media) else uri_of(media)

    async def _stored(self, file: _File) -> str:
        return await self._caller.repeated(lambda: self._store_once(file))

    async def _store_once(self, file: _File) -> str:
        answer = await self._caller.once("POST", "/v1/uploads", {"filename": file.name, "type": "ephemeral"})
        if not 200 <= answer.status < 300:
            raise error_of(answer)
        slot, _ = parse(UploadSlot, answer)
        if not slot.upload_url.startswith("https://") and not is_loopback(slot.upload_url):
            raise ProtocolError("runway names a storage address that is not https", provider="runway")
        await self._post(slot, file)
        return slot.runway_uri

    async def _post(self, slot: UploadSlot, file: _File) -> None:
        """Put the file where the slot says. Storage is not the API: the key must not go there."""
        with file.open() as content:
            parts = (file.name, content, file.media_type)
            answer = await self._caller.context.http.request("POST", slot.upload_url, form=slot.fields, file=parts)
        if not 200 <= answer.status < 300:
            raise ProviderUnavailableError(f"runway's storage answered HTTP {answer.status}", provider="runway")


def _file_of(media: Media, name: str | None = None) -> _File:
    path, data = media.path, media.data or b""
    size = path.stat().st_size if path is not None else len(data)
    where = str(media)
    check_file(where, media.media_type, size)
    if size < _MIN_UPLOAD:
        raise MediaInputError(f"{where}: {size} bytes are too few to upload; Runway takes {_MIN_UPLOAD} and more")
    called = upload_name(Media(name=name or media.name, media_type=media.media_type))
    opened = (lambda: path.open("rb")) if path is not None else (lambda: io.BytesIO(data))
    return _File(called, media.media_type or _BINARY, opened)


def _seen(media: Media) -> Media:
    """A local file with its type, told by its first bytes."""
    path = media.path or Path()
    try:
        with path.open("rb") as file:
            media_type = sniff(file.read(_HEAD))
    except OSError as error:
        raise MediaInputError(f"{path} cannot be read: {error.strerror or error}", provider="runway") from error
    if media_type is None:
        raise MediaInputError(f"{path} is of no known media type; give a picture, a film or a sound", provider="runway")
    return Media(path=path, media_type=media_type, name=media.name or path.name)
