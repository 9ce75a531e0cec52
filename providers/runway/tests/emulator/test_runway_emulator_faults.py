"""Misbehaviour on demand: what each fault does to the wire, to the task and to the bill."""

import asyncio
from typing import Any

import httpx
import pytest

from anymedia.testing import ManualClock
from anymedia_runway.emulator import RunwayEmulator

_IMAGE = {"model": "gen4_image", "promptText": "a kite", "ratio": "1920:1080"}
_CREATE = "POST /v1/text_to_image"


async def create(api: httpx.AsyncClient) -> httpx.Response:
    """Ask for a picture."""
    return await api.post("/v1/text_to_image", json=_IMAGE)


async def finished(api: httpx.AsyncClient, clock: ManualClock) -> tuple[str, dict[str, Any]]:
    """A task at its end."""
    task = (await create(api)).json()["id"]
    await clock.advance(60)
    return task, (await api.get(f"/v1/tasks/{task}")).json()


async def test_every_fault_is_described(emulator: RunwayEmulator) -> None:
    """Each kind says what it does, and no other kind can be armed."""
    assert all(emulator.fault_kinds.values())
    with pytest.raises(ValueError, match="did you mean 'throttle'"):
        emulator.faults.add("throtle")


async def test_status_before_starts_nothing(emulator: RunwayEmulator, api: httpx.AsyncClient) -> None:
    """status_before answers as told, once, before anything happens."""
    emulator.faults.add(
        "status_before", match=_CREATE, status=503, body="<b>busy</b>", headers={"x-should-retry": "false"}
    )
    assert (await api.get("/v1/organization")).status_code == 200
    answer = await create(api)
    assert (answer.status_code, answer.text, answer.headers["x-should-retry"]) == (503, "<b>busy</b>", "false")
    assert answer.headers["content-type"].startswith("text/html")
    assert emulator.ledger.accepted == 0
    assert (await create(api)).status_code == 200


@pytest.mark.parametrize("kind", ["status_after", "html"])
async def test_answer_is_lost_but_the_task_runs(emulator: RunwayEmulator, api: httpx.AsyncClient, kind: str) -> None:
    """status_after and html accept and charge the task, and say something else."""
    emulator.faults.add(kind, match=_CREATE)
    answer = await create(api)
    assert answer.status_code == (502 if kind == "status_after" else 200)
    assert "id" not in answer.text[:4]
    assert emulator.ledger.accepted == 1
    assert emulator.ledger.charged == 8


async def test_reply_is_lost_but_the_task_runs(emulator: RunwayEmulator, api: httpx.AsyncClient) -> None:
    """lose_reply accepts the task and hangs up; the emulator goes on serving."""
    emulator.faults.add("lose_reply", match=_CREATE)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        await create(api)
    assert emulator.ledger.accepted == 1
    assert emulator.ledger.charged == 8
    assert (await api.get("/v1/organization")).status_code == 200


async def test_slow_answers_after_the_work(emulator: RunwayEmulator, api: httpx.AsyncClient) -> None:
    """slow accepts the task at once and holds the answer back; a client that gives up has still been charged."""
    emulator.faults.add("slow", match=_CREATE, seconds=5)
    with pytest.raises(httpx.ReadTimeout):
        await api.post("/v1/text_to_image", json=_IMAGE, timeout=0.2)
    assert emulator.ledger.accepted == 1


async def test_slow_answers_in_the_end() -> None:
    """slow passes the true answer on when its seconds are over."""
    async with RunwayEmulator(speed=1000) as emulator, client_of(emulator) as api:
        emulator.faults.add("slow", seconds=20)
        assert (await create(api)).json()["estimatedCost"] == {"credits": 8}


def client_of(emulator: RunwayEmulator) -> httpx.AsyncClient:
    """A client that sends key and version."""
    headers = {"Authorization": f"Bearer {emulator.api_key}", "X-Runway-Version": "2024-11-06"}
    return httpx.AsyncClient(base_url=emulator.endpoint.base_url, headers=headers)


