"""Realtime sessions from preparation to end, and the conversations that are left of them."""

import uuid
from typing import Any

import httpx
import pytest

from anymedia.testing import ManualClock
from anymedia.testing.render import probe
from anymedia_runway.emulator import RunwayEmulator

_AVATAR = {"type": "runway-preset", "presetId": "tennis-coach"}
_TOOL = {"type": "client_event", "name": "wave", "description": "Waves.", "parameters": []}
_SESSION = {"model": "gwm1_avatars", "avatar": _AVATAR, "maxDuration": 60}
_ROOT = "/v1/realtime_sessions"


async def started(api: httpx.AsyncClient, **fields: Any) -> str:
    """The id of a new session."""
    answer = await api.post(_ROOT, json=_SESSION | fields)
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["id"]
    session: str = answer.json()["id"]
    return session


async def shown(api: httpx.AsyncClient, session: str) -> dict[str, Any]:
    """The session as it is."""
    found: dict[str, Any] = (await api.get(f"{_ROOT}/{session}")).json()
    return found


async def consume(api: httpx.AsyncClient, session: str, key: str) -> httpx.Response:
    """Join with the session's own key, as a browser does."""
    return await api.post(f"{_ROOT}/{session}/consume", headers={"Authorization": f"Bearer {key}"})


async def joined(api: httpx.AsyncClient, clock: ManualClock, **fields: Any) -> str:
    """A session that runs."""
    session = await started(api, **fields)
    await clock.advance(5)
    assert (await consume(api, session, (await shown(api, session))["sessionKey"])).status_code == 200
    return session


async def test_session_runs_until_its_time_is_up(
    emulator: RunwayEmulator, api: httpx.AsyncClient, clock: ManualClock
) -> None:
    """NOT_READY, READY with a key, RUNNING once joined, COMPLETED with its length; paid by started minutes."""
    session = await started(api, maxDuration=90)
    assert emulator.account.balance == 1000 - 44
    assert (await shown(api, session))["status"] == "NOT_READY"
    await clock.advance(5)
    ready = await shown(api, session)
    assert (ready["status"], ready["expiresAt"] > ready["createdAt"]) == ("READY", True)
    room = (await consume(api, session, ready["sessionKey"])).json()
    assert sorted(room) == ["roomName", "token", "url"]
    running = await shown(api, session)
    assert (running["status"], "sessionKey" in running) == ("RUNNING", False)
    await clock.advance(90)
    assert (await shown(api, session)) | {"createdAt": ""} == {
        "id": session, "createdAt": "", "status": "COMPLETED", "duration": 90
    }  # fmt: skip
    entry = emulator.ledger.entries[session]
    assert (entry.kind, entry.state, entry.charged) == ("realtime_sessions", "succeeded", 44)


async def test_key_joins_once(api: httpx.AsyncClient, clock: ManualClock) -> None:
    """Only the session's key joins, not the API's, and only once."""
    session = await started(api)
    await clock.advance(5)
    key = (await shown(api, session))["sessionKey"]
    assert (await api.post(f"{_ROOT}/{session}/consume")).status_code == 401
    answers = [await consume(api, session, key), await consume(api, session, key)]
    assert [answer.status_code for answer in answers] == [200, 409]


async def test_session_ended_early_costs_less(
    emulator: RunwayEmulator, api: httpx.AsyncClient, clock: ManualClock
) -> None:
    """A session that its client ends is COMPLETED, and what it did not use is given back."""
    session = await joined(api, clock, maxDuration=600)
    await clock.advance(70)
    assert (await api.delete(f"{_ROOT}/{session}")).status_code == 204
    ended = await shown(api, session)
    assert (ended["status"], ended["duration"]) == ("COMPLETED", 70)
    assert emulator.account.balance == 1000 - 44
    assert (await api.delete(f"{_ROOT}/{session}")).status_code == 204


async def test_session_never_joined_is_free(
    emulator: RunwayEmulator, api: httpx.AsyncClient, clock: ManualClock
) -> None:
    """A session that is dropped or never joined is CANCELLED and costs nothing."""
    dropped, forgotten = await started(api), await started(api)
    await api.delete(f"{_ROOT}/{dropped}")
    await clock.advance(600)
    assert [(await shown(api, each))["status"] for each in (dropped, forgotten)] == ["CANCELLED", "CANCELLED"]
    assert emulator.account.balance == 1000


