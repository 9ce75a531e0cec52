"""The HTTP door: the same results, errors and outcomes as on the socket, judged by the emulator's ledger."""

import asyncio
import json
import socket
from typing import Any

import pytest

from anymedia.config import Config, Overrides, resolve
from anymedia.errors import (
    AuthenticationError,
    ConfigurationError,
    InsufficientCreditsError,
    InvalidRequestError,
    MediaError,
    PermissionDeniedError,
    ProtocolError,
    ProviderUnavailableError,
    RateLimitError,
)
from anymedia.refs import Outcome, TaskState
from anymedia.requests import Native, RemoveBackground, TextToImage, TextToVideo, UpscaleImage
from anymedia.testing import ScaledClock
from anymedia.transports.http import HttpResponse
from anymedia_runware import RunwareProvider
from anymedia_runware.emulator import RunwareEmulator
from anymedia_runware.rest import read_answer

Desk = Any
OpenDesk = Any

IMAGE = TextToImage(prompt="a lighthouse", size="128x128")


@pytest.fixture
async def over_http(runware_emulator: RunwareEmulator, open_desk: OpenDesk) -> Desk:
    """The provider, at its emulator's HTTP door."""
    base_url = runware_emulator.endpoint.base_url.replace("ws://", "http://")
    return await open_desk(base_url, runware_emulator.api_key, clock=ScaledClock(50), poll_interval=1)


def _requests(png: bytes) -> list[Any]:
    return [
        TextToImage(prompt="a lighthouse", size="128x128", count=3, seed=7),
        TextToVideo(prompt="waves", duration=3),
        UpscaleImage(image=png),
        RemoveBackground(image=png),
        Native(provider="runware", call="promptEnhance", payload={"prompt": "a dog", "promptVersions": 3}),
    ]


async def test_the_same_results_on_both_doors(desk: Desk, over_http: Desk, png: bytes) -> None:
    """What comes out does not depend on the way it was asked for."""
    for request in _requests(png):
        on_socket, by_http = await desk.run(request), await over_http.run(request)
        seen = [
            (
                end.state,
                sorted(
                    (one.kind, one.media_type, one.seed if getattr(request, "seed", None) else 0) for one in end.outputs
                ),
                end.cost,
            )
            for end in (on_socket, by_http)
        ]
        assert seen[0] == seen[1]
        assert seen[0][0] is TaskState.SUCCEEDED


@pytest.mark.parametrize(
    ("call", "payload"),
    [
        ("imageInference", {"model": "runware:101@1", "positivePrompt": "a dog", "width": 100, "height": 128}),
        ("imageInference", {"model": "runware:101@1", "positivePrompt": "a dog", "width": 100, "steps": "many"}),
        ("videoInference", {"model": "no:such@1x", "positivePrompt": "", "duration": -1}),
        ("upscale", {"model": "runware:504@1", "inputs": {"image": "data:image/png;base64,AAAA"}}),
        ("transcription", {"model": "a:b@c"}),
    ],
)
async def test_the_same_errors_on_both_doors(desk: Desk, over_http: Desk, call: str, payload: Any) -> None:
    """What the vendor refuses is told in the same words, whichever way it was asked for."""
    request = Native(provider="runware", call=call, payload=payload)
    seen = [await door.submit(request) for door in (desk, over_http)]
    told = [(one.outcome, type(one.error), one.error.provider_code, one.error.issues) for one in seen]
    assert told[0] == told[1]
    assert told[0][0] is Outcome.REFUSED
    assert told[0][2]


async def test_nothing_is_pushed(over_http: Desk, runware_emulator: RunwareEmulator) -> None:
    """Over HTTP every task is asynchronous, quick or not, and is asked for."""
    plan = await over_http.plan(IMAGE)
    assert not plan.quick
    ref = await over_http.start(IMAGE)
    assert runware_emulator.ledger.entries[ref.id].request["deliveryMethod"] == "async"
    assert over_http.provider.next_look(ref, over_http.emitted[-1], 0.0, 0) is not None
    assert (await over_http.end(ref)).state is TaskState.SUCCEEDED
    assert over_http.provider._connection.attempt(ref) is None


