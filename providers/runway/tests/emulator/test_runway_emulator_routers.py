"""The model router: saved preferences, and what is decided by them."""

import uuid
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest

from anymedia.testing import ManualClock
from anymedia.testing.render import probe
from anymedia_runway.emulator import RunwayEmulator

_URI = "https://example.com/a.png"
_FILM = "https://example.com/a.mp4"


@pytest.fixture
async def emulator(clock: ManualClock) -> AsyncIterator[RunwayEmulator]:
    """One with credits for anything, and room for one task of a model."""
    async with RunwayEmulator(clock=clock, credits=100_000, max_concurrent=1) as running:
        yield running


async def saved(api: httpx.AsyncClient, **settings: Any) -> str:
    """The id of a router `main` with these settings."""
    answer = await api.post("/v1/routers", json={"slug": "main", "settings": settings})
    assert answer.status_code == 200, answer.text
    router: str = answer.json()["id"]
    return router


async def generate(api: httpx.AsyncClient, medium: str, given: Mapping[str, Any]) -> httpx.Response:
    """Route by the router `main`."""
    return await api.post(f"/v1/generate/{medium}", json={"configId": "main", "input": given})


async def decisions(api: httpx.AsyncClient, router: str) -> list[dict[str, Any]]:
    """What the router has decided, newest first."""
    rows: list[dict[str, Any]] = (await api.get(f"/v1/routers/{router}/requests", params={"limit": 9})).json()["data"]
    return rows


async def test_routers_are_kept(api: httpx.AsyncClient) -> None:
    """A router is named after its slug, its version rises with its settings only, and null takes a cap away."""
    router = await saved(api, maxCreditsPerGeneration={"image": 9, "video": 90})
    path = f"/v1/routers/{router}"
    first = (await api.get(path)).json()
    assert (first["name"], first["version"], first["description"]) == ("main", 1, None)
    assert first["settings"] == {"schemaVersion": 1, "maxCreditsPerGeneration": {"image": 9, "video": 90}}
    assert (await api.patch(path, json={"name": "Main", "description": "x"})).json()["version"] == 1
    cleared = await api.patch(
        path, json={"settings": {"optimizeFor": "quality", "maxCreditsPerGeneration": {"image": None}}}
    )
    assert cleared.json()["settings"] == {
        "schemaVersion": 1, "optimizeFor": "quality", "maxCreditsPerGeneration": {"video": 90}
    }  # fmt: skip
    assert cleared.json()["version"] == 2
    assert (await api.patch(path, json={"description": None})).json()["description"] is None
    assert (await api.delete(path)).status_code == 204
    assert (await api.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"slug": "Main"}, ["slug"]),
        ({"slug": "a", "settings": {"optimizeFor": "speed"}}, ["settings", "optimizeFor"]),
        ({"slug": "a", "settings": {"models": {"mode": "allowlist_only", "ids": ["gen9"]}}}, ["settings", "models", "ids", 0]),
        ({"slug": "a", "settings": {"maxCreditsPerGeneration": {"image": 0}}}, ["settings", "maxCreditsPerGeneration", "image"]),
        ({"slug": "a", "settings": {"dryRun": True}}, ["settings"]),
    ],
)  # fmt: skip
async def test_routers_are_checked(api: httpx.AsyncClient, body: dict[str, Any], path: list[str | int]) -> None:
    """Malformed slugs, unknown preferences and unknown models are refused."""
    answer = await api.post("/v1/routers", json=body)
    assert answer.status_code == 400
    assert [issue["path"] for issue in answer.json()["issues"]] == [path]


async def test_slugs_are_unique(api: httpx.AsyncClient) -> None:
    """Two routers cannot share a slug."""
    await saved(api)
    assert (await api.post("/v1/routers", json={"slug": "main"})).json()["issues"][0]["path"] == ["slug"]


