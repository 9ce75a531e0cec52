"""The account: tiers, shared limits, usage of the API and of the web app, and lists in pages."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from anymedia.testing import ManualClock
from anymedia_runway.emulator import RunwayEmulator

_IMAGE = {"model": "gen4_image", "promptText": "a", "ratio": "1024:1024"}
_SPEECH = {"promptText": "a", "voice": {"type": "runway-preset", "presetId": "Maya"}}
_PAST = {"from": "2020-01-01", "to": "2090-01-01T00:00:00Z"}


async def collected(api: httpx.AsyncClient, path: str, **query: Any) -> list[dict[str, Any]]:
    """All rows of a list, page by page."""
    rows: list[dict[str, Any]] = []
    cursor: Mapping[str, str] = {}
    while True:
        answer = await api.get(path, params={**query, **cursor})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        rows += page["data"]
        assert page["hasMore"] == (page["nextCursor"] is not None)
        if not page["hasMore"]:
            return rows
        cursor = {"cursor": page["nextCursor"]}


@pytest.mark.parametrize(("tier", "images", "videos"), [(1, (2, 200), (1, 50)), (5, (20, 30000), (20, 25000))])
async def test_tiers_set_the_limits(tier: int, images: tuple[int, int], videos: tuple[int, int]) -> None:
    """Each tier limits pictures and films in its own way, for every model there is or was."""
    async with RunwayEmulator(clock=ManualClock(), tier=tier) as emulator:
        headers = {"Authorization": f"Bearer {emulator.api_key}", "X-Runway-Version": "2024-11-06"}
        async with httpx.AsyncClient(base_url=emulator.endpoint.base_url, headers=headers) as api:
            models = (await api.get("/v1/organization")).json()["tier"]["models"]
    told = {name: tuple(models[name].values()) for name in ("gen4_image", "gen4.5", "gen3a_turbo", "product_ad")}
    assert told == {"gen4_image": images, "gen4.5": videos, "gen3a_turbo": videos, "product_ad": videos}


async def test_limits_may_be_shared(api: httpx.AsyncClient) -> None:
    """`eleven_v4` counts with `eleven_v3`: together they fill one queue."""
    models = ("eleven_v3", "eleven_v4", "eleven_v3")
    tasks = [(await api.post("/v1/text_to_speech", json=_SPEECH | {"model": name})).json()["id"] for name in models]
    statuses = [(await api.get(f"/v1/tasks/{task}")).json()["status"] for task in tasks]
    assert statuses == ["PENDING", "PENDING", "THROTTLED"]
    usage = (await api.get("/v1/organization")).json()["usage"]["models"]
    assert usage["eleven_v4"] == usage["eleven_v3"] == {"dailyGenerations": 3}


async def test_usage_is_told_by_key(api: httpx.AsyncClient) -> None:
    """Credits are listed by model and by key, and add up to the same."""
    await api.post("/v1/text_to_image", json=_IMAGE)
    usage = (await api.post("/v1/organization/usage", json={})).json()
    assert len(usage["apiKeys"]) == 1
    assert len(usage["resultsByApiKey"]) == len(usage["results"]) == 30
    assert all(
        used["apiKeyId"] == usage["apiKeys"][0] for day in usage["resultsByApiKey"] for used in day["usedCredits"]
    )


async def test_web_app_usage_is_paged(api: httpx.AsyncClient) -> None:
    """All rows come once over the pages, newest first, and dates and workspaces narrow them down."""
    path = "/v1/organization/webapp/usage"
    rows = await collected(api, path, limit=7, **_PAST)
    stamps = [row["timestamp"] for row in rows]
    assert (len(rows), stamps) == (60, sorted(stamps, reverse=True))
    assert {row["type"] for row in rows} == {"charge", "refund"}
    one = await collected(api, path, limit=100, workspaceIds="101", **_PAST)
    assert 0 < len(one) < 60
    assert {row["workspaceId"] for row in one} == {101}
    assert await collected(api, path, limit=100, **{"from": stamps[5], "to": stamps[3]}) == rows[4:6]


async def test_audit_logs_are_found(api: httpx.AsyncClient) -> None:
    """Audit logs are listed, narrowed down by action and person, and each can be read in full."""
    path = "/v1/organization/webapp/audit_logs"
    rows = await collected(api, path, limit=50)
    assert len(rows) == 60
    some = await collected(api, path, limit=5, actions="UserLogin,MemberRoleChanged", actorEmails="ada@example.com")
    assert {row["action"] for row in some} <= {"UserLogin", "MemberRoleChanged"}
    assert {row["actorEmail"] for row in some} == {"ada@example.com"}
    changed = next(row for row in rows if row["action"] == "MemberRoleChanged")
    whole = (await api.get(f"{path}/{changed['eventId']}")).json()
    assert whole.items() >= changed.items()
    assert whole["metadata"] == {"New role": "Admin"}
    assert (await api.get(f"{path}/nothing")).status_code == 404


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ({"limit": "0"}, ["limit"]),
        ({"limit": "101"}, ["limit"]),
        ({"limit": "many"}, ["limit"]),
        ({"cursor": "nonsense"}, ["cursor"]),
        ({"cursor": ""}, ["cursor"]),
        ({"from": "yesterday"}, ["from"]),
        ({"page": "2"}, []),
    ],
)
async def test_queries_are_checked(api: httpx.AsyncClient, query: dict[str, str], path: list[str]) -> None:
    """Limits, cursors, dates and unknown parameters are refused with their names."""
    answer = await api.get("/v1/organization/webapp/audit_logs", params=query)
    assert answer.status_code == 400
    assert [issue["path"] for issue in answer.json()["issues"]] == [path]


async def test_pages_go_on_when_rows_go(api: httpx.AsyncClient) -> None:
    """A list can be emptied page by page: the cursor outlives the row it was made from."""
    for number in range(5):
        await api.post("/v1/documents", json={"name": f"{number}", "content": "x"})
    cursor: Mapping[str, str] = {}
    deleted = []
    for _ in range(3):
        page = (await api.get("/v1/documents", params={"limit": 2, **cursor})).json()
        for row in page["data"]:
            await api.delete(f"/v1/documents/{row['id']}")
            deleted.append(row["name"])
        cursor = {"cursor": page["nextCursor"]}
    assert deleted == ["4", "3", "2", "1", "0"]
