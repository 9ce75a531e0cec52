"""Stored media: uploads whose id stands wherever a task takes a medium."""

from pydantic import Field

from anymedia.media import Media, MediaInput, load
from anymedia.resources import Resource, waiting
from anymedia_runware.resources.records import AsyncResource, Lenient, Record

__all__ = ["AsyncMediaStorage", "MediaStorage", "StoredMedia"]


class StoredMedia(Record):
    """A medium that Runware keeps. Source: runware.ai/docs, media storage; 2026-10.

    Attributes:
        media_uuid: Its id; give it as an input in place of the medium.
        media_url: Where it can be seen, where the vendor says so.
    """

    media_uuid: str = Field(alias="mediaUUID")
    media_url: Lenient[str] = Field(default=None, alias="mediaURL")


class AsyncMediaStorage(AsyncResource):
    """Media that are used again and again, sent once."""

    async def upload(self, media: MediaInput) -> StoredMedia:
        """Store an image, a film, a sound or a 3D model. It is deleted 30 days after its last use.

        Args:
            media: A `Path`, bytes, an open file, an output, or a URL that the vendor fetches itself.

        Raises:
            MediaInputError: It cannot be read.
        """
        loaded = await load(Media.of(media), field="media")
        stored = loaded.url or loaded.ref or loaded.data_uri
        return await self._record(StoredMedia, "mediaStorage", operation="upload", media=stored)

    async def delete(self, media_uuid: str) -> None:
        """Delete a stored medium.

        Raises:
            MediaInputError: There is none of that id.
        """
        await self._record(StoredMedia, "mediaStorage", operation="delete", media=media_uuid)


class MediaStorage(Resource[AsyncMediaStorage]):
    """Media that are used again and again, sent once."""

    upload = waiting(AsyncMediaStorage.upload)
    delete = waiting(AsyncMediaStorage.delete)
