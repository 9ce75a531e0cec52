"""The life of an emulated task: queue, progress, end, cancel, and what it costs."""

import uuid
from decimal import Decimal
from typing import Any

import httpx
import pytest

from anymedia.testing import ManualClock
from anymedia_runway.emulator import RunwayEmulator

_IMAGE = {"model": "gen4_image", "promptText": "a kite", "ratio": "1920:1080"}
_VIDEO = {"model": "gen4.5", "promptText": "a kite", "ratio": "1280:720", "duration": 5}


async def create(api: httpx.AsyncClient, endpoint: str, body: dict[str, Any]) -> str:
    """The id of a new task."""
    answer = await api.post(f"/v1/{endpoint}", json=body)
    assert answer.status_code == 200, answer.text
    task: str = answer.json()["id"]
    return task


async def look(api: httpx.AsyncClient, task: str) -> dict[str, Any]:
    """What a GET shows of a task."""
    shown: dict[str, Any] = (await api.get(f"/v1/tasks/{task}")).json()
    return shown


async def test_create_answers_id_and_estimate(emulator: RunwayEmulator, api: httpx.AsyncClient) -> None:
    """A create answers a UUID v4 and the estimate, takes the credits and opens an account in the ledger."""
    answer = (await api.post("/v1/text_to_video", json=_VIDEO)).json()
    assert uuid.UUID(answer["id"]).version == 4
    assert answer == {"id": answer["id"], "estimatedCost": {"credits": 60}}
    entry = emulator.ledger.entries[answer["id"]]
    assert (entry.kind, entry.request, entry.charged, entry.unit) == ("text_to_video", _VIDEO, Decimal(60), "credits")
    assert emulator.account.balance == 940


async def test_task_moves_forward_to_success(
    emulator: RunwayEmulator, api: httpx.AsyncClient, clock: ManualClock
) -> None:
    """A task is PENDING, RUNNING with progress that moves, then SUCCEEDED; each shows exactly its own fields."""
    task = await create(api, "text_to_video", _VIDEO)
    pending = await look(api, task)
    assert pending.keys() == {"id", "createdAt", "status", "estimatedCost"}
    assert pending["status"] == "PENDING"
    assert pending["createdAt"].endswith("Z")
    assert len(pending["createdAt"]) == len("2024-06-27T19:49:32.334Z")
    seen = []
    await clock.advance(3)
    for _ in range(6):
        running = await look(api, task)
        assert running.keys() == {"id", "createdAt", "status", "estimatedCost", "progress"}
        seen.append(running["progress"])
        await clock.advance(5)
    assert seen == [0.02, 0.17, 0.33, 0.5, 0.67, 0.83]
    done = await look(api, task)
    assert done.keys() == {"id", "createdAt", "status", "cost", "output"}
    assert (done["status"], done["cost"]) == ("SUCCEEDED", {"credits": 60})
    entry = emulator.ledger.entries[task]
    assert (entry.state, entry.delivered) == ("succeeded", 1)


async def test_delivery_is_counted_when_outputs_are_shown(
    emulator: RunwayEmulator, api: httpx.AsyncClient, clock: ManualClock
) -> None:
    """Outputs count as delivered once a GET has shown them, however often."""
    body = {"model": "gemini_image3_pro", "promptText": "a kite", "ratio": "1024:1024", "outputCount": 4}
    task = await create(api, "text_to_image", body)
    await clock.advance(60)
    assert emulator.ledger.delivered == 0
    assert len((await look(api, task))["output"]) == 4
    await look(api, task)
    assert emulator.ledger.delivered == 4


async def test_surplus_waits_throttled_in_order(api: httpx.AsyncClient, clock: ManualClock) -> None:
    """Above a model's concurrency tasks are THROTTLED and start first in, first out; other models are not held up."""
    tasks = [await create(api, "text_to_image", _IMAGE) for _ in range(4)]
    other = await create(api, "text_to_video", _VIDEO)

    async def states() -> list[str]:
        return [(await look(api, task))["status"] for task in tasks]

    assert await states() == ["PENDING", "PENDING", "THROTTLED", "THROTTLED"]
    assert (await look(api, other))["status"] == "PENDING"
    await api.delete(f"/v1/tasks/{tasks[0]}")
    tasks.pop(0)
    assert await states() == ["PENDING", "PENDING", "THROTTLED"]
    await clock.advance(11)
    assert await states() == ["SUCCEEDED", "SUCCEEDED", "PENDING"]
    await clock.advance(11)
    assert await states() == ["SUCCEEDED"] * 3


