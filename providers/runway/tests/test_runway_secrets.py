"""The key goes to the API and nowhere else."""

import logging
import pickle
from collections.abc import Awaitable, Callable

import pytest

from anymedia import AsyncMediaClient
from anymedia.errors import AuthenticationError, MediaError, ProtocolError
from anymedia.provider import Plan
from anymedia.requests import ImageToVideo, Request, TextToImage
from anymedia.results import Result
from anymedia_runway import AsyncRunway, RunwayProvider, realtime_session
from anymedia_runway.emulator import RunwayEmulator

MakePlan = Callable[[Request[Result]], Awaitable[Plan]]
OpenRunway = Callable[..., RunwayProvider]
KEY = "key_" + "5ecre7" * 10


async def test_wrong_key(
    open_runway: OpenRunway, runway_emulator: RunwayEmulator, planned: MakePlan, caplog: pytest.LogCaptureFixture
) -> None:
    """A wrong key is refused at the first call, and shows in no error, log, repr or pickle."""
    caplog.set_level(logging.DEBUG)
    runway = open_runway(runway_emulator.endpoint.base_url, KEY)
    submission = await runway.submit(await planned(TextToImage(prompt="x")), None)
    assert isinstance(submission.error, AuthenticationError)
    assert "RUNWAYML_API_SECRET" in str(submission.error)
    shown = f"{submission!r} {submission.error!r} {submission.error.raw} {runway!r} {runway.settings!r} {caplog.text}"
    assert KEY not in shown
    assert KEY.encode() not in pickle.dumps(submission.error)


@pytest.mark.parametrize("status", [400, 401, 500])
async def test_a_key_the_vendor_repeats(
    open_runway: OpenRunway, runway_emulator: RunwayEmulator, planned: MakePlan, status: int
) -> None:
    """A vendor that quotes the key in its complaint does not get it into our errors."""
    body = {"error": f"Key {KEY} is not valid", "issues": [{"message": KEY, "path": [KEY]}]}
    runway_emulator.faults.add("status_before", status=status, body=body)
    submission = await open_runway(runway_emulator.endpoint.base_url, KEY).submit(
        await planned(TextToImage(prompt="x")), None
    )
    assert submission.error is not None
    assert KEY not in _everything(submission.error)
    assert "***" in _everything(submission.error)


@pytest.mark.parametrize("key", ["key_1\n", "key 1", "kéy", ""])
def test_keys_that_cannot_be_sent(open_runway: OpenRunway, key: str) -> None:
    """A key with a line break or a space is an error at once that does not show it."""
    with pytest.raises(AuthenticationError) as caught:
        open_runway("http://127.0.0.1:1", key)
    assert not key.strip() or key.strip() not in str(caught.value)


async def test_storage_never_sees_the_key(
    runway: RunwayProvider, runway_emulator: RunwayEmulator, planned: MakePlan, png: bytes
) -> None:
    """The emulator's storage refuses any request with a key; an upload passes."""
    plan = await runway.prepare(await planned(ImageToVideo(prompt="x", image=png + bytes(4_000_000))))
    assert runway_emulator.ledger.requests == ["POST /v1/uploads", "POST /storage"]
    assert str(plan.body["promptImage"]).startswith("runway://")


async def test_the_key_to_a_room(runway_emulator: RunwayEmulator, caplog: pytest.LogCaptureFixture) -> None:
    """The key of a realtime session is given out by the resource alone: what the task shows can go anywhere."""
    caplog.set_level(logging.DEBUG)
    at = runway_emulator.endpoint
    async with AsyncMediaClient(
        "runway", base_url=at.base_url, api_key=at.api_key, journal=None, poll_interval=0.02
    ) as client:
        task = await client.submit(realtime_session(avatar="influencer"))
        sessions = AsyncRunway(client).realtime_sessions
        session = await sessions.wait_ready(task.ref.id)
        assert session.session_key is not None
        key = session.session_key.get_secret_value()
        snapshot = await task.status()
        assert (snapshot.provider_status, "expiresAt" in str(snapshot.raw)) == ("READY", True)
        shown = [repr(snapshot), str(snapshot.raw), str(pickle.dumps(snapshot)), repr(session), caplog.text]
        await sessions.consume(session)
        await sessions.cancel(task.ref.id)
        result = await task.result()
    shown += [
        repr(result),
        str(result.raw),
        str(pickle.dumps(result)),
        str(result.model_dump(mode="json")),
        caplog.text,
    ]
    assert [text for text in shown if key in text] == []


async def test_the_key_to_a_room_in_an_odd_answer(
    runway_emulator: RunwayEmulator, open_runway: OpenRunway, planned: MakePlan
) -> None:
    """An answer about another session, or one that failed with its key in it, is an error that does not show the key."""
    runway = open_runway(runway_emulator.endpoint.base_url, runway_emulator.api_key)
    ref = (await runway.submit(await planned(realtime_session(avatar="influencer")), None)).ref
    assert ref is not None
    other = {"id": "0" * 8, "status": "READY", "sessionKey": KEY}
    failed = {"id": ref.id, "status": "FAILED", "sessionKey": KEY, "failure": "full", "failureCode": "INTERNAL"}
    runway_emulator.faults.add("status_before", status=200, body=other)
    with pytest.raises(ProtocolError) as caught:
        await runway.fetch([ref])
    runway_emulator.faults.add("status_before", status=200, body=failed)
    (snapshot,) = await runway.fetch([ref])
    assert snapshot.failure is not None
    assert KEY not in _everything(caught.value) + _everything(snapshot.failure)


def _everything(error: MediaError) -> str:
    return f"{error} {error!r} {error.raw} {error.issues} {error.__cause__!r} {pickle.dumps(error)!r}"
