"""Runware over HTTP: the same tasks and the same answers as on the socket, one POST for each question."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, cast

from anymedia.config import ProviderSettings
from anymedia.errors import (
    AuthenticationError,
    ClientClosedError,
    InsufficientCreditsError,
    InvalidRequestError,
    MediaError,
    PermissionDeniedError,
    ProtocolError,
    ProviderUnavailableError,
    RateLimitError,
)
from anymedia.json import JSON
from anymedia.provider import Context
from anymedia.refs import Outcome, TaskRef
from anymedia_runware.addresses import rest_url
from anymedia_runware.attempts import Attempt, Question
from anymedia_runware.codec import Reply, replies_in, task_of
from anymedia_runware.errors import error_of
from anymedia_runware.wire import Frame, Task, read_frame

if TYPE_CHECKING:
    from anymedia.transports.http import HttpResponse

__all__ = ["BY_STATUS", "RestConnection", "read_answer", "read_reply", "retry_after"]

BY_STATUS: Final[Mapping[int, type[MediaError]]] = {
    401: AuthenticationError,
    402: InsufficientCreditsError,
    403: PermissionDeniedError,
    408: ProviderUnavailableError,
    429: RateLimitError,
}
"""What an answer without a word of Runware's means, such as a gateway's. Source: runware.ai/docs, errors; 2026-10."""


class RestConnection:
    """Stands where the socket's connection does. Nothing is pushed here: tasks are asked for.

    Args:
        settings: Address, key and time limits.
        context: HTTP.
    """

    def __init__(self, settings: ProviderSettings, context: Context) -> None:
        self._settings = settings
        self._http = context.http
        self._attempts: dict[str, Attempt] = {}
        self._closed = False

    async def ready(self) -> None:
        """There is nothing to wait for: each call stands alone.

        Raises:
            ClientClosedError: The connection was closed for good.
        """
        if self._closed:
            raise ClientClosedError("the connection to Runware is closed", provider="runware")

    async def start(self, ref: TaskRef, task: Task, *, push: bool) -> Reply:
        """Send a task and wait for the first word about it.

        Raises:
            TransportError: No answer; `sent` says whether the task may have left.
            MediaError: An answer that does not come from Runware itself; `outcome` is REFUSED where it proves that
                nothing was started.
        """
        attempt = self._attempts.setdefault(ref.id, Attempt(ref, task, push))
        reply = read_reply(await self._call([task]), ref)
        attempt.take(reply)
        attempt.known = attempt.known or not reply.errors
        return reply

    async def look(self, kind: Question, tasks: Sequence[Task]) -> Mapping[str, Reply]:
        """Ask about tasks; those without an answer are missing from what comes back.

        Raises:
            MediaError: No answer at all.
        """
        del kind
        await self.ready()
        frame = read_answer(await self._call(tasks))
        replies = replies_in(frame)
        nameless = [error for error in frame.errors if task_of(error) is None]
        if nameless and not replies:
            raise error_of(nameless[0])
        return replies

    def attempt(self, ref: TaskRef) -> Attempt | None:
        """What is remembered of a task that was sent here."""
        return self._attempts.get(ref.id)

    def follow(self, attempt: Attempt) -> None:
        """The task was reported as accepted; there will be no news to keep it for."""
        attempt.followed = True
        self._attempts.pop(attempt.ref.id, None)

    def forget(self, ref: TaskRef) -> None:
        """Nothing more is wanted from this task."""
        self._attempts.pop(ref.id, None)

    async def aclose(self) -> None:
        """Refuse what comes later."""
        self._closed = True

    async def _call(self, tasks: Sequence[Task]) -> "HttpResponse":
        return await self._http.request(
            "POST",
            rest_url(self._settings.base_url),
            headers={"authorization": f"Bearer {self._settings.api_key.get_secret_value()}"},
            json=cast("JSON", list(tasks)),
            timeout=self._settings.submit_timeout,
            connect_timeout=self._settings.connect_timeout,
        )


def read_answer(answer: "HttpResponse") -> Frame:
    """What Runware says, whatever the status of the answer.

    Raises:
        MediaError: It says nothing that can be read.
    """
    frame = read_frame(answer.body.decode(errors="replace"))
    if frame is None or not _is_runwares(frame, answer.status):
        raise _unread(answer)
    wait = retry_after(answer)
    if wait is None:
        return frame
    return Frame(frame.data, tuple({"retryAfter": wait, **error} for error in frame.errors))


def read_reply(answer: "HttpResponse", ref: TaskRef) -> Reply:
    """What the answer to a task says about it.

    Raises:
        MediaError: Nothing that can be read, or nothing that proves anything; `outcome` is REFUSED where it proves that
            nothing was started.
    """
    frame = read_answer(answer)
    reply = Reply(
        tuple(item for item in frame.data if task_of(item) == ref.id),
        tuple(error for error in frame.errors if task_of(error) in (ref.id, None)),
    )
    if _is_shaky(answer) and not reply.is_accepted and all(task_of(error) is None for error in reply.errors):
        # Said by a server in trouble and about no task in particular, this does not prove that nothing was started.
        raise error_of(reply.errors[0], ref=ref) if reply.errors else _unread(answer)
    return reply


def _is_runwares(frame: Frame, status: int) -> bool:
    """Whether Runware itself has spoken: gateways too answer in JSON, and mean no task by it."""
    if frame.errors or any(map(task_of, frame.data)):
        return True
    return status < 300 and not frame.data


def _unread(answer: "HttpResponse") -> MediaError:
    status = answer.status
    usual: type[MediaError] = ProviderUnavailableError if status >= 500 else ProtocolError
    error = BY_STATUS.get(status, InvalidRequestError if 400 <= status < 500 else usual)
    proved = 400 <= status < 500 and status not in (408, 409)
    return error(
        f"HTTP {status} from {answer.headers.get('server', 'a server')}, with nothing of Runware's in it",
        provider="runware",
        provider_code=str(status),
        retry_after=retry_after(answer),
        outcome=Outcome.REFUSED if proved else None,
    )


def _is_shaky(answer: "HttpResponse") -> bool:
    return answer.status >= 500 or answer.status == 408


def retry_after(answer: "HttpResponse") -> float | None:
    """Seconds the vendor asks to wait."""
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdecimal() else None