@pytest.mark.parametrize(
    ("kind", "status", "words"),
    [
        ("throttle", 429, "Too many requests"),
        ("daily_quota", 429, "daily task limit"),
        ("no_credits", 400, "enough credits"),
        ("reject_key", 401, "key"),
    ],
)
async def test_refusals_start_nothing(
    emulator: RunwayEmulator, api: httpx.AsyncClient, kind: str, status: int, words: str
) -> None:
    """The refusals look like the vendor's and leave ledger and balance alone."""
    emulator.faults.add(kind)
    answer = await create(api)
    assert answer.status_code == status
    assert words in answer.json()["error"]
    assert (emulator.ledger.accepted, emulator.account.balance) == (0, 1000)
    assert (await create(api)).status_code == 200


async def test_throttle_may_say_when(emulator: RunwayEmulator, api: httpx.AsyncClient) -> None:
    """Retry-After is sent when asked for, and only then; an invalid body is found before the daily limit."""
    emulator.faults.add("throttle", times=2, retry_after=7)
    assert [(await create(api)).headers.get("retry-after") for _ in range(2)] == ["7", "7"]
    emulator.faults.add("throttle")
    assert "retry-after" not in (await create(api)).headers
    emulator.faults.add("daily_quota")
    assert (await api.post("/v1/text_to_image", json={"model": "gen4_image"})).status_code == 400


@pytest.mark.parametrize(
    ("options", "code", "cost"),
    [
        ({}, "INTERNAL", 0),
        ({"failure_code": "SAFETY.INPUT.TEXT"}, "SAFETY.INPUT.TEXT", 8),
        ({"failure_code": "SAFETY.OUTPUT.IMAGE"}, "SAFETY.OUTPUT.IMAGE", 0),
        ({"failure_code": None, "cost": 3}, None, 3),
    ],
)
async def test_task_fails_as_told(
    emulator: RunwayEmulator, api: httpx.AsyncClient, clock: ManualClock,
    options: dict[str, Any], code: str | None, cost: int,
) -> None:  # fmt: skip
    """fail_task ends in FAILED with the code; inputs refused are billed, other failures refunded, or as told."""
    emulator.faults.add("fail_task", failure="No.", **options)
    task, shown = await finished(api, clock)
    assert shown.keys() - {"failureCode"} == {"id", "createdAt", "status", "failure", "cost"}
    assert (shown["status"], shown["failure"], shown["cost"]) == ("FAILED", "No.", {"credits": cost})
    assert shown.get("failureCode") == code
    assert ("failureCode" in shown) == (code is not None)
    assert emulator.ledger.charged == cost
    assert emulator.account.balance == 1000 - cost
    assert emulator.ledger.entries[task].state == "failed"


async def test_task_sticks(emulator: RunwayEmulator, api: httpx.AsyncClient, clock: ManualClock) -> None:
    """stick leaves a task RUNNING short of the end; it can be cancelled."""
    emulator.faults.add("stick")
    task, shown = await finished(api, clock)
    await clock.advance(3600)
    assert (shown["status"], (await api.get(f"/v1/tasks/{task}")).json()["progress"]) == ("RUNNING", 0.99)
    assert (await api.delete(f"/v1/tasks/{task}")).status_code == 204


async def test_answers_about_a_task_may_be_odd(
    emulator: RunwayEmulator, api: httpx.AsyncClient, clock: ManualClock
) -> None:
    """Unknown status, unknown keys, missing cost and a passing 404 last for one look and change nothing."""
    task, _ = await finished(api, clock)
    for kind in ("hide_task", "odd_status", "extra_fields", "missing_cost"):
        emulator.faults.add(kind, match=f"GET /v1/tasks/{task}")
    assert (await api.get(f"/v1/tasks/{task}")).status_code == 404
    odd = (await api.get(f"/v1/tasks/{task}")).json()
    assert odd["status"] == "REVIEWING"
    assert odd.keys() > {"id", "createdAt", "status", "output"}
    assert "cost" not in odd
    sane = (await api.get(f"/v1/tasks/{task}")).json()
    assert sane.keys() == {"id", "createdAt", "status", "output", "cost"}


