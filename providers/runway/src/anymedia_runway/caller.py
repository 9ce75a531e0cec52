"""Authorised calls of the API: once, or as often as is safe; and the pace of looking again."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeVar
from urllib.parse import urlsplit

from anymedia.config import ProviderSettings
from anymedia.errors import MediaError, SubmissionUnknownError, TransportError
from anymedia.json import JSON
from anymedia.logs import redact
from anymedia.provider import Context
from anymedia.refs import Outcome
from anymedia.retry import RetryPolicy, retrying
from anymedia_runway import poller
from anymedia_runway.errors import error_of
from anymedia_runway.wire import Answer

__all__ = ["Caller", "ambiguous"]

# Source: Runway API reference; 2026-11
_VERSION: Final = "2024-11-06"
_TIMED_OUT: Final = 408
T = TypeVar("T")


class Caller:
    """What the provider and its resources share: one key, one transport, one pace.

    Args:
        settings: Address, key and time limits.
        context: Transport, clock and chance.
        vendor: The vendor's own address, where its pace counts.
    """

    def __init__(self, settings: ProviderSettings, context: Context, vendor: str) -> None:
        self.settings = settings
        self.context = context
        self._policy = RetryPolicy(retries=settings.retries, delay=settings.retry_delay)
        at_vendor = urlsplit(settings.base_url).hostname == urlsplit(vendor).hostname
        self.rest: float = poller.interval(0.0, at_vendor=at_vendor)
        self._interval = poller.interval(settings.poll_interval, at_vendor=at_vendor)

    async def once(
        self,
        method: str,
        path: str,
        json: JSON = None,
        headers: Mapping[str, str] | None = None,
        patience: float | None = None,
    ) -> Answer:
        """Make one call, and return the answer whatever its status.

        Args:
            method: Such as `GET`.
            path: From `/v1` on.
            json: The body.
            headers: Extra headers; one of the same name wins over ours.
            patience: Seconds for the answer, where they are fewer than the settings allow.

        Raises:
            TransportError: There was none; `sent` says whether the request may have arrived.
        """
        key = self.settings.api_key.get_secret_value()
        given = {"Authorization": f"Bearer {key}", "X-Runway-Version": _VERSION, **(headers or {})}
        limit = self.settings.submit_timeout
        answer = await self.context.http.request(
            method,
            self.settings.base_url + path,
            headers=given,
            json=json,
            timeout=limit if patience is None else min(patience, limit),
            connect_timeout=self.settings.connect_timeout,
        )
        # A vendor that repeats the key in its complaint must not get it into errors and logs.
        body = answer.body if answer.status < 300 else redact(answer.body.decode(errors="replace"), key).encode()
        return Answer(answer.status, answer.headers, body)

    async def read(self, method: str, path: str, json: JSON = None) -> Answer:
        """Make a call that changes nothing or may be made twice, again while that may help.

        Raises:
            MediaError: It failed as often as it may.
        """
        return await self.repeated(lambda: self._success(method, path, json))

    async def write(
        self, method: str, path: str, json: JSON = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Make a call that must not be made twice, again only after one that surely did nothing.

        Raises:
            SubmissionUnknownError: Nobody can say whether it was done.
            MediaError: It was refused, or could not be sent.
        """
        return await self.repeated(lambda: self._attempt(method, path, json, headers))

    async def repeated(self, call: Callable[[], Awaitable[T]]) -> T:
        """Make a call again while it raises what is worth repeating, as the settings say."""
        return await retrying(call, policy=self._policy, clock=self.context.clock, rng=self.context.rng)

    def next_pause(self, failures: int = 0) -> float:
        """Seconds until the next look, after a good one or after `failures` bad ones in a row."""
        chance = self.context.rng.random()
        return poller.back_off(self._interval, failures, chance) if failures else poller.pause(self._interval, chance)

    def first_look(self, operation: str, model: str) -> float:
        """Seconds from the acceptance of a task to the first look at it."""
        return poller.first_look(self._interval, poller.usual_seconds(operation, model), self.context.rng.random())

    async def _success(self, method: str, path: str, json: JSON) -> Answer:
        answer = await self.once(method, path, json)
        if not 200 <= answer.status < 300:
            raise error_of(answer)
        return answer

    async def _attempt(self, method: str, path: str, json: JSON, headers: Mapping[str, str] | None) -> Answer:
        try:
            answer = await self.once(method, path, json, headers)
        except TransportError as lost:
            if lost.sent:
                raise ambiguous(lost, method, path) from lost
            lost.outcome = Outcome.NOT_SENT
            raise
        if 200 <= answer.status < 300:
            return answer
        error = error_of(answer)
        if not 400 <= answer.status < 500 or answer.status == _TIMED_OUT:
            raise ambiguous(error, method, path) from error
        error.outcome = Outcome.REFUSED
        raise error


def ambiguous(cause: MediaError, method: str, path: str) -> SubmissionUnknownError:
    """The error for a call of which nobody can say whether it was done."""
    return SubmissionUnknownError(
        f"{cause.message}; nobody can say whether {method} {path} was done, so it is not repeated: look before you do",
        provider="runway",
        provider_code=cause.provider_code,
        outcome=Outcome.UNKNOWN,
        request_id=cause.request_id,
        raw=cause.raw,
    )
