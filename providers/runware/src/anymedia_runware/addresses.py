"""Where Runware listens: the WebSocket's address, and those for HTTP that belong to it."""

from typing import Final
from urllib.parse import urlsplit

__all__ = ["apps_url", "rest_url"]

_HOSTS: Final = {"ws-api.runware.ai": "api.runware.ai"}
"""The vendor's HTTP host by its WebSocket host. Source: runware.ai/docs, REST; 2026-10."""

_APPS: Final = "https://api.serverless.runware.ai"
"""Where the vendor's serverless apps are called. Source: runware-sdk 1.8.0, serverless.py; 2026-10."""

_SCHEMES: Final = {"ws": "http", "wss": "https"}


def rest_url(base_url: str) -> str:
    """Where HTTP calls go, given the address of either door. Any host but the vendor's own serves both."""
    parts = urlsplit(base_url)
    host = parts.netloc
    return parts._replace(scheme=_SCHEMES.get(parts.scheme, parts.scheme), netloc=_HOSTS.get(host, host)).geturl()


def apps_url(base_url: str) -> str:
    """Where serverless apps are called, given the address of either door: what stands before `/v1/apps`."""
    url = rest_url(base_url)
    return _APPS if urlsplit(url).netloc in _HOSTS.values() else url.rstrip("/").removesuffix("/v1")
