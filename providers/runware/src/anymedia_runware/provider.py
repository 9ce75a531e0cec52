"""Runware behind the contract: client-made task ids, push for quick work on a WebSocket, batched look-ups."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, Final
from uuid import UUID

from typing_extensions import override

from anymedia.catalog import Catalog, ModelInfo
from anymedia.config import ProviderDefaults, ProviderSettings
from anymedia.errors import (
    AuthenticationError,
    ClientClosedError,
    InvalidRequestError,
    MediaError,
    PermissionDeniedError,
    ProtocolError,
    TaskNotFoundError,
    TransportError,
)
from anymedia.provider import Cancellation, Context, Gap, Plan, Provider, Submission, merge_options
from anymedia.refs import Outcome, TaskRef, TaskState
from anymedia.requests import GenerateText, Native, ProviderOptions, Request
from anymedia.results import Notice, Result
from anymedia.tasks import Snapshot
from anymedia_runware.apps import Apps, app_call, is_app
from anymedia_runware.attempts import Lapsed, Question
from anymedia_runware.bodies import body_of, call_of, count_of, encoded_body, has_local_input, model_of
from anymedia_runware.calls import Calls
from anymedia_runware.catalog import catalog
from anymedia_runware.codec import Reply, archived, is_unknown, polled, pushed
from anymedia_runware.connection import Connection, News
from anymedia_runware.errors import error_of, meaning_of, refusal_of
from anymedia_runware.kinds import UNPAID
from anymedia_runware.options import RunwareOptions, unknown_inside
from anymedia_runware.pacing import is_quick, poll_delay, push_patience
from anymedia_runware.rest import RestConnection
from anymedia_runware.streams import Streams
from anymedia_runware.wire import Item, Task, get_response, get_task_details

__all__ = ["RunwareProvider"]

_JITTER: Final = 0.2
_HOPELESS: Final = (AuthenticationError, PermissionDeniedError, ClientClosedError)
_RECONCILE: Final = 30.0
"""Seconds a task may be unknown to the vendor before nobody can say what became of it."""

_BEFORE_RESENDING: Final = 1.0
"""Seconds between a lost acknowledgement and sending the same id again. Source: runware-sdk 1.8.0; 2026-10."""


class RunwareProvider(Provider):
    """See `providers/runware/README.md`."""

    name: ClassVar[str] = "runware"
    contract: ClassVar[int] = 1
    options: ClassVar[type[ProviderOptions]] = RunwareOptions
    batch: ClassVar[int] = 20
    defaults: ClassVar[ProviderDefaults] = ProviderDefaults(
        base_url="wss://ws-api.runware.ai/v1",
        api_key_env="RUNWARE_API_KEY",
        base_url_env="RUNWARE_BASE_URL",
        poll_interval=1.0,
        other_urls=("https://api.runware.ai/v1",),
    )
    cancels: ClassVar[bool] = False
    where_to_look: ClassVar[str] = "getTaskDetails, and Runware's dashboard, show what ran"

    def __init__(self, settings: ProviderSettings, context: Context) -> None:
        super().__init__(settings, context)
        self._over_http = settings.base_url.startswith("http")
        self._connection: Connection | RestConnection = (
            RestConnection(settings, context) if self._over_http else Connection(settings, context, self._pass_on)
        )
        self.calls: Calls = Calls(self._connection, settings, context)
        self._streams = Streams(settings, context, self._look_up)
        self._apps = Apps(settings, context)

    @classmethod
    @override
    def catalog(cls) -> Catalog:
        return catalog()

    # Before sending.

    @override
    def plan(self, request: Request[Result], model: ModelInfo) -> Plan:
        if isinstance(request, Native) and (app := app_call(request)) is not None:
            body = merge_options(dict(request.payload), request, self.name)
            return Plan(provider=self.name, model=app, call=app, body=body, request=request)
        call, body = call_of(request, model), body_of(request, model)
        wire_model = model_of(request, model)
        return Plan(
            provider=self.name,
            model=wire_model,
            call=call,
            body=body,
            request=request,
            count=count_of(call, body),
            quick=not self._over_http and is_quick(call, wire_model, body),
            notices=tuple(_notices(request, model)),
        )

    @override
    async def prepare(self, plan: Plan) -> Plan:
        """Put inputs into the vendor's form: there is no upload, bytes travel inside the task."""
        if has_local_input(plan.request):
            return replace(plan, body=await asyncio.to_thread(encoded_body, plan.body))
        return replace(plan, body=encoded_body(plan.body))

    @override
    def new_ref(self, plan: Plan) -> TaskRef:
        task = UUID(int=self.context.rng.getrandbits(128), version=4)
        return TaskRef(provider=self.name, id=str(task), operation=plan.operation, model=plan.model, count=plan.count)

    # Starting a task.

    @override
    async def submit(self, plan: Plan, ref: TaskRef | None) -> Submission:
        ref = ref or self.new_ref(plan)
        if is_app(ref):
            return await self._apps.submit(plan, ref)
        if isinstance(plan.request, GenerateText) and plan.request.stream:
            return await self._stream(ref, plan)
        delivery = "sync" if plan.push else "async"
        said = {} if plan.call in UNPAID else {"deliveryMethod": delivery}
        task = {"taskType": plan.call, "taskUUID": ref.id, **plan.body, **said}
        try:
            await self._connection.ready()
        except TransportError as error:
            return Submission(outcome=Outcome.NOT_SENT, ref=ref, error=error)
        except MediaError as error:
            return Submission(outcome=Outcome.REFUSED, ref=ref, error=error)
        return await self._send(ref, task, push=plan.push)

    async def _stream(self, ref: TaskRef, plan: Plan) -> Submission:
        """One attempt whose text is read as it is written."""
        task = {
            "taskType": plan.call,
            "taskUUID": ref.id,
            "includeUsage": True,
            **plan.body,
            "deliveryMethod": "stream",
        }
        try:
            told = await self._streams.start(ref, task)
        except MediaError as error:
            return Submission(outcome=_outcome_of(error), ref=ref, error=error)
        if isinstance(told, Snapshot):
            return Submission(outcome=Outcome.ACCEPTED, ref=ref, snapshot=told)
        if told.is_accepted:
            return Submission(outcome=Outcome.ACCEPTED, ref=ref, snapshot=polled(ref, Reply(told.data)))
        return await self._judge(ref, told.errors)

    @override
    def awaits_push(self, ref: TaskRef) -> bool:
        attempt = self._connection.attempt(ref)
        return attempt is not None and attempt.push and attempt.written

    @override
    async def reconcile(self, ref: TaskRef) -> Submission:
        """Find out what became of an attempt.

        What this process sent for asynchronous delivery is sent again under the same id, which the vendor takes only
        once. Anything else, and what is answered no better then, is looked up, and never sent again.
        """
        attempt = self._connection.attempt(ref)
        submission = Submission(outcome=Outcome.UNKNOWN, ref=ref)
        if attempt is not None and not attempt.push:
            submission = await self._insist(ref, attempt.task, tries=1)
        if submission.outcome is Outcome.UNKNOWN and not isinstance(submission.error, _HOPELESS):
            found = await self._insist(ref, None, tries=2)
            submission = replace(found, error=found.error or submission.error)
        if submission.outcome is not Outcome.ACCEPTED:
            self._connection.forget(ref)
        return submission

    async def _insist(self, ref: TaskRef, again: Task | None, *, tries: int) -> Submission:
        """Try for a while to learn what became of a task, and so many times at least, however long answers take."""
        give_up, done = self.context.clock.now() + _RECONCILE, 0
        while True:
            submission = await self._find_out(ref, again)
            done += 1
            is_late = done >= tries and self.context.clock.now() >= give_up
            if submission.outcome is not Outcome.UNKNOWN or isinstance(submission.error, _HOPELESS) or is_late:
                return submission
            await self.context.clock.sleep(self.settings.poll_interval)

    async def _find_out(self, ref: TaskRef, again: Task | None) -> Submission:
        """One try to learn what became of a task: accepted, refused for good, or still unknown."""
        try:
            if again is None:
                return await self._looked_up(ref)
            await self.context.clock.sleep(_BEFORE_RESENDING)
            await self._connection.ready()
            if self._is_known(ref):
                return await self._looked_up(ref)
            sent = await self._send(ref, again, push=False)
            if sent.outcome is not Outcome.REFUSED or _is_about_request(sent.error):
                return _no_less_than_unknown(sent)
            found = await self._looked_up(ref)
        except MediaError as error:
            return Submission(outcome=Outcome.UNKNOWN, ref=ref, error=error)
        return replace(found, error=found.error or sent.error)

    async def _send(self, ref: TaskRef, task: Task, *, push: bool) -> Submission:
        try:
            reply = await self._connection.start(ref, task, push=push)
        except MediaError as error:
            outcome = _outcome_of(error)
            if outcome is not Outcome.UNKNOWN:
                self._connection.forget(ref)
            return Submission(outcome=outcome, ref=ref, error=error)
        if self._is_known(ref):
            return self._accepted(ref, polled_from_now_on=bool(reply.errors))
        return await self._judge(ref, reply.errors)

    async def _judge(self, ref: TaskRef, errors: Sequence[Item]) -> Submission:
        """What errors in place of an acknowledgement prove."""
        meaning, reason = meaning_of(errors[0] if errors else {}), refusal_of(errors, ref=ref)
        if meaning.started != "no":
            try:
                found = await self._looked_up(ref)
            except MediaError:
                return Submission(outcome=Outcome.UNKNOWN, ref=ref, error=reason)
            if found.outcome is Outcome.ACCEPTED:
                self._connection.forget(ref)  # after an error nothing may be pushed any more
                return found
            if meaning.started == "likely":
                return Submission(outcome=Outcome.UNKNOWN, ref=ref, error=reason)
        self._connection.forget(ref)
        return Submission(outcome=Outcome.REFUSED, ref=ref, error=reason)

    async def _looked_up(self, ref: TaskRef) -> Submission:
        """Accepted if the vendor knows the task, or has just sent a result; else still unknown."""
        found = () if self._is_known(ref) else await self.fetch([ref])
        if self._is_known(ref):
            return self._accepted(ref)
        if not found:
            return Submission(outcome=Outcome.UNKNOWN, ref=ref)
        return Submission(outcome=Outcome.ACCEPTED, ref=ref, snapshot=found[0])

    def _is_known(self, ref: TaskRef) -> bool:
        attempt = self._connection.attempt(ref)
        return attempt is not None and attempt.known

    def _accepted(self, ref: TaskRef, *, polled_from_now_on: bool = False) -> Submission:
        attempt = self._connection.attempt(ref)
        assert attempt is not None
        snapshot = pushed(ref, tuple(attempt.results.values()))
        self._connection.follow(attempt)
        if polled_from_now_on:
            self._connection.forget(ref)
        return Submission(outcome=Outcome.ACCEPTED, ref=ref, snapshot=snapshot)

    # Following it.

    @override
    async def fetch(self, refs: Sequence[TaskRef]) -> Sequence[Snapshot]:
        streamed = {ref.id: snapshot for ref in refs if (snapshot := self._streams.snapshot(ref)) is not None}
        others = [ref for ref in refs if ref.id not in streamed]
        return [*streamed.values(), *(await self._look_up(others) if others else ())]

    async def _look_up(self, refs: Sequence[TaskRef]) -> Sequence[Snapshot]:
        apps, tasks = [ref for ref in refs if is_app(ref)], [ref for ref in refs if not is_app(ref)]
        states = await asyncio.gather(*map(self._apps.look, apps))
        found = {ref.id: state for ref, state in zip(apps, states, strict=True)}
        found.update(await self._ask(Question.STATE, tasks) if tasks else {})
        strangers = [ref for ref in tasks if found[ref.id] is None]
        if strangers:
            found.update(await self._ask(Question.ARCHIVE, strangers))
        snapshots = [snapshot for snapshot in found.values() if isinstance(snapshot, Snapshot)]
        errors = [error for error in found.values() if isinstance(error, MediaError)]
        if errors and not snapshots:
            raise errors[0]
        self._note_ends(found, refs)
        unheard = [ref for ref in refs if isinstance(found[ref.id], MediaError)]
        return [*snapshots, *(Snapshot(ref=ref, state=TaskState.QUEUED) for ref in unheard)]

    def _note_ends(self, found: Mapping[str, Snapshot | MediaError | None], refs: Sequence[TaskRef]) -> None:
        """Expect no more pushes from tasks that are over, nor from accepted ones that the vendor has lost."""
        for ref in refs:
            state, attempt = found[ref.id], self._connection.attempt(ref)
            is_over = isinstance(state, Snapshot) and state.state.is_final
            if is_over or (state is None and attempt is not None and attempt.followed):
                self._connection.forget(ref)

    async def _ask(self, kind: Question, refs: Sequence[TaskRef]) -> dict[str, Snapshot | MediaError | None]:
        """For each task its state, the error with which the look-up was answered, or None when it is not known."""
        make = get_response if kind is Question.STATE else get_task_details
        try:
            replies = await self._connection.look(kind, [make(ref.id) for ref in refs])
        except InvalidRequestError as error:  # our question was wrong, which says nothing about the tasks
            raise ProtocolError(error.message, provider=self.name, provider_code=error.provider_code) from error
        return {ref.id: _state(ref, replies.get(ref.id), kind) for ref in refs}

    @override
    def next_look(self, ref: TaskRef, last: Snapshot | None, age: float, failures: int) -> float | None:
        if self._streams.snapshot(ref) is not None:
            return None
        if last is None and not failures:
            return 0.0
        attempt, interval = self._connection.attempt(ref), self.settings.poll_interval
        if attempt is not None and attempt.is_pending:
            wait = push_patience(failures, interval)
        else:
            wait = poll_delay(age, failures, interval)
        return wait * (1 + _JITTER * self.context.rng.uniform(-1, 1))

    @override
    async def cancel(self, ref: TaskRef) -> Cancellation:
        """Runware cannot stop a task; this only tells where it stands."""
        found = await self.fetch([ref])
        if not found:
            raise TaskNotFoundError(f"Runware does not know the task {ref.id}", provider=self.name, ref=ref)
        return Cancellation(stopped=False, refund="none", state=found[0].state)

    @override
    async def aclose(self) -> None:
        await self._streams.aclose()
        await self._connection.aclose()

    def _pass_on(self, news: News) -> None:
        if isinstance(news, Lapsed):
            self.context.emit(Gap(news.refs))
        else:
            self.context.emit(pushed(news.attempt.ref, tuple(news.attempt.results.values())))


