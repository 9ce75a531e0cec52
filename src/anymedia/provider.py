"""The contract between the core and a provider: plain data in, plain data out, one attempt at a time."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, TypeAlias, cast

from anymedia.catalog import Catalog, ModelInfo
from anymedia.clock import Clock
from anymedia.config import ProviderDefaults, ProviderSettings
from anymedia.errors import InvalidRequestError, Issue, MediaError
from anymedia.refs import Outcome, TaskRef, TaskState
from anymedia.requests import ProviderOptions, Request
from anymedia.results import Cost, Notice, Result
from anymedia.tasks import Snapshot

if TYPE_CHECKING:
    from anymedia.transports.http import HttpTransport
    from anymedia.transports.websocket import WebSocketConnection

__all__ = [
    "CONTRACT",
    "Cancellation",
    "Connect",
    "Context",
    "Emit",
    "Gap",
    "Plan",
    "Provider",
    "Submission",
    "merge_options",
]

CONTRACT = 1
"""The number of this contract; the registry refuses a provider made for another."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A request resolved for one provider; nothing has been sent.

    Attributes:
        provider: Who will be asked.
        model: The vendor's own name of the model.
        call: `POST /v1/text_to_image`, or the vendor's task type.
        body: What goes on the wire. Local inputs stand in it as `Media` until `Provider.prepare` has encoded or
            uploaded them.
        request: The request as resolved: its size exact, its inputs read.
        count: How many outputs are expected.
        quick: Whether the result comes soon enough to be pushed to a caller who waits for it.
        push: Whether that is wanted this time.
        notices: What is dropped, adjusted or merely worth knowing.
        estimate: What it should cost, where that can be told.
        fingerprint: A digest of the request as the caller made it, inputs included.
    """

    provider: str
    model: str
    call: str
    body: Mapping[str, object] = field(repr=False)
    request: Request[Result] = field(repr=False)
    count: int = 1
    quick: bool = False
    push: bool = False
    notices: tuple[Notice, ...] = ()
    estimate: Cost | None = None
    fingerprint: str = ""

    @property
    def operation(self) -> str:
        """What is asked for."""
        return self.request.operation


@dataclass(frozen=True, kw_only=True)
class Submission:
    """How one attempt to start a task ended.

    Attributes:
        outcome: The one word that decides what may be done next.
        ref: The task, when `outcome` is `ACCEPTED`; for a client-made id also when it is `UNKNOWN`.
        snapshot: What is already known of the task.
        error: Why it was not sent, refused, or is unknown.
        estimate: What the provider says it may cost.
    """

    outcome: Outcome
    ref: TaskRef | None = None
    snapshot: Snapshot | None = None
    error: MediaError | None = None
    estimate: Cost | None = None


@dataclass(frozen=True, kw_only=True)
class Cancellation:
    """What became of the wish to cancel a task.

    Attributes:
        stopped: Whether the task was stopped by this call or an earlier one.
        refund: What the provider gives back, as far as can be known.
        state: The task's state afterwards.
    """

    stopped: bool
    refund: Literal["full", "none", "unknown"]
    state: TaskState


@dataclass(frozen=True)
class Gap:
    """The link that pushed news about these tasks was down; they must be asked for."""

    refs: tuple[TaskRef, ...]


def merge_options(body: Mapping[str, object], request: Request[Result], provider: str) -> dict[str, object]:
    """`body` with the chosen provider's own options added, under their wire names; objects are joined key by key.

    Raises:
        InvalidRequestError: An option names what a normalised field has already set.
    """
    options = request.provider_options.get(provider)
    if options is None:
        return dict(body)
    extra = options.model_dump(by_alias=True, exclude_none=True) if isinstance(options, ProviderOptions) else options
    clashes: list[Issue] = []
    merged = _merged(body, extra, f"provider_options.{provider}", clashes)
    if clashes:
        raise InvalidRequestError("; ".join(map(str, clashes)), provider=provider, issues=clashes)
    return merged


def _merged(
    body: Mapping[str, object], extra: Mapping[str, object], path: str, clashes: list[Issue]
) -> dict[str, object]:
    merged = dict(body)
    for key, value in extra.items():
        known = merged.get(key)
        if key not in merged:
            merged[key] = value
        elif isinstance(known, Mapping) and isinstance(value, Mapping):
            inner = cast("tuple[Mapping[str, object], Mapping[str, object]]", (known, value))
            merged[key] = _merged(*inner, f"{path}.{key}", clashes)
        else:
            clashes.append(Issue(field=f"{path}.{key}", message="already set by the request"))
    return merged


Emit: TypeAlias = Callable[[Snapshot | Gap], None]


class Connect(Protocol):
    """Opens a WebSocket; see `anymedia.transports.websocket.connect`."""

    def __call__(self, url: str, *, timeout: float) -> Awaitable["WebSocketConnection"]:
        """Open `url` within `timeout` seconds."""
        ...


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a provider gets from the core, so that time, chance and network are arguments.

    Attributes:
        clock: Monotonic time.
        rng: For jitter and client-made ids.
        http: The HTTP transport, shared by all providers of a client.
        connect: Opens WebSockets.
        emit: Where pushed news goes.
    """

    clock: Clock
    rng: Random
    http: "HttpTransport"
    connect: Connect
    emit: Emit


