"""How many tasks a usage tier lets run at once and start in a day, model by model."""

from collections.abc import Mapping
from typing import Any

from anymedia_runway.emulator.models import Models

__all__ = ["Limits"]

_REST = "video"


class Limits:
    """The limits of one tier.

    Args:
        models: What is offered, and the tiers.
        tier: 1 to 5.
        max_concurrent: Holds for every model instead of the tier's own limit.
        max_daily: Likewise.
    """

    def __init__(self, models: Models, *, tier: int, max_concurrent: int | None, max_daily: int | None) -> None:
        self.max_concurrent = max_concurrent
        self.max_daily = max_daily
        self._facts: Mapping[str, Any] = models.limits
        self._tier: Mapping[str, Any] = models.limits["tiers"][str(tier)]
        self._classes = {
            model: name
            for name, prefixes in models.limits["classes"].items()
            for endpoint, offered in models.endpoints.items()
            if endpoint.partition("/")[0] in prefixes
            for model in offered
        }
        self.models = sorted({*models.names, *models.limits["retired"]})

    @property
    def monthly(self) -> int:
        """Credits that may be bought in a month."""
        credits_: int = self._tier["monthly"]
        return credits_

    def concurrent(self, model: str) -> int:
        """How many tasks of a model run at once."""
        return self._limit("concurrent", model) if self.max_concurrent is None else self.max_concurrent

    def daily(self, model: str) -> int:
        """How many tasks of a model may be started in any 24 hours."""
        return self._limit("daily", model) if self.max_daily is None else self.max_daily

    def counter(self, model: str) -> str:
        """The model with which a model shares its limits; most are alone."""
        shared: Mapping[str, str] = self._facts["shared"]
        return shared.get(model, model)

    def _limit(self, kind: str, model: str) -> int:
        limit: int = self._tier[kind][self._classes.get(model, _REST)]
        return limit
