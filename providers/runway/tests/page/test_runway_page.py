"""Every endpoint and model through the client against the emulator, and the page that shows it."""

import asyncio
import os

from page_cases import wire_fields
from page_runs import play
from page_tables import models_table, prices_table, publish, published, runs_table

from anymedia_runway.facts import facts, models_at

_WRITES = bool(os.environ.get("ANYMEDIA_WRITE_RUNWAY_PAGE"))
# What cannot be sent beside another field of the same body.
_APART = {("text_to_image", "ideogram_4_5"): {"ratio", "maskUri"}}


async def test_every_endpoint_and_model() -> None:
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
    table = runs_table(endings)
    if _WRITES:
        publish("runs", table)
    assert published("runs") == table


def test_the_other_tables() -> None:
    """The tables of limits and prices show the catalogue as it is."""
    for name, table in (("models", models_table()), ("prices", prices_table())):
        if _WRITES:
            publish(name, table)
        assert published(name) == table
