"""What a request says in words and numbers beyond the plain fields: speech, conversations, settings, names."""

import re
from collections.abc import Mapping
from functools import singledispatch

from anymedia.errors import InvalidRequestError, Issue
from anymedia.json import JSON
from anymedia.requests import (
    EnhancePrompt,
    GenerateMusic,
    GenerateText,
    MaskImage,
    PreprocessImage,
    Request,
    SoundEffect,
    TextToSpeech,
    TrainModel,
)
from anymedia.results import Result
from anymedia_runware.kinds import AIR

__all__ = ["new_model", "words_of"]


@singledispatch
def words_of(request: Request[Result], wire: Mapping[str, JSON]) -> dict[str, object]:
    """The part of the task that only this kind of request has; mostly the switch for a film's sound."""
    audio, path = getattr(request, "audio", None), wire.get("sound")
    if audio is None or not isinstance(path, str):
        return {}
    *outer, inner = path.split(".")
    switch: dict[str, object] = {inner: audio}
    for name in reversed(outer):
        switch = {name: switch}
    return switch


@words_of.register
def _spoken(request: TextToSpeech, wire: Mapping[str, JSON]) -> dict[str, object]:
    voice = _said({"voice": request.voice, "language": request.language, "speed": request.speed})
    if wire.get("text") == "positivePrompt":
        return {"positivePrompt": request.text, **({"speech": voice} if voice else {})}
    return {"speech": {"text": request.text, **voice}}


@words_of.register
def _sung(request: GenerateMusic, wire: Mapping[str, JSON]) -> dict[str, object]:
    del wire
    return _within("settings", {"lyrics": request.lyrics, "instrumental": request.instrumental})


@words_of.register
def _heard(request: SoundEffect, wire: Mapping[str, JSON]) -> dict[str, object]:
    del wire
    return _within("settings", {"loop": request.loop})


@words_of.register
def _enriched(request: EnhancePrompt, wire: Mapping[str, JSON]) -> dict[str, object]:
    del wire
    return _said({"promptMaxLength": request.max_tokens})


@words_of.register
def _found(request: MaskImage, wire: Mapping[str, JSON]) -> dict[str, object]:
    knobs = {"confidence": request.confidence, "maxDetections": request.max_detections}
    return _said(knobs) if wire.get("flat") else _within("settings", knobs)


@words_of.register
def _guided(request: PreprocessImage, wire: Mapping[str, JSON]) -> dict[str, object]:
    return {"preProcessorType": request.preprocessor} if wire.get("flat") else {}


@words_of.register
def _talked(request: GenerateText, wire: Mapping[str, JSON]) -> dict[str, object]:
    del wire
    turns = [{"role": turn.role, "content": turn.content} for turn in request.messages]
    knobs = {
        "maxTokens": request.max_tokens,
        "temperature": request.temperature,
        "topP": request.top_p,
        "systemPrompt": request.system_prompt,
    }
    schema = {"jsonSchema": request.json_schema, "outputFormat": "JSON"} if request.json_schema is not None else {}
    return {"messages": [*turns, {"role": "user", "content": request.prompt}], **_within("settings", knobs), **schema}


def new_model(request: TrainModel, given: Mapping[str, object]) -> dict[str, object]:
    """What the trained model is to be called; a name that is an AIR is its address too.

    Raises:
        InvalidRequestError: It has no address: only its owner knows where it may live.
    """
    name = request.name or request.trigger_word or "trained model"
    address = {"air": name} if AIR.fullmatch(name) else {}
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    named = {"name": name, "uniqueIdentifier": slug, "version": "1", "private": True, **address, **given}
    if "air" not in named:
        message = "is the new model's address in your organisation, such as acme:900@1; give it here or as name"
        issue = Issue(field="provider_options.runware.import_model.air", message=message)
        raise InvalidRequestError(str(issue), provider="runware", issues=[issue])
    return named


def _said(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _within(name: str, values: Mapping[str, object]) -> dict[str, object]:
    said = _said(values)
    return {name: said} if said else {}
