"""Providers and emulators found through entry points: the only door, for ours and for strangers'."""

import difflib
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol

from anymedia.errors import ConfigurationError
from anymedia.provider import CONTRACT, Provider

__all__ = ["emulator_class", "emulator_endpoint", "emulator_names", "provider_class", "provider_names"]

_PROVIDERS = "anymedia.providers"
_EMULATORS = "anymedia.emulators"


class _Endpoint(Protocol):
    @property
    def base_url(self) -> str: ...
    @property
    def api_key(self) -> str: ...


def provider_names() -> tuple[str, ...]:
    """The names of every installed provider, in alphabetical order."""
    return tuple(sorted(entry_points(group=_PROVIDERS).names))


@cache
def provider_class(name: str) -> type[Provider]:
    """Import the provider of that name.

    Raises:
        ConfigurationError: There is none; it cannot be imported; or it is made for another contract.
    """
    loaded: object = _load(_find(_PROVIDERS, name))
    if not isinstance(loaded, type) or not issubclass(loaded, Provider):
        raise ConfigurationError(f"the entry point of provider {name!r} is not a Provider: {loaded!r}")
    if loaded.contract != CONTRACT:
        raise ConfigurationError(
            f"provider {name!r} is made for contract {loaded.contract}, this anymedia speaks contract {CONTRACT}; "
            "install versions that fit together"
        )
    return loaded


def emulator_names() -> tuple[str, ...]:
    """The names of every installed emulator, in alphabetical order."""
    return tuple(sorted(entry_points(group=_EMULATORS).names))


def emulator_class(name: str) -> object:
    """Import the emulator of that provider; an `anymedia.testing.Emulator` class, which this room does not know.

    Raises:
        ConfigurationError: The provider has no emulator, or the `emulator` extra is not installed.
    """
    return _load(_find(_EMULATORS, name))


def emulator_endpoint(name: str) -> tuple[str, str]:
    """Base URL and key of this process's emulator of a provider, started on first use.

    Raises:
        ConfigurationError: The provider has no emulator, or the `emulator` extra is not installed.
    """
    shared = getattr(emulator_class(name), "shared")  # noqa: B009
    endpoint: _Endpoint = shared()
    return endpoint.base_url, endpoint.api_key


def _find(group: str, name: str) -> EntryPoint:
    found = entry_points(group=group, name=name)
    if found:
        return next(iter(found))
    known = sorted(entry_points(group=group).names)
    near = difflib.get_close_matches(name, known, 1)
    kind = group.removeprefix("anymedia.").removesuffix("s")
    hint = f"did you mean {near[0]!r}?" if near else f"install the package that brings it (pip install anymedia-{name})"
    raise ConfigurationError(f"no {kind} {name!r}; installed: {', '.join(known) or 'none'}; {hint}")


def _load(entry: EntryPoint) -> object:
    try:
        return entry.load()
    except (ImportError, AttributeError) as error:
        extra = 'pip install "anymedia[emulator]"' if entry.group == _EMULATORS else "check its installation"
        kind = entry.group.removeprefix("anymedia.").removesuffix("s")
        raise ConfigurationError(f"{kind} {entry.name!r} cannot be imported ({error}); {extra}") from error
