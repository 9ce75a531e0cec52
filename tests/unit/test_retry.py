"""A safe call is repeated as often and as late as the policy says."""

from random import Random

import pytest

from anymedia.errors import MediaError, ProviderUnavailableError, RateLimitError
from anymedia.retry import RetryPolicy, retrying
from anymedia.testing.clock import ScaledClock

POLICY = RetryPolicy(retries=2, delay=1)


class Flaky:
    """Raises what it is given, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    async def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


async def run(call: Flaky) -> str:
    return await retrying(call, policy=POLICY, clock=ScaledClock(10_000), rng=Random(1))


async def test_trouble_that_passes_is_not_seen() -> None:
    """Two retryable errors are survived by two repetitions."""
    call = Flaky(ProviderUnavailableError(), RateLimitError())
    assert await run(call) == "done"
    assert call.calls == 3


async def test_the_last_error_comes_out_unchanged() -> None:
    """When patience ends, the caller gets the provider's error, not the retry library's."""
    last = RateLimitError("third")
    call = Flaky(RateLimitError("first"), RateLimitError("second"), last)
    with pytest.raises(RateLimitError) as caught:
        await run(call)
    assert caught.value is last
    assert call.calls == 3


@pytest.mark.parametrize("error", [MediaError("no"), RateLimitError(retryable=False), ValueError("bug")])
async def test_what_cannot_help_is_not_repeated(error: Exception) -> None:
    """An error that is not worth repeating, or not ours, ends it at once."""
    call = Flaky(error)
    with pytest.raises(type(error)):
        await run(call)
    assert call.calls == 1


def test_waits_double_and_honour_the_vendor() -> None:
    """The wait doubles, varies by a quarter, has a ceiling, and is never shorter than asked for."""
    rng = Random(1)
    for attempt, middle in ((1, 1), (2, 2), (3, 4), (9, 30)):
        assert 0.75 * middle <= POLICY.wait(attempt, None, rng) <= 1.25 * middle
    assert POLICY.wait(1, RateLimitError(retry_after=17), rng) == 17
