"""How an attempt ends, whatever goes wrong: judged by the emulator's ledger."""

import asyncio
from typing import Any

import pytest

from anymedia.errors import (
    AuthenticationError,
    InsufficientCreditsError,
    InvalidRequestError,
    MediaError,
    MediaInputError,
    ProviderUnavailableError,
    RateLimitError,
    TransportError,
)
from anymedia.refs import Outcome, TaskState
from anymedia.requests import Native, TextToImage, TextToVideo
from anymedia_runware.emulator import RunwareEmulator

Desk = Any
OpenDesk = Any

IMAGE = TextToImage(prompt="a lighthouse")
FOUR_IMAGES = TextToImage(prompt="a lighthouse", count=4)
FILM = TextToVideo(prompt="waves", duration=3)


async def _reconciled(desk: Desk, submission: Any) -> Any:
    assert submission.outcome is Outcome.UNKNOWN, submission
    async with asyncio.timeout(30):
        return await desk.provider.reconcile(submission.ref)


@pytest.mark.parametrize("push", [False, True])
@pytest.mark.parametrize(
    ("fault", "kind", "retryable"),
    [
        ("throttle", RateLimitError, True),
        ("server_error", ProviderUnavailableError, True),
        ("no_credits", InsufficientCreditsError, False),
    ],
)
async def test_refusals(
    desk: Desk,
    runware_emulator: RunwareEmulator,
    fault: str,
    kind: type[MediaError],
    retryable: bool,
    push: bool,
) -> None:
    """An error item in place of an acknowledgement is a refusal; nothing was started."""
    runware_emulator.faults.add(fault)
    submission = await desk.submit(IMAGE, push=push)
    assert submission.outcome is Outcome.REFUSED
    assert type(submission.error) is kind
    assert submission.error.retryable is retryable
    assert submission.error.provider_code
    assert runware_emulator.ledger.accepted == 0


async def test_a_retry_after_a_refusal_keeps_the_id(desk: Desk, runware_emulator: RunwareEmulator) -> None:
    """After a rate limit the same id is sent again, and taken."""
    runware_emulator.faults.add("throttle")
    plan = await desk.plan(IMAGE)
    ref = desk.provider.new_ref(plan)
    outcomes = [(await desk.provider.submit(plan, ref)).outcome for _ in range(2)]
    assert outcomes == [Outcome.REFUSED, Outcome.ACCEPTED]
    assert list(runware_emulator.ledger.entries) == [ref.id]


async def test_validation_by_the_vendor(desk: Desk, runware_emulator: RunwareEmulator) -> None:
    """What only the vendor can see is a refusal that names our fields and the legal values."""
    options = {"runware": {"scheduler": "Nobody"}}
    submission = await desk.submit(TextToImage(prompt="a dog", provider_options=options))
    assert submission.outcome is Outcome.REFUSED
    assert type(submission.error) is InvalidRequestError
    (issue,) = submission.error.issues
    assert issue.field == "scheduler"
    assert "Euler" in issue.legal
    native = {"model": "runware:504@1", "inputs": {"image": "data:image/png;base64,AAAA"}, "upscaleFactor": 2}
    submission = await desk.submit(Native(provider="runware", call="upscale", payload=native))
    assert type(submission.error) is MediaInputError
    assert runware_emulator.ledger.accepted == 0


@pytest.mark.parametrize("push", [False, True])
async def test_an_error_about_an_accepted_task(desk: Desk, runware_emulator: RunwareEmulator, push: bool) -> None:
    """A server error that names a task the vendor has nevertheless taken does not pass for a refusal."""
    runware_emulator.faults.add("error_after")
    snapshot = await desk.run(IMAGE, push=push)
    assert snapshot.state is TaskState.SUCCEEDED
    assert runware_emulator.ledger.accepted == 1


@pytest.mark.parametrize("push", [False, True])
@pytest.mark.parametrize("code", ["inferenceError", "providerContentPolicyViolation", "timeoutProvider"])
async def test_a_task_that_fails(desk: Desk, runware_emulator: RunwareEmulator, push: bool, code: str) -> None:
    """A task that ends without a result is accepted and failed, with the vendor's code."""
    runware_emulator.faults.add("fail_task", code=code)
    snapshot = await desk.run(IMAGE, push=push)
    assert snapshot.state is TaskState.FAILED
    assert snapshot.failure is not None
    assert snapshot.failure.provider_code == code
    assert snapshot.failure.code == ("moderation" if "Content" in code else "task_failed")
    assert snapshot.failure.ref is not None
    assert (runware_emulator.ledger.accepted, runware_emulator.ledger.charged) == (1, 0)


@pytest.mark.parametrize("fault", [None, "form_b_errors"])
@pytest.mark.parametrize("push", [False, True])
async def test_a_partial_success(desk: Desk, runware_emulator: RunwareEmulator, push: bool, fault: str | None) -> None:
    """Three of four pictures are a result with an error, in either form of the vendor's errors."""
    runware_emulator.faults.add("fail_one")
    if fault:
        runware_emulator.faults.add(fault, times=None)
    snapshot = await desk.run(FOUR_IMAGES, push=push)
    assert snapshot.state is TaskState.SUCCEEDED
    assert len({output.vendor_ref for output in snapshot.outputs}) == 3
    assert [error.provider_code for error in snapshot.errors] == ["inferenceError"]
    assert snapshot.cost.amount == runware_emulator.ledger.charged


