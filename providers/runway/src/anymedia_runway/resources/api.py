"""What every resource does: calls that fill records, pages, and waiting for what the vendor is still working on."""

from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Final, TypeVar

from anymedia.errors import ProtocolError, ProviderUnavailableError
from anymedia.json import JSON
from anymedia.resources import AsyncClient
from anymedia_runway.caller import Caller, ambiguous
from anymedia_runway.errors import error_of
from anymedia_runway.provider import RunwayProvider
from anymedia_runway.resources.records import Page, Record, with_query
from anymedia_runway.resources.waiting import wait_until
from anymedia_runway.wire import Answer, Lenient, parse

__all__ = ["LIMIT", "PATIENCE", "Api", "AsyncResource"]

# Source: Runway API reference 2024-11-06, list calls; 2026-11
LIMIT: Final = 50
"""Records on one page, unless told otherwise; the vendor takes 1 to 100."""

PATIENCE: Final = 600.0
"""Seconds that a waiter waits, unless told otherwise."""

_GRACE: Final = 10.0
"""Seconds a new record may be unknown to the vendor."""

R = TypeVar("R", bound=Record)


class _List(Record):
    data: tuple[JSON, ...]
    has_more: Lenient[bool] = None
    next_cursor: Lenient[str] = None


class Api:
    """Runway's API as the resources see it.

    Args:
        client: Whose connections, key and clock are used.
    """

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def provider(self) -> RunwayProvider:
        """The provider, opened on first use."""
        provider = await self._client.provider_named(RunwayProvider.name)
        assert isinstance(provider, RunwayProvider)
        return provider

    async def caller(self) -> Caller:
        """What makes the calls."""
        return (await self.provider()).caller

    async def get(self, kind: type[R], path: str) -> R:
        """Read a record; tried again while that may help."""
        return parse(kind, await (await self.caller()).read("GET", path))[0]

    async def ask(self, kind: type[R], path: str, body: JSON) -> R:
        """Read what a POST without effect answers."""
        return parse(kind, await (await self.caller()).read("POST", path, body))[0]

    async def create(self, kind: type[R], path: str, body: JSON, headers: Mapping[str, str] | None = None) -> R:
        """Make something new; never tried again when it may have been made.

        Raises:
            SubmissionUnknownError: Nobody can say whether it was made.
        """
        answer = await (await self.caller()).write("POST", path, body, headers)
        try:
            return parse(kind, answer)[0]
        except ProtocolError as error:
            raise ambiguous(error, "POST", path) from error

    async def change(self, path: str, body: JSON) -> Answer:
        """Set fields of a record; setting them twice does no harm."""
        return await (await self.caller()).read("PATCH", path, body)

    async def delete(self, path: str) -> None:
        """Take a record away; one that is gone already is as good."""
        caller = await self.caller()

        async def attempt() -> None:
            answer = await caller.once("DELETE", path)
            if answer.status >= 300 and answer.status != 404:
                raise error_of(answer)

        await caller.repeated(attempt)

    async def page(self, kind: type[R], path: str, *, cursor: str | None, limit: int, **query: object) -> Page[R]:
        """One page of a list."""
        found = await self.get(_List, with_query(path, limit=limit, cursor=cursor, **query))
        more = found.next_cursor if found.has_more is not False else None
        return Page(tuple(_record(kind, item) for item in found.data), more or None)

    async def items(self, kind: type[R], path: str, *, limit: int, **query: object) -> AsyncGenerator[R, None]:
        """Every record of a list, page by page.

        Raises:
            ProtocolError: A page leads back to one that was read already.
        """
        cursor: str | None = None
        seen: set[str] = set()
        while True:
            page = await self.page(kind, path, cursor=cursor, limit=limit, **query)
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return
            if cursor in seen:
                raise ProtocolError(f"the list at {path} goes round in circles", provider="runway")
            seen.add(cursor)

    async def wait(
        self, kind: type[R], path: str, settled: Callable[[R], bool], *, timeout: float | None, what: str
    ) -> R:
        """Look at a record, at the vendor's pace, until `settled` says so or raises. See `wait_until`."""
        caller = await self.caller()
        start = caller.context.clock.now()

        async def look(patience: float | None) -> R:
            answer = await caller.once("GET", path, patience=patience)
            if answer.status == 404 and caller.context.clock.now() < start + _GRACE:
                raise ProviderUnavailableError(f"{what} is not to be seen yet", provider="runway")
            if not 200 <= answer.status < 300:
                raise error_of(answer)
            return parse(kind, answer)[0]

        return await wait_until(caller, look, settled, timeout=timeout, what=what)


class AsyncResource:
    """One kind of thing that Runway keeps for an account.

    Args:
        client: Whose connections, key and clock are used.
    """

    def __init__(self, client: AsyncClient) -> None:
        self._api = Api(client)


def _record(kind: type[R], item: JSON) -> R:
    try:
        return kind.model_validate(item)
    except ValueError as error:
        raise ProtocolError(f"a list of runway's holds what is no {kind.__name__}", provider="runway") from error
