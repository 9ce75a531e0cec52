"""Runway behind the contract: one call per attempt, one per look, nothing repeated."""

import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, Final, cast
from urllib.parse import urlsplit

from typing_extensions import override

from anymedia.catalog import Catalog, ModelInfo
from anymedia.config import ProviderDefaults, ProviderSettings
from anymedia.errors import (
    AuthenticationError,
    InvalidRequestError,
    TaskNotFoundError,
    TransportError,
    UnsupportedError,
)
from anymedia.json import JSON
from anymedia.logs import redact
from anymedia.provider import Cancellation, Context, Plan, Provider, Submission, merge_options
from anymedia.refs import Outcome, TaskRef, TaskState
from anymedia.requests import Native, ProviderOptions, Request
from anymedia.results import Notice, Result
from anymedia.retry import RetryPolicy
from anymedia.tasks import Snapshot
from anymedia_runway import poller
from anymedia_runway.bodies import body_of, completed, dropped, native_call, refuse_unsendable
from anymedia_runway.catalog import runway_catalog
from anymedia_runway.errors import error_of
from anymedia_runway.forms import Form, natural_form
from anymedia_runway.inputs import check_input
from anymedia_runway.options import RunwayOptions
from anymedia_runway.prices import estimate
from anymedia_runway.snapshots import WHERE_TO_LOOK, WORKFLOW, canceled, is_task_id, read_created, read_task, unknown
from anymedia_runway.uploads import Uploader
from anymedia_runway.wire import Answer

__all__ = ["RunwayProvider"]

