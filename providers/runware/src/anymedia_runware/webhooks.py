"""Webhooks: what Runware posts about a task, as snapshots; and an ASGI route that hands them to a client."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import replace
from hmac import compare_digest
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qs

from typing_extensions import TypeIs

from anymedia.errors import ClientClosedError, MediaError, ProtocolError
from anymedia.json import JSON, dumps
from anymedia.logs import logger
from anymedia.provider import Gap
from anymedia.refs import TaskRef, TaskState
from anymedia.resources import AsyncClient, Client
from anymedia.tasks import Snapshot
from anymedia_runware.codec import Reply, polled, replies_in
from anymedia_runware.wire import read_frame

__all__ = ["ASGIApp", "parse_webhook", "webhook_app"]

ASGIApp: TypeAlias = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[MutableMapping[str, Any]]],
        Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ],
    Awaitable[None],
]
"""An application as any ASGI server or framework takes it."""

_LARGEST: Final = 64 * 2**20
_log = logger("runware")


def parse_webhook(
    body: bytes | str | Mapping[str, JSON] | Sequence[JSON], *, count: int | None = 1
) -> tuple[Snapshot, ...]:
    """What one post says, a snapshot for each task it names.

    Both forms are read, the bare item and `{"data": [...]}`, and failures and progress as well as results. The posts of
    a task may come twice and in any order; `client.observe(*snapshots)` takes them all.
    Source: runware.ai/docs, webhooks, and integrators' reports; 2026-10.

    Args:
        body: The body of the POST, as it came or already parsed.
        count: How many results the task was asked for. Each has a post of its own, so a task of several is `RUNNING`
            until one post holds them all, and its end is learnt by asking. None: not known.

    Returns:
        Snapshots whose `ref` holds no more than the post says: the task's id. A client that knows the task adds the
        rest.

    Raises:
        ProtocolError: The body is not what Runware posts, or names no task.
    """
    text = body.decode(errors="replace") if isinstance(body, bytes) else body if isinstance(body, str) else dumps(body)
    frame = read_frame(text)
    replies = replies_in(frame) if frame is not None else {}
    if not replies:
        message = f"a webhook's body of {len(text)} characters that tells of no task"
        raise ProtocolError(message, provider="runware", retryable=False)
    return tuple(_snapshot(task, reply, count) for task, reply in replies.items())


def _snapshot(task: str, reply: Reply, count: int | None) -> Snapshot:
    model = next((str(item["model"]) for item in reply.data if item.get("model")), "unknown")
    ref = TaskRef(provider="runware", id=task, operation="native", model=model, count=count or 1)
    found = polled(ref, reply) or Snapshot(ref=ref, state=TaskState.RUNNING, raw=reply.raw())
    is_whole = count is not None and len(reply.data) + len(reply.errors) >= count
    if found.state.is_final and not is_whole:
        return replace(found, state=TaskState.RUNNING, progress=None, failure=None)
    return found


def webhook_app(client: AsyncClient | Client, *, token: str | None = None, max_bytes: int = _LARGEST) -> ASGIApp:
    """An ASGI application that takes Runware's posts and tells the client. Give it a route of its own in your app.

    A post makes the client look at its task at once, so nobody but the vendor can say that a task is over, whoever
    finds the address. With a token, what the post itself says is taken in as well, results and progress. Posts about
    tasks that the client does not follow are taken and dropped, as are repeated ones.

    Args:
        client: Whose tasks these are: an `AsyncMediaClient` on the same event loop as the application, or a
            `MediaClient` anywhere in the process.
        token: A secret that the URL must carry, `webhook_url="https://.../hook?token=..."`: Runware signs nothing.
        max_bytes: The largest body taken.
    """
    return _Receiver(client, token, max_bytes)


class _Receiver:
    def __init__(self, client: AsyncClient | Client, token: str | None, max_bytes: int) -> None:
        self._client = client
        self._token = token
        self._max_bytes = max_bytes

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        """Answer one request, as ASGI has it."""
        if scope["type"] != "http":
            raise ValueError(f"a webhook's route speaks HTTP, not {scope['type']}")
        status = self._refusal(scope)
        if status is None:
            body = await self._body(receive)
            status = 413 if body is None else await self._take(body)
        headers = [(b"content-length", b"0"), *([(b"allow", b"POST")] if status == 405 else [])]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    def _refusal(self, scope: Mapping[str, Any]) -> int | None:
        if scope["method"] != "POST":
            return 405
        given = parse_qs(scope.get("query_string", b"").decode(errors="replace")).get("token", [""])[0]
        if self._token is not None and not compare_digest(given.encode(), self._token.encode()):
            return 403
        lengths = [value for name, value in scope.get("headers", ()) if name == b"content-length"]
        return 413 if any(length.isdigit() and int(length) > self._max_bytes for length in lengths) else None

    async def _body(self, receive: Callable[[], Awaitable[MutableMapping[str, Any]]]) -> bytes | None:
        """The whole body, or None when it is too large."""
        pieces: list[bytes] = []
        more = True
        while more and sum(map(len, pieces)) <= self._max_bytes:
            message = await receive()
            pieces.append(message.get("body", b""))
            more = message.get("more_body", False)
        body = b"".join(pieces)
        return body if len(body) <= self._max_bytes else None

    async def _take(self, body: bytes) -> int:
        try:
            news = parse_webhook(body, count=None)
        except ProtocolError as error:
            _log.info("a webhook was refused: %s", error)
            return 400
        try:
            await self._tell(news)
        except ClientClosedError:
            return 503  # the vendor tries again; somebody may be there by then
        except MediaError as error:
            _log.warning("a webhook could not be dealt with: %s", error)
            return 500
        return 204

    async def _tell(self, news: tuple[Snapshot, ...]) -> None:
        ended = tuple(snapshot.ref for snapshot in news if snapshot.outputs or snapshot.errors)
        believed = news if self._token is not None else ()
        if _is_synchronous(self._client):
            await asyncio.to_thread(self._client.wait_for, lambda client: _observe(client, believed, ended))
        else:
            await _observe(self._client, believed, ended)


def _is_synchronous(client: AsyncClient | Client) -> TypeIs[Client]:
    return hasattr(client, "wait_for")


async def _observe(client: AsyncClient, news: tuple[Snapshot, ...], ended: tuple[TaskRef, ...]) -> None:
    provider = await client.provider_named("runware")
    client.observe(*news)
    if ended:
        provider.context.emit(Gap(ended))
