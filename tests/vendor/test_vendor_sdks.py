"""The vendors' own SDKs, unmodified and each in an environment of its own, work against the emulators."""

import pytest
from vendor_environments import sdk

from anymedia.testing.hosting import Hosted
from anymedia_runware.emulator import RunwareEmulator
from anymedia_runway.emulator import RunwayEmulator

pytestmark = pytest.mark.vendor

_SPEED = 100
_RUNWAYML = "runwayml==5.24.0"
_RUNWARE = "runware==0.5.24"
_RUNWARE_SDK = "runware-sdk==1.8.0"


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
