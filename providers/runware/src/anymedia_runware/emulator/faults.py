"""The misbehaviour this emulator knows, and what of it strikes one task."""

from collections.abc import Mapping, Sequence
from typing import Any

from anymedia.testing.emulator import Faults
from anymedia_runware.emulator.errors import Problem

__all__ = ["FAULT_KINDS", "TASK_FAULTS", "Quirks", "quirks", "refusal"]

Quirks = Mapping[str, Mapping[str, Any]]

FAULT_KINDS: Mapping[str, str] = {
    "refuse_handshake": "a WebSocket is refused with HTTP status=503",
    "no_auth_reply": "an authentication is never answered",
    "reject_key": "the right key is rejected; match='resume' strikes a resumed session, match='login' a new one",
    "mute": "from this message on the link is open and says nothing any more; what it is sent is carried out",
    "ignore": "a task is neither taken nor answered",
    "forget_session": "a resumed session is unknown: a new id, and nothing is replayed",
    "early_replay": "what waited for a resumed session comes before the reply to its authentication",
    "close": "the socket closes (code=1011, 1006 breaks it off): when='before_accept', 'after_accept', 'before_result'",
    "lose_ack": "the acknowledgement of an asynchronous task is never sent",
    "lose_result": "a result frame is never sent; only getResponse and getTaskDetails show the result",
    "duplicate": "a frame is sent twice",
    "reorder": "a frame comes seconds=5 late, so that later ones overtake it",
    "foreign": "results for unknown tasks, frames=1 of them, come before the frame",
    "foreign_error": "an error of a task that nobody waits for (code=inferenceError) comes before the frame",
    "orphan_error": "an error that names no task (code=) comes before the frame",
    "unreadable": "a frame is spoilt: how='malformed', 'truncated', 'rubbish' (bytes that are no text) or 'binary'",
    "mixed_frame": "a frame also holds an error for an unknown task",
    "array_frame": "a frame is an array of items instead of an object",
    "data_object": "`data` is an object instead of an array",
    "single_error": "the first error stands alone under `error` instead of in an array",
    "empty_errors": "a good frame also has an empty `errors` array",
    "extra_fields": "items and frame carry fields nobody knows",
    "empty_ack": "an acknowledgement has no items",
    "large_result": "each result carries a text of bytes=2_000_000",
    "throttle": "the task is refused with rateLimitExceeded (retry_after= seconds say when to come back)",
    "server_error": "the task is refused with internalServerError",
    "no_credits": "the task is refused with insufficientCredits",
    "daily_quota": "the task is refused with quotaExceeded",
    "refuse": "the task is refused with any code=validationFailed; its class decides the HTTP status",
    "error_after": "the task is accepted and charged, yet answered with an error (code=internalServerError), HTTP 502",
    "fail_task": "the task fails after it was accepted (code=inferenceError)",
    "fail_one": "one of the task's results fails (code=inferenceError)",
    "miscount": "the task yields by=1 results more than asked, or fewer with a negative number",
    "slow": "each result takes seconds=60 more",
    "stick": "the task stays in processing for ever",
    "early_uuid": "progress items already carry the id of the medium to come",
    "poll_error": "getResponse is answered with an error of its own (code=rateLimitExceeded)",
    "task_not_found": "getResponse does not know the task (empty=False; True answers with no data)",
    "form_b_errors": "getResponse reports failures as items with status 'error'",
    "odd_status": "getResponse reports a running task with another status (status='queued')",
    "http_status_before": "an HTTP request is answered with status=503 (retry_after=) before anything is done",
    "http_status_after": "an HTTP request is carried out, then answered with status=502",
    "cut_stream": "a stream ends after=1 deltas, without its last words",
    "stall_stream": "a stream says nothing more after=1 deltas (comments=False), though it stays open",
    "split_stream": "a stream's network chunks end inside its characters",
    "nest_stream": "a stream's chunks stand in an array under `data`",
    "webhook_twice": "a webhook is posted twice",
    "webhook_lost": "a webhook is never posted",
    "webhook_late": "a webhook is posted seconds=5 late",
    "webhook_progress": "a webhook is posted for a result that is still in processing, too",
    "expire_url": "the address of an output stops working when it is asked for",
    "media_status": "a media download is answered with status=500",
    "html": "a media download is answered with an HTML page",
}

# Those that are decided when a task arrives and stay with it.
TASK_FAULTS = (
    "close",
    "lose_ack",
    "lose_result",
    "empty_ack",
    "large_result",
    "error_after",
    "fail_task",
    "fail_one",
    "miscount",
    "slow",
    "stick",
    "early_uuid",
)

_REFUSALS = {
    "throttle": "rateLimitExceeded",
    "server_error": "internalServerError",
    "no_credits": "insufficientCredits",
    "daily_quota": "quotaExceeded",
    "refuse": "validationFailed",
}


def quirks(faults: Faults, task_type: str, kinds: Sequence[str] = TASK_FAULTS) -> Quirks:
    """The faults that strike one task, used up by it."""
    found = {kind: faults.take(kind, task_type) for kind in kinds}
    return {kind: options for kind, options in found.items() if options is not None}


def refusal(faults: Faults, task_type: str) -> Problem | None:
    """Why a task that may be in order is refused, if a fault says so."""
    for kind, code in _REFUSALS.items():
        options = faults.take(kind, task_type)
        if options is not None:
            wait = {"retryAfter": options["retry_after"]} if "retry_after" in options else {}
            reason = options.get("code", code)
            return Problem(reason, f"The request was refused: {reason}.", facts=wait)
    return None
