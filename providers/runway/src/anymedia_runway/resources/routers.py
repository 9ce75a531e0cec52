"""Routers: rules by which the vendor chooses a model for a generation."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Final

from anymedia.json import JSON
from anymedia.resources import Resource, iterating, waiting
from anymedia_runway.resources.api import LIMIT, AsyncResource
from anymedia_runway.resources.records import Clear, Page, Record, body_of, path_to
from anymedia_runway.wire import Lenient, parse

__all__ = [
    "AsyncRouters",
    "CreditCaps",
    "Router",
    "RouterFallback",
    "RouterModels",
    "RouterSettings",
    "Routers",
    "RoutingDecision",
]


class RouterModels(Record):
    """Which models may be chosen: `allow_new_except` those in `ids`, or `allowlist_only` those."""

    mode: str
    ids: tuple[str, ...]


class CreditCaps(Record):
    """The most credits that one output may cost; None, said in an update, lifts a cap."""

    image: int | None = None
    video: int | None = None
    audio: int | None = None


class RouterFallback(Record):
    """Whether the next-best model is taken when the best one has no place free."""

    on_capacity: bool | None = None


class RouterSettings(Record):
    """A router's rules; what is left out stays as it is.

    Attributes:
        schema_version: 1.
        optimize_for: `cost`, `latency` or `quality`.
        models: Which models may be chosen.
        max_credits_per_generation: What one output may cost.
        fallback: What happens when the best model has no place free.
    """

    schema_version: int = 1
    optimize_for: Lenient[str] = None
    models: Lenient[RouterModels] = None
    max_credits_per_generation: Lenient[CreditCaps] = None
    fallback: Lenient[RouterFallback] = None


class Router(Record):
    """A router.

    Attributes:
        id: By which it is managed.
        slug: By which a generation names it.
        name: What it is called.
        description: What it is for.
        settings: Its rules.
        version: Rises when the rules change.
        created_at: When it was made.
        updated_at: When it was changed.
    """

    id: str
    slug: Lenient[str] = None
    name: Lenient[str] = None
    description: Lenient[str] = None
    settings: Lenient[RouterSettings] = None
    version: Lenient[int] = None
    created_at: Lenient[datetime] = None
    updated_at: Lenient[datetime] = None


class RoutingDecision(Record):
    """How one generation was routed.

    Attributes:
        id: Its id.
        created_at: When.
        request_id: The vendor's id of the call.
        status: `routed`, `no_eligible_model`, `router_config_not_found`, `invalid_request` or `error`.
        model: What was chosen.
        provider: Whose model it is.
        task_id: What was started.
        estimated_credits: What it may cost.
        reason: Why; for people, not for programs.
        reason_code: Why, such as `lowest_cost`.
        emptied_by: The filters that left no model.
        pipeline: Each step, as the vendor tells it.
    """

    id: str
    created_at: Lenient[datetime] = None
    request_id: Lenient[str] = None
    status: Lenient[str] = None
    model: Lenient[str] = None
    provider: Lenient[str] = None
    task_id: Lenient[str] = None
    estimated_credits: Lenient[float] = None
    reason: Lenient[str] = None
    reason_code: Lenient[str] = None
    emptied_by: Lenient[tuple[str, ...]] = None
    pipeline: Lenient[tuple[JSON, ...]] = None


class AsyncRouters(AsyncResource):
    """The account's routers."""

    async def create(
        self,
        *,
        slug: str,
        name: str | None = None,
        description: str | None = None,
        settings: RouterSettings | None = None,
    ) -> Router:
        """Make a router.

        Args:
            slug: By which generations name it: a lower-case letter, then up to 63 letters, digits, `_` and `-`.
            name: 1 to 255 characters.
            description: Up to 2,000 characters.
            settings: Its rules; left out, the cheapest of all models.

        Raises:
            SubmissionUnknownError: Nobody can say whether it was made; `list` tells.
        """
        body = body_of(slug=slug, name=name, description=description, settings=settings)
        return await self._api.create(Router, "/v1/routers", body)

    def list(self, *, limit: int = LIMIT) -> AsyncGenerator[Router, None]:
        """Every router, the pages fetched as they are needed, `limit` on each."""
        return self._api.items(Router, "/v1/routers", limit=limit)

    async def page(self, *, cursor: str | None = None, limit: int = LIMIT) -> Page[Router]:
        """One page of the list."""
        return await self._api.page(Router, "/v1/routers", cursor=cursor, limit=limit)

    async def retrieve(self, router_id: str) -> Router:
        """One router, by its id."""
        return await self._api.get(Router, path_to("routers", router_id))

    async def update(
        self,
        router_id: str,
        *,
        name: str | None = None,
        description: str | Clear | None = None,
        settings: RouterSettings | None = None,
    ) -> Router:
        """Change what is given, and leave the rest; `CLEAR` takes the description away."""
        body = body_of(name=name, description=description, settings=settings)
        return parse(Router, await self._api.change(path_to("routers", router_id), body))[0]

    async def delete(self, router_id: str) -> None:
        """Delete a router; one that is gone already is as good."""
        await self._api.delete(path_to("routers", router_id))

    def requests(self, router_id: str, *, limit: int = LIMIT) -> AsyncGenerator[RoutingDecision, None]:
        """Every decision of a router, the pages fetched as they are needed, `limit` on each."""
        return self._api.items(RoutingDecision, path_to("routers", router_id, "requests"), limit=limit)

    async def requests_page(
        self, router_id: str, *, cursor: str | None = None, limit: int = LIMIT
    ) -> Page[RoutingDecision]:
        """One page of a router's decisions."""
        path = path_to("routers", router_id, "requests")
        return await self._api.page(RoutingDecision, path, cursor=cursor, limit=limit)


class Routers(Resource[AsyncRouters]):
    """The account's routers, for synchronous code. See `AsyncRouters`."""

    create: Final = waiting(AsyncRouters.create)
    list: Final = iterating(AsyncRouters.list)
    page: Final = waiting(AsyncRouters.page)
    retrieve: Final = waiting(AsyncRouters.retrieve)
    update: Final = waiting(AsyncRouters.update)
    delete: Final = waiting(AsyncRouters.delete)
    requests: Final = iterating(AsyncRouters.requests)
    requests_page: Final = waiting(AsyncRouters.requests_page)
