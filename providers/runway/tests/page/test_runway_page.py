"""Every endpoint and model through the client against the emulator, and the page that shows it."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from page_cases import wire_fields
from page_runs import play
from page_tables import models_table, prices_table, runs_table

from anymedia_runway.catalog import DEFAULT_MODELS, runway_catalog
from anymedia_runway.facts import facts, models_at
from anymedia_runway.forms import Form

Publishes = Callable[[str, str, str], None]
_PAGE = "reference/runway.md"
# What cannot be sent beside another field of the same body.
_APART = {("text_to_image", "ideogram_4_5"): {"ratio", "maskUri"}}


async def test_every_endpoint_and_model(publishes: Publishes) -> None:
    """Each model is created, followed and finished with its smallest and its fullest body, by the ledger."""
    async with asyncio.timeout(90):
        endings = await play()
    assert {ending.ended for _, ending in endings} == {"finished"}
    assert {(case.endpoint, case.model) for case, _ in endings} >= {
        (endpoint, model) for endpoint in facts()["endpoints"] for model in models_at(endpoint)
    }
    for case, ending in endings:
        if case.extent == "fullest" and case.operation not in ("native", "image_to_image"):
            apart = _APART.get((case.endpoint, case.model), set[str]())
            assert ending.fields == len(wire_fields(case.endpoint, case.model) - apart), case
    publishes(_PAGE, "runs", runs_table(endings))


@pytest.mark.parametrize(("name", "table"), [("models", models_table), ("prices", prices_table)])
def test_the_other_tables(publishes: Publishes, name: str, table: Callable[[], str]) -> None:
    """The tables of limits and prices show the catalogue as it is."""
    publishes(_PAGE, name, table())


def test_the_table_of_operations() -> None:
    """Written by hand, it names every operation with its endpoint and the model that is taken when none is named."""
    page = (Path(__file__).parents[4] / "docs" / _PAGE).read_text("utf-8")
    listed = page.partition("## Operations")[2].partition("\n## ")[0]
    for operation, model in DEFAULT_MODELS.items():
        endpoint = Form.model_validate(runway_catalog().models[model].operations[operation].wire).endpoint
        assert f"| `{operation}` | `{endpoint}` | `{model}` |" in listed
