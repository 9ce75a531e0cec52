"""What audio models can be asked for."""

from collections.abc import Iterator
from typing import Final

from anymedia.json import JSON
from anymedia_runware import facts
from anymedia_runware.capabilities.sheet import Offer, Sheet, when

__all__ = ["sounds"]

_MUSIC_SECONDS: Final = 30.0
_EFFECT_SECONDS: Final = 10.0
_SOUND_FORMATS: Final = frozenset({"mp3", "wav", "flac", "ogg"})
_COMPOSED: Final = ("count", "negative_prompt", "seed", "output_format", "duration")


def sounds(sheet: Sheet) -> Iterator[tuple[str, Offer]]:
    """audioInference."""
    if sheet.has("speech"):
        yield "text_to_speech", _speech(sheet)
    if sheet.air in facts.EFFECTS:
        fields = {"prompt", *sheet.fields(*_COMPOSED)}
        yield "sound_effect", _offer(fields | _references(sheet), _EFFECT_SECONDS, {"audio": "referenceAudios"})
    if sheet.air in facts.SOUND_FOR_FILMS:
        fields = {"prompt", "video", *sheet.fields(*_COMPOSED)}
        yield "video_to_audio", _offer(fields, None, {"video": "video"})
    if sheet.air in facts.MUSIC:
        yield "generate_music", _music(sheet)


def _speech(sheet: Sheet) -> Offer:
    fields = {"text", "voice", "language", "speed", *sheet.fields("seed", "output_format")}
    fields |= when(sheet.has("inputs"), "voice_sample")
    # A model that also takes a prompt it cannot do without speaks that prompt, unless it wants the voice described.
    spoken = "positivePrompt" if sheet.air in facts.SPEAKS_ITS_PROMPT else "speech"
    required = frozenset({"voice_sample"} if "inputs" in sheet.required else ())
    return Offer(fields=fields, wire={"text": spoken, "format": "mp3"}, required=required, formats=_SOUND_FORMATS)


def _music(sheet: Sheet) -> Offer:
    fields = {"prompt", *sheet.fields(*_COMPOSED)} | when(sheet.has("inputs"), "references")
    fields |= when(sheet.has("settings"), "lyrics", "instrumental")
    required = frozenset({"references"} if "inputs" in sheet.required else ())
    return _offer(fields, _MUSIC_SECONDS, {"audio": "audio"}, references=1, required=required)


def _references(sheet: Sheet) -> set[str]:
    return when(sheet.has("inputs") and sheet.air not in facts.SOUND_FOR_FILMS, "references")


def _offer(
    fields: set[str],
    seconds: float | None,
    wire: dict[str, JSON],
    *,
    references: int | None = None,
    required: frozenset[str] = frozenset(),
) -> Offer:
    return Offer(
        fields=frozenset(fields),
        wire={"format": "mp3", **wire},
        required=required,
        default_duration=seconds,
        references=references,
        formats=_SOUND_FORMATS,
    )
