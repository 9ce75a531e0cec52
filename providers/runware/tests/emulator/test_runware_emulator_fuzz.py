"""No message whatever brings the service down."""

import json
from typing import Any
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from anymedia.testing import ManualClock
from anymedia_runware.emulator import RunwareEmulator
from anymedia_runware.emulator.models import catalogue

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5000) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_OTHERS = """deliveryMethod outputType outputFormat ttl numberResults safety seedImage inputImage frameImages
    referenceImages operation media image limit search""".split()
_NAMES = st.sampled_from([*catalogue().data["parameters"], *_OTHERS])
_TYPES = st.sampled_from(
    """imageInference videoInference audioInference upscale removeBackground caption imageMasking promptEnhance
    imageUpload mediaStorage modelSearch accountManagement getTaskDetails getResponse ping authentication""".split()
)
_MODELS = st.sampled_from([*catalogue().models, "acme:1@1", "civitai:1@2"])
_TASKS = st.builds(
    lambda fields, name, model: {**fields, "taskType": name, "taskUUID": str(uuid4()), "model": model},
    st.dictionaries(_NAMES, _VALUES, max_size=6),
    _TYPES,
    _MODELS,
)


@given(st.lists(_TASKS | _VALUES, max_size=4))
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
    assert all(entry.state in {"accepted", "succeeded"} for entry in emulator.ledger.entries.values())


@given(st.text(max_size=50))
def test_any_text(text: str) -> None:
    """What is not JSON, or not an array, is answered with an error."""
    conversation = RunwareEmulator(clock=ManualClock()).connect()
    conversation.receive(text)
    frame = conversation.next()
    assert text.strip() == "[]" or (frame is not None and frame.errors)
