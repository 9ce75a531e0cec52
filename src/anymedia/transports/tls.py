"""Whom TLS trusts: the public certificates and, beside them, a company's own."""

import ssl
from pathlib import Path

import httpx

from anymedia.errors import ConfigurationError

__all__ = ["tls_context"]


def tls_context(ca_file: Path) -> ssl.SSLContext:
    """What trusts the certificates in `ca_file` (PEM) beside the public ones.

    Raises:
        ConfigurationError: The file cannot be read or holds no certificate.
    """
    context = httpx.create_ssl_context()
    try:
        context.load_verify_locations(cafile=ca_file)
    except OSError as error:  # ssl.SSLError is one
        raise ConfigurationError(f"ca_file {str(ca_file)!r} cannot be used: {error}") from error
    return context
