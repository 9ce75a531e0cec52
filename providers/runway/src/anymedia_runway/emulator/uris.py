"""The kinds of media URI that a request may carry."""

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from anymedia_runway.emulator import issues
from anymedia_runway.emulator.issues import Issue

__all__ = ["MAX_DATA_URI", "is_loopback", "uri_issue"]

# Source: runwayml 5.24.0, docstrings of the media fields: up to 5 MB, whatever the medium; 2026-11
MAX_DATA_URI = 5_242_880
_MAX_LENGTH = {"https": 2048, "http": 2048, "runway": 5000, "data": MAX_DATA_URI}
_MIN_LENGTH = 13


def uri_issue(kind: str, uri: str, path: Sequence[str | int]) -> Issue | None:
    """What is wrong with the form of a URI of an `image`, `video` or `audio`; None when nothing is."""
    scheme = uri.partition(":")[0]
    if not _has_form(scheme, kind, uri):
        return issues.custom(path, f"Invalid URI: expected an https:, runway: or data:{kind}/ URI")
    if len(uri) > _MAX_LENGTH[scheme]:
        return issues.too_big("string", _MAX_LENGTH[scheme], path)
    if len(uri) < _MIN_LENGTH:
        return issues.too_small("string", _MIN_LENGTH, path)
    if scheme == "https" and _is_address(uri) and not is_loopback(uri):
        return issues.custom(path, "URL must use a host name, not an IP address")
    return None


def is_loopback(uri: str) -> bool:
    """Whether an http(s) URL points at this machine."""
    host = urlsplit(uri).hostname or ""
    return host == "localhost" or (_is_address(uri) and ipaddress.ip_address(host).is_loopback)


def _has_form(scheme: str, kind: str, uri: str) -> bool:
    match scheme:
        case "https":
            return bool(_host(uri))
        case "http":
            return bool(_host(uri)) and is_loopback(uri)
        case "runway":
            return uri.startswith("runway://")
        case "data":
            return uri.startswith(f"data:{kind}/")
        case _:
            return False


def _host(uri: str) -> str | None:
    try:
        return urlsplit(uri).hostname
    except ValueError:
        return None


def _is_address(uri: str) -> bool:
    try:
        ipaddress.ip_address(_host(uri) or "")
    except ValueError:
        return False
    return True