@pytest.mark.parametrize(
    ("seconds", "refunded", "state"), [(0, True, "canceled"), (4, False, "canceled"), (60, False, "succeeded")]
)
async def test_delete_refunds_only_what_has_not_begun(
    emulator: RunwayEmulator, api: httpx.AsyncClient, clock: ManualClock, seconds: float, refunded: bool, state: str
) -> None:
    """DELETE cancels or forgets a task for good; only one that still waits is refunded."""
    task = await create(api, "text_to_video", _VIDEO)
    await clock.advance(seconds)
    assert (await api.delete(f"/v1/tasks/{task}")).status_code == 204
    for again in (await api.get(f"/v1/tasks/{task}"), await api.delete(f"/v1/tasks/{task}")):
        assert again.status_code == 404
        assert again.json() == {"error": "Could not find Task"}
    assert emulator.ledger.charged == (0 if refunded else 60)
    assert emulator.account.balance == (1000 if refunded else 940)
    assert emulator.ledger.entries[task].state == state


async def test_throttled_task_can_be_canceled(emulator: RunwayEmulator, api: httpx.AsyncClient) -> None:
    """A task that waits for its turn leaves the queue with a full refund."""
    tasks = [await create(api, "text_to_image", _IMAGE) for _ in range(3)]
    assert (await api.delete(f"/v1/tasks/{tasks[2]}")).status_code == 204
    assert emulator.ledger.entries[tasks[2]].charged == 0


@pytest.mark.parametrize("task", ["nothing", "63ae4b3b-933d-4713-aebc-f26231ad4dd8"])
async def test_unknown_task_is_not_found(api: httpx.AsyncClient, task: str) -> None:
    """A task that never was is a 404 to GET and DELETE."""
    assert (await api.get(f"/v1/tasks/{task}")).status_code == 404
    assert (await api.delete(f"/v1/tasks/{task}")).status_code == 404


async def test_too_few_credits_start_nothing(emulator: RunwayEmulator, api: httpx.AsyncClient) -> None:
    """A create that costs more than the balance is a 400 in the vendor's words."""
    emulator.account.balance = 7
    answer = await api.post("/v1/text_to_image", json=_IMAGE)
    assert answer.status_code == 400
    assert answer.json() == {
        "error": "You do not have enough credits to run this task.",
        "docUrl": "https://docs.dev.runwayml.com/api",
    }
    assert (emulator.ledger.accepted, emulator.account.balance) == (0, 7)


async def test_daily_limit_rolls(emulator: RunwayEmulator, api: httpx.AsyncClient, clock: ManualClock) -> None:
    """A model's daily limit answers 429 in the vendor's words, and frees itself after 24 hours."""
    for _ in range(5):
        await create(api, "text_to_image", _IMAGE)
    refused = await api.post("/v1/text_to_image", json=_IMAGE)
    assert refused.status_code == 429
    assert refused.json() == {"error": "Your daily task limit has been reached."}
    assert emulator.ledger.accepted == 5
    await create(api, "text_to_video", _VIDEO)
    await clock.advance(24 * 3600)
    await create(api, "text_to_image", _IMAGE)


