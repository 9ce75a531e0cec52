"""Recipes: what each makes, and the rules of their bodies."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import httpx
import pytest

from anymedia.testing import ManualClock
from anymedia.testing.render import probe
from anymedia_runway.emulator import RunwayEmulator

Make = Callable[[str, Mapping[str, Any]], Awaitable[dict[str, Any]]]

_V = {"version": "2026-06"}
_PICTURE = {"uri": "https://example.com/a.png"}
_SHOTS = [{"prompt": "one shot", "duration": 2}, {"prompt": "two shots", "duration": 2}]


@pytest.fixture
async def emulator(clock: ManualClock) -> AsyncIterator[RunwayEmulator]:
    """One with credits for anything."""
    async with RunwayEmulator(clock=clock, credits=100_000) as running:
        yield running


@pytest.mark.parametrize(
    ("recipe", "body", "outputs", "size", "seconds", "sound"),
    [
        ("ad_localization", {"referenceImage": "@image", "targetLanguage": "vi"}, 1, (1536, 1024), None, False),
        ("marketing_stock_image", {"prompt": "a kite", "outputCount": 2}, 2, (1024, 1024), None, False),
        ("product_campaign_image", {"image": _PICTURE, "prompt": "a kite"}, 1, (1024, 1024), None, False),
        ("multi_shot_video", {"mode": "auto", "prompt": "a kite", "duration": 5, "ratio": "960:960"}, 1, (960, 960), 5, True),
        ("product_ad", {"productImages": [_PICTURE], "duration": 4, "ratio": "834:1112"}, 1, (834, 1112), 4, False),
        ("product_swap", {"referenceVideo": "@video", "originalProductImage": _PICTURE, "newProductImages": [_PICTURE], "duration": 4}, 1, (1280, 720), 4, True),
        ("product_ugc", {"characterImage": "@image", "productImage": _PICTURE, "duration": 4}, 1, (720, 1280), 4, True),
    ],
)  # fmt: skip
async def test_recipe_makes_what_it_promises(
    make: Make, web: httpx.AsyncClient, inline: Mapping[str, str], recipe: str, body: dict[str, Any],
    outputs: int, size: tuple[int, int], seconds: float | None, sound: bool,
) -> None:  # fmt: skip
    """Each recipe makes pictures or a film of the number, size, length and sound of its request."""
    named = {name: {"uri": inline[value[1:]]} if str(value)[0] == "@" else value for name, value in body.items()}
    task = await make(f"recipes/{recipe}", _V | named)
    assert len(task["output"]) == outputs
    facts = probe((await web.get(task["output"][0])).content)
    assert (facts.width, facts.height, facts.audio) == (*size, sound)
    assert facts.duration == (None if seconds is None else pytest.approx(seconds, abs=0.1))


@pytest.mark.parametrize(
    ("recipe", "body", "paths"),
    [
        ("product_ad", {}, [["version"], ["productImages"]]),
        ("product_ad", {"version": "2026-07", "productImages": []}, [["productImages"]]),
        ("product_ugc", {"version": "2026-07"}, [["version"], ["characterImage"], ["productImage"]]),
        ("product_campaign_image", _V | {"image": _PICTURE, "prompt": "a", "model": "x"}, [[]]),
        ("ad_localization", _V | {"referenceImage": _PICTURE, "targetLanguage": "xx"}, [["targetLanguage"]]),
        ("multi_shot_video", _V | {"mode": "auto"}, [["prompt"]]),
        ("multi_shot_video", _V | {"mode": "auto", "prompt": "a", "shots": [*_SHOTS, _SHOTS[0]]}, [[]]),
        ("multi_shot_video", _V | {"mode": "custom", "shots": _SHOTS}, [["shots"]]),
        ("multi_shot_video", _V | {"mode": "custom", "shots": [*_SHOTS, _SHOTS[0]], "duration": 5}, [["shots"]]),
    ],
)
async def test_recipes_are_closed_and_checked(
    emulator: RunwayEmulator, api: httpx.AsyncClient, recipe: str, body: dict[str, Any], paths: list[list[str]]
) -> None:
    """Missing, unknown and contradicting fields of a recipe are told all at once, and nothing starts."""
    answer = await api.post(f"/v1/recipes/{recipe}", json=body)
    assert answer.status_code == 400
    assert [issue["path"] for issue in answer.json()["issues"]] == paths
    assert emulator.ledger.accepted == 0


async def test_shots_of_ones_own_are_taken(make: Make) -> None:
    """Three shots that last as long as the film are a request."""
    shots = [{"prompt": f"shot {n}", "duration": seconds} for n, seconds in enumerate((1, 2, 2))]
    task = await make("recipes/multi_shot_video", _V | {"mode": "custom", "shots": shots, "duration": 5})
    assert task["status"] == "SUCCEEDED"


async def test_recipes_have_usage_of_their_own(api: httpx.AsyncClient, make: Make) -> None:
    """A recipe's credits are listed under its name."""
    task = await make("recipes/product_campaign_image", _V | {"image": _PICTURE, "prompt": "a"})
    usage = (await api.post("/v1/organization/usage", json={"startDate": "2020-01-01"})).json()
    assert usage["models"] == []
    organization = (await api.get("/v1/organization")).json()
    assert organization["usage"]["models"]["product_campaign_image"] == {"dailyGenerations": 1}
    assert organization["creditBalance"] == 100_000 - task["cost"]["credits"]
