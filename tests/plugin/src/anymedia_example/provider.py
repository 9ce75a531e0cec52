"""The contract, met by a vendor with three calls: POST /jobs, GET /jobs/<id>, DELETE /jobs/<id>."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from typing_extensions import override

from anymedia import (
    Cancellation,
    Cost,
    MediaError,
    Outcome,
    Output,
    Plan,
    Request,
    Result,
    Snapshot,
    TaskRef,
    TaskState,
    errors,
)
from anymedia.catalog import Catalog, ModelInfo, Size
from anymedia.config import ProviderDefaults
from anymedia.json import JSON
from anymedia.provider import Provider, Submission, merge_options
from anymedia.transports.http import HttpResponse
from anymedia_example.catalog import CATALOG

__all__ = ["ExampleProvider"]

_STATES = {
    "waiting": TaskState.QUEUED,
    "working": TaskState.RUNNING,
    "done": TaskState.SUCCEEDED,
    "failed": TaskState.FAILED,
    "stopped": TaskState.CANCELED,
}
_ERRORS: dict[str, type[MediaError]] = {
    "bad_key": errors.AuthenticationError,
    "bad_request": errors.InvalidRequestError,
    "no_money": errors.InsufficientCreditsError,
    "no_such_job": errors.TaskNotFoundError,
    "not_allowed": errors.ModerationError,
    "too_fast": errors.RateLimitError,
}


class ExampleProvider(Provider):
    """Draws sketches; a job is polled until it is done."""

    name = "example"
    contract = 1
    defaults = ProviderDefaults(
        base_url="https://api.example.invalid",
        api_key_env="EXAMPLE_API_KEY",
        base_url_env="EXAMPLE_BASE_URL",
        poll_interval=1.0,
    )

    @classmethod
    @override
    def catalog(cls) -> Catalog:
        return CATALOG

    @override
    def plan(self, request: Request[Result], model: ModelInfo) -> Plan:
        fields = request.model_dump(include={"prompt", "seed", "size"}, exclude_none=True)
        size = Size.parse(fields.pop("size"))
        body = {"model": model.id, **fields, "width": size.width, "height": size.height}
        merged = merge_options(body, request, self.name)
        return Plan(provider=self.name, model=model.id, call="POST /jobs", body=merged, request=request)

    @override
    async def submit(self, plan: Plan, ref: TaskRef | None) -> Submission:
        try:
            answer = await self._call("POST", "/jobs", plan.body)
            if 400 <= answer.status < 500:  # this vendor starts nothing that it answers with 4xx
                return Submission(outcome=Outcome.REFUSED, error=self._error(answer))
            job = self._job(answer)
        except errors.TransportError as error:
            return Submission(outcome=Outcome.UNKNOWN if error.sent else Outcome.NOT_SENT, error=error)
        except MediaError as error:  # behind a 5xx, or an answer nobody can read, the job may have been started
            return Submission(outcome=Outcome.UNKNOWN, error=error)
        made = TaskRef(provider=self.name, id=job["id"], operation=plan.operation, model=plan.model)
        return Submission(outcome=Outcome.ACCEPTED, ref=made, snapshot=self._snapshot(made, job))

    @override
    async def fetch(self, refs: Sequence[TaskRef]) -> Sequence[Snapshot]:
        answer = await self._call("GET", f"/jobs/{refs[0].id}")
        return [] if answer.status == 404 else [self._snapshot(refs[0], self._job(answer))]

    @override
    def next_look(self, ref: TaskRef, last: Snapshot | None, age: float, failures: int) -> float | None:
        pause: float = min(self.settings.poll_interval * 2.0**failures, 30.0)
        return pause * self.context.rng.uniform(0.8, 1.2)

    @override
    async def cancel(self, ref: TaskRef) -> Cancellation:
        job = self._job(await self._call("DELETE", f"/jobs/{ref.id}"))  # this vendor leaves finished jobs alone
        state = _STATES.get(job["status"], TaskState.RUNNING)
        stopped = state is TaskState.CANCELED
        return Cancellation(stopped=stopped, refund="full" if stopped else "none", state=state)

    @override
    async def aclose(self) -> None:
        """Nothing was opened: the HTTP transport belongs to the client."""

    async def _call(self, method: str, path: str, body: Any = None) -> HttpResponse:
        headers = {"authorization": f"Bearer {self.settings.api_key.get_secret_value()}"}
        return await self.context.http.request(method, self.settings.base_url + path, headers=headers, json=body)

    def _job(self, answer: HttpResponse) -> dict[str, Any]:
        if answer.status not in (200, 202):
            raise self._error(answer)
        job: JSON = answer.json()
        if not isinstance(job, dict) or not {"id", "status", "price"} <= job.keys():
            raise errors.ProtocolError("this is no job", provider=self.name, raw=job)
        return job

    def _error(self, answer: HttpResponse) -> MediaError:
        if answer.status >= 500:
            return errors.ProviderUnavailableError(f"HTTP {answer.status}", provider=self.name)
        body: Any = answer.json()
        kind = _ERRORS.get(body["code"], errors.ProtocolError)
        return kind(body["message"], provider=self.name, provider_code=body["code"], raw=body)

    def _snapshot(self, ref: TaskRef, job: dict[str, Any]) -> Snapshot:
        failure: MediaError | None = None
        if job["status"] == "failed":
            kind = _ERRORS.get(job["code"], errors.TaskFailedError)
            failure = kind(job["message"], provider=self.name, provider_code=job["code"], ref=ref, raw=job)
        output = Output(kind="image", url=job.get("url"), media_type="image/png", seed=job.get("seed"))
        price = Decimal(job["price"])
        return Snapshot(
            ref=ref,
            state=_STATES.get(job["status"], TaskState.QUEUED),  # an unknown word: the tracker never goes back
            progress=job.get("progress"),
            provider_status=job["status"],
            outputs=(output,) if output.url else (),
            cost=Cost(amount=price, unit="USD", usd=price),
            failure=failure,
            raw=job,
        )