@pytest.mark.parametrize(
    ("endpoint", "body", "credits_"),
    [
        ("text_to_image", _IMAGE, 8),
        ("text_to_image", _IMAGE | {"ratio": "1280:720"}, 5),
        ("text_to_image", {"model": "gemini_image3_pro", "promptText": "a", "ratio": "4096:4096", "outputCount": 4}, 160),
        ("text_to_image", {"model": "ideogram_4_0", "promptText": "a"}, 11),
        ("text_to_image", {"model": "grok_imagine_image_2", "promptText": "a", "ratio": "auto_2k", "quality": "low", "outputCount": 2, "referenceImages": [{"uri": "https://example.com/a.png"}]}, 14),
        ("text_to_video", _VIDEO | {"outputFormat": "prores"}, 85),
        ("text_to_video", {"model": "veo3.1_fast", "promptText": "a", "ratio": "1280:720", "duration": 4, "audio": False}, 40),
        ("text_to_video", {"model": "veo3.1_fast", "promptText": "a", "ratio": "1280:720", "duration": 4}, 60),
        ("text_to_video", {"model": "seedance2", "promptText": "a", "ratio": "1920:1080", "duration": 5}, 200),
        ("text_to_video", {"model": "seedance2_5", "promptText": "a", "duration": 4, "ratio": "640:640"}, 80),
        ("text_to_video", {"model": "grok_imagine_1_5", "promptText": "a", "duration": 5, "resolution": "720p"}, 80),
        ("text_to_video", {"model": "veo3.1_fast", "promptText": "a", "ratio": "1280:720", "audio": False}, 40),
        ("text_to_video", {"model": "kling2.5_turbo_pro", "promptText": "a"}, 50),
        ("text_to_video", {"model": "kling3.0_standard", "ratio": "1280:720", "providerSettings": {"multiPrompt": [{"prompt": "a", "duration": 3}, {"prompt": "b", "duration": 4}]}}, 91),
        ("text_to_speech", {"model": "eleven_v3", "promptText": "a" * 51, "voice": {"type": "runway-preset", "presetId": "Leslie"}}, 2),
        ("sound_effect", {"model": "eleven_text_to_sound_v2", "promptText": "a"}, 2),
        ("sound_effect", {"model": "eleven_text_to_sound_v2", "promptText": "a", "duration": 7}, 7),
        ("image_upscale", {"model": "magnific_precision_upscaler_v2", "imageUri": "https://example.com/a.png"}, 25),
        ("image_upscale", {"model": "magnific_precision_upscaler_v2", "imageUri": "https://example.com/a.png", "scaleFactor": 4}, 25),
        ("video_to_hdr", {"model": "ruby", "videoUri": "https://example.com/a.mp4"}, 100),
    ],
)  # fmt: skip
async def test_prices_follow_the_list(
    emulator: RunwayEmulator, api: httpx.AsyncClient, endpoint: str, body: dict[str, Any], credits_: int
) -> None:
    """The estimate is the published price for size, length, number, quality, sound and format."""
    answer = (await api.post(f"/v1/{endpoint}", json=body)).json()
    assert answer["estimatedCost"] == {"credits": credits_}
    assert emulator.ledger.charged == credits_


async def test_automatic_duration_is_settled_at_the_end(
    emulator: RunwayEmulator, api: httpx.AsyncClient, clock: ManualClock
) -> None:
    """`auto` takes the price of the longest film up front and gives back what was not used."""
    body = {"model": "seedance2_mini", "promptText": "a", "ratio": "640:640", "duration": "auto"}
    task = await create(api, "text_to_video", body)
    assert emulator.ledger.charged == 16 * 15
    await clock.advance(60)
    assert (await look(api, task))["cost"] == {"credits": 80}
    assert emulator.ledger.charged == 80
    assert emulator.account.balance == 920


async def test_fractional_prices_are_charged_in_whole_credits(
    emulator: RunwayEmulator, api: httpx.AsyncClient, clock: ManualClock
) -> None:
    """An estimate may be fractional; what is taken, and what the task cost in the end, is the next whole credit."""
    body = {"model": "wan3_prime", "promptText": "a", "ratio": "832:480", "duration": 3}
    created = (await api.post("/v1/text_to_video", json=body)).json()
    assert created["estimatedCost"] == {"credits": 20.4}
    await clock.advance(60)
    assert (await look(api, created["id"]))["cost"] == {"credits": 21}
    assert emulator.ledger.charged == 21


async def test_finished_draft_is_made_in_full(api: httpx.AsyncClient, clock: ManualClock) -> None:
    """The id of a finished draft stands for its request for a week; any other id is refused."""
    body = {"model": "seedance2_5", "promptText": "a", "duration": 4, "draft": True}
    draft = await create(api, "text_to_video", body)
    final = {"model": "seedance2_5", "draftTaskId": draft}
    early = await api.post("/v1/text_to_video", json=final)
    assert (early.status_code, early.json()["issues"][0]["path"]) == (400, ["draftTaskId"])
    wrong = await api.post("/v1/text_to_video", json=final | {"draftTaskId": "x"})
    assert (wrong.status_code, wrong.json()["issues"][0]["path"]) == (400, ["draftTaskId"])
    await clock.advance(60)
    assert (await api.post("/v1/text_to_video", json=final)).json()["estimatedCost"] == {"credits": 120}
    await clock.advance(8 * 86_400)
    late = await api.post("/v1/text_to_video", json=final)
    assert (late.status_code, late.json()["issues"][0]["path"]) == (400, ["draftTaskId"])
