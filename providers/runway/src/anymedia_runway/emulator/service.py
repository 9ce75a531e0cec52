"""The Runway emulator as a whole: built, started and stopped."""

from typing import ClassVar

from typing_extensions import override

from anymedia.clock import Clock
from anymedia.testing.emulator import Emulator, Endpoint
from anymedia.testing.server import Server
from anymedia_runway.emulator.account import Account, Calendar
from anymedia_runway.emulator.app import API_FAULTS, Api
from anymedia_runway.emulator.backend import Backend
from anymedia_runway.emulator.gate import WIRE_FAULTS, Gate
from anymedia_runway.emulator.limits import Limits
from anymedia_runway.emulator.models import load
from anymedia_runway.emulator.workflows import Workflows

__all__ = ["RunwayEmulator"]


class RunwayEmulator(Emulator):
    """Runway's REST API on loopback, good enough for `runwayml` to talk to.

    Args:
        clock: What tasks and expiry are timed by; by default the machine's clock times `speed`.
        speed: How many times faster than life the default clock runs.
        api_key: The only key this emulator accepts.
        port: The port to listen on; 0 picks a free one.
        credits: The balance to begin with.
        tier: The account's usage tier, 1 to 5, which limits how many tasks of a model run at once (more are throttled)
            and how many may be started in any 24 hours.
        max_concurrent: Tasks of one model that run at once, instead of the tier's limit.
        max_daily: Tasks of one model that may be started in any 24 hours, instead of the tier's limit.
        strict: Refuse unknown keys even on models whose published schema tolerates them.
    """

    name = "runway"
    fault_kinds: ClassVar = {**WIRE_FAULTS, **API_FAULTS}

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        speed: float = 1.0,
        api_key: str | None = None,
        port: int = 0,
        credits: int = 100_000,
        tier: int = 4,
        max_concurrent: int | None = None,
        max_daily: int | None = None,
        strict: bool = True,
    ) -> None:
        super().__init__(clock=clock, speed=speed, api_key=api_key, port=port)
        calendar, models = Calendar(self.clock), load()
        limits = Limits(models, tier=tier, max_concurrent=max_concurrent, max_daily=max_daily)
        self.account = Account(calendar, limits, credits=credits)
        self._backend = Backend(self.clock, calendar, self.faults, self.ledger, models, self.account)
        self._api = Api(self._backend, strict=strict)
        gate = Gate(
            self._api.application(), api_key=self.api_key, faults=self.faults, ledger=self.ledger, clock=self.clock
        )
        self._server = Server(gate, port=port)

    @property
    def workflows(self) -> Workflows:
        """The published workflows; the API has no way to add to them, so this is it."""
        return self._api.workflows

    @classmethod
    @override
    def default_api_key(cls) -> str:
        """A key of the vendor's form, all zeros."""
        return "key_" + "0" * 128

    @override
    async def start(self) -> Endpoint:
        """Listen on loopback and say where."""
        self.port = await self._server.start()
        return Endpoint(f"http://127.0.0.1:{self.port}", self.api_key)

    @override
    async def aclose(self) -> None:
        """Stop listening, end running tasks and leave nothing behind."""
        await self._server.aclose()
        await self._backend.background.aclose()