async def test_a_wrong_key(runware_emulator: RunwareEmulator, open_desk: OpenDesk) -> None:
    """A key that is not accepted is an error at the first call of any kind, at once."""
    desk = await open_desk(runware_emulator.endpoint.base_url, "wrong")
    submission = await desk.submit(IMAGE)
    assert submission.outcome is Outcome.REFUSED
    assert isinstance(submission.error, AuthenticationError)
    assert submission.error.provider_code == "invalidApiKey"
    ref = desk.provider.new_ref(await desk.plan(IMAGE))
    with pytest.raises(AuthenticationError):
        await desk.provider.fetch([ref])
    assert "imageInference" not in runware_emulator.ledger.requests


async def test_a_server_that_never_answers_the_key(runware_emulator: RunwareEmulator, open_desk: OpenDesk) -> None:
    """Silence after the key ends at the deadline; nothing was sent."""
    runware_emulator.faults.add("no_auth_reply", times=None)
    desk = await open_desk(runware_emulator.endpoint.base_url, runware_emulator.api_key, connect_timeout=0.2)
    submission = await desk.submit(IMAGE)
    assert submission.outcome is Outcome.NOT_SENT
    assert "no answer to the key" in str(submission.error)
    assert set(runware_emulator.ledger.requests) == {"authentication"}


async def test_nobody_listens(nowhere: Desk) -> None:
    """Without a server the attempt was surely not sent."""
    submission = await nowhere.submit(IMAGE)
    assert submission.outcome is Outcome.NOT_SENT
    assert isinstance(submission.error, TransportError)


@pytest.mark.parametrize("push", [False, True])
async def test_an_acknowledgement_lost_with_the_link(desk: Desk, runware_emulator: RunwareEmulator, push: bool) -> None:
    """A link that breaks after the task was taken leaves the outcome unknown, until the vendor is asked."""
    runware_emulator.faults.add("close", code=1006, when="after_accept")
    submission = await _reconciled(desk, await desk.submit(FOUR_IMAGES, push=push))
    assert submission.outcome is Outcome.ACCEPTED
    snapshot = await desk.end(submission.ref)
    assert len(snapshot.outputs) == 4
    assert runware_emulator.ledger.accepted == 1


async def test_an_asynchronous_task_lost_on_the_way(desk: Desk, runware_emulator: RunwareEmulator) -> None:
    """What never arrived is sent again under the same id, once."""
    runware_emulator.faults.add("close", code=1006, when="before_accept")
    first = await desk.submit(FILM)
    submission = await _reconciled(desk, first)
    assert submission.outcome is Outcome.ACCEPTED
    assert submission.ref == first.ref
    assert list(runware_emulator.ledger.entries) == [first.ref.id]


async def test_a_lost_acknowledgement(runware_emulator: RunwareEmulator, open_desk: OpenDesk) -> None:
    """Without an acknowledgement in time, the same id is sent again, and the conflict tells that it was taken."""
    runware_emulator.faults.add("lose_ack")
    desk = await open_desk(runware_emulator.endpoint.base_url, runware_emulator.api_key, submit_timeout=0.2)
    submission = await _reconciled(desk, await desk.submit(FILM))
    assert submission.outcome is Outcome.ACCEPTED
    assert (await desk.end(submission.ref)).state is TaskState.SUCCEEDED
    assert runware_emulator.ledger.requests.count("videoInference") == 2
    assert runware_emulator.ledger.accepted == 1


async def test_a_new_process_only_looks(desk: Desk, runware_emulator: RunwareEmulator, open_desk: OpenDesk) -> None:
    """A process that did not send the task finds it by its id, and sends nothing again."""
    ref = await desk.start(FILM)
    other = await open_desk(runware_emulator.endpoint.base_url, runware_emulator.api_key)
    submission = await other.provider.reconcile(ref)
    assert submission.outcome is Outcome.ACCEPTED
    assert runware_emulator.ledger.requests.count("videoInference") == 1


@pytest.mark.parametrize("how", ["cut", "reset"])
@pytest.mark.parametrize("push", [False, True])
async def test_the_wire_breaks_as_the_task_is_taken(
    shaky: Desk, proxy: Any, runware_emulator: RunwareEmulator, how: str, push: bool
) -> None:
    """Cut or reset before the answer: one paid task, and its result."""
    proxy.arm(how, on="accepted")
    submission = await _reconciled(shaky, await shaky.submit(IMAGE, push=push))
    assert submission.outcome is Outcome.ACCEPTED
    assert (await shaky.end(submission.ref)).state is TaskState.SUCCEEDED
    assert (runware_emulator.ledger.accepted, runware_emulator.ledger.charged) == (1, _price(runware_emulator))


async def test_the_wire_breaks_as_the_task_is_written(
    shaky: Desk, proxy: Any, runware_emulator: RunwareEmulator
) -> None:
    """A frame cut in half may have arrived for all we know; it is sent again under the same id."""
    await shaky.start(IMAGE)
    proxy.arm("truncate", on="request", direction="up", after_bytes=20)
    submission = await _reconciled(shaky, await shaky.submit(FILM))
    assert submission.outcome is Outcome.ACCEPTED
    assert runware_emulator.ledger.accepted == 2


def _price(emulator: RunwareEmulator) -> Any:
    (entry,) = emulator.ledger.entries.values()
    return entry.charged
