"""The vendors' own SDKs, unmodified and each in an environment of its own, work against the emulators.

Both of Runware's packages import as `runware`, so they can never share an environment; nor do they belong in ours.
"""

import subprocess
import sys
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from anymedia.testing.hosting import Hosted
from anymedia_runware.emulator import RunwareEmulator
from anymedia_runway.emulator import RunwayEmulator

pytestmark = pytest.mark.vendor

_SCRIPTS = Path(__file__).parent / "scripts"
_NO_INDEX = ("Could not fetch URL", "Connection refused", "NewConnectionError", "Temporary failure in name resolution")
_SPEED = 100
_RUNWAYML = "runwayml==5.24.0"
_RUNWARE = "runware==0.5.24"
_RUNWARE_SDK = "runware-sdk==1.8.0"


@dataclass(frozen=True)
class Sdk:
    """One vendor package in its own environment."""

    python: Path

    def run(self, script: str, *arguments: str) -> list[str]:
        """The steps that went well, in order; a broken promise fails the test with what the SDK said."""
        command: Sequence[str] = (str(self.python), str(_SCRIPTS / script), *arguments)
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, f"{script} failed after\n{done.stdout}\n{done.stderr}"
        return [line.removeprefix("ok ") for line in done.stdout.splitlines() if line.startswith("ok ")]


def sdk(requirement: str, config: pytest.Config) -> Sdk:
    """An environment with just that package, made once and kept in pytest's cache."""
    name = f"{requirement.replace('==', '-')}-py{sys.version_info.major}{sys.version_info.minor}"
    home = Path(config.cache.mkdir("vendor")) / name if config.cache else Path()
    python = home / "bin" / "python"
    if not (home / "installed").exists():
        venv.create(home, with_pip=True, clear=True)
        install(python, requirement)
        (home / "installed").touch()
    return Sdk(python)


def install(python: Path, requirement: str) -> None:
    """Install the package, or skip where the package index cannot be reached."""
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode and any(sign in done.stderr for sign in _NO_INDEX):
        pytest.skip(f"the package index cannot be reached, so {requirement} cannot be installed")
    assert done.returncode == 0, done.stderr


def test_runwayml_works_unmodified(pytestconfig: pytest.Config) -> None:
    """Runway's SDK makes, waits for, looks up, cancels and uploads; nothing is accepted that it did not ask for."""
    emulator = RunwayEmulator(speed=_SPEED)
    with Hosted(emulator) as endpoint:
        steps = sdk(_RUNWAYML, pytestconfig).run("runwayml_session.py", endpoint.base_url, endpoint.api_key)
    assert len(steps) >= 6, steps
    assert 0 < emulator.ledger.accepted <= sum(map(is_create, emulator.ledger.requests))


def is_create(request: str) -> bool:
    """Whether a request starts a paid task."""
    return request.startswith("POST /v1/") and not request.endswith(("/uploads", "/usage"))


def test_runware_works_unmodified(pytestconfig: pytest.Config) -> None:
    """Runware's older SDK makes images and films, upscales, cuts out, looks up and uploads; a wrong key is refused."""
    emulator = RunwareEmulator(speed=1000)
    with Hosted(emulator) as endpoint:
        steps = sdk(_RUNWARE, pytestconfig).run("runware_session.py", endpoint.base_url, endpoint.api_key)
    assert len(steps) >= 6, steps
    assert all(entry.delivered for entry in emulator.ledger.entries.values())


def test_runware_sdk_works_unmodified(pytestconfig: pytest.Config) -> None:
    """Runware's newer SDK does the same over WebSocket and over REST."""
    emulator = RunwareEmulator(speed=1000)
    with Hosted(emulator) as endpoint:
        rest = endpoint.base_url.replace("ws://", "http://")
        steps = sdk(_RUNWARE_SDK, pytestconfig).run("runware_sdk_session.py", endpoint.base_url, rest, endpoint.api_key)
    assert len(steps) >= 8, steps
    assert all(entry.delivered for entry in emulator.ledger.entries.values())
