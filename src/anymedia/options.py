"""What a client is told: as it is made, by arguments, environment and file; and by each view of it."""

import os
from dataclasses import dataclass, field, replace
from decimal import Decimal
from os import PathLike
from pathlib import Path
from typing import Literal, TypeAlias

from anymedia.config import Config
from anymedia.durable import SqliteJournal, default_journal
from anymedia.errors import ConfigurationError
from anymedia.handles import NOT_GIVEN, NotGiven
from anymedia.journal import Journal, MemoryJournal
from anymedia.planning import PlanPolicy
from anymedia.registry import provider_names
from anymedia.submission import OnUnknown

__all__ = [
    "Delivery",
    "Options",
    "SizePolicy",
    "default_provider",
    "folder",
    "open_journal",
    "policy_with",
    "wants_emulator",
]

Delivery: TypeAlias = Literal["auto", "poll"]
SizePolicy: TypeAlias = Literal["exact", "nearest"]


@dataclass(frozen=True, kw_only=True)
class Options:
    """Per-call settings of one view on a client; see `AsyncMediaClient.with_options`."""

    provider: str
    timeout: float | None | NotGiven = NOT_GIVEN
    policy: PlanPolicy = field(default_factory=PlanPolicy)
    on_unknown: OnUnknown = "raise"
    delivery: Delivery = "auto"
    fallback: tuple[str, ...] = ()
    autosave: str | None = None


def policy_with(
    policy: PlanPolicy,
    *,
    strict: bool | None,
    size_policy: SizePolicy | None,
    max_cost: Decimal | float | None | NotGiven,
) -> PlanPolicy:
    """The same policy but for what is given here."""
    if strict is not None:
        policy = replace(policy, strict=strict)
    if size_policy is not None:
        policy = replace(policy, size_policy=size_policy)
    if not isinstance(max_cost, NotGiven):
        policy = replace(policy, max_cost=None if max_cost is None else Decimal(str(max_cost)))
    return policy


def folder(path: str | PathLike[str] | None) -> str | None:
    """A folder's whole path, so that it stays the same wherever the program goes."""
    return None if path is None else str(Path(path).absolute())


def open_journal(given: Journal | str | PathLike[str] | None | NotGiven, config: Config, *, emulated: bool) -> Journal:
    """The journal that an argument, else `ANYMEDIA_JOURNAL`, else the configuration names. No I/O but for the default.

    Args:
        given: A journal or its file; None keeps it in memory.
        config: What the configuration file says.
        emulated: Whether emulators answer, whose tasks are not worth remembering unless somebody says so.
    """
    if given is None:
        return MemoryJournal()
    if not isinstance(given, NotGiven | str | PathLike):
        return given.share()
    chosen = os.environ.get("ANYMEDIA_JOURNAL") or config.journal_file if isinstance(given, NotGiven) else given
    if chosen == "memory" or (chosen is None and emulated):
        return MemoryJournal()
    return SqliteJournal(Path(chosen)) if chosen is not None else default_journal()


def default_provider(given: str | None, config: Config) -> str:
    """The provider that an argument, else `ANYMEDIA_PROVIDER`, else the configuration names.

    Raises:
        ConfigurationError: None of them does.
    """
    name = given or os.environ.get("ANYMEDIA_PROVIDER") or config.provider
    if name is None:
        known = " or ".join(map(repr, provider_names()))
        where = config.path or "anymedia.toml"
        raise ConfigurationError(
            f"no provider chosen: pass one ({known}), set ANYMEDIA_PROVIDER, or name it in {where}"
        )
    return name


def wants_emulator(given: bool | None, base_url: str | None, config: Config) -> bool:  # noqa: FBT001
    """Whether emulators answer, by the arguments, else `ANYMEDIA_EMULATE`, else the configuration.

    Raises:
        ConfigurationError: The arguments contradict each other.
    """
    if base_url is not None:  # an address given as an argument is meant, whatever the environment says
        if given:
            raise ConfigurationError("emulate=True and base_url contradict each other; give one of them")
        return False
    if given is not None:
        return given
    named = os.environ.get("ANYMEDIA_EMULATE")
    return named.lower() not in ("", "0", "false", "no") if named is not None else config.emulate
