"""The vendor's model list and request schemas, as the data files record them, and the models that users add."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from anymedia_runware.emulator.shapes import object_of

__all__ = ["Catalogue", "Definition", "ModelFacts", "OwnModel", "catalogue"]

Definition = str | list[Any]


@dataclass(frozen=True)
class ModelFacts:
    """What one model takes and makes; `params` is empty where nothing was published."""

    air: str
    slug: str = ""
    task_type: str = ""
    kind: str = ""
    params: Mapping[str, Definition] = field(default_factory=dict[str, Definition])
    required: tuple[str, ...] = ()
    limits: Mapping[str, Any] = field(default_factory=dict[str, Any])
    diffusion: bool = False

    @property
    def listed(self) -> bool:
        """Whether the vendor's curated list names this model."""
        return bool(self.slug)


@dataclass(frozen=True)
class OwnModel:
    """A model that a user has uploaded or trained: what it takes, and how a search shows it."""

    facts: ModelFacts
    entry: Mapping[str, Any]


class Catalogue:
    """Looks models and schemas up; any well-formed AIR that is not listed gets the facts of its kind.

    Args:
        data: The model list.
        schemas: The schemas of operations, architectures and utilities.
    """

    def __init__(self, data: Mapping[str, Any], schemas: Mapping[str, Any]) -> None:
        self.data = data
        self.models: Mapping[str, ModelFacts] = {air: self._facts(air, entry) for air, entry in data["models"].items()}
        self.schemas: Mapping[str, ModelFacts] = {
            name: self._facts("", entry) for name, entry in schemas["operations"].items()
        }
        self.own: dict[str, OwnModel] = {}
        self._limits: Mapping[str, Any] = schemas["limits"]

    def find(self, air: str) -> ModelFacts:
        """The facts of a model, listed or not."""
        if air in self.own:
            return self.own[air].facts
        return self.models.get(air) or ModelFacts(air, diffusion=air.startswith(("civitai:", "runware:")))

    def knows(self, air: str) -> bool:
        """Whether a model of this name exists already."""
        return air in self.own or air in self.models

    def add(self, air: str, entry: Mapping[str, Any]) -> None:
        """Take in a user's model; a checkpoint can be used like the others of its architecture."""
        schema = self.architecture(str(entry.get("architecture", "")))
        if schema is None or entry.get("category") != "checkpoint":
            facts = ModelFacts(air)
        else:
            facts = ModelFacts(air, task_type=schema.task_type, params=schema.params, required=schema.required)
        self.own[air] = OwnModel(facts, {"air": air, **entry})

    def architecture(self, name: str) -> ModelFacts | None:
        """What models of an architecture accept, or None for an unknown one."""
        wanted = f"{name}arch".replace("-", "").lower()
        return next((facts for schema, facts in self.schemas.items() if schema.lower() == wanted), None)

    def utility(self, task_type: str) -> ModelFacts:
        """What a task without a model accepts."""
        return next(facts for facts in self.schemas.values() if facts.task_type == task_type)

    def limits(self, task_type: str, model: ModelFacts) -> dict[str, Any]:
        """The windows a task of this type has to respect with this model."""
        generic = object_of(self.data["limits"].get(task_type))
        extra = object_of(generic.get("diffusion")) if model.diffusion else {}
        return {**object_of(self._limits.get(task_type)), **object_of(generic.get("any")), **extra, **model.limits}

    def definition(self, model: ModelFacts, name: str) -> Definition | None:
        """The type or the allowed values of a parameter, or None where nothing is known."""
        found = model.params.get(name)
        return found if found is not None else self.data["parameters"].get(name)

    def _facts(self, air: str, entry: Mapping[str, Any]) -> ModelFacts:
        shared = self.data["sets"].get(entry.get("set", ""), {"kind": "", "params": {}})
        own = {name: self.data["parameters"][name] for name in entry.get("params", ())}
        return ModelFacts(
            air=air,
            slug=entry.get("slug", ""),
            task_type=entry["task_type"],
            kind=shared["kind"],
            params={**shared["params"], **own, **entry.get("values", {})},
            required=tuple(entry.get("required", ())),
            limits=entry.get("limits", {}),
            diffusion="scheduler" in own,
        )


def catalogue() -> Catalogue:
    """A catalogue without models of users."""
    return Catalogue(_read("anymedia_runware", "models.json"), _read("anymedia_runware.emulator", "schemas.json"))


@cache
def _read(package: str, name: str) -> Mapping[str, Any]:
    data: Mapping[str, Any] = json.loads(files(package).joinpath(name).read_bytes())
    return data
