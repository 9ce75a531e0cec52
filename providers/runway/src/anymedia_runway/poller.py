"""When to look at a task again: pure arithmetic."""

from typing import Final

__all__ = ["FLOOR", "back_off", "interval", "pause"]

# Source: docs.dev.runwayml.com, page Using the API, polling; 2026-11
FLOOR: Final = 5.0
"""Seconds that the vendor wants between two looks at one task, plus jitter."""

_JITTER: Final = 0.4
_LONGEST: Final = 30.0


def interval(wanted: float, *, at_vendor: bool) -> float:
    """Seconds between two looks before jitter: never less than the vendor asks for at its own address."""
    return max(wanted, FLOOR) if at_vendor else wanted


def pause(seconds: float, chance: float) -> float:
    """Seconds until the next look after a good answer.

    Args:
        seconds: What `interval` says.
        chance: A random number from 0 to 1.
    """
    return seconds * (1 + _JITTER * chance)


def back_off(seconds: float, failures: int, chance: float) -> float:
    """Seconds until the next look after `failures` bad ones in a row: 1, 2, 4 ... 30, give or take a half.

    Args:
        seconds: What `interval` says; below 1 it shortens the waits alike.
        failures: At least 1.
        chance: A random number from 0 to 1.
    """
    doubled = min(2.0 ** min(failures - 1, 10), _LONGEST)
    return doubled * min(seconds, 1.0) * (0.5 + chance)
