"""What a body should cost, told before it is sent."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia_runway.facts import facts
from anymedia_runway.prices import credits_cost, estimate


@pytest.mark.parametrize(
    ("endpoint", "body", "credits"),
    [
        ("text_to_video", {"model": "gen4.5", "duration": 5}, "60"),
        ("text_to_video", {"model": "gen4.5", "duration": 5, "outputFormat": "prores"}, "85"),
        ("text_to_video", {"model": "gen4.5", "duration": 2, "outputFormat": "hdr10", "ratio": "1280:720"}, "64"),
        ("text_to_video", {"model": "veo3.1", "duration": 4, "audio": True}, "160"),
        ("text_to_video", {"model": "veo3.1", "duration": 4, "audio": False}, "80"),
        ("text_to_video", {"model": "veo3.1", "duration": 4}, "160"),
        ("text_to_video", {"model": "seedance2_mini", "duration": 2}, "64"),
        ("text_to_video", {"model": "seedance2_5", "ratio": "1920:1080"}, "340"),
        ("text_to_video", {"model": "wan3", "duration": 5, "ratio": "auto_720p"}, "50"),
        ("text_to_video", {"model": "wan3_prime", "duration": 5, "ratio": "832:480"}, "34.0"),
        ("text_to_video", {"model": "h3_max", "duration": 5, "resolution": "480p"}, "25"),
        (
            "text_to_video",
            {"model": "hailuo3", "duration": 5, "resolution": "2k", "references": [{}, {}]},
            "79",
        ),
        ("text_to_image", {"model": "gen4_image", "ratio": "1280:720"}, "5"),
        ("text_to_image", {"model": "gen4_image", "ratio": "1920:1080"}, "8"),
        ("text_to_image", {"model": "muse_image", "outputCount": 3}, "3"),
        ("text_to_image", {"model": "gpt_image_2", "quality": "low"}, "2"),
        ("text_to_image", {"model": "gpt_image_2"}, "41"),
        ("text_to_image", {"model": "ideogram_4_0"}, "11"),
        ("text_to_image", {"model": "seedream5_pro", "ratio": "2048:2048", "outputCount": 2}, "18"),
        ("text_to_image", {"model": "grok_imagine_image_2", "ratio": "auto", "referenceImages": [{}]}, "9"),
        ("text_to_speech", {"model": "eleven_v3", "promptText": "x" * 101}, "3"),
        ("sound_effect", {"model": "eleven_text_to_sound_v2", "duration": 3}, "3"),
        ("sound_effect", {"model": "eleven_text_to_sound_v2"}, "2"),
    ],
)
def test_published_prices(endpoint: str, body: dict[str, Any], credits: str) -> None:
    """Seconds, images, sizes, sound, quality, surcharges, extras and minima are reckoned as published."""
    cost = estimate(endpoint, body)
    assert cost is not None
    assert cost.amount == Decimal(credits)
    assert (cost.unit, cost.final) == ("credits", False)


@pytest.mark.parametrize(
    ("endpoint", "body"),
    [
        ("text_to_image", {"model": "nano_banana_2.1"}),
        ("video_to_video", {"model": "aleph2"}),
        ("video_to_video", {"model": "seedance2_5", "duration": 5, "promptVideo": "https://x/y.mp4"}),
        ("text_to_video", {"model": "gen4.5", "duration": "auto"}),
        ("video_upscale", {"model": "magnific_video_upscaler_creative"}),
        ("image_upscale", {"model": "magnific_precision_upscaler_v2"}),
        ("text_to_video", {}),
    ],
)
def test_what_cannot_be_told(endpoint: str, body: dict[str, Any]) -> None:
    """An unpublished price, or a quantity only the vendor can measure, is None and never 0."""
    assert estimate(endpoint, body) is None


def test_credits_in_dollars() -> None:
    """A credit is a cent."""
    assert credits_cost(Decimal(60), final=True).usd == Decimal("0.60")


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers())


@given(
    st.sampled_from(sorted(facts()["prices"])),
    st.dictionaries(
        st.sampled_from(["duration", "ratio", "resolution", "outputCount", "quality", "audio", "references"]), VALUES
    ),
)
def test_no_body_breaks_the_estimate(model: str, body: dict[str, Any]) -> None:
    """Whatever a vendor's own call holds, the estimate is a sane amount or None."""
    cost = estimate("text_to_video", {"model": model, **body})
    assert cost is None or cost.amount.is_finite()
