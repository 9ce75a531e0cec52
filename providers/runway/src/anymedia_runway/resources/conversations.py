"""Conversations: what was said in a realtime session."""

from collections.abc import AsyncGenerator, Mapping
from datetime import datetime
from typing import Final

from anymedia.json import JSON
from anymedia.resources import Resource, iterating, waiting
from anymedia_runway.resources.api import AsyncResource
from anymedia_runway.resources.records import Page, Record, path_to
from anymedia_runway.wire import Lenient

__all__ = [
    "AsyncConversations",
    "Conversation",
    "ConversationAvatar",
    "ConversationTool",
    "Conversations",
    "ToolCall",
    "ToolResult",
    "Utterance",
]

# Source: Runway API reference 2024-11-06, GET /v1/avatar_conversations; 2026-11
_LIMIT: Final = 20


class ConversationAvatar(Record):
    """Who spoke: `runway-preset` with a `preset_id`, or `custom` with an `id`."""

    type: Lenient[str] = None
    preset_id: Lenient[str] = None
    id: Lenient[str] = None
    name: Lenient[str] = None
    image_url: Lenient[str] = None


class ConversationTool(Record):
    """A tool that the avatar could use."""

    name: Lenient[str] = None
    type: Lenient[str] = None
    description: Lenient[str] = None


class ToolCall(Record):
    """A use of a tool."""

    id: Lenient[str] = None
    name: Lenient[str] = None
    arguments: Lenient[Mapping[str, JSON]] = None


class ToolResult(Record):
    """What a tool answered; `duration_ms` is in milliseconds."""

    id: Lenient[str] = None
    name: Lenient[str] = None
    duration_ms: Lenient[float] = None
    error: Lenient[str] = None
    result: JSON = None


class Utterance(Record):
    """One turn: `role` is `user` or `assistant`."""

    role: Lenient[str] = None
    content: Lenient[str] = None
    timestamp: Lenient[datetime] = None
    tool_calls: Lenient[tuple[ToolCall, ...]] = None
    tool_results: Lenient[tuple[ToolResult, ...]] = None


class Conversation(Record):
    """A conversation.

    Attributes:
        id: The id of its session.
        name: What it is called.
        status: `in_progress`, `ended` or `failed`.
        avatar: Who spoke.
        created_at: When the session was made.
        started_at: When it began.
        ended_at: When it ended.
        duration: Its length in seconds.
        max_duration: How long it might have been, in seconds.
        has_tools: Whether there were tools; in lists.
        recording_url: A recording, for a day; a fresh link comes with each look.
        tools: What the avatar could use; not in lists.
        transcript: What was said; not in lists.
        failure: Why it failed; for people, not for programs.
        failure_code: Why it failed.
    """

    id: str
    name: Lenient[str] = None
    status: Lenient[str] = None
    avatar: Lenient[ConversationAvatar] = None
    created_at: Lenient[datetime] = None
    started_at: Lenient[datetime] = None
    ended_at: Lenient[datetime] = None
    duration: Lenient[float] = None
    max_duration: Lenient[float] = None
    has_tools: Lenient[bool] = None
    recording_url: Lenient[str] = None
    tools: Lenient[tuple[ConversationTool, ...]] = None
    transcript: Lenient[tuple[Utterance, ...]] = None
    failure: Lenient[str] = None
    failure_code: Lenient[str] = None


class AsyncConversations(AsyncResource):
    """The conversations of the account's avatars."""

    def list(
        self,
        *,
        avatar: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int = _LIMIT,
    ) -> AsyncGenerator[Conversation, None]:
        """Every conversation without what was said, the pages fetched as they are needed.

        Args:
            avatar: Of this avatar only: its id or the vendor's name for it.
            start: From then on.
            end: Up to then.
            limit: How many on each page.
        """
        query = {"avatar": avatar, "start_date": start, "end_date": end}
        return self._api.items(Conversation, "/v1/avatar_conversations", limit=limit, **query)

    async def page(
        self,
        *,
        cursor: str | None = None,
        avatar: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int = _LIMIT,
    ) -> Page[Conversation]:
        """One page of the list."""
        query = {"avatar": avatar, "start_date": start, "end_date": end}
        return await self._api.page(Conversation, "/v1/avatar_conversations", cursor=cursor, limit=limit, **query)

    async def retrieve(self, conversation_id: str) -> Conversation:
        """One conversation with what was said."""
        return await self._api.get(Conversation, path_to("avatar_conversations", conversation_id))

    async def delete(self, conversation_id: str) -> None:
        """Delete a conversation; one that is gone already is as good."""
        await self._api.delete(path_to("avatar_conversations", conversation_id))


class Conversations(Resource[AsyncConversations]):
    """The conversations of the account's avatars, for synchronous code. See `AsyncConversations`."""

    list: Final = iterating(AsyncConversations.list)
    page: Final = waiting(AsyncConversations.page)
    retrieve: Final = waiting(AsyncConversations.retrieve)
    delete: Final = waiting(AsyncConversations.delete)