async def test_many_tasks_in_one_look(over_http: Desk, runware_emulator: RunwareEmulator) -> None:
    """Up to twenty tasks are asked for in one call; one that nobody knows is absent from the answer."""
    refs = [await over_http.start(IMAGE) for _ in range(3)]
    plan = await over_http.plan(IMAGE)
    stranger = over_http.provider.new_ref(plan)
    found = await over_http.provider.fetch([*refs, stranger])
    assert {snapshot.ref.id for snapshot in found} == {ref.id for ref in refs}


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("throttle", RateLimitError), ("no_credits", InsufficientCreditsError), ("daily_quota", MediaError)],
)
async def test_refusals(over_http: Desk, runware_emulator: RunwareEmulator, fault: str, kind: type[MediaError]) -> None:
    """The body is read whatever the status: an error item in it is a refusal, and nothing was started."""
    runware_emulator.faults.add(fault)
    submission = await over_http.submit(IMAGE)
    assert submission.outcome is Outcome.REFUSED
    assert isinstance(submission.error, kind)
    assert submission.error.provider_code
    assert runware_emulator.ledger.accepted == 0


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequestError),
        (401, AuthenticationError),
        (402, InsufficientCreditsError),
        (403, PermissionDeniedError),
        (404, InvalidRequestError),
        (429, RateLimitError),
    ],
)
async def test_a_refusal_by_whoever_stands_before_runware(
    over_http: Desk, runware_emulator: RunwareEmulator, status: int, kind: type[MediaError]
) -> None:
    """A bare 4xx proves that nothing was started."""
    runware_emulator.faults.add("http_status_before", status=status)
    submission = await over_http.submit(IMAGE)
    assert (submission.outcome, type(submission.error)) == (Outcome.REFUSED, kind)
    assert submission.error.provider_code == str(status)
    assert runware_emulator.ledger.accepted == 0


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
@pytest.mark.parametrize("fault", ["http_status_before", "http_status_after"])
async def test_a_lost_answer(over_http: Desk, runware_emulator: RunwareEmulator, fault: str, status: int) -> None:
    """A bare 5xx proves nothing; the same id is sent again, and there is one task in the end."""
    runware_emulator.faults.add(fault, status=status)
    submission = await over_http.submit(IMAGE)
    assert submission.outcome is Outcome.UNKNOWN
    assert isinstance(submission.error, ProviderUnavailableError)
    async with asyncio.timeout(30):
        found = await over_http.provider.reconcile(submission.ref)
    assert found.outcome is Outcome.ACCEPTED
    assert list(runware_emulator.ledger.entries) == [submission.ref.id]


@pytest.mark.parametrize(("named", "outcome"), [(True, Outcome.REFUSED), (False, Outcome.UNKNOWN)])
async def test_trouble_at_the_vendor(open_desk: OpenDesk, named: bool, outcome: Outcome) -> None:
    """An error that names our task counts as on the socket; one that names none proves nothing at a server in trouble."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        (task,) = json.loads(await reader.readexactly(length))
        error = {"code": "internalServerError", "message": "m", **({"taskUUID": task["taskUUID"]} if named else {})}
        starts = task["taskType"] == "imageInference"
        body = json.dumps({"errors": [error]} if starts else {"data": []}).encode()
        status = b"500 Oops" if starts else b"200 OK"
        writer.write(b"HTTP/1.1 %s\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s" % (status, len(body), body))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    desk = await open_desk(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", "key")
    submission = await desk.submit(IMAGE)
    assert (submission.outcome, type(submission.error)) == (outcome, ProviderUnavailableError)
    server.close()
    await server.wait_closed()


async def test_an_id_that_was_used(over_http: Desk, runware_emulator: RunwareEmulator) -> None:
    """HTTP 400 with a conflict says that the task exists: accepted, and never started twice."""
    plan = await over_http.plan(IMAGE)
    ref = over_http.provider.new_ref(plan)
    outcomes = [(await over_http.provider.submit(plan, ref)).outcome for _ in range(2)]
    assert outcomes == [Outcome.ACCEPTED, Outcome.ACCEPTED]
    assert runware_emulator.ledger.accepted == 1


async def test_a_wrong_key(runware_emulator: RunwareEmulator, open_desk: OpenDesk) -> None:
    """A key that is not accepted is a refusal, at submission and at a look."""
    wrong = await open_desk(runware_emulator.endpoint.base_url.replace("ws://", "http://"), "wrong")
    submission = await wrong.submit(IMAGE)
    assert (submission.outcome, type(submission.error)) == (Outcome.REFUSED, AuthenticationError)
    with pytest.raises(AuthenticationError):
        await wrong.provider.fetch([submission.ref])


async def test_nobody_there(open_desk: OpenDesk) -> None:
    """Where nobody listens, nothing was sent."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    absent = await open_desk(f"http://127.0.0.1:{port}/v1", "key")
    assert (await absent.submit(IMAGE)).outcome is Outcome.NOT_SENT


