"""Avatars: characters that speak, made from a picture, a personality and a voice."""

from collections.abc import AsyncGenerator, Sequence
from datetime import date, datetime
from typing import Final, Literal, TypeAlias

from anymedia.errors import TaskFailedError
from anymedia.json import JSON
from anymedia.media import MediaInput
from anymedia.resources import Resource, iterating, waiting
from anymedia_runway.natives import LiveVoice
from anymedia_runway.places import is_task_id
from anymedia_runway.resources.api import LIMIT, PATIENCE, AsyncResource
from anymedia_runway.resources.records import Clear, Page, Record, body_of, path_to, with_query
from anymedia_runway.wire import Lenient, parse

__all__ = ["AsyncAvatars", "Avatar", "AvatarUsage", "AvatarUsageDay", "AvatarVoice", "Avatars"]

Day: TypeAlias = date  # under a name that no field has


class AvatarVoice(Record):
    """What an avatar speaks with.

    Attributes:
        type: `runway-live-preset` or `custom`.
        preset_id: One of the vendor's.
        id: One of your own.
        name: What it is called.
        description: What it sounds like.
        deleted: Whether it is gone.
    """

    type: str
    preset_id: Lenient[str] = None
    id: Lenient[str] = None
    name: Lenient[str] = None
    description: Lenient[str] = None
    deleted: Lenient[bool] = None


class Avatar(Record):
    """A character.

    Attributes:
        id: Its id.
        name: What it is called.
        personality: How it should behave.
        status: `PROCESSING`, `READY` or `FAILED`.
        voice: What it speaks with.
        document_ids: What it knows.
        start_script: What it says first.
        reference_image_uri: A small preview of its picture.
        processed_image_uri: A small preview of what was made of the picture.
        created_at: When it was made.
        updated_at: When it was changed.
        failure_reason: Why it failed; for people, not for programs.
    """

    id: str
    name: Lenient[str] = None
    personality: Lenient[str] = None
    status: Lenient[str] = None
    voice: Lenient[AvatarVoice] = None
    document_ids: Lenient[tuple[str, ...]] = None
    start_script: Lenient[str] = None
    reference_image_uri: Lenient[str] = None
    processed_image_uri: Lenient[str] = None
    created_at: Lenient[datetime] = None
    updated_at: Lenient[datetime] = None
    failure_reason: Lenient[str] = None


class AvatarUsageDay(Record):
    """The conversations of one day, in UTC."""

    date: Lenient[Day] = None
    seconds: Lenient[int] = None
    sessions: Lenient[int] = None


class AvatarUsage(Record):
    """How much avatars talked.

    Attributes:
        total_sessions: Conversations begun.
        total_seconds: Their length, in seconds.
        avg_duration_seconds: Of those that ended.
        by_day: Each day of the range.
    """

    total_sessions: Lenient[int] = None
    total_seconds: Lenient[int] = None
    avg_duration_seconds: Lenient[int] = None
    by_day: Lenient[tuple[AvatarUsageDay, ...]] = None


