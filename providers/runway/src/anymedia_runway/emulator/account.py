"""The organization's credits, limits and usage."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from anymedia.clock import Clock
from anymedia_runway.emulator import issues
from anymedia_runway.emulator.errors import daily_quota_reached, invalid_body, not_enough_credits

__all__ = ["Account", "Calendar"]

_DAY = timedelta(days=1)
_MONTHLY_CREDITS = 2_000_000
_USAGE_DAYS = 30
_MAX_USAGE_DAYS = 90


class Calendar:
    """Dates that go by the emulator's clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._epoch = datetime.now(UTC) - timedelta(seconds=clock.now())

    def now(self) -> datetime:
        """The emulated date and time, in UTC."""
        return self._epoch + timedelta(seconds=self._clock.now())


@dataclass(frozen=True)
class _Entry:
    moment: datetime
    model: str
    amount: int


class Account:
    """One organization with one balance.

    Args:
        calendar: Tells the date.
        credits: The balance to begin with.
        max_concurrent: How many tasks of one model run at once.
        max_daily: How many tasks of one model may be started in any 24 hours.
    """

    def __init__(self, calendar: Calendar, *, credits: int, max_concurrent: int, max_daily: int) -> None:
        self.balance = credits
        self.max_concurrent = max_concurrent
        self.max_daily = max_daily
        self._calendar = calendar
        self._entries: list[_Entry] = []
        self._started: defaultdict[str, deque[datetime]] = defaultdict(deque)

    def admit(self, model: str, credits: int) -> None:
        """Take the credits for a new task.

        Raises:
            ApiError: There are too few of them, or the model's daily limit is reached.
        """
        if credits > self.balance:
            raise not_enough_credits()
        if self._daily(model) >= self.max_daily:
            raise daily_quota_reached()
        self._started[model].append(self._calendar.now())
        self.book(model, credits)

    def book(self, model: str, amount: int) -> None:
        """Charge credits to a model; below zero gives them back."""
        self.balance -= amount
        self._entries.append(_Entry(self._calendar.now(), model, amount))

    def describe(self, models: list[str]) -> dict[str, Any]:
        """The answer of `GET /v1/organization`."""
        limits = {"maxConcurrentGenerations": self.max_concurrent, "maxDailyGenerations": self.max_daily}
        return {
            "creditBalance": self.balance,
            "tier": {"maxMonthlyCreditSpend": _MONTHLY_CREDITS, "models": dict.fromkeys(models, limits)},
            "usage": {"models": {model: {"dailyGenerations": self._daily(model)} for model in models}},
        }

    def usage(self, body: dict[str, Any]) -> dict[str, Any]:
        """The answer of `POST /v1/organization/usage`.

        Raises:
            ApiError: The dates are malformed, or too far apart.
        """
        start = _day(body, "startDate") or self._calendar.now().date() - timedelta(days=_USAGE_DAYS)
        before = _day(body, "beforeDate") or start + timedelta(days=_USAGE_DAYS)
        if not 0 <= (before - start).days <= _MAX_USAGE_DAYS:
            raise invalid_body([issues.custom(["beforeDate"], f"The range may span at most {_MAX_USAGE_DAYS} days")])
        results = list(self._results(start, before))
        models = sorted({used["model"] for result in results for used in result["usedCredits"]})
        return {"models": models, "results": results}

    def _results(self, start: date, before: date) -> Iterator[dict[str, Any]]:
        for offset in range((before - start).days):
            day, used = start + timedelta(days=offset), Counter[str]()
            for entry in self._entries:
                if entry.moment.date() == day:
                    used[entry.model] += entry.amount
            credits_ = [{"model": model, "amount": amount} for model, amount in sorted(used.items())]
            yield {"date": day.isoformat(), "usedCredits": credits_}

    def _daily(self, model: str) -> int:
        started, since = self._started[model], self._calendar.now() - _DAY
        while started and started[0] <= since:
            started.popleft()
        return len(started)


def _day(body: dict[str, Any], field: str) -> date | None:
    if field not in body:
        return None
    try:
        return date.fromisoformat(body[field])
    except (TypeError, ValueError) as error:
        raise invalid_body([issues.custom([field], "Invalid ISO date")]) from error
