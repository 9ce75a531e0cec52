"""No message whatever brings the service down."""

import base64
import json
from typing import Any
from uuid import uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from anymedia.testing import ManualClock, render
from anymedia_runware.emulator import RunwareEmulator
from anymedia_runware.emulator.makers import LEGACY_NAMES, MAKERS
from anymedia_runware.emulator.models import catalogue

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5000) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_OTHERS = """deliveryMethod outputType outputFormat ttl numberResults safety seedImage inputImage frameImages
    referenceImages operation media image limit search""".split()
_SCHEMAS = catalogue().schemas.values()
_NAMES = st.sampled_from(
    sorted({*catalogue().data["parameters"], *_OTHERS, *(n for one in _SCHEMAS for n in one.params)})
)
_TYPES = st.sampled_from([*MAKERS, *LEGACY_NAMES, *sorted({one.task_type for one in _SCHEMAS})])
_MODELS = st.sampled_from([*catalogue().models, "acme:1@1", "civitai:1@2"])

# What makes most tasks complete, so that what else they hold is looked at.
_USUAL: dict[str, Any] = {
    "positivePrompt": "a barn",
    "messages": [{"role": "user", "content": "Hello"}],
    "preProcessorType": "canny",
    "prompt": "a dog",
    "operation": "getDetails",
    "inputs": {"image": base64.b64encode(render.image("a barn", seed=1, width=16, height=16)).decode()},
}
_INNER = st.sampled_from(
    """model weight guideImage inputImages text voice voices speed maxTokens stopSequences thinking rgba layers startTime
    regions watermark items required enum $ref minItems minimum bytedance sections frame draftId elements""".split()
)
_OBJECTS = st.dictionaries(_INNER, _VALUES, max_size=4)
_BAGS = ("settings", "inputs", "speech", "advancedFeatures", "providerSettings", "jsonSchema", "outpaint", "pulid")


@st.composite
def _tasks(draw: st.DrawFn) -> dict[str, Any]:
    name, unlisted = draw(_TYPES), draw(st.booleans())
    known = catalogue().utility(name).params if name in ("accountManagement", "modelUpload") else _USUAL
    usual = {each: value for each, value in _USUAL.items() if each in known and draw(st.booleans())}
    bags = draw(st.dictionaries(st.sampled_from(_BAGS), _OBJECTS, max_size=2))
    more = draw(st.dictionaries(_NAMES, _VALUES, max_size=2))
    model = {} if unlisted else {"model": draw(_MODELS)}
    return {**usual, **bags, **more, "model": "acme:1@1", **model, "taskType": name, "taskUUID": str(uuid4())}


@settings(deadline=None)  # some tasks read media
@given(st.lists(_tasks() | _VALUES, max_size=4))
def test_any_tasks(tasks: list[Any]) -> None:
    """Every task of a message is answered or refused, whatever its fields hold."""
    emulator = RunwareEmulator(clock=ManualClock())
    conversation = emulator.connect()
    conversation.receive(json.dumps([{"taskType": "authentication", "apiKey": emulator.api_key}]))
    conversation.receive(json.dumps(tasks))
    emulator.backend.timetable.run(100)
    frames = []
    while (frame := conversation.next()) is not None:
        frames.append(frame)
        conversation.sent(frame)
    assert len(frames) >= 1
    assert all(entry.state in {"accepted", "succeeded", "failed"} for entry in emulator.ledger.entries.values())


@given(st.text(max_size=50))
def test_any_text(text: str) -> None:
    """What is not JSON, or not an array, is answered with an error."""
    conversation = RunwareEmulator(clock=ManualClock()).connect()
    conversation.receive(text)
    frame = conversation.next()
    assert text.strip() == "[]" or (frame is not None and frame.errors)
