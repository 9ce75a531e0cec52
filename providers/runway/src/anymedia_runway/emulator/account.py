"""The organization's credits, limits and usage."""

import uuid
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from anymedia.clock import Clock
from anymedia_runway.emulator import issues
from anymedia_runway.emulator.errors import daily_quota_reached, invalid_body, not_enough_credits
from anymedia_runway.emulator.limits import Limits

__all__ = ["Account", "Calendar"]

_DAY = timedelta(days=1)
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
        limits: What its usage tier allows.
        credits: The balance to begin with.
    """

    def __init__(self, calendar: Calendar, limits: Limits, *, credits: int) -> None:
        self.balance = credits
        self.limits = limits
        self.key_id = str(uuid.uuid4())
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
        if self._daily(model) >= self.limits.daily(model):
            raise daily_quota_reached()
        self._started[self.limits.counter(model)].append(self._calendar.now())
        self.book(model, credits)

    def book(self, model: str, amount: int) -> None:
        """Charge credits to a model; below zero gives them back."""
        self.balance -= amount
        self._entries.append(_Entry(self._calendar.now(), model, amount))

    def describe(self) -> dict[str, Any]:
        """The answer of `GET /v1/organization`."""
        models = self.limits.models
        return {
            "creditBalance": self.balance,
            "tier": {
                "maxMonthlyCreditSpend": self.limits.monthly,
                "models": {name: self._limits(name) for name in models},
            },
            "usage": {"models": {name: {"dailyGenerations": self._daily(name)} for name in models}},
        }

    def _limits(self, model: str) -> dict[str, int]:
        concurrent, daily = self.limits.concurrent(model), self.limits.daily(model)
        return {"maxConcurrentGenerations": concurrent, "maxDailyGenerations": daily}

    def usage(self, body: dict[str, Any]) -> dict[str, Any]:
        """The answer of `POST /v1/organization/usage`.

        Raises:
            ApiError: The dates are too far apart.
        """
        today = self._calendar.now().date()
        start = _day(body, "startDate", today - timedelta(days=_USAGE_DAYS))
        before = _day(body, "beforeDate", start + timedelta(days=_USAGE_DAYS))
        if not 0 <= (before - start).days <= _MAX_USAGE_DAYS:
            raise invalid_body([issues.custom(["beforeDate"], f"The range may span at most {_MAX_USAGE_DAYS} days")])
        results = list(self._results(start, before))
        models = sorted({used["model"] for result in results for used in result["usedCredits"]})
        return {
            "models": models,
            "results": results,
            "apiKeys": [self.key_id],
            "resultsByApiKey": [self._by_key(result) for result in results],
        }

    def _by_key(self, result: dict[str, Any]) -> dict[str, Any]:
        amount = sum(used["amount"] for used in result["usedCredits"])
        used = [{"apiKeyId": self.key_id, "amount": amount}] if result["usedCredits"] else []
        return {"date": result["date"], "usedCredits": used}

    def _results(self, start: date, before: date) -> Iterator[dict[str, Any]]:
        for offset in range((before - start).days):
            day, used = start + timedelta(days=offset), Counter[str]()
            for entry in self._entries:
                if entry.moment.date() == day:
                    used[entry.model] += entry.amount
            credits_ = [{"model": model, "amount": amount} for model, amount in sorted(used.items())]
            yield {"date": day.isoformat(), "usedCredits": credits_}

    def _daily(self, model: str) -> int:
        started, since = self._started[self.limits.counter(model)], self._calendar.now() - _DAY
        while started and started[0] <= since:
            started.popleft()
        return len(started)


def _day(body: dict[str, Any], field: str, default: date) -> date:
    return date.fromisoformat(body[field]) if field in body else default
