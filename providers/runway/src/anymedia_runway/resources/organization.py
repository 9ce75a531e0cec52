"""The organisation: credits, limits, what was used, and by whom."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import date, datetime
from typing import Final, TypeAlias

from anymedia.json import JSON
from anymedia.resources import Resource, iterating, waiting
from anymedia_runway.resources.api import LIMIT, AsyncResource
from anymedia_runway.resources.records import Page, Record, body_of, path_to, with_query
from anymedia_runway.wire import Lenient

__all__ = [
    "AsyncOrganization",
    "AuditLog",
    "KeyUsage",
    "ModelLimits",
    "ModelUsage",
    "Organization",
    "OrganizationInfo",
    "OrganizationTier",
    "OrganizationUsage",
    "UsageAmount",
    "UsageDay",
    "UsageNow",
    "WebappUsage",
]

Day: TypeAlias = date  # under a name that no field has


class ModelLimits(Record):
    """What one model may do; None means that there is no limit."""

    max_concurrent_generations: Lenient[int] = None
    max_daily_generations: Lenient[int] = None


class OrganizationTier(Record):
    """What the organisation may spend and do.

    Attributes:
        max_monthly_credit_spend: Credits.
        models: The limits of each model.
    """

    max_monthly_credit_spend: Lenient[int] = None
    models: Lenient[Mapping[str, ModelLimits]] = None


class ModelUsage(Record):
    """What one model has done in the last 24 hours."""

    daily_generations: Lenient[int] = None


class UsageNow(Record):
    """What each model has done in the last 24 hours."""

    models: Lenient[Mapping[str, ModelUsage]] = None


class OrganizationInfo(Record):
    """The organisation.

    Attributes:
        credit_balance: Credits left.
        tier: Its limits.
        usage: What it has done in the last 24 hours.
    """

    credit_balance: Lenient[int] = None
    tier: Lenient[OrganizationTier] = None
    usage: Lenient[UsageNow] = None


class UsageAmount(Record):
    """Credits of one model; below zero where more was given back than taken."""

    model: Lenient[str] = None
    amount: Lenient[int] = None


class UsageDay(Record):
    """What was used on one day, in UTC."""

    date: Lenient[Day] = None
    used_credits: Lenient[tuple[UsageAmount, ...]] = None


class KeyUsage(Record):
    """What each key used on one day, as the vendor tells it: `apiKeyId` and `amount`."""

    date: Lenient[Day] = None
    used_credits: Lenient[tuple[Mapping[str, JSON], ...]] = None


class OrganizationUsage(Record):
    """What was used.

    Attributes:
        models: The models that were.
        results: Each day.
        api_keys: The keys that were, where the vendor tells them apart.
        results_by_api_key: Each day by key.
    """

    models: Lenient[tuple[str, ...]] = None
    results: Lenient[tuple[UsageDay, ...]] = None
    api_keys: Lenient[tuple[str, ...]] = None
    results_by_api_key: Lenient[tuple[KeyUsage, ...]] = None


class WebappUsage(Record):
    """One charge or refund of the web app; a refund has credits below zero."""

    credits: Lenient[float] = None
    email: Lenient[str] = None
    timestamp: Lenient[datetime] = None
    tool: Lenient[str] = None
    type: Lenient[str] = None
    workspace_id: Lenient[int] = None
    workspace_name: Lenient[str] = None


class AuditLog(Record):
    """Something somebody did.

    Attributes:
        event_id: Its id.
        action: What, such as `UserLogin`.
        timestamp: When.
        actor_email: Who.
        actor_username: Who.
        actor_deleted: Whether their account is gone.
        workspace_id: Where.
        workspace_name: Where.
        client_ip_address: From where; not in lists.
        user_agent: With what; not in lists.
        request_id: In which call; not in lists.
        resource_id: To what; not in lists.
        resource_type: To what kind of thing; not in lists.
        metadata: More, by names for people such as `New role`; not in lists.
    """

    event_id: str
    action: Lenient[str] = None
    timestamp: Lenient[datetime] = None
    actor_email: Lenient[str] = None
    actor_username: Lenient[str] = None
    actor_deleted: Lenient[bool] = None
    workspace_id: Lenient[int] = None
    workspace_name: Lenient[str] = None
    client_ip_address: Lenient[str] = None
    user_agent: Lenient[str] = None
    request_id: Lenient[str] = None
    resource_id: Lenient[str] = None
    resource_type: Lenient[str] = None
    metadata: Lenient[Mapping[str, JSON]] = None


class AsyncOrganization(AsyncResource):
    """The organisation that the key belongs to."""

    async def retrieve(self) -> OrganizationInfo:
        """Credits, limits, and what was done in the last 24 hours."""
        return await self._api.get(OrganizationInfo, "/v1/organization")

    async def usage(self, *, start: date | None = None, before: date | None = None) -> OrganizationUsage:
        """What was used, day by day in UTC.

        Args:
            start: The first day; left out, 30 days ago.
            before: The day after the last, at most 90 days on; left out, 30 days after `start`.
        """
        body = body_of(start_date=start, before_date=before)
        return await self._api.ask(OrganizationUsage, "/v1/organization/usage", body)

    def webapp_usage(
        self,
        *,
        start: date,
        end: date,
        organization_id: str | None = None,
        workspace_ids: Sequence[int] | None = None,
        limit: int = LIMIT,
    ) -> AsyncGenerator[WebappUsage, None]:
        """Every charge and refund of the web app, the pages fetched as they are needed.

        Args:
            start: From then on; a date or a datetime.
            end: Up to, and without, then.
            organization_id: Of this organisation only.
            workspace_ids: Of these workspaces only.
            limit: How many on each page.
        """
        query = {"from": start, "to": end, "organization_id": organization_id, "workspace_ids": workspace_ids}
        return self._api.items(WebappUsage, "/v1/organization/webapp/usage", limit=limit, **query)

    def audit_logs(
        self,
        *,
        start: date | None = None,
        end: date | None = None,
        actions: Sequence[str] | None = None,
        actor_emails: Sequence[str] | None = None,
        organization_id: str | None = None,
        workspace_ids: Sequence[int] | None = None,
        limit: int = LIMIT,
    ) -> AsyncGenerator[AuditLog, None]:
        """Everything that was done in the web app, the pages fetched as they are needed.

        Args:
            start: From then on; a date or a datetime.
            end: Up to then.
            actions: Only these, such as `UserLogin`; up to 50.
            actor_emails: Only by these people; up to 50.
            organization_id: Of this organisation only.
            workspace_ids: Of these workspaces only; up to 50.
            limit: How many on each page.
        """
        query = {
            "from": start,
            "to": end,
            "actions": actions,
            "actor_emails": actor_emails,
            "organization_id": organization_id,
            "workspace_ids": workspace_ids,
        }
        return self._api.items(AuditLog, "/v1/organization/webapp/audit_logs", limit=limit, **query)

    async def audit_log(self, event_id: str, *, organization_id: str | None = None) -> AuditLog:
        """One thing that was done, with all that is known of it."""
        path = path_to("organization/webapp/audit_logs", event_id)
        return await self._api.get(AuditLog, with_query(path, organization_id=organization_id))

    async def webapp_usage_page(
        self, *, start: date, end: date, cursor: str | None = None, limit: int = LIMIT
    ) -> Page[WebappUsage]:
        """One page of the web app's charges and refunds."""
        query = {"from": start, "to": end}
        return await self._api.page(WebappUsage, "/v1/organization/webapp/usage", cursor=cursor, limit=limit, **query)

    async def audit_logs_page(self, *, cursor: str | None = None, limit: int = LIMIT) -> Page[AuditLog]:
        """One page of what was done in the web app."""
        return await self._api.page(AuditLog, "/v1/organization/webapp/audit_logs", cursor=cursor, limit=limit)


class Organization(Resource[AsyncOrganization]):
    """The organisation that the key belongs to, for synchronous code. See `AsyncOrganization`."""

    retrieve: Final = waiting(AsyncOrganization.retrieve)
    usage: Final = waiting(AsyncOrganization.usage)
    webapp_usage: Final = iterating(AsyncOrganization.webapp_usage)
    webapp_usage_page: Final = waiting(AsyncOrganization.webapp_usage_page)
    audit_logs: Final = iterating(AsyncOrganization.audit_logs)
    audit_logs_page: Final = waiting(AsyncOrganization.audit_logs_page)
    audit_log: Final = waiting(AsyncOrganization.audit_log)
