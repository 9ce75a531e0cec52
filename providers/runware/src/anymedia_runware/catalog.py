"""The models Runware sells, read from the package's data file, and the default one for each operation."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from typing_extensions import override

from anymedia.catalog import Catalog, ModelInfo
from anymedia.json import loads
from anymedia_runware import facts
from anymedia_runware.capabilities import Sheet, operations_of

__all__ = ["AIR", "RunwareCatalog", "catalog"]

AIR: Final = re.compile(r"[a-z0-9][a-z0-9._-]*:[A-Za-z0-9][A-Za-z0-9._-]*@[A-Za-z0-9][A-Za-z0-9._-]*")
"""The form of a model id, `source:model@version`. Source: runware.ai/docs, AIR; 2026-10."""


class RunwareCatalog(Catalog):
    """The vendor's curated models; any other well-formed AIR is taken on trust, for there are 300,000 of them."""

    @override
    def find(self, name: str, operation: str) -> ModelInfo:
        """The model of that name; an AIR that is not listed comes back unchecked."""
        if name not in self and AIR.fullmatch(name) and not name.startswith("unlisted:"):
            return ModelInfo(id=name, listed=False)
        return super().find(name, operation)


@cache
def catalog() -> RunwareCatalog:
    """Every curated model. Read once."""
    data: Any = loads(files("anymedia_runware").joinpath("models.json").read_bytes())
    return RunwareCatalog("runware", _models(data), facts.DEFAULTS)


def _models(data: Mapping[str, Any]) -> Iterator[ModelInfo]:
    for air, entry in data["models"].items():
        portable = (facts.PORTABLE[air],) if air in facts.PORTABLE else ()
        yield ModelInfo(id=air, names=(entry["slug"], *portable), operations=operations_of(_sheet(air, entry, data)))


def _sheet(air: str, entry: Mapping[str, Any], data: Mapping[str, Any]) -> Sheet:
    shared = data["sets"].get(entry.get("set"), {"kind": "", "params": {}})
    own = {name: data["parameters"][name] for name in entry.get("params", ())}
    limits: Mapping[str, Any] = entry.get("limits", {})
    generic: Mapping[str, Mapping[str, Any]] = data["limits"].get(entry["task_type"], {})
    windows = dict(generic.get("any", {}))
    if "scheduler" in own:
        windows |= generic.get("diffusion", {})
    windows |= limits
    return Sheet(
        air=air,
        task_type=entry["task_type"],
        kind=shared["kind"],
        params={**shared["params"], **own, **entry.get("values", {})},
        required=frozenset(entry.get("required", ())),
        limits=windows,
        documented=limits.get("basis") == "docs",
    )