async def test_create_may_lack_its_estimate(emulator: RunwayEmulator, api: httpx.AsyncClient) -> None:
    """missing_cost works on the answer to a create, too."""
    emulator.faults.add("missing_cost")
    assert (await create(api)).json().keys() == {"id"}


@pytest.mark.parametrize("spelling", ["CANCELED", "CANCELLED"])
async def test_cancelled_task_may_be_shown(
    emulator: RunwayEmulator, api: httpx.AsyncClient, clock: ManualClock, spelling: str
) -> None:
    """canceled_spelling shows a cancelled task with its cost, whether the client or the vendor cancelled it."""
    task = (await create(api)).json()["id"]
    await api.delete(f"/v1/tasks/{task}")
    other = (await create(api)).json()["id"]
    await clock.advance(4)
    emulator.faults.add("canceled_spelling", times=3, spelling=spelling)
    shown = [(await api.get(f"/v1/tasks/{each}")).json() for each in (task, other)]
    assert [each["status"] for each in shown] == [spelling, spelling]
    assert [each["cost"] for each in shown] == [{"credits": 0}, {"credits": 8}]
    assert [emulator.ledger.entries[each].state for each in (task, other)] == ["canceled", "canceled"]
    assert (await api.get("/v1/tasks/nothing")).status_code == 404


@pytest.fixture
async def output(api: httpx.AsyncClient, clock: ManualClock) -> str:
    """The URL of a picture."""
    url: str = (await finished(api, clock))[1]["output"][0]
    return url


@pytest.mark.parametrize(("kind", "status"), [("expire_url", 403), ("media_status", 500)])
async def test_download_fails_once(
    emulator: RunwayEmulator, web: httpx.AsyncClient, output: str, kind: str, status: int
) -> None:
    """expire_url and media_status spoil one download and leave the API alone."""
    emulator.faults.add(kind)
    assert (await web.get(output)).status_code == status
    assert (await web.get(output)).status_code == 200


async def test_download_ends_early(emulator: RunwayEmulator, web: httpx.AsyncClient, output: str) -> None:
    """truncate_media announces the whole length and hangs up after a few bytes."""
    emulator.faults.add("truncate_media", bytes=1000)
    with pytest.raises(httpx.RemoteProtocolError, match="received 1000 bytes"):
        await web.get(output)
    assert (await web.get(output)).status_code == 200


async def test_storage_fails_once(emulator: RunwayEmulator, api: httpx.AsyncClient, web: httpx.AsyncClient) -> None:
    """storage_failure refuses one post; the slot stays usable."""
    opened = (await api.post("/v1/uploads", json={"filename": "a.png", "type": "ephemeral"})).json()
    emulator.faults.add("storage_failure")
    posts = [await web.post(opened["uploadUrl"], data=opened["fields"], files={"file": b"x" * 600}) for _ in range(2)]
    assert [post.status_code for post in posts] == [503, 204]


async def test_emulator_stops_with_tasks_open(clock: ManualClock) -> None:
    """aclose ends running tasks, waiting answers and open connections."""
    async with RunwayEmulator(clock=clock) as emulator, client_of(emulator) as api:
        for _ in range(12):
            await create(api)
        assert clock.sleepers == 10
    assert clock.sleepers == 0


async def test_empty_answer_after_the_work(emulator: RunwayEmulator, api: httpx.AsyncClient) -> None:
    """A create may be answered with 200 and nothing; the task runs."""
    emulator.faults.add("empty")
    answer = await api.post("/v1/text_to_image", json=_IMAGE)
    assert (answer.status_code, answer.content) == (200, b"")
    assert emulator.ledger.accepted == 1


async def test_redirect_instead_of_an_answer(emulator: RunwayEmulator, api: httpx.AsyncClient) -> None:
    """A create may be redirected, and then nothing has started."""
    emulator.faults.add("redirect", status=302, location="https://example.com/")
    answer = await api.post("/v1/text_to_image", json=_IMAGE)
    assert (answer.status_code, answer.headers["location"]) == (302, "https://example.com/")
    assert emulator.ledger.accepted == 0


