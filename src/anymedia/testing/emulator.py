"""What every emulator offers: an endpoint, a ledger, faults on demand and a clock."""

import difflib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import TracebackType
from typing import Any, ClassVar, Self

from anymedia.clock import Clock
from anymedia.testing.clock import ScaledClock

__all__ = ["LEDGER_EVENTS", "Emulator", "Endpoint", "Faults", "Ledger", "LedgerEntry", "LedgerEvent"]


@dataclass(frozen=True)
class Endpoint:
    """Where an emulator listens, and the key it accepts."""

    base_url: str
    api_key: str = field(repr=False)


_SHARED_SPEED = 10

LEDGER_EVENTS = ("accepted", "charged", "refunded", "finished", "delivered", "canceled")


@dataclass(frozen=True)
class LedgerEvent:
    """One thing that just happened to a task; `name` is one of `LEDGER_EVENTS`."""

    name: str
    task: str


@dataclass
class LedgerEntry:
    """The account of one task."""

    task: str
    kind: str
    request: Mapping[str, Any] = field(repr=False)
    charged: Decimal = Decimal(0)
    unit: str = ""
    state: str = "accepted"
    delivered: int = 0


class Ledger:
    """What was accepted, charged and delivered. Tests judge the client by it."""

    def __init__(self) -> None:
        self.entries: dict[str, LedgerEntry] = {}
        self.requests: list[str] = []
        self._listeners: list[Callable[[LedgerEvent], None]] = []

    @property
    def accepted(self) -> int:
        """How many tasks were started."""
        return len(self.entries)

    @property
    def charged(self) -> Decimal:
        """The sum of all charges less refunds."""
        return sum((entry.charged for entry in self.entries.values()), Decimal(0))

    @property
    def delivered(self) -> int:
        """How many outputs were handed to the client, each counted once per task."""
        return sum(entry.delivered for entry in self.entries.values())

    def subscribe(self, listener: Callable[[LedgerEvent], None]) -> None:
        """Call `listener` at each event, in the emulator's thread, before the emulator goes on."""
        self._listeners.append(listener)

    def saw(self, request: str) -> None:
        """Note one wire request, such as `POST /v1/text_to_image` or `imageInference`."""
        self.requests.append(request)

    def accept(self, task: str, kind: str, request: Mapping[str, Any]) -> None:
        """Open the account of a new task."""
        if task in self.entries:
            raise ValueError(f"task {task} was accepted twice")
        self.entries[task] = LedgerEntry(task, kind, request)
        self._tell("accepted", task)

    def charge(self, task: str, amount: Decimal, unit: str) -> None:
        """Take money for a task; `unit` is `USD` or `credits`."""
        entry = self.entries[task]
        entry.charged += amount
        entry.unit = unit
        self._tell("charged", task)

    def refund(self, task: str) -> None:
        """Give back all that a task cost."""
        self.entries[task].charged = Decimal(0)
        self._tell("refunded", task)

    def finish(self, task: str, state: str) -> None:
        """Record the end state of a task: `succeeded`, `failed` or `canceled`."""
        self.entries[task].state = state
        self._tell("canceled" if state == "canceled" else "finished", task)

    def deliver(self, task: str, outputs: int) -> None:
        """Record that the client has been told of `outputs` artefacts in all."""
        entry = self.entries[task]
        if outputs > entry.delivered:
            entry.delivered = outputs
            self._tell("delivered", task)

    def _tell(self, name: str, task: str) -> None:
        event = LedgerEvent(name, task)
        for listener in tuple(self._listeners):
            listener(event)


@dataclass
class _Armed:
    kind: str
    left: int | None
    match: str
    options: Mapping[str, Any]


class Faults:
    """Misbehaviour on demand. Each emulator publishes the kinds it knows, with what they do."""

    def __init__(self, kinds: Mapping[str, str]) -> None:
        self.kinds = kinds
        self._armed: list[_Armed] = []

    def add(self, kind: str, *, times: int | None = 1, match: str = "", **options: Any) -> None:
        """Arm a fault for the next `times` occasions (None: until `clear()`) whose subject contains `match`."""
        if kind not in self.kinds:
            near = difflib.get_close_matches(kind, self.kinds, 1) or sorted(self.kinds)
            raise ValueError(f"no fault {kind!r}; did you mean {near[0]!r}?")
        self._armed.append(_Armed(kind, times, match, options))

    def take(self, kind: str, subject: str = "") -> Mapping[str, Any] | None:
        """The options of an armed fault that applies to `subject`, used up once; None when all is well."""
        for armed in self._armed:
            if armed.kind == kind and armed.match in subject:
                if armed.left is not None:
                    armed.left -= 1
                    if armed.left == 0:
                        self._armed.remove(armed)
                return armed.options
        return None

    def clear(self) -> None:
        """Behave well again."""
        self._armed.clear()


class Emulator(ABC):
    """A vendor's service on loopback, good enough for the vendor's own SDK to talk to.

    Args:
        clock: What renders and expiry are timed by; by default the machine's clock times `speed`.
        speed: How many times faster than life the default clock runs.
        api_key: The only key this emulator accepts.
        port: The port to listen on; 0 picks a free one.
    """

    name: ClassVar[str]
    fault_kinds: ClassVar[Mapping[str, str]]

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        speed: float = 1.0,
        api_key: str | None = None,
        port: int = 0,
    ) -> None:
        self.clock: Clock = clock or ScaledClock(speed)
        self.ledger: Ledger = Ledger()
        self.faults: Faults = Faults(self.fault_kinds)
        self.api_key: str = api_key or self.default_api_key()
        self.port = port

    @classmethod
    @abstractmethod
    def default_api_key(cls) -> str:
        """A key of the vendor's form that is plainly not real."""

    @classmethod
    def shared(cls) -> Endpoint:
        """The endpoint of this process's one shared emulator of this class, started at the first call.

        It runs ten times as fast as life: slow enough to see progress, fast enough to wait for.
        """
        from anymedia.testing.hosting import shared

        return shared(cls, speed=_SHARED_SPEED)

    @abstractmethod
    async def start(self) -> Endpoint:
        """Listen on loopback and say where."""

    @abstractmethod
    async def aclose(self) -> None:
        """Stop listening, end running tasks and leave nothing behind."""

    async def __aenter__(self) -> Self:
        self.endpoint: Endpoint = await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
