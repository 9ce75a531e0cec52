"""Requests that use every parameter of a model: in the shared words as far as they go, the rest among the options."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, cast

from platform_values import value_of

from anymedia.catalog import Capabilities, ModelInfo, Size
from anymedia.json import loads
from anymedia.media import Media
from anymedia.requests import OPERATIONS, Native, Request
from anymedia.results import Result
from anymedia.sizing import nearest_size
from anymedia_runware.bodies import body_of
from anymedia_runware.catalog import catalog

__all__ = ["Inputs", "Question", "calls", "questions"]

_FROM_CLIENT = frozenset({"deliveryMethod"})
_GIVEN: Mapping[str, Any] = {
    "prompt": "a lighthouse at dusk",
    "text": "Good morning",
    "negative_prompt": "people",
    "system_prompt": "Answer in one word",
    "seed": 7,
    "strength": 0.5,
    "max_tokens": 64,
    "trigger_word": "lghths",
    "steps": 100,
    "learning_rate": 0.001,
    "lyrics": "The light goes round",
    "name": "Lighthouses",
    "voice": "Ada",
}


@dataclass(frozen=True)
class Inputs:
    """Small media, and the address of somebody who takes anything that is sent there."""

    image: bytes
    film: bytes
    sound: bytes
    archive: bytes
    hook: str

    @property
    def picture(self) -> str:
        """The image as it stands in options and payloads."""
        return Media.of(self.image).data_uri


@dataclass(frozen=True)
class Question:
    """One request for one model.

    Attributes:
        model: The model.
        task_type: What it takes.
        common: The parameters it shares with all that make the same.
        own: Its other parameters; all of both are on the wire.
        request: The request.
    """

    model: str
    task_type: str
    common: tuple[str, ...]
    own: tuple[str, ...]
    request: Request[Result]


def questions(inputs: Inputs) -> Iterator[Question]:
    """One for each model of the curated list."""
    data: Any = loads(files("anymedia_runware").joinpath("models.json").read_bytes())
    for air, entry in data["models"].items():
        common, own = _params(entry, data)
        info, params = catalog().models[air], {**common, **own}
        request = _shared(info, params, inputs) if info.operations else _native(air, entry, params, inputs)
        yield Question(
            air, entry["task_type"], tuple(common), tuple(name for name in own if name not in common), request
        )


def _params(entry: Mapping[str, Any], data: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    shared = data["sets"].get(entry.get("set"), {"params": {}})["params"]
    own = {name: data["parameters"][name] for name in entry.get("params", ())}
    values = entry.get("values", {})
    return {name: values.get(name, kind) for name, kind in shared.items()}, {**own, **values}


def _shared(info: ModelInfo, params: Mapping[str, Any], inputs: Inputs) -> Request[Result]:
    """The operation that carries most of the parameters, completed by options."""
    tried = [_plain(info, operation, rules, inputs) for operation, rules in info.operations.items()]
    carried = [(_carried(request, info), request) for request in tried]
    names, request = max(carried, key=lambda pair: ("inputs" in pair[0], len(params.keys() & pair[0])))
    missing = params.keys() - names - _FROM_CLIENT
    options = {name: value_of(name, params[name], info.id, inputs.picture, inputs.hook) for name in sorted(missing)}
    if request.operation == "train_model":
        options["importModel"] = value_of("importModel", "object", info.id, inputs.picture, inputs.hook)
    return request.model_copy(update={"provider_options": {"runware": options}})


def _plain(info: ModelInfo, operation: str, rules: Capabilities, inputs: Inputs) -> Request[Result]:
    """Every field of ours that the model takes, as small as it allows."""
    cls = OPERATIONS[operation]
    media = {
        "image": inputs.image,
        "mask": inputs.image,
        "video": inputs.film,
        "character": inputs.image,
        "performance": inputs.film,
        "voice_sample": inputs.sound,
        "dataset": inputs.archive,
    }
    needed = {name for name, field in cls.model_fields.items() if field.is_required()}
    wanted = {name: value for name, value in {**_GIVEN, **media}.items() if name in rules.fields | needed}
    wanted |= {"references": [_reference(rules, inputs)]} if "references" in rules.required | _guided(rules) else {}
    wanted |= {"json_schema": value_of("jsonSchema", "object", "", "", "")} if "json_schema" in rules.fields else {}
    wanted |= {name: legal[0] for name, legal in rules.choices.items() if name != "preprocessor"}
    wanted |= {"duration": min(rules.durations, default=rules.default_duration)} if "duration" in rules.fields else {}
    wanted |= {"fps": 24} if "fps" in rules.fields - wanted.keys() else {}
    wanted |= {"resolution": rules.resolutions[0]} if rules.resolutions and not (rules.sizes or rules.sides) else {}
    if rules.sizes or rules.sides:
        wanted["size"] = str(nearest_size(min(rules.sizes, default=Size(128, 128)), rules))
    return cls(model=info.id, **{name: value for name, value in wanted.items() if name in cls.model_fields})


def _guided(rules: Capabilities) -> set[str]:
    """Models that make a face speak need something to say, and words are about something."""
    needs_sound = rules.wire.get("audio") == "audio"
    return {"references"} & rules.fields if needs_sound or rules.wire["task"] == "textInference" else set()


def _reference(rules: Capabilities, inputs: Inputs) -> bytes:
    return inputs.sound if rules.wire.get("audio") else inputs.image


def _carried(request: Request[Result], info: ModelInfo) -> set[str]:
    """What the request puts on the wire by itself; what is still missing there is no obstacle now."""
    rules = info.operations[request.operation]
    wire = {**rules.wire, "needs": []}
    eased = Capabilities(fields=rules.fields, wire=wire)
    named = request.model_copy(update={"provider_options": {"runware": {}}})
    if request.operation == "train_model":
        named = named.model_copy(update={"name": "acme:1@1"})
    return set(body_of(named, ModelInfo(id=info.id, operations={request.operation: eased})))


def _native(air: str, entry: Mapping[str, Any], params: Mapping[str, Any], inputs: Inputs) -> Request[Result]:
    payload = {
        name: value_of(name, definition, air, inputs.picture, inputs.hook)
        for name, definition in params.items()
        if name not in _FROM_CLIENT
    }
    payload |= {"model": air, "inputs": {"video": Media.of(inputs.film).data_uri}, "settings": {"operation": "trim"}}
    return Native(provider="runware", call=entry["task_type"], payload=cast("dict[str, Any]", payload))


def calls(inputs: Inputs) -> dict[str, Request[Result]]:
    """A request for each task type that is followed, under each of its names."""
    picture, film = inputs.picture, Media.of(inputs.film).data_uri
    payloads: dict[str, dict[str, Any]] = {
        "imageInference": {"model": "runware:101@1", "positivePrompt": "a dog", "width": 128, "height": 128},
        "photoMaker": {
            "model": "civitai:139562@344487",
            "inputImages": [picture],
            "style": "No style",
            "positivePrompt": "rwre reading a map",
            "width": 128,
            "height": 128,
        },
        "upscale": {"model": "runware:504@1", "inputs": {"image": picture}, "upscaleFactor": 2},
        "imageUpscale": {"inputImage": picture, "upscaleFactor": 2},
        "removeBackground": {"model": "runware:109@1", "inputs": {"image": picture}},
        "imageBackgroundRemoval": {"inputImage": picture},
        "caption": {"model": "runware:150@2", "inputs": {"image": picture}},
        "imageCaption": {"inputImage": picture},
        "imageMasking": {"model": "runware:35@1", "inputs": {"image": picture}},
        "controlNetPreprocess": {"model": "runware:controlnet-preprocess@depth", "inputs": {"image": picture}},
        "imageControlNetPreProcess": {"inputImage": picture, "preProcessorType": "canny"},
        "promptEnhance": {"prompt": "a dog", "promptMaxLength": 64, "promptVersions": 3},
        "vectorize": {"model": "recraft:1@1", "inputs": {"image": picture}},
        "videoInference": {"model": "google:3@3", "positivePrompt": "waves", "duration": 4},
        "audioInference": {"model": "minimax:speech@2.8", "speech": {"text": "Hello", "voice": "Ada"}},
        "3dInference": {"model": "meta:sam@3d", "positivePrompt": "a chair", "inputs": {"image": picture}},
        "textInference": {"model": "openai:gpt@5-mini", "messages": [{"role": "user", "content": "Say hi"}]},
        "training": {
            "model": "runware:z-image@style-lora-training",
            "inputs": {"dataset": Media.of(inputs.archive).data_uri},
            "importModel": {"air": "acme:1@1", "name": "A", "uniqueIdentifier": "a", "version": "1", "private": True},
        },
        "tools": {"model": "runware:ffmpeg@0", "inputs": {"video": film}, "outputFormat": "WEBM"},
        "imageUpload": {"image": picture},
        "mediaStorage": {"operation": "upload", "media": picture},
        "modelUpload": {
            "category": "lora",
            "architecture": "sdxl",
            "format": "safetensors",
            "air": "acme:2@1",
            "uniqueIdentifier": "acme-2",
            "name": "n",
            "version": "1",
            "downloadURL": inputs.hook + "x.safetensors",
        },
    }
    return {name: Native(provider="runware", call=name, payload=payload) for name, payload in payloads.items()}
