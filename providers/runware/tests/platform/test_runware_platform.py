"""Everything the platform sells: asked for with every parameter, answered by the emulator, judged by its ledger."""

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, cast

import pytest
from platform_page import Answer, model_tables, operation_table, task_table
from platform_requests import Inputs, Question, calls, questions

from anymedia import AsyncMediaClient
from anymedia.requests import Native, Request
from anymedia.results import Result
from anymedia.testing import render
from anymedia_runware import AsyncRunware
from anymedia_runware.catalog import catalog
from anymedia_runware.emulator import RunwareEmulator

Publishes = Callable[[str, str, str], None]
_PAGE = "reference/runware.md"
_AT_ONCE = 20
_PATIENCE = 80.0
_KINDS = {
    "imageInference": "image",
    "videoInference": "video",
    "audioInference": "audio",
    "textInference": "text",
    "caption": "text",
    "promptEnhance": "text",
    "3dInference": "model",
    "training": "weights",
    "imageMasking": "image",
    "controlNetPreprocess": "image",
    "vectorize": "image",
    "tools": "file",
}


@pytest.fixture
async def hook() -> AsyncIterator[str]:
    """Somebody who takes whatever is sent, outputs and news of tasks, and has a file for whoever asks."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        await reader.readexactly(int(length[0]) if length else 0)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\nconnection: close\r\n\r\nweights")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    server.close()
    await server.wait_closed()


@pytest.fixture
def inputs(hook: str) -> Inputs:
    """One small medium of each kind."""
    archive = io.BytesIO()
    image = render.image("a lighthouse", seed=1, width=256, height=256, format="png")
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("1.png", image)
    return Inputs(
        image=image,
        film=render.video("waves", seed=1, width=160, height=120, duration=0.5, fps=12, format="mp4"),
        sound=render.audio("la", seed=1, duration=0.5, format="wav"),
        archive=archive.getvalue(),
        hook=hook,
    )


@pytest.fixture
def emulator(runware_emulator: RunwareEmulator, inputs: Inputs) -> RunwareEmulator:
    """The emulator, but what it makes is small and made before: nobody looks at pictures and films here."""
    small = {"image": inputs.image, "video": inputs.film, "audio": inputs.sound}
    host = runware_emulator.backend.host
    add = host.add

    def add_small(kind: str, format: str, subject: str, make: Any, *rest: Any, **more: Any) -> Any:
        return add(kind, format, subject, (lambda: small[kind]) if kind in small else make, *rest, **more)

    host.add = add_small
    return runware_emulator


@pytest.fixture
async def client(emulator: RunwareEmulator) -> AsyncIterator[AsyncMediaClient]:
    """A client as any program has it."""
    address = emulator.endpoint.base_url
    async with AsyncMediaClient(
        "runware", api_key=emulator.api_key, base_url=address, poll_interval=0.05, journal=None
    ) as client:
        yield client


async def _results(client: AsyncMediaClient, requests: Sequence[Request[Result]]) -> list[Result]:
    """What came of each, in the order of the requests."""
    found: dict[int, Result] = {}
    failed: dict[str, str] = {}
    async with asyncio.timeout(_PATIENCE):
        async for done in client.map(requests, concurrency=_AT_ONCE):
            if done.result is None:
                failed[str(requests[done.index])[:80]] = str(done.error)
            else:
                found[done.index] = done.result
    assert failed == {}
    return [found[index] for index in range(len(requests))]


def _kinds(result: Result) -> tuple[str, ...]:
    return tuple(sorted({output.kind for output in result.outputs}))


async def test_every_parameter_of_every_model(
    client: AsyncMediaClient, emulator: RunwareEmulator, inputs: Inputs, publishes: Publishes
) -> None:
    """For each model, a request with all that its schema names is accepted, paid for and answered."""
    asked = list(questions(inputs))
    results = await _results(client, [question.request for question in asked])
    answers: list[tuple[Question, Answer]] = []
    for question, result in zip(asked, results, strict=True):
        entry = emulator.ledger.entries[result.ref.id]
        assert {*question.common, *question.own} - {"deliveryMethod"} <= set(entry.request), question.model
        assert (entry.kind, entry.state) == (question.task_type, "succeeded")
        assert entry.charged > 0
        assert result.outputs
        assert not [notice for notice in result.notices if notice.code == "unknown_option"], question.model
        answers.append((question, Answer(frozenset(entry.request), _kinds(result))))
    assert emulator.ledger.accepted == len(asked)
    publishes(_PAGE, "models", model_tables(answers))


async def test_what_comes_out(client: AsyncMediaClient, inputs: Inputs) -> None:
    """Each kind of model makes what its kind is for."""
    firsts = {question.task_type: question for question in questions(inputs)}
    results = await _results(client, [question.request for question in firsts.values()])
    kinds = {name: _kinds(result) for name, result in zip(firsts, results, strict=True)}
    assert {name: found for name, found in kinds.items() if name in _KINDS and name != "tools"} == {
        name: (kind,) for name, kind in _KINDS.items() if name != "tools"
    }


async def test_every_task_type(
    client: AsyncMediaClient, emulator: RunwareEmulator, inputs: Inputs, publishes: Publishes
) -> None:
    """Every task type, under each of its names, is accepted and answered."""
    asked = calls(inputs)
    results = await _results(client, list(asked.values()))
    answers: dict[str, tuple[str, Sequence[str]]] = {}
    for name, result in zip(asked, results, strict=True):
        assert name in emulator.ledger.requests
        answers[name] = (_asked_by(name), _kinds(result))
    assert all(kinds for _, kinds in answers.values())
    face = AsyncRunware(client)
    details = await face.tasks.details(results[0].ref)
    page = await face.models.search(search="flux", limit=1)
    account = await face.account.details()
    assert (len(details.request), len(page.results), account.organization_name is None) == (1, 1, False)
    looked = {
        "getTaskDetails": ("`AsyncRunware(client).tasks`", ("request and response",)),
        "modelSearch": ("`AsyncRunware(client).models`", ("pages of models",)),
        "accountManagement": ("`AsyncRunware(client).account`", ("details and usage",)),
        "getResponse": ("the library itself", ("where tasks stand",)),
        "authentication": ("the library itself", ("a session",)),
    }
    assert set(looked) <= set(emulator.ledger.requests)
    app = Native(provider="runware", call="POST /v1/apps/emulated-app/invoke-async/echo", payload={"answer": 42})
    assert cast("Any", (await client.run(app)).raw)["output"] == {"answer": 42}
    assert app.call in emulator.ledger.requests
    answers |= {**looked, "POST /v1/apps/<app>/invoke-async/<endpoint>": ("`native`", ("whatever the app answers",))}
    publishes(_PAGE, "task types", task_table(answers))


def _asked_by(task_type: str) -> str:
    """The operations that become a task type, and the vendor's own words for it."""
    operations = {
        operation: None
        for model in catalog().models.values()
        for operation, rules in model.operations.items()
        if rules.wire["task"] == task_type
    }
    return ", ".join(f"`{name}`" for name in (*operations, "native"))


def test_the_published_operations(publishes: Publishes) -> None:
    """Every operation has its line."""
    publishes(_PAGE, "operations", operation_table())
