"""The bodies that the vendor's reference shows, each built from a request of ours."""

import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import anymedia_runway
from anymedia.provider import Plan
from anymedia.requests import OPERATIONS, Request
from anymedia.results import Result
from anymedia_runway.facts import facts, models_at
from anymedia_runway.inputs import uri_of, with_media

MakePlan = Callable[[Request[Result]], Awaitable[Plan]]

# Source: runwayml 5.24.0, types and docstrings; Runway API reference 2024-11-06; 2026-11
EXAMPLES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "examples.json").read_text("utf-8"))
SAID_ALOUD = ("duration", "audio", "ratio")
"""What is always sent, because the vendor does not publish what it takes otherwise."""


def _name(example: Mapping[str, Any]) -> str:
    return f"{example['call'].removeprefix('POST /v1/')}-{example['body'].get('model', '')}"


def _request(written: Mapping[str, Any]) -> Request[Result]:
    if "built_by" in written:
        built: Request[Result] = getattr(anymedia_runway, written["built_by"])(**written["with"])
        return built
    fields = {name: value for name, value in written.items() if name != "operation"}
    return OPERATIONS[written["operation"]](**fields)


def _framed(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body with a lone first frame as a bare URI; the vendor takes it either way."""
    match body.get("promptImage"):
        case [{"uri": uri, "position": "first"}]:
            return {**body, "promptImage": uri}
        case _:
            return dict(body)


@pytest.mark.parametrize("example", EXAMPLES, ids=_name)
async def test_example(planned: MakePlan, example: dict[str, Any]) -> None:
    """A request of ours becomes the body of the reference, field for field, but for what is always said aloud."""
    plan = await planned(_request(example["request"]))
    sent: dict[str, Any] = {name: with_media(value, uri_of) for name, value in plan.body.items()}
    wanted = _framed(example["body"])
    added = {name for name in SAID_ALOUD if name in sent and name not in wanted}
    assert plan.call == example["call"]
    assert {name: value for name, value in sent.items() if name not in added} == wanted
    assert plan.notices == ()


def test_every_endpoint_has_an_example() -> None:
    """No endpoint of the catalogue is left out, nor a family of models."""
    shown = {(example["call"].removeprefix("POST /v1/"), example["body"].get("model")) for example in EXAMPLES}
    assert {endpoint for endpoint, _ in shown} >= facts()["endpoints"].keys()
    for endpoint in facts()["endpoints"]:
        assert {model for place, model in shown if place == endpoint} <= set(models_at(endpoint))


def test_no_example_needs_a_body_by_hand() -> None:
    """Every body of the reference comes from a request class or a builder, none is written out as `Native`."""
    assert [example["call"] for example in EXAMPLES if example["request"].get("operation") == "native"] == []
