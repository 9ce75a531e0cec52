"""What is sent where a request leaves something open that the vendor publishes no default for."""

from collections.abc import Mapping
from typing import Any, Final

from anymedia_runway.facts import Field
from anymedia_runway.limits import is_preset, seconds
from anymedia_runway.sizes import framing

__all__ = ["defaults"]

_PLAIN_SCALES: Final = ("720p", "768p")
_USUAL_SECONDS: Final = 5
_USUAL_VOICE: Final = "Maya"


def defaults(fields: Mapping[str, Field], sizes: Mapping[str, Any], operation: str) -> dict[str, Any]:
    """What is sent when the request leaves it open, so that nothing hangs on defaults the vendor does not publish."""
    ratio = framing(fields, operation)
    if sizes.get("aspect_ratios") and "ratio" in fields:
        ratio = ratio or "16:9"
    elif sizes.get("resolutions") and "resolution" not in fields:
        ratio = next(f"auto_{scale}" for scale in sizes["resolutions"] if scale in _PLAIN_SCALES)
    chosen = {
        "ratio": ratio,
        "audio": fields["audio"].default is not False if "audio" in fields else None,
        "duration": _length(fields, operation),
        "voice": _voice(fields, operation),
    }
    return {name: value for name, value in chosen.items() if value is not None}


def _voice(fields: Mapping[str, Field], operation: str) -> dict[str, Any] | None:
    # Speech needs some voice; to convert into another voice is pointless without naming it.
    if operation == "text_to_speech" and is_preset(fields["voice"]):
        return {"type": "runway-preset", "presetId": _USUAL_VOICE}
    return None


def _length(fields: Mapping[str, Field], operation: str) -> int | None:
    # Beside a `mode` the film may be as long as its source; some models find the length that fits.
    if "duration" not in fields or "mode" in fields or operation == "video_to_audio":
        return None
    if fields["duration"].schema.get("by_vendor"):
        return None
    listed = seconds(fields["duration"])
    if listed:
        return int(min(listed, key=lambda seconds: abs(seconds - _USUAL_SECONDS)))
    low, high = fields["duration"].bounds
    return int(max(low or 0, min(high or _USUAL_SECONDS, _USUAL_SECONDS)))