async def test_body_may_dribble(emulator: RunwayEmulator, api: httpx.AsyncClient, clock: ManualClock) -> None:
    """An answer's head may come at once and its body in parts, and it is whole in the end."""
    emulator.faults.add("slow_body", seconds=5, parts=3)
    async with api.stream("POST", "/v1/text_to_image", json=_IMAGE) as answer:
        assert answer.status_code == 200
        reading = asyncio.ensure_future(answer.aread())
        while not reading.done():
            await clock.advance(5)
    assert list(answer.json()) == ["id", "estimatedCost"]


async def test_rate_limits_come_in_storms(emulator: RunwayEmulator, api: httpx.AsyncClient) -> None:
    """429 may come several times in a row, also in the gateway's own words, and then no more."""
    emulator.faults.add("throttle", times=3, body={"message": "Too Many Requests"})
    answers = [await api.get("/v1/organization") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [429, 429, 429, 200]
    assert answers[0].json() == {"message": "Too Many Requests"}
    assert "retry-after" not in answers[0].headers


async def test_success_may_come_without_outputs(
    emulator: RunwayEmulator, api: httpx.AsyncClient, clock: ManualClock
) -> None:
    """A task may have SUCCEEDED with an empty list of outputs, or with none at all."""
    task = (await create(api)).json()["id"]
    await clock.advance(60)
    emulator.faults.add("no_output")
    emulator.faults.add("no_output", key=False)
    empty, absent = [(await api.get(f"/v1/tasks/{task}")).json() for _ in range(2)]
    assert (empty["status"], empty["output"], "output" in absent) == ("SUCCEEDED", [], False)


async def test_accounts_may_lack_a_model(emulator: RunwayEmulator, api: httpx.AsyncClient) -> None:
    """A model that is not enabled is a 403, and nothing starts."""
    emulator.faults.add("no_access", match="text_to_image")
    answer = await api.post("/v1/text_to_image", json=_IMAGE)
    assert (answer.status_code, answer.json()) == (403, {"error": "Model variant is not available"})
    assert emulator.ledger.accepted == 0


async def test_partner_accounts_must_say_for_whom(emulator: RunwayEmulator, api: httpx.AsyncClient) -> None:
    """On a partner account a create without the on-behalf-of header is refused, and one with it is not."""
    emulator.faults.add("partner_account", times=None)
    answer = await api.post("/v1/text_to_image", json=_IMAGE)
    assert (answer.status_code, "X-Runway-On-Behalf-Of" in answer.json()["error"]) == (400, True)
    answer = await api.post("/v1/text_to_image", json=_IMAGE, headers={"X-Runway-On-Behalf-Of": "customer"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "code",
    [
        "SAFETY.INPUT.TEXT", "SAFETY.INPUT.IMAGE", "SAFETY.INPUT.VIDEO", "SAFETY.INPUT.AUDIO", "SAFETY.OUTPUT.IMAGE",
        "SAFETY.OUTPUT.VIDEO", "SAFETY.OUTPUT.TEXT", "INPUT_PREPROCESSING.SAFETY.TEXT", "INPUT_PREPROCESSING.SAFETY.THIRD_PARTY",
        "INPUT_PREPROCESSING.INTERNAL", "INTERNAL.BAD_OUTPUT.01", "INTERNAL.BAD_OUTPUT.CODE01", "ASSET.INVALID",
        "THIRD_PARTY.UNAVAILABLE", "INTERNAL", None,
    ],
)  # fmt: skip
async def test_every_failure_code_can_be_had(
    emulator: RunwayEmulator, api: httpx.AsyncClient, clock: ManualClock, code: str | None
) -> None:
    """Each failure code the vendor has ends a task on demand; refused inputs are billed, the rest is given back."""
    emulator.faults.add("fail_task", failure_code=code)
    task = (await create(api)).json()["id"]
    await clock.advance(60)
    failed = (await api.get(f"/v1/tasks/{task}")).json()
    assert (failed["status"], failed.get("failureCode")) == ("FAILED", code)
    assert (failed["cost"]["credits"] > 0) == (code or "").startswith("SAFETY.INPUT")
