"""Waiting for what the vendor is still working on, at the vendor's pace and within the caller's patience."""

import math
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from anymedia.errors import MediaError, ProtocolError, TaskTimeoutError
from anymedia_runway.caller import Caller

__all__ = ["wait_until"]

T = TypeVar("T")
_LAST_LOOK: Final = 5.0
"""Seconds that the answer to the look at the deadline may take."""


async def wait_until(
    caller: Caller,
    look: Callable[[float | None], Awaitable[T]],
    settled: Callable[[T], bool],
    *,
    timeout: float | None,
    what: str,
) -> T:
    """Look at once, then from time to time, and a last time at the deadline. Trouble slows the looks down, no more.

    Args:
        caller: Whose pace and clock count.
        look: Looks once; takes the seconds that the answer may take.
        settled: Whether the wait is over; raises when it never will be.
        timeout: Seconds from now; None waits for ever.
        what: Is waited for, for the error.

    Raises:
        TaskTimeoutError: The time is up. What is waited for goes on, and can be waited for again.
        MediaError: A look failed for a reason that time does not mend.
    """
    clock = caller.context.clock
    due = math.inf if timeout is None else clock.now() + timeout
    failures = 0
    while True:
        asked = 0.0
        try:
            seen = await look(None if timeout is None else max(due - clock.now(), _LAST_LOOK))
        except MediaError as error:
            if not (error.retryable or isinstance(error, ProtocolError)):
                raise
            failures, asked = failures + 1, error.retry_after or 0.0
        else:
            failures = 0
            if settled(seen):
                return seen
        left = due - clock.now()
        if left <= 0:
            raise TaskTimeoutError(f"no {what} after {timeout:g} s; it goes on, so wait again", provider="runway")
        await clock.sleep(min(max(caller.next_pause(failures), asked), left))
