"""Uploads: files that the vendor keeps for a day, to be used in many requests."""

from typing import Final

from anymedia.media import Media, MediaInput
from anymedia.resources import Resource, waiting
from anymedia_runway.resources.api import AsyncResource

__all__ = ["AsyncUploads", "Uploads"]


class AsyncUploads(AsyncResource):
    """Runway's storage."""

    async def create(self, file: MediaInput, *, name: str | None = None) -> Media:
        """Store a file for 24 hours. Requests upload what they need by themselves; this is for what many will use.

        Args:
            file: A path, bytes or an open file, 512 bytes to 200 MB. A path is read piece by piece.
            name: What to call it; left out, its own name.

        Returns:
            An input for any request; its `ref` is the `runway://` address.

        Raises:
            MediaInputError: It is not a file that Runway takes.
            MediaError: It could not be stored, though it was tried again with new places.
        """
        return await (await self._api.provider()).uploader.upload(file, name=name)


class Uploads(Resource[AsyncUploads]):
    """Runway's storage, for synchronous code. See `AsyncUploads`."""

    create: Final = waiting(AsyncUploads.create)