# Source: Runway API reference; 2026-11
_VERSION: Final = "2024-11-06"
_KEY: Final = re.compile(r"[!-~]+")
_REMEMBERED: Final = 1000
_OPTION_NAMES: Final = frozenset(field.alias for field in RunwayOptions.model_fields.values())


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
        at_vendor = urlsplit(settings.base_url).hostname == urlsplit(self.defaults.base_url).hostname
        self._interval = poller.interval(settings.poll_interval, at_vendor=at_vendor)
        policy = RetryPolicy(retries=settings.retries, delay=settings.retry_delay)
        self._uploader = Uploader(self._call, context, policy)
        self._deleted: deque[str] = deque(maxlen=_REMEMBERED)

    @override
    @classmethod
    def catalog(cls) -> Catalog:
        return runway_catalog()

    @override
    def plan(self, request: Request[Result], model: ModelInfo) -> Plan:
        for field, media in request.media():
            check_input(field, media)
        call, body, notices = _native(request) if isinstance(request, Native) else _call_of(request, model)
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
        return replace(plan, body=await self._uploader.resolve(plan.body))

    @override
    async def submit(self, plan: Plan, ref: TaskRef | None) -> Submission:
        method, path = plan.call.split(" ", 1)
        try:
            answer = await self._call(method, path, cast("JSON", plan.body), _extra_headers(plan.request))
        except TransportError as error:
            return unknown(error) if error.sent else Submission(outcome=Outcome.NOT_SENT, error=error)
        return read_created(answer, plan)

    @override
    async def fetch(self, refs: Sequence[TaskRef]) -> Sequence[Snapshot]:
        found = [await self._look(ref) for ref in refs]
        return [snapshot for snapshot in found if snapshot is not None]

    @override
    def next_look(self, ref: TaskRef, last: Snapshot | None, age: float, failures: int) -> float | None:
        chance = self.context.rng.random()
        if failures:
            return poller.back_off(self._interval, failures, chance)
        return poller.pause(self._interval, chance)

    @override
    async def cancel(self, ref: TaskRef) -> Cancellation:
        snapshot = await self._look(ref)
        if snapshot is None:
            raise TaskNotFoundError(f"runway does not know the task {ref.id}", provider=self.name, ref=ref)
        if snapshot.state is TaskState.CANCELED:
            free = snapshot.cost is not None and snapshot.cost.amount == 0
            return Cancellation(stopped=True, refund="full" if free else "unknown", state=snapshot.state)
        if snapshot.state.is_final or WORKFLOW in ref.extra:
            return Cancellation(stopped=False, refund="none", state=snapshot.state)
        await self._delete(ref)
        # Money comes back only for a task that still waits, and that it did a moment ago proves nothing.
        running = snapshot.state is TaskState.RUNNING
        return Cancellation(stopped=True, refund="none" if running else "unknown", state=TaskState.CANCELED)

    @override
    async def aclose(self) -> None:
        """Nothing of its own is open: the transport belongs to the client."""

    async def _look(self, ref: TaskRef) -> Snapshot | None:
        answer = await self._call("GET", _path(ref))
        if answer.status == 404:
            return canceled(ref) if ref.id in self._deleted else None
        if answer.status != 200:
            raise error_of(answer)
        return read_task(answer, ref)

    async def _delete(self, ref: TaskRef) -> None:
        # Noted first: if the answer is lost, a later 404 still means that this call did it.
        self._deleted.append(ref.id)
        answer = await self._call("DELETE", _path(ref))
        if answer.status >= 300 and answer.status != 404:
            raise error_of(answer)

    async def _call(
        self, method: str, path: str, json: JSON = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        key = self.settings.api_key.get_secret_value()
        given = {"Authorization": f"Bearer {key}", "X-Runway-Version": _VERSION, **(headers or {})}
        answer = await self.context.http.request(
            method,
            self.settings.base_url + path,
            headers=given,
            json=json,
            timeout=self.settings.submit_timeout,
            connect_timeout=self.settings.connect_timeout,
        )
        # A vendor that repeats the key in its complaint must not get it into errors and logs.
        body = answer.body if answer.status < 300 else redact(answer.body.decode(errors="replace"), key).encode()
        return Answer(answer.status, answer.headers, body)


def _call_of(request: Request[Result], model: ModelInfo) -> tuple[str, Mapping[str, object], tuple[Notice, ...]]:
    form = _form(request, model)
    body, unlikely = _with_options(body_of(request, model.id, form), request, form if model.listed else None)
    body, excluded = completed(body, request, form)
    return f"POST /v1/{form.endpoint}", body, (*dropped(request, form), *excluded, *unlikely)


def _form(request: Request[Result], model: ModelInfo) -> Form:
    if model.listed:
        return Form.model_validate(model.operations[request.operation].wire)
    form = natural_form(request.operation)
    if form is None:
        raise UnsupportedError(f"runway does not offer {request.operation}", provider="runway")
    return form


def _native(request: Native) -> tuple[str, Mapping[str, object], tuple[Notice, ...]]:
    call, payload = native_call(request)
    body, _ = _with_options(payload, request, None)
    return call, body, ()


def _with_options(
    body: Mapping[str, object], request: Request[Result], form: Form | None
) -> tuple[dict[str, object], tuple[Notice, ...]]:
    """The body with Runway's own options, and a notice for each that the model is not known to have."""
    merged = merge_options(body, request, "runway")
    merged.pop("onBehalfOf", None)
    known = {*body, *form.fields} if form is not None else set(merged)
    message = "the model is not known to have it; sent as it is"
    return merged, tuple(
        Notice(code="unconfirmed", message=message, field=f"provider_options.runway.{name}")
        for name in merged
        if name not in known and name in _OPTION_NAMES
    )


def _extra_headers(request: Request[Result]) -> Mapping[str, str]:
    options = request.provider_options.get("runway")
    name = options.on_behalf_of if isinstance(options, RunwayOptions) else None
    return {"X-Runway-On-Behalf-Of": name} if name else {}


def _path(ref: TaskRef) -> str:
    """Where a task is found. An id from outside must not lead to another resource of the API.

    Raises:
        InvalidRequestError: The id is none of Runway's.
    """
    if not is_task_id(ref.id):
        raise InvalidRequestError(
            f"{ref.id[:60]!r} is no task id of Runway's; those are UUIDs", provider="runway", ref=ref
        )
    return f"/v1/{'workflow_invocations' if WORKFLOW in ref.extra else 'tasks'}/{ref.id}"
