"""tools: one medium turned into another format, cut, resized or made silent, as FFmpeg would."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from anymedia.testing import render
from anymedia_runware.emulator.asking import asked_size, subject
from anymedia_runware.emulator.errors import Problem
from anymedia_runware.emulator.inputs import Inputs
from anymedia_runware.emulator.prices import price
from anymedia_runware.emulator.shapes import number_in, object_of
from anymedia_runware.emulator.work import TOOL_SECONDS, Order, Product, Work

__all__ = ["conversion_problems", "convert"]

_KINDS = {
    **dict.fromkeys(("mp4", "webm", "mov", "mkv"), "video"),
    **dict.fromkeys(("mp3", "wav", "aac", "flac", "ogg"), "audio"),
    **dict.fromkeys(("png", "jpg", "webp"), "image"),
}
_CAN_BECOME = {"image": ("image", "video"), "video": ("video", "audio", "image"), "audio": ("audio",)}
_USUAL = {"image": "png", "video": "mp4", "audio": "mp3"}

# What stands in `settings` is not documented; these names are our choice.
_START = ("startTime", "start", "trimStart")
_END = ("endTime", "end", "trimEnd")
_SILENT = ("removeAudio", "mute")


def convert(order: Order) -> Work:
    """tools with the model ffmpeg: the result is one file under `outputs`."""
    source = subject(order)
    format = order.format(_USUAL[source.kind])

    def produce(_: int) -> Product:
        made = order.keep(_KINDS[format], format, lambda: render.convert(source.read(), format, _cut(order)))
        return Product({"outputs": {"files": [{"uuid": made.uuid, "url": order.host.url(made)}]}}, made)

    return Work(1, TOOL_SECONDS, price("tools"), produce)


def conversion_problems(inputs: Inputs, format: Any, settings: Mapping[str, Any]) -> Iterator[Problem]:
    """A problem if the medium cannot become what is asked for, or nothing would be left of it. Reads the medium."""
    source = inputs.subject("tools")
    if source is None:
        return
    facts = render.probe(source.read())
    wanted = _KINDS.get(str(format or _USUAL[source.kind]).lower(), "")
    mute = wanted == "audio" and source.kind == "video" and not facts.audio
    if mute or wanted not in _CAN_BECOME[source.kind]:
        what = "A silent film" if mute else f"A medium of kind {source.kind}"
        yield Problem("unsupportedOutputFormat", f"{what} cannot become {format}.", "outputFormat")
    start, end = _span(settings)
    if start < 0 or (end is not None and end <= start) or start >= (facts.duration or math.inf):
        yield Problem("invalidSettings", "Nothing of the medium would be left.", "settings")


def _cut(order: Order) -> render.Cut:
    start, end = _span(object_of(order.task.get("settings")))
    silent = any(bool(order.get(name)) for name in _SILENT)
    return render.Cut(start=start, end=end, size=asked_size(order), fps=order.number("fps", 0) or None, silent=silent)


def _span(settings: Mapping[str, Any]) -> tuple[float, float | None]:
    """The seconds to keep: from the start, to the end or for a duration."""
    start = next((number_in(settings, name, 0) for name in _START if name in settings), 0.0)
    end = next((number_in(settings, name, 0) for name in _END if name in settings), None)
    seconds = number_in(settings, "duration", 0)
    return start, start + seconds if end is None and "duration" in settings else end
