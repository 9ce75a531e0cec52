"""The front door of the emulated API: key, version, paths, answers' dress, organization."""

import httpx
import pytest

from anymedia_runway.emulator import RunwayEmulator

_IMAGE = {"model": "gen4_image", "promptText": "a kite", "ratio": "1280:720"}


@pytest.mark.parametrize("version", [None, "2023-01-01"])
async def test_version_header_is_needed(api: httpx.AsyncClient, version: str | None) -> None:
    """Without a known X-Runway-Version every call is a 400."""
    del api.headers["x-runway-version"]
    answer = await api.get("/v1/organization", headers={"X-Runway-Version": version} if version else {})
    assert answer.status_code == 400
    assert "X-Runway-Version" in answer.json()["error"]


@pytest.mark.parametrize("value", [None, "key", "Basic abc", "Bearer x", "Bearer key_" + "f" * 128])
async def test_only_the_own_key_is_accepted(
    emulator: RunwayEmulator, api: httpx.AsyncClient, value: str | None
) -> None:
    """A missing, malformed or foreign bearer token is a 401 and starts nothing."""
    del api.headers["authorization"]
    answer = await api.post("/v1/text_to_image", json=_IMAGE, headers={"Authorization": value} if value else {})
    assert answer.status_code == 401
    assert isinstance(answer.json()["error"], str)
    assert emulator.ledger.accepted == 0


async def test_unknown_paths_and_methods_answer_json(api: httpx.AsyncClient) -> None:
    """404 for a path and 405 for a method that do not exist, both as JSON with an error."""
    missing, wrong = await api.post("/v1/lip_sync", json={}), await api.get("/v1/text_to_image")
    assert (missing.status_code, wrong.status_code) == (404, 405)
    assert isinstance(missing.json()["error"], str)
    assert isinstance(wrong.json()["error"], str)
    assert wrong.headers["allow"] == "POST"


async def test_answers_wear_the_vendors_headers(api: httpx.AsyncClient) -> None:
    """JSON answers carry charset, a weak etag and a request id."""
    answer = await api.get("/v1/organization")
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["etag"].startswith('W/"')
    assert answer.headers["apigw-requestid"]


async def test_vendor_headers_are_tolerated(api: httpx.AsyncClient) -> None:
    """What the vendor's SDK adds to a request changes nothing, a Content-Type on DELETE included."""
    created = await api.post("/v1/text_to_image", json=_IMAGE, headers={"X-Stainless-Lang": "python", "Accept": "*/*"})
    headers = {"Content-Type": "application/json", "Accept": "*/*", "x-stainless-retry-count": "0"}
    deleted = await api.delete(f"/v1/tasks/{created.json()['id']}", headers=headers)
    assert deleted.status_code == 204
    assert deleted.content == b""


async def test_a_body_that_is_no_json_object_is_refused(api: httpx.AsyncClient) -> None:
    """Broken JSON and JSON of another kind are 400."""
    broken = await api.post("/v1/text_to_image", content=b"{", headers={"Content-Type": "application/json"})
    listed = await api.post("/v1/text_to_image", json=[1])
    assert (broken.status_code, listed.status_code) == (400, 400)
    assert listed.json()["issues"][0]["message"] == "Invalid input: expected object, received array"


async def test_organization_tells_balance_limits_and_usage(api: httpx.AsyncClient) -> None:
    """The organization shows what was taken, the limits of each model and what ran today."""
    await api.post("/v1/text_to_image", json=_IMAGE)
    shown = (await api.get("/v1/organization")).json()
    assert shown["creditBalance"] == 995
    assert shown["tier"]["models"]["gen4_image"] == {"maxConcurrentGenerations": 2, "maxDailyGenerations": 5}
    assert shown["usage"]["models"]["gen4_image"] == {"dailyGenerations": 1}
    assert shown["usage"]["models"]["gen4.5"] == {"dailyGenerations": 0}


async def test_usage_lists_net_credits_by_day(emulator: RunwayEmulator, api: httpx.AsyncClient) -> None:
    """Usage reports charges less refunds per model and UTC day, the last day exclusive."""
    kept = (await api.post("/v1/text_to_image", json=_IMAGE)).json()
    dropped = (await api.post("/v1/text_to_image", json=_IMAGE)).json()
    await api.delete(f"/v1/tasks/{dropped['id']}")
    today = kept_day(await api.get(f"/v1/tasks/{kept['id']}"))
    report = (await api.post("/v1/organization/usage", json={"startDate": today})).json()
    assert report["models"] == ["gen4_image"]
    assert len(report["results"]) == 30
    assert report["results"][0] == {"date": today, "usedCredits": [{"model": "gen4_image", "amount": 5}]}
    usual = (await api.post("/v1/organization/usage", json={})).json()
    assert usual["models"] == []


def kept_day(answer: httpx.Response) -> str:
    """The day a task was created."""
    day: str = answer.json()["createdAt"][:10]
    return day


@pytest.mark.parametrize("body", [{"startDate": "soon"}, {"startDate": "2026-01-01", "beforeDate": "2026-05-01"}])
async def test_usage_refuses_impossible_dates(api: httpx.AsyncClient, body: dict[str, str]) -> None:
    """A date that is none, or a span over 90 days, is a 400 with an issue."""
    answer = await api.post("/v1/organization/usage", json=body)
    assert answer.status_code == 400
    assert answer.json()["issues"]


async def test_every_request_is_in_the_ledger(emulator: RunwayEmulator, api: httpx.AsyncClient) -> None:
    """The ledger notes each request as method and path, refused ones too."""
    await api.get("/v1/organization")
    await api.post("/v1/text_to_image", json={})
    assert emulator.ledger.requests == ["GET /v1/organization", "POST /v1/text_to_image"]
