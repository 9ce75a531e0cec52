"""The models Runware sells, read from the package's data file, and the default one for each operation."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache, cached_property, partial
from importlib.resources import files
from typing import Any

from typing_extensions import override

from anymedia.catalog import Capabilities, Catalog, ModelInfo
from anymedia.json import loads
from anymedia_runware import facts
from anymedia_runware.capabilities import Sheet, operations_of
from anymedia_runware.kinds import AIR

__all__ = ["RunwareCatalog", "catalog"]


class _Operations(Mapping[str, Capabilities]):
    """What a model can do, worked out when somebody asks: most programs use a few models of hundreds."""

    def __init__(self, sheet: Callable[[], Sheet]) -> None:
        self._sheet = sheet

    @cached_property
    def _made(self) -> dict[str, Capabilities]:
        return operations_of(self._sheet())

    @override
    def __getitem__(self, operation: str) -> Capabilities:
        return self._made[operation]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    @override
    def __len__(self) -> int:
        return len(self._made)


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
    for air, entry in {**data["models"], **facts.UNCURATED}.items():
        portable = (facts.PORTABLE[air],) if air in facts.PORTABLE else ()
        operations = _Operations(partial(_sheet, air, entry, data))
        yield ModelInfo(id=air, names=(entry["slug"], *portable), operations=operations)


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
