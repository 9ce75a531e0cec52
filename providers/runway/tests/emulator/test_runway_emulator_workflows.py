"""Workflows: listed, shown, run step by step, in part or in whole, and paid for."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from anymedia.testing import ManualClock
from anymedia.testing.render import probe
from anymedia_runway.emulator import RunwayEmulator
from anymedia_runway.emulator.workflows import Edge, Node, Workflow

_SCENE = {"scene": {"value": {"type": "primitive", "value": "a red kite"}}}


@pytest.fixture
async def emulator(clock: ManualClock) -> AsyncIterator[RunwayEmulator]:
    """One with credits for anything."""
    async with RunwayEmulator(clock=clock, credits=1000) as running:
        yield running


async def workflow(api: httpx.AsyncClient, name: str) -> str:
    """The id of a workflow's newest version."""
    rows = (await api.get("/v1/workflows")).json()["data"]
    newest: str = next(row for row in rows if row["name"] == name)["versions"][0]["id"]
    return newest


async def run(api: httpx.AsyncClient, name: str = "Still to film", **body: Any) -> str:
    """The id of a new invocation."""
    answer = await api.post(f"/v1/workflows/{await workflow(api, name)}", json=body)
    assert answer.status_code == 200, answer.text
    invocation: str = answer.json()["id"]
    return invocation


async def shown(api: httpx.AsyncClient, invocation: str) -> dict[str, Any]:
    """The invocation as it is."""
    found: dict[str, Any] = (await api.get(f"/v1/workflow_invocations/{invocation}")).json()
    return found


async def ended(api: httpx.AsyncClient, clock: ManualClock, invocation: str) -> dict[str, Any]:
    """The invocation at its end; between its steps pictures are drawn, which takes real time."""
    async with asyncio.timeout(30):
        while (found := await shown(api, invocation))["status"] in ("PENDING", "RUNNING"):
            await clock.advance(5)
    return found


async def test_workflows_are_listed_with_versions(emulator: RunwayEmulator, api: httpx.AsyncClient) -> None:
    """Versions of a workflow are listed together, newest first, and each can be looked at."""
    node = Node("only", "Only", endpoint="text_to_image", body={"model": "gen4_image"})
    for version in (1, 2):
        emulator.workflows.add(Workflow("Mine", [node], [], version=version))
    rows = {row["name"]: row["versions"] for row in (await api.get("/v1/workflows")).json()["data"]}
    assert [version["version"] for version in rows["Mine"]] == [2, 1]
    found = (await api.get(f"/v1/workflows/{rows['Mine'][0]['id']}")).json()
    assert [each["id"] for each in found["graph"]["nodes"]] == ["only"]
    assert (found["name"], found["version"], found["graph"]["edges"]) == ("Mine", 2, [])
    for path in (f"/v1/workflows/{uuid.uuid4()}", f"/v1/workflow_invocations/{uuid.uuid4()}"):
        assert (await api.get(path)).status_code == 404


async def test_workflow_runs_step_by_step(
    emulator: RunwayEmulator, api: httpx.AsyncClient, web: httpx.AsyncClient, clock: ManualClock
) -> None:
    """PENDING, RUNNING with progress and what is ready, SUCCEEDED with everything; one account for all its steps."""
    invocation = await run(api, nodeOutputs=_SCENE)
    assert (await shown(api, invocation))["status"] == "PENDING"
    await clock.advance(5)
    begun = await shown(api, invocation)
    assert (begun["status"], begun["progress"], begun["output"], "cost" in begun) == ("RUNNING", 0, {}, False)
    await clock.advance(10)
    half = await shown(api, invocation)
    assert (half["progress"], list(half["output"])) == (0.5, ["still"])
    done = await ended(api, clock, invocation)
    assert (done["status"], sorted(done["output"]), "nodeErrors" in done) == ("SUCCEEDED", ["film", "still"], False)
    film = probe((await web.get(done["output"]["film"][0])).content)
    assert (film.width, film.duration) == (1280, pytest.approx(2, abs=0.1))
    entry = emulator.ledger.entries[invocation]
    assert (emulator.ledger.accepted, entry.kind, entry.delivered) == (1, "workflows", 2)
    assert entry.charged == done["cost"]["credits"] == 15 == 1000 - emulator.account.balance


