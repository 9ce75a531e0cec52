"""Every model of the list and every schema is taken with all of its parameters, and with none of another."""

import base64
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import pytest

from anymedia.testing import ManualClock, render
from anymedia_runware.emulator import RunwareEmulator
from anymedia_runware.emulator.models import Catalogue, ModelFacts, catalogue

MODELS = catalogue().models
TASK_TYPES = sorted({model.task_type for model in MODELS.values()})
SCHEMAS = catalogue().schemas
ARCHITECTURES = sorted(catalogue().data["architecture_task_types"])


def uri(data: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def album() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("1.txt", "a barn")
    return file.getvalue()


PICTURE = uri(render.image("a barn", seed=1, width=32, height=32), "image/png")
FILM = uri(render.video("a barn", seed=1, width=32, height=32, duration=0.2, audio=True), "video/mp4")
SOUND = uri(render.audio("a barn", seed=1, duration=0.2), "audio/wav")
DATASET = uri(album(), "application/zip")
INPUTS: Mapping[str, Any] = {
    "imageInference": {"referenceImages": [PICTURE]},
    "videoInference": {"frameImages": [PICTURE]},
    "audioInference": {"audio": SOUND},
    "textInference": {"images": [PICTURE]},
    "training": {"dataset": DATASET},
    "tools": {"video": FILM},
}
OBJECTS: Mapping[str, Any] = {
    "speech": {"text": "Hello", "voice": "Ann"},
    "importModel": {"air": "emulated:7@1", "name": "Mine", "uniqueIdentifier": "mine", "version": "1", "private": True},
    "messages": [{"role": "user", "content": "Hello"}],
    "lora": [{"model": "civitai:1@2", "weight": 0.5}],
    "embeddings": [{"model": "civitai:1@2"}],
    "controlNet": [{"model": "runware:25@1", "guideImage": PICTURE}],
    "ipAdapters": [{"model": "runware:105@1", "guideImages": [PICTURE]}],
    "refiner": {"model": "civitai:101055@128080", "startStep": 5},
    "pulid": {"inputImages": [PICTURE]},
    "acePlusPlus": {"type": "portrait", "inputImages": [PICTURE]},
    "jsonSchema": {"type": "object"},
    "hiresFix": True,
    "toolChoice": {"type": "auto"},
}
STRINGS = {
    "webhookURL": "http://127.0.0.1:9/hook",
    "uploadEndpoint": "http://127.0.0.1:9/put",
    "deliveryMethod": "async",
    "resolution": "1k",
    "vae": "civitai:1@2",
    "downloadURL": "https://example.com/x.safetensors",
    "image": PICTURE,
    "media": PICTURE,
    "air": "emulated:9@1",
}


def example(name: str, definition: Any, window: Any, task_type: str, kind: str) -> Any:
    """A valid value of a parameter."""
    if name == "inputs":
        return INPUTS.get(task_type, {"video": FILM} if kind == "video" else {"image": PICTURE})
    if isinstance(definition, list):
        return definition[0]
    if name in OBJECTS:
        return OBJECTS[name]
    limits = window if isinstance(window, dict) else {}
    first = definition.split("|")[0]
    if first in ("integer", "number"):
        usual = {"ttl": 60, "numberResults": 1}.get(name, 5)
        return limits.get("default", min(max(usual, limits.get("min", 0)), limits.get("max", usual)))
    simple = {
        "string": STRINGS.get(name, "a quiet harbour"),
        "boolean": True,
        "object": {},
        "string[]": [],
        "object[]": [],
    }
    return simple[first]


def request(model: ModelFacts, task_type: str, known: Catalogue) -> dict[str, Any]:
    """A task with all parameters of its model."""
    limits = known.limits(task_type, model)
    task = {
        name: example(name, definition, limits.get(name), task_type, model.kind)
        for name, definition in model.params.items()
    }
    if "width" in task:
        task["width"], task["height"] = next(
            iter([*limits.get("sizes", []), *limits.get("example_sizes", [])]), (1024, 1024)
        )
    return {**task, "taskType": task_type, "taskUUID": str(uuid4())}


class Line:
    """A conversation without a socket."""

    def __init__(self, clock: ManualClock) -> None:
        self.emulator = RunwareEmulator(clock=clock)
        self._conversation = self.emulator.connect()
        self.ask([{"taskType": "authentication", "apiKey": self.emulator.api_key}])

    def ask(self, tasks: list[dict[str, Any]]) -> list[Any]:
        self._conversation.receive(json.dumps(tasks))
        frames = []
        while (frame := self._conversation.next()) is not None:
            frames.append(json.loads(frame.text()))
            self._conversation.sent(frame)
        return frames

    def refused(self, tasks: list[dict[str, Any]]) -> dict[str, Any]:
        """What was said of each task that was not taken, by its model or type."""
        named = {task["taskUUID"]: task.get("model", task["taskType"]) for task in tasks}
        frames = [frame for start in range(0, len(tasks), 50) for frame in self.ask(tasks[start : start + 50])]
        return {named[error["taskUUID"]]: error for frame in frames for error in frame.get("errors", ())}


@pytest.fixture
def line(clock: ManualClock) -> Line:
    """A conversation with a fresh service whose time stands still."""
    return Line(clock)


@pytest.mark.parametrize("task_type", TASK_TYPES)
async def test_every_model_takes_all_its_parameters(line: Line, task_type: str) -> None:
    """Each listed model of a task type is accepted, and charged, with every parameter it publishes at once."""
    known = line.emulator.backend.catalogue
    tasks = [
        {**request(model, task_type, known), "model": air}
        for air, model in MODELS.items()
        if model.task_type == task_type
    ]
    assert line.refused(tasks) == {}
    assert line.emulator.ledger.accepted == len(tasks) > 0
    assert all(entry.charged > 0 for entry in line.emulator.ledger.entries.values())


@pytest.mark.parametrize("task_type", TASK_TYPES)
async def test_every_model_refuses_what_it_does_not_take(line: Line, task_type: str) -> None:
    """One parameter nobody knows is enough for a refusal, as is one of another kind of task; nothing is charged."""
    known = line.emulator.backend.catalogue
    model = next(model for model in MODELS.values() if model.task_type == task_type and model.params)
    foreign = "speech" if "speech" not in model.params else "outpaint"
    for name, code in (("noSuchParameter", "unknownParameter"), (foreign, "unsupportedParameter")):
        task = {**request(model, task_type, known), "model": model.air, name: {"text": "x"}}
        (error,) = line.refused([task]).values()
        assert (error["code"], error["parameter"]) == (code, name)
    assert line.emulator.ledger.accepted == 0


async def test_the_lists_are_whole() -> None:
    """The vendor's 363 models, its 44 schemas and the legacy one are all there."""
    assert (len(MODELS), len(SCHEMAS)) == (363, 45)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
async def test_own_checkpoints_take_what_their_architecture_takes(line: Line, architecture: str) -> None:
    """A user's checkpoint is accepted with every parameter of its architecture, and with no other."""
    known = line.emulator.backend.catalogue
    known.add("emulated:1@1", {"name": "Mine", "category": "checkpoint", "architecture": architecture})
    schema = known.find("emulated:1@1")
    task = {**request(schema, schema.task_type, known), "model": "emulated:1@1"}
    assert line.refused([task]) == {}
    other = {**task, "taskUUID": str(uuid4()), "duration": 5}
    assert line.refused([other])["emulated:1@1"]["code"] == "unsupportedParameter"


@pytest.mark.parametrize(
    ("schema", "model", "extra"),
    [
        ("AudioInference", "acme:sound@1", {"positivePrompt": "rain"}),
        ("Caption", "runware:150@2", {"inputs": {"image": PICTURE}}),
        ("CaptionImage", "runware:150@2", {}),
        ("CaptionVideo", "memories:1@1", {"inputs": {"video": FILM}}),
        ("ControlnetPreprocess", "runware:controlnet-preprocess@canny", {}),
        ("ImageInference", "runware:101@1", {"positivePrompt": "a barn", "width": 128, "height": 128}),
        ("Masking", "runware:35@1", {}),
        ("PhotoMaker", "civitai:139562@344487", {"inputImages": [PICTURE], "strength": 20}),
        ("PromptEnhance", "runware:llama-3-1-8b@prompt-enhancer", {}),
        ("RemoveBackground", "runware:109@1", {"inputs": {"image": PICTURE}}),
        ("RemoveBackgroundImage", "runware:109@1", {}),
        ("RemoveBackgroundVideo", "bria:51@1", {}),
        ("TextInference", "openai:gpt@5-mini", {}),
        ("ThreeDInference", "acme:shape@1", {"positivePrompt": "a vase"}),
        ("Tools", "runware:ffmpeg@0", {"inputs": {"video": FILM}}),
        ("Training", "runware:z-image@style-lora-training", {"inputs": INPUTS["training"], "importModel": OBJECTS["importModel"]}),
        ("Upscale", "runware:504@1", {"inputs": {"image": PICTURE}}),
        ("UpscaleImage", "runware:504@1", {}),
        ("UpscaleVideo", "bria:50@1", {}),
        ("Vectorize", "recraft:1@1", {"inputs": {"image": PICTURE}}),
        ("VideoInference", "acme:film@1", {"positivePrompt": "waves"}),
    ],
)  # fmt: skip
async def test_every_operation_takes_its_schema(line: Line, schema: str, model: str, extra: dict[str, Any]) -> None:
    """Each operation is accepted with every parameter that its schema names."""
    facts = SCHEMAS[schema]
    task = {**request(facts, facts.task_type, line.emulator.backend.catalogue), "model": model, **extra}
    if "photoMaker" in task["taskType"]:
        task |= {"width": 128, "height": 128, "deliveryMethod": "async"}
    assert line.refused([task]) == {}
    assert line.emulator.ledger.accepted == 1


@pytest.mark.parametrize(
    "schema", ["AccountManagement", "GetTaskDetails", "ImageUpload", "MediaStorage", "ModelSearch", "ModelUpload", "GetResponse", "Ping"]
)  # fmt: skip
async def test_every_utility_takes_its_schema(line: Line, schema: str) -> None:
    """Each task without a model is answered with every parameter that its schema names."""
    facts = SCHEMAS[schema]
    task = request(facts, facts.task_type, line.emulator.backend.catalogue)
    if schema == "GetTaskDetails":
        (frame,) = line.ask([{"taskType": "modelSearch", "taskUUID": task["taskUUID"]}])
        assert frame["data"]
    frames = line.ask([task])
    assert not any(frame.get("errors") for frame in frames)
    assert frames or line.emulator.ledger.accepted == 1


async def test_utilities_refuse_what_they_do_not_know(line: Line) -> None:
    """Tasks without a model know their parameters, too."""
    task = {"taskType": "modelSearch", "taskUUID": str(uuid4())}
    assert line.refused([{**task, "serach": "x"}])["modelSearch"]["code"] == "unknownParameter"
    assert line.refused([{**task, "positivePrompt": "x"}])["modelSearch"]["code"] == "unsupportedParameter"
    assert line.refused([{**task, "visibility": "hidden"}])["modelSearch"]["code"] == "invalidVisibility"