async def test_a_closed_client(over_http: Desk, runware_emulator: RunwareEmulator) -> None:
    """After the end nothing is sent any more."""
    plan = await over_http.plan(IMAGE)
    await over_http.provider.aclose()
    submission = await over_http.provider.submit(plan, None)
    assert submission.outcome is Outcome.REFUSED
    assert runware_emulator.ledger.accepted == 0


async def test_a_failing_look_says_nothing(over_http: Desk, runware_emulator: RunwareEmulator) -> None:
    """A look that meets a server in trouble is an error of the look; the task goes on."""
    ref = await over_http.start(IMAGE)
    runware_emulator.faults.add("http_status_before", status=503)
    with pytest.raises(ProviderUnavailableError):
        await over_http.provider.fetch([ref])
    assert (await over_http.end(ref)).state is TaskState.SUCCEEDED


def _answer(status: int, body: bytes, **headers: str) -> HttpResponse:
    return HttpResponse(status, headers, body)


def test_an_empty_list_of_errors_is_no_error() -> None:
    """The key `errors` alone means nothing; data beside it is good."""
    frame = read_answer(_answer(200, b'{"data":[{"taskUUID":"a"}],"errors":[]}'))
    assert (len(frame.data), frame.errors) == (1, ())
    assert read_answer(_answer(200, b'{"data":[]}')).data == ()


def test_when_to_come_again() -> None:
    """Seconds in a Retry-After header reach the error, whether or not Runware itself has spoken."""
    item = b'{"errors":[{"code":"rateLimitExceeded","message":"slow","taskUUID":"a"}]}'
    frame = read_answer(_answer(429, item, **{"retry-after": "7"}))
    assert frame.errors[0]["retryAfter"] == 7
    with pytest.raises(RateLimitError) as caught:
        read_answer(_answer(429, b"busy", **{"retry-after": "7"}))
    assert caught.value.retry_after == 7
    later = read_answer(_answer(429, item, **{"retry-after": "Fri, 20 Nov 2026 12:00:00 GMT"}))
    assert "retryAfter" not in later.errors[0]


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1, 2", b"\xff\xfe", b'"yes"'])
@pytest.mark.parametrize("status", [200, 204, 302])
def test_an_answer_that_cannot_be_read(status: int, body: bytes) -> None:
    """Success without a word of Runware's proves nothing."""
    with pytest.raises(ProtocolError) as caught:
        read_answer(_answer(status, body))
    assert caught.value.outcome is None


def test_the_vendors_own_http_address_gets_the_key() -> None:
    """Choosing the vendor's HTTP door in the file needs no more than that; another host gets no ambient key."""

    def settings(base_url: str) -> Any:
        config = Config.model_validate({"providers": {"runware": {"base_url": base_url}}})
        return resolve("runware", RunwareProvider.defaults, config, Overrides(), {"RUNWARE_API_KEY": "k"})

    assert settings("https://api.runware.ai/v1").base_url == "https://api.runware.ai/v1"
    with pytest.raises(ConfigurationError, match="not the vendor's"):
        settings("https://api.runware.example/v1")