async def test_surplus_sessions_queue(api: httpx.AsyncClient, clock: ManualClock) -> None:
    """Beyond the limit a session stays NOT_READY and queued until another one ends."""
    first, _, third = [await started(api) for _ in range(3)]
    await clock.advance(10)
    waiting = await shown(api, third)
    assert (waiting["status"], waiting["queued"]) == ("NOT_READY", True)
    await api.delete(f"{_ROOT}/{first}")
    await clock.advance(1)
    assert (await shown(api, third))["status"] == "READY"


async def test_session_may_fail(emulator: RunwayEmulator, api: httpx.AsyncClient, clock: ManualClock) -> None:
    """A session may fail to start: with a text and a code, and without a bill."""
    emulator.faults.add("fail_session", failure="No room.", failure_code="INTERNAL")
    session = await started(api)
    await clock.advance(10)
    failed = await shown(api, session)
    assert (failed["status"], failed["failure"], failed["failureCode"]) == ("FAILED", "No room.", "INTERNAL")
    assert emulator.account.balance == 1000


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"maxDuration": 5}, ["maxDuration"]),
        ({"avatar": {"type": "custom", "avatarId": str(uuid.uuid4())}}, ["avatar", "avatarId"]),
        ({"tools": [_TOOL | {"name": "two words"}]}, ["tools", 0, "name"]),
        ({"tools": [_TOOL | {"timeoutSeconds": 4}]}, ["tools", 0]),
        ({"integration": {"type": "livekit", "url": "wss://a", "token": "t"}}, ["integration", "roomName"]),
    ],
)
async def test_session_is_checked(api: httpx.AsyncClient, fields: dict[str, Any], path: list[str | int]) -> None:
    """Limits, avatars, tools and integrations are checked before anything starts."""
    answer = await api.post(_ROOT, json=_SESSION | fields)
    assert answer.status_code == 400
    assert [issue["path"] for issue in answer.json()["issues"]] == [path]


async def test_conversation_is_left(api: httpx.AsyncClient, web: httpx.AsyncClient, clock: ManualClock) -> None:
    """A session that was joined leaves a conversation: in progress, then ended with a recording that plays."""
    session = await joined(api, clock, tools=[_TOOL], startScript="Serve!")
    path = f"/v1/avatar_conversations/{session}"
    going = (await api.get(path)).json()
    assert (going["status"], going["maxDuration"], "recordingUrl" in going) == ("in_progress", 60, False)
    assert [turn["content"] for turn in going["transcript"]] == ["Serve!"]
    assert going["tools"] == [{key: _TOOL[key] for key in ("type", "name", "description")}]
    await clock.advance(60)
    ended = (await api.get(path)).json()
    assert (ended["status"], ended["duration"]) == ("ended", 60)
    assert probe((await web.get(ended["recordingUrl"])).content).audio
    (row,) = (await api.get("/v1/avatar_conversations", params={"avatar": "tennis-coach"})).json()["data"]
    assert (row["id"], row["hasTools"], row["name"]) == (session, True, "Conversation with Tennis coach")
    assert (await api.get("/v1/avatar_conversations", params={"avatar": "influencer"})).json()["data"] == []
    assert (await api.delete(path)).status_code == 204
    assert (await api.get(path)).status_code == 404


async def test_usage_counts_conversations(emulator: RunwayEmulator, api: httpx.AsyncClient, clock: ManualClock) -> None:
    """The time spent with avatars is summed up, by day."""
    for seconds in (60, 30):
        await joined(api, clock, maxDuration=seconds)
        await clock.advance(seconds)
    when = {"startDate": "2020-01-01T00:00:00Z", "endDate": "2090-01-01T00:00:00Z"}
    usage = (await api.get("/v1/avatar_usage", params=when)).json()
    assert (usage["totalSessions"], usage["totalSeconds"], usage["avgDurationSeconds"]) == (2, 90, 45)
    assert sum(day["seconds"] for day in usage["byDay"]) == 90
    missing = await api.get("/v1/avatar_usage")
    assert [issue["path"] for issue in missing.json()["issues"]] == [["startDate"], ["endDate"]]
