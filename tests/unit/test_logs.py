"""No secret gets into text."""

import logging

import pytest

from anymedia.logs import logger, redact, shorten_url

KEY = "key_" + "0123456789abcdef" * 8


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {KEY}",
        f'{{"taskType":"authentication","apiKey":"{KEY}"}}',
        f"https://cdn.example/clip.mp4?_jwt={KEY}",
        f"RunwayProvider(api_key='{KEY}')",
        f"GET https://host/x?a=1&token={KEY}",
    ],
)
def test_keys_are_taken_out_wherever_they_stand(text: str) -> None:
    """Headers, bodies, reprs and signed URLs lose their secret."""
    assert KEY not in redact(text)


def test_known_secrets_are_taken_out_whatever_their_form() -> None:
    """A key that looks like nothing special is removed when it is known."""
    assert redact("sent hunter2 to host", "hunter2", "") == "sent *** to host"


def test_inline_data_is_cut() -> None:
    """A log line never carries a picture."""
    assert len(redact("data:image/png;base64," + "A" * 10_000)) < 100


def test_urls_are_shortened_to_what_is_no_secret() -> None:
    """A shortened URL has no query and no data."""
    assert shorten_url("https://h/p/a.png?_jwt=x") == "https://h/p/a.png?..."
    assert shorten_url("https://h/p/a.png") == "https://h/p/a.png"
    assert shorten_url("https://user:pass@h/p") == "https://h/p"
    assert shorten_url("http://[::1/?x") == "http://[::1/?..."
    assert shorten_url("data:image/png;base64,AAAA") == "data:image/png;base64,..."


def test_loggers_live_under_one_name_and_stay_silent() -> None:
    """The library logs below `anymedia` and configures nothing."""
    assert logger("runway").name == "anymedia.runway"
    assert logger().name == "anymedia"
    assert all(isinstance(handler, logging.NullHandler) for handler in logger().handlers)
