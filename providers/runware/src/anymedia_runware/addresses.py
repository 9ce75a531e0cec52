"""Where Runware listens: the WebSocket's address, and the one for HTTP that belongs to it."""

from typing import Final
from urllib.parse import urlsplit

__all__ = ["rest_url"]

_HOSTS: Final = {"ws-api.runware.ai": "api.runware.ai"}
"""The vendor's HTTP host by its WebSocket host. Source: runware.ai/docs, REST; 2026-10."""

_SCHEMES: Final = {"ws": "http", "wss": "https"}


def rest_url(base_url: str) -> str:
    """Where HTTP calls go, given the address of either door. Any host but the vendor's own serves both."""
    parts = urlsplit(base_url)
    host = parts.netloc
    return parts._replace(scheme=_SCHEMES.get(parts.scheme, parts.scheme), netloc=_HOSTS.get(host, host)).geturl()
