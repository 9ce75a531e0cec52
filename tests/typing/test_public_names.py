"""What each module offers is written down, and is there."""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import pytest

import anymedia
from anymedia import errors, requests

_PACKAGES = ("anymedia", "anymedia_runware", "anymedia_runway")


def _modules() -> Iterator[str]:
    for package in _PACKAGES:
        yield package
        found = pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}.")
        yield from (module.name for module in found if not module.name.endswith("__main__"))


def _imported(name: str) -> Iterator[tuple[str, str]]:
    """The module and the name of everything of ours that a module imports by name."""
    for node in ast.walk(ast.parse(inspect.getsource(importlib.import_module(name)))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in _PACKAGES:
            yield from ((node.module or "", alias.name) for alias in node.names)


@pytest.mark.parametrize("name", list(_modules()))
def test_a_module_has_what_it_offers_and_takes_only_what_is_offered(name: str) -> None:
    """`__all__` names what exists, and it holds whatever another module takes."""
    module = importlib.import_module(name)
    assert not {key for key in getattr(module, "__all__", ()) if not hasattr(module, key)}
    for source, key in _imported(name):
        origin = importlib.import_module(source)
        assert inspect.ismodule(getattr(origin, key)) or key in origin.__all__, f"{source}.{key} is not in __all__"


def test_the_top_package_offers_every_error_and_every_operation() -> None:
    """Whoever catches an error or fills in a request needs one import."""
    wanted = {*errors.__all__, *(operation.__name__ for operation in requests.OPERATIONS.values())}
    assert not wanted - set(anymedia.__all__)
