"""When a task is looked at again, and which tasks are quick enough to be pushed."""

from collections.abc import Mapping
from typing import Final, cast

from anymedia_runware.facts import SLOW

__all__ = ["is_quick", "poll_delay", "push_patience"]

_QUICK: Final = frozenset(
    (
        "imageInference photoMaker upscale imageUpscale removeBackground imageBackgroundRemoval caption imageCaption"
        " imageMasking controlNetPreprocess imageControlNetPreProcess promptEnhance vectorize textInference"
    ).split()
)
"""Task types that mostly end within seconds. Source: runware.ai/docs, delivery of each task; 2026-10."""

_SEQUENCES: Final = (
    ("settings", "sequential"),
    ("settings", "maxSequentialImages"),
    ("providerSettings", "bytedance", "maxSequentialImages"),
)
"""Options by which a model makes as many images as it likes. Source: runware.ai/docs, Seedream; 2026-10."""

_FIRST: Final = 1.0
_LONGEST: Final = 10.0
_OVERDUE: Final = 15.0
_LONGEST_AFTER_FAILURES: Final = 60.0


def is_quick(call: str, model: str, body: Mapping[str, object]) -> bool:
    """Whether the result comes soon enough to be pushed to a caller who waits for it.

    Films, 3D and training are not; of sound, only speech is; some models take their time for anything; and where the
    model itself decides how many results there are, nobody could tell which pushed one is the last.
    """
    if model.startswith(SLOW) or _has(body, "inputs", "video") or any(_has(body, *path) for path in _SEQUENCES):
        return False
    return call in _QUICK or (call == "audioInference" and "speech" in body)


def _has(value: object, *path: str) -> bool:
    for name in path:
        if not isinstance(value, Mapping) or name not in value:
            return False
        value = cast("Mapping[str, object]", value)[name]
    return True


def poll_delay(age: float, failures: int, interval: float) -> float:
    """Seconds until the next look at a task that is polled.

    Each wait is half the task's age: 1 s, then half as long again every time, at most 10 s. Failed looks back off.
    Source: runware-sdk 1.8.0, client.py, and runware.ai/docs, polling; 2026-10.

    Args:
        age: Seconds since the task is followed.
        failures: Looks in a row that failed.
        interval: What counts as a second here.
    """
    wait = min(max(age / interval / 2, _FIRST), _LONGEST)
    return interval * min(wait * 2.0**failures, _LONGEST_AFTER_FAILURES)


def push_patience(failures: int, interval: float) -> float:
    """Seconds until a pushed task counts as overdue, for a result frame may be lost."""
    return interval * min(_OVERDUE * 2.0**failures, _LONGEST_AFTER_FAILURES)
