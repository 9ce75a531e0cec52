"""How attempts end, judged by the emulator's ledger."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest

from anymedia.errors import (
    AuthenticationError,
    InsufficientCreditsError,
    InvalidRequestError,
    MediaError,
    MediaInputError,
    QuotaExceededError,
    RateLimitError,
    SubmissionUnknownError,
    TransportError,
)
from anymedia.provider import Plan
from anymedia.refs import Outcome
from anymedia.requests import ImageToVideo, Request, TextToImage
from anymedia.results import Result
from anymedia_runway import RunwayProvider
from anymedia_runway.emulator import RunwayEmulator

MakePlan = Callable[[Request[Result]], Awaitable[Plan]]
OpenRunway = Callable[..., RunwayProvider]
CREATE = "POST /v1/text_to_image"


@pytest.fixture
async def plan(planned: MakePlan) -> Plan:
    """A plan for one picture."""
    return await planned(TextToImage(prompt="a lighthouse"))


async def test_accepted(runway: RunwayProvider, runway_emulator: RunwayEmulator, plan: Plan) -> None:
    """One attempt is one request that starts one task, whose id is the ref's."""
    submission = await runway.submit(plan, None)
    assert submission.outcome is Outcome.ACCEPTED
    assert submission.ref is not None
    assert list(runway_emulator.ledger.entries) == [submission.ref.id]
    assert runway_emulator.ledger.requests == [CREATE]


@pytest.mark.parametrize(
    ("fault", "kind", "retryable"),
    [
        ("throttle", RateLimitError, True),
        ("reject_key", AuthenticationError, False),
        ("no_credits", InsufficientCreditsError, False),
        ("daily_quota", QuotaExceededError, False),
    ],
)
async def test_refused(
    runway: RunwayProvider,
    runway_emulator: RunwayEmulator,
    plan: Plan,
    fault: str,
    kind: type[MediaError],
    retryable: bool,
) -> None:
    """Limits, credits and keys refuse: nothing is started, and only a rate limit is worth another try."""
    runway_emulator.faults.add(fault)
    submission = await runway.submit(plan, None)
    assert submission.outcome is Outcome.REFUSED
    assert type(submission.error) is kind
    assert submission.error.retryable is retryable
    assert runway_emulator.ledger.accepted == 0
    assert runway_emulator.ledger.requests == [CREATE]


async def test_rate_limit_keeps_the_wait(runway: RunwayProvider, runway_emulator: RunwayEmulator, plan: Plan) -> None:
    """The wait that the vendor asks for reaches the core."""
    runway_emulator.faults.add("throttle", retry_after=7)
    submission = await runway.submit(plan, None)
    assert submission.error is not None
    assert submission.error.retry_after == 7


async def test_invalid_body(runway: RunwayProvider, runway_emulator: RunwayEmulator, planned: MakePlan) -> None:
    """What only the vendor can see is refused with the vendor's issues, field by field."""
    submission = await runway.submit(await planned(TextToImage(prompt="x", model="unlisted:gen9")), None)
    assert submission.outcome is Outcome.REFUSED
    assert type(submission.error) is InvalidRequestError
    assert [issue.field for issue in submission.error.issues] == ["model"]
    assert runway_emulator.ledger.accepted == 0


async def test_asset_that_cannot_be_fetched(
    runway: RunwayProvider, runway_emulator: RunwayEmulator, planned: MakePlan
) -> None:
    """An input the vendor cannot fetch is a media error, and nothing is started."""
    url = f"{runway_emulator.endpoint.base_url}/media/nothing.png"
    submission = await runway.submit(await planned(ImageToVideo(prompt="x", image=url)), None)
    assert submission.outcome is Outcome.REFUSED
    assert type(submission.error) is MediaInputError
    assert runway_emulator.ledger.accepted == 0


@pytest.mark.parametrize(("fault", "options"), [("lose_reply", {}), ("html", {}), ("status_after", {"status": 503})])
async def test_unknown_although_started(
    runway: RunwayProvider, runway_emulator: RunwayEmulator, plan: Plan, fault: str, options: dict[str, int]
) -> None:
    """A lost or unreadable answer is unknown: the task was started here, and no second request is made."""
    runway_emulator.faults.add(fault, **options)
    submission = await runway.submit(plan, None)
    assert submission.outcome is Outcome.UNKNOWN
    assert isinstance(submission.error, SubmissionUnknownError)
    assert runway_emulator.ledger.accepted == 1
    assert runway_emulator.ledger.requests == [CREATE]


@pytest.mark.parametrize("status", [301, 307, 408, 409, 500, 502, 503, 504])
async def test_unknown_statuses(
    runway: RunwayProvider, runway_emulator: RunwayEmulator, plan: Plan, status: int
) -> None:
    """A status that proves nothing is unknown; a redirect is never followed."""
    headers = {"Location": f"{runway_emulator.endpoint.base_url}/v1/text_to_image"}
    runway_emulator.faults.add("status_before", status=status, headers=headers)
    submission = await runway.submit(plan, None)
    assert submission.outcome is Outcome.UNKNOWN
    assert runway_emulator.ledger.requests == [CREATE]


async def test_not_sent(open_runway: OpenRunway, plan: Plan) -> None:
    """A connection that is refused proves that nothing was sent."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    submission = await open_runway(f"http://127.0.0.1:{port}").submit(plan, None)
    assert submission.outcome is Outcome.NOT_SENT
    assert isinstance(submission.error, TransportError)


async def test_unresolvable_host(open_runway: OpenRunway, plan: Plan) -> None:
    """A name that leads nowhere proves that nothing was sent."""
    submission = await open_runway("https://api.runway.invalid").submit(plan, None)
    assert submission.outcome is Outcome.NOT_SENT


async def test_what_the_vendor_needs_to_see(open_runway: OpenRunway, planned: MakePlan) -> None:
    """Each call carries the key, the API's version and, where it is set, the partner's name, which is not in the body."""
    seen: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        seen.extend((head.lower(), await reader.readexactly(length)))
        writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    plan = await planned(TextToImage(prompt="x", provider_options={"runway": {"on_behalf_of": "acme"}}))
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        submission = await open_runway(f"http://127.0.0.1:{port}", "key_7").submit(plan, None)
    assert submission.outcome is Outcome.REFUSED
    head, body = seen
    assert b"\r\nauthorization: bearer key_7\r\n" in head
    assert b"\r\nx-runway-version: 2024-11-06\r\n" in head
    assert b"\r\nx-runway-on-behalf-of: acme\r\n" in head
    assert body == b'{"model":"gen4_image","promptText":"x","ratio":"1024:1024"}'