async def test_cheapest_model_makes_a_picture(
    api: httpx.AsyncClient, web: httpx.AsyncClient, clock: ManualClock
) -> None:
    """Routed for cost, the cheapest model that can do it is taken, and the task makes what was asked for."""
    router = await saved(api)
    answer = (await generate(api, "image", {"promptText": "a kite", "aspectRatio": "16:9"})).json()
    routing = answer["routing"]
    assert (routing["configId"], routing["resolvedSettings"]) == ("main", {"optimizeFor": "cost", "priceCeiling": None})
    await clock.advance(60)
    task = (await api.get(f"/v1/tasks/{answer['id']}")).json()
    assert task["cost"]["credits"] == routing["estimatedCost"]["credits"]
    facts = probe((await web.get(task["output"][0])).content)
    assert f"{facts.width}:{facts.height}" == routing["resolvedInput"]["ratio"]
    (decision,) = await decisions(api, router)
    assert (decision["status"], decision["taskId"], decision["model"]) == ("routed", answer["id"], routing["model"])
    assert (decision["reasonCode"], decision["pipeline"][-1]) == ("lowest_cost", {"type": "rank", "outcome": "cost"})
    filters = [step["filter"] for step in decision["pipeline"] if step["type"] == "filter"]
    assert filters == ["capability", "prompt_length", "input_support", "allow_deny", "price"]


@pytest.mark.parametrize(
    ("medium", "given", "model"),
    [
        ("image", {"promptText": "a", "seed": 7, "aspectRatio": "16:9"}, "gen4_image"),
        ("image", {"promptText": "a", "outputCount": 9, "resolution": "4k"}, "gpt_image_2_5_flare"),
        ("image", {"promptText": "a", "referenceImages": [{"uri": _URI}] * 16, "resolution": "4k"}, "gpt_image_2_5_flare"),
        ("video", {"promptText": "a", "negativePrompt": "b", "duration": 4}, "veo3.1_fast"),
        ("video", {"promptText": "a", "referenceImages": [{"uri": _URI, "role": "first"}], "duration": 9, "seed": 1, "contentModeration": {"publicFigureThreshold": "low"}}, "gen4_turbo"),
        ("video", {"keyframes": [{"uri": _URI, "seconds": 1}], "referenceVideos": [{"uri": _FILM, "role": "source"}]}, "aleph2"),
        ("audio", {"type": "speech", "promptText": "a"}, "seed_audio"),
        ("audio", {"type": "speech", "promptText": "a", "voice": {"type": "reference-audio", "audioUri": "https://example.com/a.mp3"}}, "seed_audio"),
        ("audio", {"type": "audio", "promptText": "a", "loop": True}, "eleven_text_to_sound_v2"),
        ("audio", {"type": "audio", "promptText": "a", "referenceAudios": [{"uri": "https://example.com/a.mp3"}]}, "seed_audio"),
    ],
)  # fmt: skip
async def test_only_models_that_can_are_asked(
    api: httpx.AsyncClient, medium: str, given: dict[str, Any], model: str
) -> None:
    """What a request needs (seeds, counts, keyframes, voices ...) leaves only the models that have it."""
    await saved(api)
    answer = await generate(api, medium, given)
    assert answer.status_code == 200, answer.text
    assert answer.json()["routing"]["model"] == model


async def test_preset_voice_needs_a_model_with_voices(api: httpx.AsyncClient) -> None:
    """A preset voice rules out models that only clone, and is told in the answer."""
    await saved(api, models={"mode": "allow_new_except", "ids": ["eleven_v4"]})
    given = {"type": "speech", "promptText": "a", "voice": {"type": "preset", "presetId": "Maya"}}
    routing = (await generate(api, "audio", given)).json()["routing"]
    assert routing["model"].startswith("eleven_")
    assert (routing["provider"], routing["resolvedInput"]) == ("elevenlabs", {"type": "speech", "voice": "preset"})


@pytest.mark.parametrize(
    ("settings", "model", "reason"),
    [
        ({"optimizeFor": "quality"}, "seedance2", "best_quality"),
        ({"optimizeFor": "latency"}, "wan3", "best_latency"),
        ({"models": {"mode": "allowlist_only", "ids": ["gen4.5"]}}, "gen4.5", "only_eligible_model"),
    ],
)
async def test_preferences_decide(api: httpx.AsyncClient, settings: dict[str, Any], model: str, reason: str) -> None:
    """Quality, latency and allow-lists lead to other models than cost does, and the reason is recorded."""
    router = await saved(api, **settings)
    routing = (await generate(api, "video", {"promptText": "a", "aspectRatio": "16:9"})).json()["routing"]
    (decision,) = await decisions(api, router)
    assert decision["reasonCode"] == reason
    assert routing["model"] == model or reason == "best_latency"
    assert reason != "best_latency" or any(
        word in routing["model"] for word in ("fast", "flash", "turbo", "lite", "mini")
    )


