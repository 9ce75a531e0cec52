"""Starting tasks: nothing is paid for twice, and nothing is sent that cannot work."""

import pytest

from anymedia.catalog import Catalog
from anymedia.errors import (
    AuthenticationError,
    MediaError,
    SubmissionUnknownError,
    TransportError,
    UnsupportedError,
)
from anymedia.journal import AttemptState
from anymedia.refs import Outcome
from anymedia.requests import OPERATIONS, Request
from anymedia.results import Result
from anymedia.testing.conformance.subject import Bench, Code, Fault, Subject
from anymedia.testing.faultproxy import FaultProxy, WireFault

__all__ = ["Submitting", "lacking"]

_IMAGE = "https://example.invalid/cat.png"
_VIDEO = "https://example.invalid/cat.mp4"
_INPUTS = {
    "image": _IMAGE,
    "video": _VIDEO,
    "character": _IMAGE,
    "performance": _VIDEO,
    "recording": _VIDEO,
    "dataset": b"PK\x03\x04",
    "prompt": "a cat",
    "text": "Hello.",
    "language": "es",
}


class Submitting(Subject):
    """The tests about starting tasks."""

    async def test_submit_returns_before_the_work_ends(self) -> None:
        """The caller gets a ref while the vendor is still working."""
        async with self.held() as bench:
            task = await bench.client().submit(self.sample("a lighthouse", 1))
            assert bench.account(task.ref).state == "accepted"
            assert not (await task.status()).state.is_final
            await bench.work()
            assert (await task.result()).ref == task.ref
            assert bench.account(task.ref).state == "succeeded"

    async def test_every_attempt_is_journalled_before_and_after(self) -> None:
        """The journal knows of a task before it can exist, by its ref once it does, and of its end."""
        async with self.running() as bench:
            result = await bench.client().run(self.sample("a lighthouse", 1))
            assert bench.journal.states[:3] == [AttemptState.INTENT, AttemptState.SENDING, AttemptState.ACCEPTED]
            assert bench.journal.lines[2].ref == result.ref
        assert bench.journal.states[3:] == [AttemptState.FINISHED]

    async def test_an_ambiguous_failure_never_pays_twice(self, ambiguous: Fault) -> None:
        """Where nobody knows whether a task was started, it is found again or reported; never started anew."""
        async with self.running() as bench:
            ambiguous.arm(bench.emulator.faults)
            await self._run_once(bench)

    @pytest.mark.parametrize("damage", ["cut", "reset"])
    async def test_a_connection_lost_upon_acceptance_never_pays_twice(self, damage: WireFault) -> None:
        """A wire that breaks between the vendor's acceptance and its answer costs one task at most."""
        async with self.running() as bench:
            proxy = FaultProxy(bench.emulator.endpoint.base_url, bench.emulator.ledger)
            base_url = await proxy.start()
            try:
                proxy.arm(damage, on="accepted")
                await self._run_once(bench, base_url)
                assert bench.emulator.ledger.accepted == 1
            finally:
                await bench.aclose()
                await proxy.aclose()

    async def test_what_was_never_sent_is_tried_again_and_then_reported(self) -> None:
        """With nobody listening, the error says that nothing was sent and that another try is safe."""
        async with self.running() as bench:
            nowhere = FaultProxy(bench.emulator.endpoint.base_url)
            base_url = await nowhere.start()
            await nowhere.aclose()
            with pytest.raises(TransportError) as caught:
                await bench.client(base_url=base_url, retries=1).submit(self.sample("a lighthouse", 1))
            assert (caught.value.outcome, caught.value.retryable) == (Outcome.NOT_SENT, True)
            assert bench.journal.states.count(AttemptState.NOT_SENT) == 2
            assert bench.emulator.ledger.accepted == 0

    async def test_a_refusal_worth_repeating_is_repeated(self) -> None:
        """A refusal proves that nothing was started, so the next attempt may; one task comes out of it."""
        async with self.running() as bench:
            self.refusal.arm(bench.emulator.faults)
            await bench.client().run(self.sample("a lighthouse", 1))
            assert bench.emulator.ledger.accepted == 1
            assert bench.journal.states.count(AttemptState.SENDING) == 2
            assert bench.journal.states.count(AttemptState.REFUSED) == 1

    async def test_each_vendor_code_becomes_its_error(self, code: Code) -> None:
        """The same situation is the same class at every provider, with the vendor's own word kept."""
        async with self.running() as bench:
            code.fault.arm(bench.emulator.faults, times=None)
            with pytest.raises(MediaError) as caught:
                await bench.client(retries=0).run(self.sample("a lighthouse", 1))
            assert type(caught.value) is code.error
            assert caught.value.provider == self.provider
            started = caught.value.outcome is not Outcome.REFUSED
            assert bench.emulator.ledger.accepted == int(started)

    async def test_a_wrong_key_is_an_error_at_the_first_call(self) -> None:
        """A key the vendor rejects is `AuthenticationError`, at once, and starts nothing."""
        async with self.running() as bench:
            right = bench.emulator.endpoint.api_key
            wrong = right[:-1] + ("1" if right[-1] != "1" else "2")
            with pytest.raises(AuthenticationError) as caught:
                await bench.client(api_key=wrong).submit(self.sample("a lighthouse", 1))
            assert caught.value.provider == self.provider
            assert bench.emulator.ledger.accepted == 0

    async def test_an_ability_that_is_missing_is_refused_here(self, lacking: tuple[str, str | None]) -> None:
        """What the provider, or the model named, cannot do is `UnsupportedError`, and nothing is sent."""
        async with self.running() as bench:
            with pytest.raises(UnsupportedError) as caught:
                await bench.client().run(_any(*lacking))
            assert caught.value.provider == self.provider
            assert not bench.emulator.ledger.requests

    async def _run_once(self, bench: Bench, base_url: str | None = None) -> None:
        client = bench.client(base_url=base_url, haste=10)
        try:
            result = await client.run(self.sample("a lighthouse", 1))
        except SubmissionUnknownError:
            assert [entry.state for entry in await client.unfinished()] == [AttemptState.UNKNOWN]
        else:
            assert bench.account(result.ref).state == "succeeded"
            assert AttemptState.ACCEPTED in bench.journal.states
        assert bench.journal.states.count(AttemptState.SENDING) == 1
        assert bench.emulator.ledger.accepted <= 1


def lacking(catalog: Catalog) -> list[tuple[str, str | None]]:
    """The operations that no model offers, and one that some model lacks, with its name."""
    offered = catalog.operations()
    mismatches = [(name, model.id) for model in catalog.models.values() for name in offered - set(model.operations)]
    return [*((name, None) for name in sorted(set(OPERATIONS) - offered - {"native"})), *sorted(mismatches)[:1]]


def _any(operation: str, model: str | None) -> Request[Result]:
    kind = OPERATIONS[operation]
    return kind(model=model, **{name: value for name, value in _INPUTS.items() if name in kind.model_fields})
