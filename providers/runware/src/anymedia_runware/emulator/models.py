"""The vendor's model list, as the data file records it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from anymedia_runware.emulator.shapes import object_of

__all__ = ["Catalogue", "Definition", "ModelFacts", "catalogue"]

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


class Catalogue:
    """Looks models up; any well-formed AIR that is not listed gets the facts of its kind."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data
        self.models: Mapping[str, ModelFacts] = {air: self._facts(air, entry) for air, entry in data["models"].items()}

    def find(self, air: str) -> ModelFacts:
        """The facts of a model, listed or not."""
        return self.models.get(air) or ModelFacts(air, diffusion=air.startswith(("civitai:", "runware:")))

    def limits(self, task_type: str, model: ModelFacts) -> dict[str, Any]:
        """The windows a task of this type has to respect with this model."""
        generic = object_of(self.data["limits"].get(task_type))
        extra = object_of(generic.get("diffusion")) if model.diffusion else {}
        return {**object_of(generic.get("any")), **extra, **model.limits}

    def definition(self, model: ModelFacts, name: str) -> Definition | None:
        """The type or the allowed values of a parameter, or None where nothing is known."""
        found = model.params.get(name)
        return found if found is not None else self.data["parameters"].get(name)

    def _facts(self, air: str, entry: Mapping[str, Any]) -> ModelFacts:
        shared = self.data["sets"].get(entry.get("set", ""), {"kind": "", "params": {}})
        own = {name: self.data["parameters"][name] for name in entry.get("params", ())}
        return ModelFacts(
            air=air,
            slug=entry["slug"],
            task_type=entry["task_type"],
            kind=shared["kind"],
            params={**shared["params"], **own, **entry.get("values", {})},
            required=tuple(entry.get("required", ())),
            limits=entry.get("limits", {}),
            diffusion="scheduler" in own,
        )


@cache
def catalogue() -> Catalogue:
    """The catalogue read from the package's data file, once."""
    return Catalogue(json.loads(files("anymedia_runware").joinpath("models.json").read_bytes()))