def _notices(request: Request[Result], model: ModelInfo) -> Iterator[Notice]:
    if not model.listed and request.operation != "native":
        message = f"{model.id} is not in the catalogue, so nothing was checked; sent as it is"
        yield Notice(code="unconfirmed", message=message, field="model")
    options = request.provider_options.get("runware")
    for name in unknown_inside(options) if isinstance(options, RunwareOptions) else ():
        field = f"provider_options.runware.{name}"
        yield Notice(code="unknown_option", message="not known here; sent as it is", field=field)


def _outcome_of(error: MediaError) -> Outcome:
    """What a call without an answer proves."""
    if isinstance(error, TransportError) and not error.sent:
        return Outcome.NOT_SENT
    return Outcome.REFUSED if error.outcome is Outcome.REFUSED else Outcome.UNKNOWN


def _is_about_request(error: MediaError | None) -> bool:
    """Whether a refusal is Runware's own and for good, so that the same request cannot have been taken before.

    An empty account or a gateway refuses the second sending of what was accepted, and paid, the first time.
    """
    if error is None or error.raw is None or error.retryable:
        return False
    return not meaning_of({"code": error.provider_code}).passing


def _no_less_than_unknown(submission: Submission) -> Submission:
    """What sending again proves about the first time: nothing, unless it was answered."""
    if submission.outcome in (Outcome.ACCEPTED, Outcome.REFUSED):
        return submission
    return replace(submission, outcome=Outcome.UNKNOWN)


def _state(ref: TaskRef, reply: Reply | None, kind: Question) -> Snapshot | MediaError | None:
    if kind is Question.ARCHIVE and reply is not None and reply.data:
        return archived(ref, reply.data[0])
    if reply is None or is_unknown(reply):
        return None
    snapshot = polled(ref, reply) if kind is Question.STATE else None
    return snapshot or error_of(reply.errors[0], ref=ref)
