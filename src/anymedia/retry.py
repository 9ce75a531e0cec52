"""When to try again: the narrow door to tenacity."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, TypeVar

from anymedia.clock import Clock
from anymedia.errors import MediaError

if TYPE_CHECKING:
    from tenacity import RetryCallState

__all__ = ["RetryPolicy", "retrying"]

T = TypeVar("T")
_LONGEST_WAIT = 30.0
_JITTER = 0.25


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How often and how long after one another.

    Attributes:
        retries: Repetitions after the first try.
        delay: Seconds before the first repetition; doubles each time, up to 30.
    """

    retries: int = 2
    delay: float = 0.5

    def wait(self, attempt: int, error: BaseException | None, rng: Random) -> float:
        """Seconds to wait after the `attempt`-th try; at least what the vendor asked for."""
        backoff: float = min(self.delay * 2.0 ** (attempt - 1), _LONGEST_WAIT)
        asked = error.retry_after if isinstance(error, MediaError) and error.retry_after is not None else 0.0
        jitter: float = 1 + _JITTER * rng.uniform(-1, 1)
        return max(backoff * jitter, asked)


async def retrying(
    call: Callable[[], Awaitable[T]],
    *,
    policy: RetryPolicy,
    clock: Clock,
    rng: Random,
    when: Callable[[MediaError], bool] = lambda error: error.retryable,
) -> T:
    """Make a call again while it raises an error worth repeating; the last error comes out unchanged.

    Args:
        call: Must be safe to repeat whenever `when` agrees.
        policy: How often and how long after one another.
        clock: What the waits are slept on.
        rng: For jitter.
        when: Whether an error is worth another try.
    """
    from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt

    def pause(state: "RetryCallState") -> float:
        error = state.outcome.exception() if state.outcome else None
        return policy.wait(state.attempt_number, error, rng)

    attempts = AsyncRetrying(
        sleep=clock.sleep,
        wait=pause,
        stop=stop_after_attempt(policy.retries + 1),
        retry=retry_if_exception(lambda error: isinstance(error, MediaError) and when(error)),
        reraise=True,
    )
    async for attempt in attempts:
        with attempt:
            return await call()
    raise AssertionError  # pragma: no cover - reraise=True ends the loop above