class Provider(ABC):
    """One vendor behind the contract.

    A provider reports; it never decides whether to try again. It keeps no record of tasks beyond what its connection
    needs: the core's tracker is the only writer of task state.
    """

    name: ClassVar[str]
    contract: ClassVar[int]
    options: ClassVar[type[ProviderOptions]] = ProviderOptions
    defaults: ClassVar[ProviderDefaults]
    batch: ClassVar[int] = 1
    """How many refs one `fetch` may carry."""
    cancels: ClassVar[bool] = True
    """Whether `cancel` can stop a task; where it cannot, a task that is not found was not canceled."""
    where_to_look: ClassVar[str] = "the vendor's usage page shows what was started"
    """Where a person finds out whether an attempt of unknown outcome started a task."""

    def __init__(self, settings: ProviderSettings, context: Context) -> None:
        """Keep both; open nothing."""
        self.settings = settings
        self.context = context

    @classmethod
    @abstractmethod
    def catalog(cls) -> Catalog:
        """Every model, and what it accepts. Needs no key and no connection."""

    @abstractmethod
    def plan(self, request: Request[Result], model: ModelInfo) -> Plan:
        """The call and body for a request whose fields are already checked and resolved. No I/O.

        Raises:
            InvalidRequestError: Something only this provider can judge is wrong.
        """

    async def prepare(self, plan: Plan) -> Plan:
        """Encode or upload the inputs in `plan.body`. Free of charge; may be repeated.

        Raises:
            MediaError: An input cannot be brought to the provider.
        """
        return plan

    def new_ref(self, plan: Plan) -> TaskRef | None:
        """The address of the task about to be started, where the client makes the id; else None."""
        return None

    @abstractmethod
    async def submit(self, plan: Plan, ref: TaskRef | None) -> Submission:
        """Make one attempt and say how it ended. Never tries twice, never raises for an answer of the vendor."""

    def awaits_push(self, ref: TaskRef) -> bool:
        """Whether an attempt under a client-made id has left whole and is answered by its result, which is pushed.

        A client that is being closed does not wait for that: the id is in the journal.
        """
        return False

    async def reconcile(self, ref: TaskRef) -> Submission:
        """Find out what became of an attempt whose outcome is unknown, without starting anything."""
        return Submission(outcome=Outcome.UNKNOWN, ref=ref)

    @abstractmethod
    async def fetch(self, refs: Sequence[TaskRef]) -> Sequence[Snapshot]:
        """The state of up to `batch` tasks, in one round trip.

        Refs the vendor does not know are simply absent from the answer.

        Raises:
            MediaError: The round trip failed; it says nothing about the tasks.
        """

    @abstractmethod
    def next_look(self, ref: TaskRef, last: Snapshot | None, age: float, failures: int) -> float | None:
        """Seconds until the task should be fetched again, or None when its news is pushed.

        Args:
            ref: The task.
            last: What is known.
            age: Seconds since the client began to follow it.
            failures: Fetches in a row that failed.
        """

    @property
    def rest(self) -> float:
        """Seconds the vendor wants between two looks at one task; whoever asks sooner gets the last answer again."""
        return 0.0

    @abstractmethod
    async def cancel(self, ref: TaskRef) -> Cancellation:
        """Stop the task where the vendor can; a finished task is never destroyed."""

    @abstractmethod
    async def aclose(self) -> None:
        """Close what was opened."""