class AsyncAvatars(AsyncResource):
    """The account's avatars."""

    async def create(
        self,
        *,
        name: str,
        personality: str,
        reference_image: MediaInput,
        voice: LiveVoice | str,
        document_ids: Sequence[str] | None = None,
        image_processing: Literal["optimize", "none"] | None = None,
        start_script: str | None = None,
    ) -> Avatar:
        """Make an avatar. It is `PROCESSING` at first: `wait` for it.

        Args:
            name: 1 to 50 characters.
            personality: How it should behave, up to 10,000 characters.
            reference_image: Its picture.
            voice: A preset, or the id of a voice of your own.
            document_ids: What it knows; up to 50.
            image_processing: `optimize`, the vendor's default, or `none`.
            start_script: What it says first, up to 2,000 characters.

        Raises:
            SubmissionUnknownError: Nobody can say whether it was made; `list` tells.
        """
        body = body_of(
            name=name,
            personality=personality,
            reference_image=await self._image(reference_image),
            voice=_voice(voice),
            document_ids=document_ids,
            image_processing=image_processing,
            start_script=start_script,
        )
        return await self._api.create(Avatar, "/v1/avatars", body)

    def list(self, *, limit: int = LIMIT) -> AsyncGenerator[Avatar, None]:
        """Every avatar, the pages fetched as they are needed, `limit` on each."""
        return self._api.items(Avatar, "/v1/avatars", limit=limit)

    async def page(self, *, cursor: str | None = None, limit: int = LIMIT) -> Page[Avatar]:
        """One page of the list."""
        return await self._api.page(Avatar, "/v1/avatars", cursor=cursor, limit=limit)

    async def retrieve(self, avatar_id: str) -> Avatar:
        """One avatar as it is now."""
        return await self._api.get(Avatar, path_to("avatars", avatar_id))

    async def update(
        self,
        avatar_id: str,
        *,
        name: str | None = None,
        personality: str | None = None,
        reference_image: MediaInput | None = None,
        voice: LiveVoice | str | None = None,
        document_ids: Sequence[str] | None = None,
        image_processing: Literal["optimize", "none"] | None = None,
        start_script: str | Clear | None = None,
    ) -> Avatar:
        """Change what is given, and leave the rest; `document_ids` takes the place of all before.

        Args:
            avatar_id: Which.
            name: See `create`.
            personality: See `create`.
            reference_image: See `create`; refused while the last one is still processed.
            voice: See `create`.
            document_ids: See `create`.
            image_processing: See `create`.
            start_script: See `create`; `CLEAR` takes it away.
        """
        body = body_of(
            name=name,
            personality=personality,
            reference_image=await self._image(reference_image) if reference_image is not None else None,
            voice=_voice(voice),
            document_ids=document_ids,
            image_processing=image_processing,
            start_script=start_script,
        )
        return parse(Avatar, await self._api.change(path_to("avatars", avatar_id), body))[0]

    async def delete(self, avatar_id: str) -> None:
        """Delete an avatar; one that is gone already is as good."""
        await self._api.delete(path_to("avatars", avatar_id))

    async def usage(self, *, start: datetime, end: datetime) -> AvatarUsage:
        """How much avatars talked from `start` up to, and without, `end`."""
        return await self._api.get(AvatarUsage, with_query("/v1/avatar_usage", start_date=start, end_date=end))

    async def wait(self, avatar_id: str, *, timeout: float | None = PATIENCE) -> Avatar:
        """Wait until an avatar is `READY`.

        Args:
            avatar_id: Which.
            timeout: Seconds; None waits for ever.

        Raises:
            TaskFailedError: It is `FAILED`.
            TaskTimeoutError: It is not ready yet; the vendor goes on with it.
        """
        path, what = path_to("avatars", avatar_id), f"avatar {avatar_id}"
        return await self._api.wait(Avatar, path, _ready, timeout=timeout, what=what)

    async def _image(self, image: MediaInput) -> str:
        uploader = (await self._api.provider()).uploader
        return await uploader.uri_of("reference_image", image, kinds=("image",))


def _voice(voice: str | None) -> JSON:
    if voice is None:
        return None
    return {"type": "custom", "id": voice} if is_task_id(voice) else {"type": "runway-live-preset", "presetId": voice}


def _ready(avatar: Avatar) -> bool:
    if avatar.status == "FAILED":
        reason = avatar.failure_reason or "no reason given"
        raise TaskFailedError(f"avatar {avatar.id} failed: {reason}", provider="runway")
    return avatar.status == "READY"


class Avatars(Resource[AsyncAvatars]):
    """The account's avatars, for synchronous code. See `AsyncAvatars`."""

    create: Final = waiting(AsyncAvatars.create)
    list: Final = iterating(AsyncAvatars.list)
    page: Final = waiting(AsyncAvatars.page)
    retrieve: Final = waiting(AsyncAvatars.retrieve)
    update: Final = waiting(AsyncAvatars.update)
    delete: Final = waiting(AsyncAvatars.delete)
    usage: Final = waiting(AsyncAvatars.usage)
    wait: Final = waiting(AsyncAvatars.wait)