async def test_some_steps_may_fail(emulator: RunwayEmulator, api: httpx.AsyncClient, clock: ManualClock) -> None:
    """A run with a failed step still succeeds: what was made is there, and so is the step's error; it is not paid."""
    emulator.faults.add("fail_node", node="voice", failure="No.", failure_code="SAFETY.INPUT.TEXT")
    invocation = await run(api, "Picture and voice")
    part = await ended(api, clock, invocation)
    assert (part["status"], list(part["output"]), part["cost"]) == ("SUCCEEDED", ["poster"], {"credits": 5})
    error = {"message": "No.", "failureCode": "SAFETY.INPUT.TEXT", "nodeName": "Voice"}
    assert part["nodeErrors"] == {"voice": error}


async def test_steps_after_a_failed_one_cannot_run(
    emulator: RunwayEmulator, api: httpx.AsyncClient, clock: ManualClock
) -> None:
    """When nothing was made, the run has FAILED: every step has its error, and nothing is charged."""
    emulator.faults.add("fail_node", node="still")
    invocation = await run(api)
    failed = await ended(api, clock, invocation)
    assert (failed["status"], failed["failureCode"], failed["cost"]) == ("FAILED", "INTERNAL", {"credits": 0})
    assert {node: "failureCode" in error for node, error in failed["nodeErrors"].items()} == {
        "still": True,
        "film": False,
    }
    assert emulator.ledger.entries[invocation].state == "failed"
    assert emulator.account.balance == 1000


async def test_whole_run_may_fail(emulator: RunwayEmulator, api: httpx.AsyncClient, clock: ManualClock) -> None:
    """A run can be made to fail as a whole."""
    emulator.faults.add("fail_workflow", failure="Broken.", failure_code="THIRD_PARTY.UNAVAILABLE")
    invocation = await run(api)
    failed = await ended(api, clock, invocation)
    assert (failed["failure"], failed["failureCode"]) == ("Broken.", "THIRD_PARTY.UNAVAILABLE")


async def test_steps_need_credits(emulator: RunwayEmulator, api: httpx.AsyncClient, clock: ManualClock) -> None:
    """A step that cannot be paid for is an error of that step."""
    emulator.account.balance = 6
    invocation = await run(api)
    part = await ended(api, clock, invocation)
    assert (part["status"], list(part["nodeErrors"])) == ("SUCCEEDED", ["film"])
    assert "enough credits" in part["nodeErrors"]["film"]["message"]


@pytest.mark.parametrize(
    ("outputs", "path"),
    [
        ({"nobody": {"value": {"type": "primitive", "value": 1}}}, ["nodeOutputs", "nobody"]),
        ({"scene": {"value": {"type": "image"}}}, ["nodeOutputs", "scene", "value", "uri"]),
        ({"scene": {"value": {"type": "text", "value": "a"}}}, ["nodeOutputs", "scene", "value", "type"]),
        ({"scene": {"value": {"type": "primitive", "value": []}}}, ["nodeOutputs", "scene", "value", "value"]),
    ],
)
async def test_values_are_checked(
    emulator: RunwayEmulator, api: httpx.AsyncClient, outputs: dict[str, Any], path: list[str]
) -> None:
    """Values for unknown nodes, of unknown types, or malformed are refused before anything starts."""
    answer = await api.post(f"/v1/workflows/{await workflow(api, 'Still to film')}", json={"nodeOutputs": outputs})
    assert answer.status_code == 400
    assert [issue["path"] for issue in answer.json()["issues"]] == [path]
    assert emulator.ledger.accepted == 0


def test_steps_in_a_circle_are_an_error() -> None:
    """A workflow whose steps need each other cannot be put in order."""
    nodes = [Node(name, name, endpoint="text_to_image") for name in "ab"]
    circle = Workflow("Circle", nodes, [Edge("a", "b", "promptText"), Edge("b", "a", "promptText")])
    with pytest.raises(ValueError, match="circle"):
        _ = circle.steps
