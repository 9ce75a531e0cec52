"""When to look at a task again: pure arithmetic."""

from collections.abc import Mapping
from typing import Final

__all__ = ["FLOOR", "back_off", "first_look", "interval", "pause", "usual_seconds"]

# Source: docs.dev.runwayml.com, page Using the API, polling; 2026-11
FLOOR: Final = 5.0
"""Seconds that the vendor wants between two looks at one task, plus jitter."""

_JITTER: Final = 0.4
_BACK_OFF_JITTER: Final = 0.5
_LONGEST_BACK_OFF: Final = 6.0
_LONGEST_FIRST: Final = 30.0

_USUAL: Final[Mapping[str, float]] = {
    "text_to_speech": 4,
    "sound_effect": 4,
    "speech_to_speech": 6,
    "isolate_voice": 6,
    "text_to_image": 10,
    "image_to_image": 10,
    "video_to_audio": 20,
    "upscale_image": 20,
    "dub_voice": 40,
    "text_to_video": 60,
    "image_to_video": 60,
    "video_to_video": 90,
    "video_to_hdr": 90,
    "upscale_video": 90,
    "character_performance": 90,
}
"""Seconds by operation. The vendor publishes none; nothing but the first look hangs on these orders of magnitude."""

_USUAL_OF_MODEL: Final[Mapping[str, float]] = {
    "gen4_image_turbo": 4,
    "gemini_image3.1_flash_lite": 5,
    "seedream5_flash": 5,
    "recraft_v4_1_flash": 5,
    "gpt_image_2": 40,
    "gpt_image_2_5_sunburst": 40,
    "gen4_turbo": 30,
    "veo3.1_fast": 40,
    "seedance2_fast": 40,
    "seedance2_mini": 30,
    "grok_imagine_1_5_lite": 30,
    "kling3.0_4k": 180,
    "klingO3_4k": 180,
}
"""Seconds of the models that are much faster or slower than their operation."""

_USUAL_OF_OTHERS: Final = 20.0


def interval(wanted: float, *, at_vendor: bool) -> float:
    """Seconds between two looks before jitter: never less than the vendor asks for at its own address."""
    return max(wanted, FLOOR) if at_vendor else wanted


def usual_seconds(operation: str, model: str) -> float:
    """How long a task usually takes."""
    return _USUAL_OF_MODEL.get(model) or _USUAL.get(operation, _USUAL_OF_OTHERS)


def first_look(seconds: float, usual: float, chance: float) -> float:
    """Seconds from the acceptance of a task to the first look at it.

    Half of what it usually takes, so that a refusal or a fast day is not noticed late; what is usually done within one
    interval is looked at when it should be done.

    Args:
        seconds: What `interval` says; below the vendor's own it shortens the wait alike.
        usual: What `usual_seconds` says.
        chance: A random number from 0 to 1.
    """
    wait = min(usual, max(usual / 2, FLOOR), _LONGEST_FIRST)
    return pause(wait * min(seconds / FLOOR, 1.0), chance)


def pause(seconds: float, chance: float) -> float:
    """Seconds until the next look after a good answer.

    Args:
        seconds: What `interval` says.
        chance: A random number from 0 to 1.
    """
    return seconds * (1 + _JITTER * chance)


def back_off(seconds: float, failures: int, chance: float) -> float:
    """Seconds until the next look after `failures` bad ones in a row: 5, 10, 20, 30, 30 ... and up to half more.

    Trouble never makes us look more often than the vendor wants, and never makes us stop.

    Args:
        seconds: What `interval` says.
        failures: At least 1.
        chance: A random number from 0 to 1.
    """
    doubled = min(2.0 ** min(failures - 1, 10), _LONGEST_BACK_OFF)
    return seconds * doubled * (1 + _BACK_OFF_JITTER * chance)
