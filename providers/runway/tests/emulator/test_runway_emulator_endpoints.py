"""Every generation endpoint with every model: accepted, estimated, run, charged and delivered."""

from collections.abc import AsyncIterator

import httpx
import pytest
from smallest_bodies import MODELS, smallest_body

from anymedia.testing import ManualClock
from anymedia_runway.emulator import RunwayEmulator
from anymedia_runway.emulator.models import Model

_SUFFIXES = {
    "image": ("png", "webp", "svg"),
    "video": ("mp4",),
    "audio": ("mp3",),
}


@pytest.fixture
async def emulator(clock: ManualClock) -> AsyncIterator[RunwayEmulator]:
    """One with credits for anything."""
    async with RunwayEmulator(clock=clock, credits=100_000) as running:
        yield running


def medium(endpoint: str) -> str:
    """What an endpoint makes."""
    if endpoint in ("text_to_speech", "sound_effect", "speech_to_speech", "video_to_audio") or "voice" in endpoint:
        return "audio"
    images = ("text_to_image", "image_upscale", "localization", "stock_image", "campaign_image")
    return "image" if endpoint.endswith(images) else "video"


@pytest.mark.parametrize("model", MODELS, ids=lambda model: f"{model.endpoint}-{model.name}")
async def test_every_model_makes_something(
    emulator: RunwayEmulator, api: httpx.AsyncClient, clock: ManualClock, model: Model
) -> None:
    """The least body a model takes becomes a task that succeeds, is charged what it says, and has its outputs' URLs."""
    created = (await api.post(f"/v1/{model.endpoint}", json=smallest_body(model))).json()
    assert ("estimatedCost" in created) == (model.endpoint != "avatar_videos"), created
    await clock.advance(60)
    task = (await api.get(f"/v1/tasks/{created['id']}")).json()
    assert task["status"] == "SUCCEEDED"
    entry = emulator.ledger.entries[created["id"]]
    assert entry.charged == task["cost"]["credits"] > 0
    assert (entry.kind, entry.state, entry.delivered) == (model.endpoint, "succeeded", len(task["output"]))
    assert all(url.partition("?")[0].endswith(_SUFFIXES[medium(model.endpoint)]) for url in task["output"])


async def test_a_model_is_only_known_where_it_is_offered(api: httpx.AsyncClient) -> None:
    """A model of one endpoint is unknown at another, and so is an endpoint that does not exist."""
    foreign = await api.post("/v1/text_to_video", json={"model": "gen4_turbo", "promptText": "a", "ratio": "1280:720"})
    assert foreign.json()["issues"][0]["note"] == "No matching discriminator"
    for invented in ("lip_sync", "video_extend", "tasks"):
        assert (await api.post(f"/v1/{invented}", json={})).status_code in (404, 405)
