"""The wheel as a stranger gets it: built, installed in an empty environment, and used there."""

import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_PACKAGES = ("anymedia", "anymedia_runware", "anymedia_runway")
_HEAVY = {"httpx", "websockets", "tenacity", "anymedia_runware", "anymedia_runway"}
# As the machine has it, before any fixture hides its settings: pip and its index are the machine's own.
_ENVIRON = dict(os.environ)


@dataclass(frozen=True)
class _Installed:
    """An environment with the wheel in it and nothing else."""

    python: Path
    wheel: Path

    def run(self, code: str) -> str:
        """Run a few lines of Python there and return what they print."""
        return _call(self.python, "-I", "-W", "error", "-c", code)


def _call(*command: str | Path) -> str:
    done = subprocess.run(command, env=_ENVIRON, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def _require_index(python: Path, folder: Path) -> None:
    command = [python, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, "hatchling"]
    done = subprocess.run(command, env=_ENVIRON, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        pytest.skip(f"the package index cannot be reached: {done.stderr.strip().splitlines()[-1]}")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> _Installed:
    """Build the wheel and install it, with its dependencies, into a fresh environment."""
    folder = tmp_path_factory.mktemp("wheel")
    _call(sys.executable, "-m", "venv", folder / "venv")
    python = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    _require_index(python, folder)
    _call(python, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder / "dist", _ROOT)
    (wheel,) = (folder / "dist").glob("anymedia-*.whl")
    _call(python, "-m", "pip", "install", "--quiet", wheel)
    return _Installed(python, wheel)


def test_every_package_says_that_it_is_typed(installed: _Installed) -> None:
    """Each import package in the wheel carries its own py.typed, and each provider its models."""
    names = set(zipfile.ZipFile(installed.wheel).namelist())
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == set(_PACKAGES)
    assert {f"{package}/py.typed" for package in _PACKAGES} <= names
    assert {f"anymedia_{name}/models.json" for name in ("runware", "runway")} <= names


def test_both_providers_are_found_through_their_entry_points(installed: _Installed) -> None:
    """Without any extra, both providers are listed and can be imported."""
    code = "from anymedia import registry as r; print([r.provider_class(name).name for name in r.provider_names()])"
    assert installed.run(code) == "['runware', 'runway']"


def test_import_stays_light(installed: _Installed) -> None:
    """`import anymedia` loads no network library, no retry library and no provider."""
    loaded = installed.run("import sys, anymedia; print(*sorted({name.partition('.')[0] for name in sys.modules}))")
    assert not _HEAVY & set(loaded.split())


def test_a_strangers_provider_is_found_beside_ours(installed: _Installed) -> None:
    """Installing a separately packaged provider is all it takes to use it."""
    _call(installed.python, "-m", "pip", "install", "--quiet", "--no-deps", _ROOT / "tests" / "plugin")
    try:
        found = installed.run("from anymedia import registry; print(*registry.provider_names())")
    finally:
        _call(installed.python, "-m", "pip", "uninstall", "--quiet", "--yes", "anymedia-example")
    assert found == "example runware runway"
