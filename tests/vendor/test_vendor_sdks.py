"""Runway's own SDK, unmodified, works against the emulator."""

import pytest
from vendor_environments import sdk

from anymedia.testing.hosting import Hosted
from anymedia_runway.emulator import RunwayEmulator

pytestmark = pytest.mark.vendor

_SPEED = 100
_RUNWAYML = "runwayml==5.24.0"


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
