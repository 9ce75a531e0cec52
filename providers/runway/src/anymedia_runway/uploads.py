"""Brings local inputs to Runway: small ones inside the request, large ones through its storage."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Final

from anymedia.config import is_loopback
from anymedia.errors import ProtocolError, ProviderUnavailableError
from anymedia.json import JSON
from anymedia.media import Media
from anymedia.provider import Context
from anymedia.retry import RetryPolicy, retrying
from anymedia_runway.errors import error_of
from anymedia_runway.inputs import needs_upload, upload_name, uri_of, with_media
from anymedia_runway.wire import Answer, UploadSlot, parse

if TYPE_CHECKING:
    from anymedia.transports.http import HttpTransport

__all__ = ["Uploader"]

_BINARY: Final = "application/octet-stream"
Call = Callable[[str, str, JSON], Awaitable[Answer]]


class Uploader:
    """Turns the inputs in a body into URIs.

    Args:
        call: Makes an authorised call of the API: method, path, JSON body.
        context: Transport, clock and chance.
        policy: How often an upload is tried again; each time with a new slot, as the vendor asks.
    """

    def __init__(self, call: Call, context: Context, policy: RetryPolicy) -> None:
        self._call = call
        self._context = context
        self._policy = policy

    async def resolve(self, body: Mapping[str, object]) -> Mapping[str, object]:
        """The body with a URI in place of each input; equal inputs are uploaded once.

        Raises:
            MediaError: An upload failed as often as it may.
        """
        found: dict[Media, None] = {}
        with_media(body, found.setdefault)
        uris = {media: await self._upload(media) if needs_upload(media) else uri_of(media) for media in found}
        return {name: with_media(value, uris.__getitem__) for name, value in body.items()}

    async def _upload(self, media: Media) -> str:
        return await retrying(
            lambda: self._upload_once(media), policy=self._policy, clock=self._context.clock, rng=self._context.rng
        )

    async def _upload_once(self, media: Media) -> str:
        name = upload_name(media)
        answer = await self._call("POST", "/v1/uploads", {"filename": name, "type": "ephemeral"})
        if answer.status >= 300:
            raise error_of(answer)
        slot, _ = parse(UploadSlot, answer)
        if not slot.upload_url.startswith("https://") and not is_loopback(slot.upload_url):
            raise ProtocolError("runway names a storage address that is not https", provider="runway")
        await _store(self._context.http, slot, (name, media.data or b"", media.media_type or _BINARY))
        return slot.runway_uri


async def _store(http: "HttpTransport", slot: UploadSlot, file: tuple[str, bytes, str]) -> None:
    """Put the file where the slot says. Storage is not the API: the key must not go there."""
    answer = await http.request("POST", slot.upload_url, form=slot.fields, file=file)
    if not 200 <= answer.status < 300:
        raise ProviderUnavailableError(f"runway's storage answered HTTP {answer.status}", provider="runway")
