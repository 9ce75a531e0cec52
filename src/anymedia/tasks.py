"""What is known of a task at one moment, and how two such moments are joined: forward only, each output once."""

from dataclasses import dataclass, field, replace

from anymedia.errors import MediaError
from anymedia.json import JSON
from anymedia.refs import TaskRef, TaskState
from anymedia.results import Cost, Notice, Output

__all__ = ["Snapshot", "advance"]

_RANK = {
    TaskState.QUEUED: 0,
    TaskState.RUNNING: 1,
    TaskState.SUCCEEDED: 2,
    TaskState.FAILED: 2,
    TaskState.CANCELED: 2,
}


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A task's state at one moment.

    Attributes:
        ref: The task.
        state: Where it is.
        progress: 0 to 1, or None where the provider does not say.
        provider_status: The vendor's own word.
        text: For a text that is streamed: what has been written so far.
        outputs: What is there so far; all of it once the state is `SUCCEEDED`.
        cost: What the provider says it costs.
        errors: Why some outputs are missing.
        failure: Why there is no result, when the state is `FAILED` or `CANCELED`.
        notices: Worth knowing.
        raw: The provider's answer, unchanged but for credentials, which are left out.
    """

    ref: TaskRef
    state: TaskState
    progress: float | None = None
    provider_status: str | None = None
    text: str | None = field(default=None, repr=False)
    outputs: tuple[Output, ...] = ()
    cost: Cost | None = None
    errors: tuple[MediaError, ...] = ()
    failure: MediaError | None = None
    notices: tuple[Notice, ...] = ()
    raw: JSON = field(default=None, repr=False)


def advance(last: Snapshot | None, news: Snapshot) -> Snapshot:
    """Join what was known with what just arrived.

    An end state stays. A state never goes back, nor does progress. Outputs are told apart by the vendor's id of the
    artefact, then by place; those already known keep their place and take the newer URL.
    """
    if last is None:
        return news
    if last.state.is_final:
        return replace(last, outputs=_renewed(last.outputs, news.outputs))
    backwards = _RANK[news.state] < _RANK[last.state]
    return replace(
        news,
        state=last.state if backwards else news.state,
        progress=_furthest(last.progress, news.progress),
        provider_status=news.provider_status or last.provider_status,
        text=news.text if len(news.text or "") >= len(last.text or "") else last.text,
        outputs=_joined(last.outputs, news.outputs),
        cost=news.cost or last.cost,
        errors=news.errors or last.errors,
        notices=last.notices + tuple(notice for notice in news.notices if notice not in last.notices),
        raw=news.raw if news.raw is not None else last.raw,
    )


def _furthest(last: float | None, news: float | None) -> float | None:
    if last is None or news is None:
        return news if last is None else last
    return max(last, news)


def _joined(known: tuple[Output, ...], news: tuple[Output, ...]) -> tuple[Output, ...]:
    if any(output.vendor_ref for output in news):
        seen = {output.vendor_ref for output in known}
        fresh = tuple(output for output in news if output.vendor_ref not in seen)
    else:
        fresh = news[len(known) :]
    return _renewed(known, news) + fresh


def _renewed(known: tuple[Output, ...], news: tuple[Output, ...]) -> tuple[Output, ...]:
    by_id = {output.vendor_ref: output for output in news if output.vendor_ref}
    if by_id:
        return tuple(by_id.get(output.vendor_ref or "", output) for output in known)
    return news[: len(known)] + known[len(news) :]
