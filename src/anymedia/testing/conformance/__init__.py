"""The conformance kit: the promises every provider keeps, as tests to inherit.

Needs pytest and pytest-asyncio, and an emulator of the vendor (`anymedia.testing.Emulator`). In a test module:

    from anymedia import ModerationError, Request, Result, TextToImage
    from anymedia.testing.conformance import Code, Fault, ProviderConformance

    class TestAcme(ProviderConformance):
        provider = "acme"                       # as its entry point is called
        emulator = AcmeEmulator
        ambiguous = (Fault("lose_answer"),)     # faults after which nobody knows whether a task was started
        refusal = Fault("throttle")             # proves that nothing was started; worth another try
        failure = Fault("fail_task")            # the task is accepted and fails
        tolerated = (Fault("odd_status"), Fault("extra_fields"))
        codes = (Code(Fault("fail_task", code="unsafe"), ModerationError),)

        def sample(self, prompt: str, seed: int) -> Request[Result]:
            return TextToImage(prompt=prompt, seed=seed, size="64x64")

        def request(self, operation: str) -> Request[Result]:
            return {"text_to_image": self.sample("a lighthouse", 1)}[operation]

Every test talks to the emulator over a real socket, waits for facts and not for time, and judges by the emulator's
ledger and the client's journal. A test that fails names the promise in its docstring.
"""

import pytest

pytest.register_assert_rewrite(
    "anymedia.testing.conformance.following",
    "anymedia.testing.conformance.housekeeping",
    "anymedia.testing.conformance.submitting",
)

from anymedia.testing.conformance.subject import Code, Fault  # noqa: E402 - after the line above, or it has no effect
from anymedia.testing.conformance.suite import ProviderConformance  # noqa: E402

__all__ = ["Code", "Fault", "ProviderConformance"]
