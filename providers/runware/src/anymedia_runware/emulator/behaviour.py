"""What the vendor leaves open or undocumented: one named default each, switchable per emulator."""

from dataclasses import dataclass, replace
from typing import Literal, Self

__all__ = ["DAY", "Behaviour"]

DAY = 86_400.0


@dataclass(frozen=True)
class Behaviour:
    """How the emulated service decides where Runware's documentation is silent or contradicts itself.

    Windows in which a client has to act (`idle_timeout`, `session_kept`, `responses_kept`, lifetimes of outputs) are
    the client's own seconds: they stretch with a clock that runs faster than life.

    Args:
        unknown_task: What getResponse answers for an id it does not know: no data, or `taskNotFound`.
        failure_form: Where getResponse and webhooks put a failure: in `errors`, or in an item with `status: "error"`.
        responses_kept: Seconds getResponse still answers after a task was accepted.
        session_kept: Seconds undelivered frames wait for a client that lost its link.
        sync_budget: Seconds a synchronous request is answered within; the task goes on afterwards.
        idle_timeout: Seconds without an inbound message after which a socket is closed.
        idle_close_code: The WebSocket close code used for that.
        close_on_bad_key: Whether a rejected key also closes the socket.
        max_tasks: How many tasks one array may hold.
        max_frame: The largest WebSocket message taken, in bytes.
        video_tool_key: The prefix of a video tool's result fields.
        balance_object: Whether the account's balance is an object rather than a number.
        result_index: Whether result items carry `resultIndex`.
        url_lifetime: Seconds an output's URL works when the request names no `ttl`.
        webhook_wrapped: Whether a webhook's body is `{"data": [item]}` rather than the item itself.
        webhook_attempts: How often a webhook, or an output for an upload endpoint, is sent until it is taken.
        webhook_timeout: Seconds within which the receiver has to answer with 2xx.
        strict: Whether parameters the model does not take are refused.
    """

    unknown_task: Literal["empty", "taskNotFound"] = "empty"
    failure_form: Literal["errors", "item"] = "errors"
    responses_kept: float = DAY
    session_kept: float = 120.0
    sync_budget: float = 120.0
    idle_timeout: float = 120.0
    idle_close_code: int = 1001
    close_on_bad_key: bool = False
    max_tasks: int = 100
    max_frame: int = 256 * 2**20
    video_tool_key: Literal["video", "media"] = "video"
    balance_object: bool = False
    result_index: bool = False
    url_lifetime: float = 7 * DAY
    webhook_wrapped: bool = False
    webhook_attempts: int = 10
    webhook_timeout: float = 5.0
    strict: bool = True

    def stretched(self, pace: float) -> Self:
        """The same, with the windows of the client's own time on a clock that runs `pace` times faster."""
        return replace(
            self,
            responses_kept=self.responses_kept * pace,
            session_kept=self.session_kept * pace,
            idle_timeout=self.idle_timeout * pace,
        )
