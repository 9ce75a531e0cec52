"""Runway behind the contract: one call per attempt, one per look, nothing repeated."""

import re
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import ClassVar, Final, cast

from typing_extensions import override

from anymedia.catalog import Catalog, ModelInfo
from anymedia.config import ProviderDefaults, ProviderSettings
from anymedia.errors import AuthenticationError, MediaError, TaskNotFoundError, TransportError
from anymedia.json import JSON
from anymedia.provider import Cancellation, Context, Plan, Provider, Submission
from anymedia.refs import Outcome, TaskRef, TaskState
from anymedia.requests import ProviderOptions, Request
from anymedia.results import Result
from anymedia.tasks import Snapshot
from anymedia_runway import poller
from anymedia_runway.bodies import refuse_unsendable
from anymedia_runway.caller import Caller
from anymedia_runway.catalog import runway_catalog
from anymedia_runway.codec import call_of, headers_of
from anymedia_runway.errors import error_of
from anymedia_runway.inputs import check_input
from anymedia_runway.options import RunwayOptions
from anymedia_runway.places import can_be_deleted, path_of
from anymedia_runway.prices import estimate
from anymedia_runway.snapshots import WHERE_TO_LOOK, canceled, read_created, read_task, unknown
from anymedia_runway.uploads import Uploader

__all__ = ["RunwayProvider"]

_KEY: Final = re.compile(r"[!-~]+")
_REMEMBERED: Final = 1000


class RunwayProvider(Provider):
    """Runway's developer API: REST, polled.

    The API has no idempotency key and no list of tasks, so an attempt whose answer is lost stays unknown.
    """

    name: ClassVar[str] = "runway"
    contract: ClassVar[int] = 1
    options: ClassVar[type[ProviderOptions]] = RunwayOptions
    defaults: ClassVar[ProviderDefaults] = ProviderDefaults(
        base_url="https://api.dev.runwayml.com",
        api_key_env="RUNWAYML_API_SECRET",
        base_url_env="RUNWAYML_BASE_URL",
        poll_interval=poller.FLOOR,
    )
    where_to_look: ClassVar[str] = WHERE_TO_LOOK

    def __init__(self, settings: ProviderSettings, context: Context) -> None:
        super().__init__(settings, context)
        if not _KEY.fullmatch(settings.api_key.get_secret_value()):
            raise AuthenticationError("the key for runway holds spaces or other odd characters", provider=self.name)
        self.caller: Caller = Caller(settings, context, self.defaults.base_url)
        self.uploader: Uploader = Uploader(self.caller)
        self._deleted: deque[str] = deque(maxlen=_REMEMBERED)

    @override
    @classmethod
    def catalog(cls) -> Catalog:
        return runway_catalog()

    @override
    def plan(self, request: Request[Result], model: ModelInfo) -> Plan:
        for field, media in request.media():
            check_input(field, media)
        call, body, notices = call_of(request, model)
        refuse_unsendable(body)
        return Plan(
            provider=self.name,
            model=model.id,
            call=call,
            body=body,
            request=request,
            count=getattr(request, "count", 1),
            notices=notices,
            estimate=estimate(call.removeprefix("POST /v1/"), body),
        )

    @override
    async def prepare(self, plan: Plan) -> Plan:
        return replace(plan, body=await self.uploader.resolve(plan.body))

    @override
    async def submit(self, plan: Plan, ref: TaskRef | None) -> Submission:
        method, path = plan.call.split(" ", 1)
        try:
            answer = await self.caller.once(method, path, cast("JSON", plan.body), headers_of(plan.request))
        except TransportError as error:
            return unknown(error) if error.sent else Submission(outcome=Outcome.NOT_SENT, error=error)
        return read_created(answer, plan)

    @override
    async def fetch(self, refs: Sequence[TaskRef]) -> Sequence[Snapshot]:
        found = [await self._look(ref) for ref in refs]
        return [snapshot for snapshot in found if snapshot is not None]

    @override
    def next_look(self, ref: TaskRef, last: Snapshot | None, age: float, failures: int) -> float | None:
        if not failures and last is not None and last.provider_status is None:  # accepted here, not looked at yet
            left = self.caller.first_look(ref.operation, ref.model) - age
            if left > 0:
                return left
        return self.caller.next_pause(failures)

    @property
    @override
    def rest(self) -> float:
        return self.caller.rest

    @override
    async def cancel(self, ref: TaskRef) -> Cancellation:
        snapshot = await self._look(ref)
        if snapshot is None:
            raise TaskNotFoundError(f"runway does not know the task {ref.id}", provider=self.name, ref=ref)
        if snapshot.state is TaskState.CANCELED:
            free = snapshot.cost is not None and snapshot.cost.amount == 0
            return Cancellation(stopped=True, refund="full" if free else "unknown", state=snapshot.state)
        if snapshot.state.is_final or not can_be_deleted(ref):
            return Cancellation(stopped=False, refund="none", state=snapshot.state)
        await self._delete(ref)
        # Money comes back only for a task that still waits, and that it did a moment ago proves nothing.
        running = snapshot.state is TaskState.RUNNING
        return Cancellation(stopped=True, refund="none" if running else "unknown", state=TaskState.CANCELED)

    @override
    async def aclose(self) -> None:
        """Nothing of its own is open: the transport belongs to the client."""

    async def _look(self, ref: TaskRef) -> Snapshot | None:
        with _about(ref):
            answer = await self.caller.once("GET", path_of(ref))
            if answer.status == 404:
                return canceled(ref) if ref.id in self._deleted else None
            if answer.status != 200:
                raise error_of(answer)
            return read_task(answer, ref)

    async def _delete(self, ref: TaskRef) -> None:
        # Noted first: if the answer is lost, a later 404 still means that this call did it.
        self._deleted.append(ref.id)
        with _about(ref):
            answer = await self.caller.once("DELETE", path_of(ref))
            if answer.status >= 300 and answer.status != 404:
                raise error_of(answer)


@contextmanager
def _about(ref: TaskRef) -> Generator[None]:
    """Let whatever goes wrong with a task lead back to it."""
    try:
        yield
    except MediaError as error:
        error.ref = ref
        raise
