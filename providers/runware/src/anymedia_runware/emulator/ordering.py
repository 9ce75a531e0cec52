"""Makes an order of a paid request, or says why not: which model does it, and whether all it says is right."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from anymedia_runware.emulator.backend import Backend
from anymedia_runware.emulator.converting import conversion_problems
from anymedia_runware.emulator.errors import Problem
from anymedia_runware.emulator.inputs import Inputs, Source
from anymedia_runware.emulator.models import Catalogue, ModelFacts
from anymedia_runware.emulator.reading import TaskIn
from anymedia_runware.emulator.shapes import object_of
from anymedia_runware.emulator.validation import check_model, check_parameters, is_air
from anymedia_runware.emulator.work import Order

__all__ = ["ordered"]

# The 2025 dialect could leave a tool's model to the service.
_DEFAULT_MODELS = {
    "upscale": "runware:504@1",
    "removeBackground": "runware:109@1",
    "caption": "runware:150@2",
    "promptEnhance": "runware:llama-3-1-8b@prompt-enhancer",
}
_PREPROCESSOR = "runware:controlnet-preprocess@"
_OWN_SCHEMA = ("photoMaker", "modelUpload")


def ordered(each: TaskIn, task_type: str, backend: Backend) -> Order | list[Problem]:
    """The order that a task is, or everything that is wrong with it."""
    task, catalogue = each.task, backend.catalogue
    model = _model(task, task_type, catalogue)
    if isinstance(model, Problem):
        return [model]
    # A file that cannot be downloaded is told by a stage of the upload.
    inputs = Inputs() if task_type == "modelUpload" else each.inputs
    problems = check_parameters(task, task_type, model, inputs, catalogue, strict=backend.behaviour.strict)
    problems = problems or _more_problems(task, task_type, each.inputs, catalogue)
    if problems:
        return problems
    limits = catalogue.limits(task_type, model)
    return Order(task, task_type, model, limits, catalogue, each.inputs, backend.host, backend.behaviour, backend.rng)


def _model(task: Mapping[str, Any], task_type: str, catalogue: Catalogue) -> ModelFacts | Problem:
    air = task.get("model") or _DEFAULT_MODELS.get(task_type)
    if task_type == "modelUpload":
        return catalogue.utility(task_type)
    if air is None and task_type == "controlNetPreprocess":
        kinds = [name.partition("@")[2] for name in catalogue.models if name.startswith(_PREPROCESSOR)]
        kind = str(task.get("preProcessorType")).replace("_", "-")
        if "preProcessorType" not in task:
            return Problem("missingPreProcessorType", "'preProcessorType' is required.", "preProcessorType")
        if kind not in kinds:
            text = f"'preProcessorType' must be one of {', '.join(kinds)}."
            return Problem("invalidPreProcessorType", text, "preProcessorType", {"allowedValues": kinds})
        air = f"{_PREPROCESSOR}{kind}"
    wrong = check_model(air, task_type, catalogue)
    if wrong is not None:
        return wrong
    if task_type in _OWN_SCHEMA:
        return replace(catalogue.utility(task_type), air=str(air))
    return catalogue.find(str(air))


def _more_problems(task: Mapping[str, Any], task_type: str, inputs: Inputs, catalogue: Catalogue) -> list[Problem]:
    """What only the whole request shows."""
    if task_type == "tools":
        return list(conversion_problems(inputs, task.get("outputFormat"), object_of(task.get("settings"))))
    if task_type == "training":
        wanted = object_of(task.get("importModel"))
        return [*_bad_dataset(inputs), *_bad_air(wanted.get("air"), "importModel.air", catalogue)]
    return _bad_air(task.get("air"), "air", catalogue) if task_type == "modelUpload" else []


def _bad_air(air: Any, path: str, catalogue: Catalogue) -> list[Problem]:
    if air is None:
        return []
    if not is_air(air):
        return [Problem("invalidAir", f"'{path}' must be an AIR such as emulated:1@1.", path, {"type": "string"})]
    return [Problem("modelAlreadyExists", f"There is a model {air} already.", path)] if catalogue.knows(air) else []


def _bad_dataset(inputs: Inputs) -> list[Problem]:
    dataset = next(iter(inputs.named("dataset")), None)
    if dataset is None:
        return [Problem("missingDataset", "'inputs.dataset' is required.", "inputs.dataset")]
    if isinstance(dataset.found, Source) and dataset.found.format != "zip":
        return [Problem("invalidDataset", "'inputs.dataset' must be a ZIP file.", "inputs.dataset")]
    return []
