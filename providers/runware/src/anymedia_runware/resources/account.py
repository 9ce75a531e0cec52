"""The account: what is left of its money, and what it was spent on."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal

from pydantic import Field

from anymedia.json import JSON
from anymedia.resources import Resource, waiting
from anymedia_runware.resources.records import Amount, AsyncResource, Lenient, Record

__all__ = ["Account", "AccountDetails", "AsyncAccount", "KeyInfo", "Spent", "TeamMember", "UsageReport"]


class TeamMember(Record):
    """A person of the organisation."""

    name: Lenient[str] = None
    email: Lenient[str] = None
    roles: Lenient[tuple[str, ...]] = None
    joined_at: Lenient[str] = None


class KeyInfo(Record):
    """A key of the account; `api_key` shows no more of it than the vendor does."""

    name: Lenient[str] = None
    api_key: Lenient[str] = None
    description: Lenient[str] = None
    enabled: Lenient[bool] = None
    created_at: Lenient[str] = None
    last_used_at: Lenient[str] = None
    requests: Lenient[int] = None


class Spent(Record):
    """What was used in some time; `credits` are US dollars."""

    credits: Amount = None
    requests: Lenient[int] = None


class AccountDetails(Record):
    """The organisation a key belongs to. Source: runware.ai/docs, account management; 2026-10.

    Attributes:
        organization_uuid: The organisation.
        organization_name: What it is called.
        air_source: The word its own models begin with, in AIR ids.
        balance: US dollars that are left.
        team: Who belongs to it.
        api_keys: Its keys.
        usage: What was used, by `total`, `today`, `last7Days` and `last30Days`.
    """

    organization_uuid: Lenient[str] = Field(default=None, alias="organizationUUID")
    organization_name: Lenient[str] = None
    air_source: Lenient[str] = Field(default=None, alias="AIRSource")
    balance: Amount = None
    team: Lenient[tuple[TeamMember, ...]] = None
    api_keys: Lenient[tuple[KeyInfo, ...]] = None
    usage: Lenient[Mapping[str, Spent]] = None


class UsageReport(Record):
    """What the vendor reports about a span of time. What it counts is in `usage` and `model_extra`, as it came."""

    operation: str
    start_date: Lenient[str] = None
    end_date: Lenient[str] = None
    usage: JSON = None


class AsyncAccount(AsyncResource):
    """The account behind the key."""

    async def details(self) -> AccountDetails:
        """The organisation, its balance and its keys."""
        return await self._record(AccountDetails, "accountManagement", operation="getDetails")

    async def usage(
        self,
        report: Literal["activity", "performance", "errors"],
        *,
        start: date | None = None,
        end: date | None = None,
        models: Sequence[str] | None = None,
        api_keys: Sequence[str] | None = None,
        group_by: Sequence[str] | None = None,
        timezone: str | None = None,
    ) -> UsageReport:
        """What was asked for and what it cost, how long it took, or what failed.

        Args:
            report: Which of the three.
            start: The first day; None leaves it to the vendor.
            end: The last day.
            models: Only these AIR ids.
            api_keys: Only these keys.
            group_by: What to count by, such as `model`.
            timezone: Whose days, such as `Europe/Madrid`.
        """
        return await self._record(
            UsageReport,
            "accountManagement",
            operation=f"getUsage{report.capitalize()}",
            start_date=start.isoformat() if start else None,
            end_date=end.isoformat() if end else None,
            models=models,
            api_keys=api_keys,
            group_by=group_by,
            timezone=timezone,
        )


class Account(Resource[AsyncAccount]):
    """The account behind the key."""

    details = waiting(AsyncAccount.details)
    usage = waiting(AsyncAccount.usage)
