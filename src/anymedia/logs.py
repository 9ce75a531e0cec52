"""Loggers, and the one place where secrets are taken out of text."""

import logging
import re

__all__ = ["logger", "redact", "shorten_url"]

_SECRETS = (
    re.compile(r"(?i)(bearer\s+)[^\s\"',]+"),
    re.compile(r"(?i)(\"?(?:api_?key|authorization|x-api-key|api_secret)\"?\s*[:=]\s*\"?(?:bearer\s+)?)[^\s\"',}]+"),
    re.compile(r"(key_)[0-9a-fA-F]{16,}"),
    re.compile(r"(?i)([?&](?:_jwt|token|signature|sig|x-amz-[a-z-]+|expires|key)=)[^&\s\"']+"),
)
_LONG_DATA = re.compile(r"(data:[\w.+-]+/[\w.+-]+;base64,)[A-Za-z0-9+/=]{40,}")
_USER = re.compile(r"//[^/@\s]*@")

logging.getLogger("anymedia").addHandler(logging.NullHandler())


def logger(name: str = "") -> logging.Logger:
    """The logger `anymedia`, or `anymedia.<name>` for a provider or a room."""
    return logging.getLogger(f"anymedia.{name}" if name else "anymedia")


def redact(text: str, *secrets: str) -> str:
    """`text` without keys, authorization headers, signed query strings, long inline data and the given `secrets`."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    for pattern in _SECRETS:
        text = pattern.sub(r"\1***", text)
    return _LONG_DATA.sub(r"\1...", text)


def shorten_url(url: str) -> str:
    """A URL fit for a repr or a log: no query string, no user, inline data cut off. Takes broken URLs too."""
    if url.startswith("data:"):
        return url.split(",", 1)[0] + ",..."
    address, question, _ = url.partition("?")
    return _USER.sub("//", address) + ("?..." if question else "")
