"""Realtime sessions: an avatar to talk to. Making one costs money, so that is a request; all else is here."""

from datetime import datetime
from typing import Final

from pydantic import SecretStr

from anymedia.errors import InvalidRequestError, TaskCanceledError, TaskFailedError
from anymedia.resources import Resource, waiting
from anymedia_runway.resources.api import PATIENCE, AsyncResource
from anymedia_runway.resources.records import Record, path_to
from anymedia_runway.wire import Lenient

__all__ = ["AsyncRealtimeSessions", "RealtimeSession", "RealtimeSessions", "Room"]

_RESOURCE: Final = "realtime_sessions"


class RealtimeSession(Record):
    """A session.

    Attributes:
        id: Its id, which is the conversation's too.
        status: `NOT_READY`, `READY`, `RUNNING`, `COMPLETED`, `FAILED` or `CANCELLED`.
        created_at: When it was made.
        queued: Whether it waits for a place.
        session_key: What opens the room, once it is ready; a secret.
        expires_at: When that key ends.
        duration: How long it was, in seconds, once it is completed.
        failure: Why it failed; for people, not for programs.
        failure_code: Why it failed.
    """

    id: str
    status: Lenient[str] = None
    created_at: Lenient[datetime] = None
    queued: Lenient[bool] = None
    session_key: Lenient[SecretStr] = None
    expires_at: Lenient[datetime] = None
    duration: Lenient[float] = None
    failure: Lenient[str] = None
    failure_code: Lenient[str] = None


class Room(Record):
    """Where a session takes place: a LiveKit room.

    Attributes:
        url: Its server.
        token: Lets one participant in; a secret.
        room_name: What it is called.
    """

    url: str
    token: SecretStr
    room_name: Lenient[str] = None


class AsyncRealtimeSessions(AsyncResource):
    """Sessions that were started by a `realtime_session` request; the id is its task's `ref.id`."""

    async def retrieve(self, session_id: str) -> RealtimeSession:
        """One session as it is now."""
        return await self._api.get(RealtimeSession, path_to(_RESOURCE, session_id))

    async def wait_ready(self, session_id: str, *, timeout: float | None = PATIENCE) -> RealtimeSession:
        """Wait until a session is `READY` to be joined, and has its key.

        Args:
            session_id: Which.
            timeout: Seconds; None waits for ever.

        Raises:
            TaskFailedError: It failed, or is over already.
            TaskCanceledError: It was cancelled.
            TaskTimeoutError: It is not ready yet; the vendor goes on with it.
        """
        path, what = path_to(_RESOURCE, session_id), f"realtime session {session_id}"
        return await self._api.wait(RealtimeSession, path, _ready, timeout=timeout, what=what)

    async def consume(self, session: RealtimeSession) -> Room:
        """Trade a session's key for the room it takes place in. That works once.

        Raises:
            InvalidRequestError: The session has no key, because it is not ready or was read too late.
            SubmissionUnknownError: The answer was lost, and with it perhaps the only one there will be.
        """
        if session.session_key is None:
            raise InvalidRequestError(f"session {session.id} has no key: wait until it is READY", provider="runway")
        headers = {"Authorization": f"Bearer {session.session_key.get_secret_value()}"}
        return await self._api.create(Room, path_to(_RESOURCE, session.id, "consume"), None, headers)

    async def cancel(self, session_id: str) -> None:
        """End a session; one that is over already is as good."""
        await self._api.delete(path_to(_RESOURCE, session_id))


def _ready(session: RealtimeSession) -> bool:
    about = f"realtime session {session.id}"
    if session.status == "FAILED":
        reason = session.failure or "no reason given"
        raise TaskFailedError(f"{about} failed: {reason}", provider="runway", provider_code=session.failure_code)
    if session.status in ("CANCELLED", "CANCELED"):
        raise TaskCanceledError(f"{about} was cancelled", provider="runway")
    if session.status in ("RUNNING", "COMPLETED"):
        raise TaskFailedError(f"{about} is {session.status}: it cannot be joined any more", provider="runway")
    return session.status == "READY"


class RealtimeSessions(Resource[AsyncRealtimeSessions]):
    """Realtime sessions, for synchronous code. See `AsyncRealtimeSessions`."""

    retrieve: Final = waiting(AsyncRealtimeSessions.retrieve)
    wait_ready: Final = waiting(AsyncRealtimeSessions.wait_ready)
    consume: Final = waiting(AsyncRealtimeSessions.consume)
    cancel: Final = waiting(AsyncRealtimeSessions.cancel)
