"""The Runway emulator as a whole: built, started and stopped."""

from typing import ClassVar

from typing_extensions import override

from anymedia.clock import Clock
from anymedia.testing.emulator import Emulator, Endpoint
from anymedia.testing.server import Server
from anymedia_runway.emulator.account import Account, Calendar
from anymedia_runway.emulator.app import TASK_FAULTS, Api
from anymedia_runway.emulator.gate import WIRE_FAULTS, Gate

__all__ = ["RunwayEmulator"]


class RunwayEmulator(Emulator):
    """Runway's REST API on loopback, good enough for `runwayml` to talk to.

    Args:
        clock: What tasks and expiry are timed by; by default the machine's clock times `speed`.
        speed: How many times faster than life the default clock runs.
        api_key: The only key this emulator accepts.
        port: The port to listen on; 0 picks a free one.
        credits: The balance to begin with.
        max_concurrent: How many tasks of one model run at once; more are throttled.
        max_daily: How many tasks of one model may be started in any 24 hours.
        strict: Refuse unknown keys even on models whose published schema tolerates them.
    """

    name = "runway"
    fault_kinds: ClassVar = {**WIRE_FAULTS, **TASK_FAULTS}

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        speed: float = 1.0,
        api_key: str | None = None,
        port: int = 0,
        credits: int = 100_000,
        max_concurrent: int = 10,
        max_daily: int = 10_000,
        strict: bool = True,
    ) -> None:
        super().__init__(clock=clock, speed=speed, api_key=api_key, port=port)
        calendar = Calendar(self.clock)
        self.account = Account(calendar, credits=credits, max_concurrent=max_concurrent, max_daily=max_daily)
        self._api = Api(self.clock, self.faults, self.ledger, calendar, self.account, strict=strict)
        gate = Gate(
            self._api.application(), api_key=self.api_key, faults=self.faults, ledger=self.ledger, clock=self.clock
        )
        self._server = Server(gate, port=port)

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
        await self._api.tasks.aclose()
