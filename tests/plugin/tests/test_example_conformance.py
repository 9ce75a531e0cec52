"""The example provider keeps every promise of the kit. This module is all a provider's author has to write."""

import pytest

from anymedia import (
    InsufficientCreditsError,
    ModerationError,
    RateLimitError,
    Request,
    Result,
    TaskFailedError,
    TextToImage,
)
from anymedia.testing.conformance import Code, Fault, ProviderConformance

pytest.importorskip("anymedia_example", reason="needs the example provider: pip install ./tests/plugin")

from anymedia_example.emulator import ExampleEmulator


class TestExample(ProviderConformance):
    """The kit, for the made-up vendor."""

    provider = "example"
    emulator = ExampleEmulator
    ambiguous = (Fault("lose_answer"), Fault("lose_answer", status=500))
    refusal = Fault("refuse", code="too_fast")
    failure = Fault("fail")
    tolerated = (Fault("odd_status"), Fault("extra_fields"))
    codes = (
        Code(Fault("refuse", code="too_fast"), RateLimitError),
        Code(Fault("refuse", code="no_money"), InsufficientCreditsError),
        Code(Fault("refuse", code="not_allowed"), ModerationError),
        Code(Fault("fail", code="not_allowed"), ModerationError),
        Code(Fault("fail", code="broken"), TaskFailedError),
    )

    def sample(self, prompt: str, seed: int) -> Request[Result]:
        """A sketch of 64 by 64 pixels."""
        return TextToImage(prompt=prompt, seed=seed, size="64x64")

    def request(self, operation: str) -> Request[Result]:
        """The one operation it has."""
        return {"text_to_image": self.sample("a lighthouse", 1)}[operation]
