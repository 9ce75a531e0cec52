"""The key goes to the API and nowhere else."""

import logging
import pickle
from collections.abc import Awaitable, Callable

import pytest

from anymedia.errors import AuthenticationError, MediaError
from anymedia.provider import Plan
from anymedia.requests import ImageToVideo, Request, TextToImage
from anymedia.results import Result
from anymedia_runway import RunwayProvider
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


def _everything(error: MediaError) -> str:
    return f"{error} {error!r} {error.raw} {error.issues} {error.__cause__!r} {pickle.dumps(error)!r}"