async def test_nothing_eligible_is_explained(emulator: RunwayEmulator, api: httpx.AsyncClient) -> None:
    """When the filters leave nothing, the answer shows which one emptied the list; it is recorded, and nothing starts."""
    router = await saved(api, maxCreditsPerGeneration={"video": 1})
    answer = await generate(api, "video", {"promptText": "a"})
    body = answer.json()
    assert (answer.status_code, body["code"], body["emptiedBy"]) == (400, "no_eligible_model", ["price"])
    assert [step["filter"] for step in body["pipeline"]][-1] == "price"
    assert body["pipeline"][-1]["models"] == []
    (decision,) = await decisions(api, router)
    assert (decision["status"], decision["emptiedBy"], "model" in decision) == ("no_eligible_model", ["price"], False)
    assert emulator.ledger.accepted == 0


async def test_full_model_is_passed_over(api: httpx.AsyncClient) -> None:
    """With the fallback on, a model at its concurrency limit is skipped; with all of them full, the best one queues."""
    two = {"mode": "allowlist_only", "ids": ["gen4_image", "gemini_2.5_flash"]}
    await saved(api, models=two, fallback={"onCapacity": True})
    given = {"promptText": "a", "aspectRatio": "16:9"}
    answers = [(await generate(api, "image", given)).json() for _ in range(3)]
    models = [answer["routing"]["model"] for answer in answers]
    assert len(set(models[:2])) == 2
    assert "capacityFallback" not in answers[0]["routing"]
    assert answers[1]["routing"]["capacityFallback"] == {"skipped": [models[0]], "allExhausted": False}
    assert answers[2]["routing"]["capacityFallback"] == {"skipped": [], "allExhausted": True}
    assert (await api.get(f"/v1/tasks/{answers[2]['id']}")).json()["status"] == "THROTTLED"


async def test_unknown_router_is_told(api: httpx.AsyncClient) -> None:
    """A slug that nobody saved is a 404 with a code of its own; a UUID is no slug."""
    router = await saved(api)
    for name in ("other", router):
        answer = await api.post("/v1/generate/image", json={"configId": name, "input": {"promptText": "a"}})
        assert (answer.status_code, answer.json()["code"]) == (404, "router_config_not_found")
    assert (await api.get(f"/v1/routers/{uuid.uuid4()}/requests")).status_code == 404


async def test_input_is_closed_and_recorded(api: httpx.AsyncClient) -> None:
    """Unknown keys and doubled roles are refused at both levels, and noted with the router."""
    router = await saved(api)
    first = {"uri": _URI, "role": "first"}
    answer = await generate(api, "video", {"referenceImages": [first, first], "promptText": "a"})
    assert [issue["path"] for issue in answer.json()["issues"]] == [["input", "referenceImages"]]
    answer = await api.post("/v1/generate/image", json={"configId": "main", "input": {"model": "x"}, "dryRun": True})
    assert [issue["path"] for issue in answer.json()["issues"]] == [["input", "promptText"], ["input"], []]
    assert [row["status"] for row in await decisions(api, router)] == ["invalid_request"] * 2


async def test_routers_are_listed(api: httpx.AsyncClient) -> None:
    """All routers are listed, newest first."""
    for slug in ("one", "two"):
        await api.post("/v1/routers", json={"slug": slug, "name": slug.title()})
    assert [row["name"] for row in (await api.get("/v1/routers")).json()["data"]] == ["Two", "One"]


async def test_media_that_no_model_takes_empty_the_list(api: httpx.AsyncClient, inline: Mapping[str, str]) -> None:
    """A source film that is fine as a film, but of a size no allowed model takes, is a matter of inputs."""
    await saved(api, models={"mode": "allowlist_only", "ids": ["seedance2_5"]})
    source = [{"uri": inline["video"], "role": "source"}]
    body = (await generate(api, "video", {"promptText": "a", "referenceVideos": source})).json()
    assert (body["code"], body["pipeline"][-1]["filter"]) == ("no_eligible_model", "allow_deny")
    assert "seedance2_5" not in next(step for step in body["pipeline"] if step["filter"] == "input_support")["models"]
