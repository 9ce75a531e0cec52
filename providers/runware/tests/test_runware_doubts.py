"""What an answer proves and what it does not: a server over a real socket that says exactly what a test wants."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from anymedia.errors import ModerationError, ProtocolError, TaskFailedError, TaskNotFoundError, TransportError
from anymedia.refs import Outcome, TaskState
from anymedia.requests import TextToImage, TextToVideo
from anymedia.testing import ScaledClock

Desk = Any
OpenDesk = Any
Answers = Callable[[Any], list[Any]]
Talk = Callable[..., Awaitable[Desk]]

IMAGE = TextToImage(prompt="a lighthouse")
FILM = TextToVideo(prompt="waves", duration=3)
HANG_UP = object()
_WELCOME = {"data": [{"taskType": "authentication", "connectionSessionUUID": "s"}]}


@pytest.fixture
async def talk(open_desk: OpenDesk) -> AsyncIterator[Talk]:
    """A provider at a server that answers each task with the documents a function gives for it."""
    servers = []

    async def at(answers: Answers, speed: float = 1, **settings: Any) -> Desk:
        async def handler(socket: ServerConnection) -> None:
            async for text in socket:
                for task in json.loads(text):
                    for document in [_WELCOME] if task["taskType"] == "authentication" else answers(task):
                        if document is HANG_UP:
                            socket.transport.abort()
                            return
                        await socket.send(json.dumps(document))

        server = await serve(handler, "127.0.0.1", 0)
        servers.append(server)
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return await open_desk(url, "key_0", clock=ScaledClock(speed), poll_interval=1, **settings)

    yield at
    for server in servers:
        server.close()
        await server.wait_closed()


def error(task: Any, code: str, **fields: Any) -> Any:
    """A frame with one error about a task."""
    return {"errors": [{"code": code, "message": "m", "taskUUID": task["taskUUID"], **fields}]}


def unknown(task: Any) -> list[Any]:
    """What a vendor says who does not know the task."""
    return [error(task, "taskNotFound")] if task["taskType"] == "getTaskDetails" else [{"data": []}]


async def test_content_refused_before_anything_started(talk: Talk) -> None:
    """A moderation error about a task that the vendor does not know is a refusal."""
    desk = await talk(lambda task: [error(task, "promptBlocked")] if "model" in task else unknown(task))
    submission = await desk.submit(IMAGE)
    assert submission.outcome is Outcome.REFUSED
    assert type(submission.error) is ModerationError
    assert submission.error.ref == submission.ref


async def test_a_timeout_proves_nothing(talk: Talk) -> None:
    """A timeout about a task that the vendor does not show leaves the outcome unknown."""
    desk = await talk(lambda task: [error(task, "timeoutProvider")] if "model" in task else unknown(task), speed=20)
    submission = await desk.submit(IMAGE)
    assert submission.outcome is Outcome.UNKNOWN
    assert type(submission.error) is TaskFailedError
    assert (await desk.provider.reconcile(submission.ref)).outcome is Outcome.UNKNOWN


async def test_a_doubt_that_cannot_be_looked_up(talk: Talk) -> None:
    """A server error about a task, and no answer to the look-up: unknown."""
    desk = await talk(lambda task: [error(task, "internalServerError")] if "model" in task else [HANG_UP])
    submission = await desk.submit(IMAGE)
    assert submission.outcome is Outcome.UNKNOWN
    assert submission.error.provider_code == "internalServerError"


async def test_found_only_in_the_archive(talk: Talk) -> None:
    """An error about a task that the archive knows is no refusal."""

    def answers(task: Any) -> list[Any]:
        if "model" in task:
            return [error(task, "inferenceError")]
        if task["taskType"] == "getResponse":
            return [{"data": []}]
        failed = error(task, "inferenceError")
        return [{"data": [{"taskType": "getTaskDetails", "taskUUID": task["taskUUID"], "response": failed}]}]

    submission = await (await talk(answers)).submit(IMAGE)
    assert submission.outcome is Outcome.ACCEPTED
    assert submission.snapshot.state is TaskState.FAILED
    assert submission.snapshot.failure.provider_code == "inferenceError"


async def test_a_refusal_when_sent_again(talk: Talk) -> None:
    """A passing refusal of the second sending says nothing of the first; one for good does."""
    sent: list[Any] = []

    def answers(task: Any) -> list[Any]:
        if "model" not in task:
            return unknown(task)
        sent.append(task)
        if len(sent) == 1:
            return [HANG_UP]
        return [error(task, "rateLimitExceeded" if len(sent) == 2 else "invalidDuration")]

    desk = await talk(answers, speed=10)
    submission = await desk.submit(FILM)
    assert submission.outcome is Outcome.UNKNOWN
    submission = await desk.provider.reconcile(submission.ref)
    assert submission.outcome is Outcome.REFUSED
    assert submission.error.provider_code == "invalidDuration"
    assert len(sent) == 3
    assert sent[0] == sent[1] == sent[2]


def mute(task: Any) -> list[Any] | None:
    """The answers to a ping, and to a task none at all."""
    if task["taskType"] == "ping":
        return [{"data": [{"taskType": "ping", "pong": True}]}]
    return [] if "model" in task else None


@pytest.mark.parametrize("first_look", ["lost", "early", "good"])
async def test_two_answers_lost(talk: Talk, first_look: str) -> None:
    """With the acknowledgement lost, and the answer to the second sending too, the vendor is asked until it can tell."""
    sent, looked = list[Any](), list[str]()

    def answers(task: Any) -> list[Any]:
        if "model" in task:
            sent.append(task)
        elif task["taskType"] == "getResponse":
            looked.append(task["taskUUID"])
        if (said := mute(task)) is not None:
            return said
        if len(looked) == 1 and first_look != "good":
            return [] if first_look == "lost" else unknown(task)
        return [{"data": [{"taskType": "videoInference", "taskUUID": task["taskUUID"], "status": "processing"}]}]

    desk = await talk(answers, speed=60, submit_timeout=32)
    submission = await desk.submit(FILM)
    assert submission.outcome is Outcome.UNKNOWN
    submission = await desk.provider.reconcile(submission.ref)
    assert submission.outcome is Outcome.ACCEPTED
    assert len(sent) >= 2
    assert sent[0] == sent[-1]
    assert len(looked) >= (1 if first_look == "good" else 2)


async def test_two_answers_lost_and_no_trace(talk: Talk) -> None:
    """A task that is still not known half a minute after the second sending stays unknown, and is let go."""
    desk = await talk(lambda task: unknown(task) if (said := mute(task)) is None else said, speed=60, submit_timeout=32)
    submission = await desk.submit(FILM)
    clock = desk.provider.context.clock
    began = clock.now()
    submission = await desk.provider.reconcile(submission.ref)
    assert submission.outcome is Outcome.UNKNOWN
    assert clock.now() - began >= 30 + 30
    assert desk.provider._connection.attempt(submission.ref) is None


async def test_an_account_that_is_empty_when_sent_again(talk: Talk) -> None:
    """The first sending may have spent the last credit: the task is looked for, and not taken for refused."""
    sent: list[Any] = []

    def answers(task: Any) -> list[Any]:
        if "model" not in task:
            return [{"data": [{"taskUUID": task["taskUUID"], "status": "processing"}]}]
        sent.append(task)
        return [HANG_UP] if len(sent) == 1 else [error(task, "insufficientCredits")]

    desk = await talk(answers, speed=10)
    submission = await desk.submit(FILM)
    found = await desk.provider.reconcile(submission.ref)
    assert (found.outcome, found.snapshot.state) == (Outcome.ACCEPTED, TaskState.RUNNING)
    assert len(sent) == 2


async def test_a_question_the_vendor_could_not_read(talk: Talk) -> None:
    """A nameless complaint about a look-up is trouble with the look-up, whatever its code."""
    desk = await talk(lambda _: [{"errors": [{"code": "invalidJson", "message": "m"}]}])
    ref = desk.provider.new_ref(await desk.plan(IMAGE))
    with pytest.raises(ProtocolError):
        await desk.provider.fetch([ref])


async def test_no_answer_to_a_look(talk: Talk) -> None:
    """A look-up that is not answered fails; it does not say that the task is unknown."""
    desk = await talk(lambda _: [HANG_UP])
    ref = desk.provider.new_ref(await desk.plan(IMAGE))
    with pytest.raises(TransportError):
        await desk.provider.fetch([ref])


async def test_canceling_a_stranger(talk: Talk) -> None:
    """A task nobody knows cannot be looked at."""
    desk = await talk(unknown)
    ref = desk.provider.new_ref(await desk.plan(IMAGE))
    with pytest.raises(TaskNotFoundError):
        await desk.provider.cancel(ref)


async def test_a_pushed_task_that_the_vendor_loses(talk: Talk) -> None:
    """Of two results one was pushed, then nothing: overdue, looked for, and no longer waited for."""

    def answers(task: Any) -> list[Any]:
        item = {"taskUUID": task["taskUUID"], "imageUUID": "a", "imageURL": "https://h/a.png"}
        return [{"data": [item]}] if "model" in task else unknown(task)

    desk = await talk(answers)
    submission = await desk.submit(TextToImage(prompt="a lighthouse", count=2))
    ref, snapshot = submission.ref, submission.snapshot
    assert snapshot.state is TaskState.RUNNING
    assert 12 <= desk.provider.next_look(ref, snapshot, 0, 0) <= 18
    assert desk.provider.next_look(ref, snapshot, 0, 1) > 18
    assert await desk.provider.fetch([ref]) == []
    assert desk.provider.next_look(ref, snapshot, 0, 0) < 2


async def test_the_first_look_at_an_attached_task_is_now(talk: Talk) -> None:
    """Nothing is known of it yet; after a failure it waits like any other."""
    desk = await talk(unknown)
    ref = desk.provider.new_ref(await desk.plan(FILM))
    assert desk.provider.next_look(ref, None, 0, 0) == 0
    assert desk.provider.next_look(ref, None, 0, 1) >= 1
