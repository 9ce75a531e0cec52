"""Runway's own SDKs, unmodified, use every method they have against the emulator."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest
from vendor_environments import Sdk, node_sdk, sdk
from vendor_page import Run, methods_table, said

from anymedia.testing.emulator import Ledger
from anymedia.testing.hosting import Hosted
from anymedia_runway.emulator import RunwayEmulator

pytestmark = pytest.mark.vendor

_PYTHON = "runwayml==5.24.0"
_NODE = "@runwayml/sdk@4.20.1"
_SPEED = 100
_PAID = ("realtime_sessions",)


@pytest.fixture(scope="module")
def sessions(pytestconfig: pytest.Config) -> Mapping[str, tuple[Run, Ledger]]:
    """What each SDK did, and what the emulator wrote down; all at once, because their waiters mostly sleep."""
    python, node = sdk(_PYTHON, pytestconfig), node_sdk(_NODE, pytestconfig)
    wanted = {
        "`RunwayML` (Python 5.24.0)": (python, "runwayml_calls.py", "sync"),
        "`AsyncRunwayML` (Python 5.24.0)": (python, "runwayml_calls.py", "async"),
        "`@runwayml/sdk` (Node 4.20.1)": (node, "runway_sdk_calls.mjs"),
    }
    with ThreadPoolExecutor() as threads:
        return dict(zip(wanted, threads.map(lambda each: _session(*each), wanted.values()), strict=True))


def _session(package: Sdk, script: str, *arguments: str) -> tuple[Run, Ledger]:
    emulator = RunwayEmulator(speed=_SPEED)
    with Hosted(emulator) as endpoint:
        steps = package.run(script, *arguments, endpoint.base_url, endpoint.api_key)
    return said(steps), emulator.ledger


def test_every_method_is_called(sessions: Mapping[str, tuple[Run, Ledger]]) -> None:
    """No method of any of the SDKs is left out, and all of them do what they are for."""
    for name, (run, _) in sessions.items():
        methods = {method for method, (verbs, _) in run.items() if "can" in verbs}
        assert {method for method in methods if "did" not in run[method][0]} == set(), name
        assert len(methods) >= 65, name


def test_nothing_is_made_twice(sessions: Mapping[str, tuple[Run, Ledger]]) -> None:
    """Every paid task belongs to one create of the SDK, and all but the one that was dropped are delivered."""
    for name, (_, ledger) in sessions.items():
        states = [entry.state for entry in ledger.entries.values() if entry.kind not in _PAID]
        assert states.count("canceled") == 1, name
        assert set(states) == {"succeeded", "canceled"}, name
        made = [entry for entry in ledger.entries.values() if entry.state == "succeeded" and entry.kind not in _PAID]
        assert all(entry.delivered for entry in made), name
        assert 0 < ledger.accepted <= sum(map(_is_create, ledger.requests)), name


def test_the_published_table_of_sdks(
    sessions: Mapping[str, tuple[Run, Ledger]], publishes: Callable[[str, str, str], None]
) -> None:
    """The provider's page says of each method what came of this run."""
    written = methods_table({name: run for name, (run, _) in sessions.items()})
    publishes("reference/runway.md", "the vendor's own SDKs", written)


def _is_create(request: str) -> bool:
    """Whether a request may start a paid task."""
    return request.startswith("POST /v1/") and not request.endswith(("/uploads", "/usage"))
