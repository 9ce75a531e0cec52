"""When a task is looked at again, and what is pushed."""

import pytest

from anymedia_runware.pacing import is_quick, poll_delay, push_patience


def test_looks_grow_apart() -> None:
    """1 s, then half as long again each time, up to 10 s; in units of the interval; failures double it up to a minute."""
    age, waits = 0.0, []
    for _ in range(8):
        waits.append(poll_delay(age, 0, 1.0))
        age += waits[-1]
    assert waits[:4] == [1.0, 1.0, 1.0, 1.5]
    assert waits == sorted(waits)
    assert poll_delay(1000, 0, 1.0) == 10
    assert poll_delay(0, 0, 0.02) == 0.02
    assert [poll_delay(0, failures, 1.0) for failures in (1, 2, 20)] == [2, 4, 60]
    assert push_patience(0, 1.0) == 15
    assert push_patience(9, 1.0) == 60


@pytest.mark.parametrize(
    ("call", "model", "body", "quick"),
    [
        ("imageInference", "runware:101@1", {}, True),
        ("imageInference", "openai:gpt-image@2", {}, False),
        ("upscale", "runware:504@1", {"inputs": {"image": "x"}}, True),
        ("upscale", "bria:50@1", {"inputs": {"video": "x"}}, False),
        ("removeBackground", "bria:51@1", {"inputs": {"video": "x"}}, False),
        ("imageInference", "bytedance:5@0", {"settings": {}}, True),
        ("imageInference", "bytedance:5@0", {"settings": {"maxSequentialImages": 4}}, False),
        ("imageInference", "bytedance:5@0", {"providerSettings": {"bytedance": {"maxSequentialImages": 4}}}, False),
        ("textInference", "openai:gpt@5-mini", {}, True),
        ("textInference", "openai:gpt@5.4-pro", {}, False),
        ("caption", "runware:150@2", {}, True),
        ("caption", "memories:1@1", {}, False),
        ("audioInference", "a:b@c", {"speech": {}}, True),
        ("audioInference", "a:b@c", {}, False),
        ("videoInference", "google:3@3", {}, False),
        ("3dInference", "tripo:v3.1@0", {}, False),
        ("training", "a:b@c", {}, False),
        ("somethingNew", "a:b@c", {}, False),
    ],
)
def test_what_is_quick(call: str, model: str, body: dict[str, object], quick: bool) -> None:
    """Images, tools and speech are, films, 3D and training are not, and some models never."""
    assert is_quick(call, model, body) is quick
