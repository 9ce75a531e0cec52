"""What the command line says and how it ends: people read stderr, programs stdout and the exit code."""

import json
import shlex
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final, NoReturn

import typer
from rich.console import Console
from rich.text import Text

from anymedia.errors import (
    DownloadError,
    IdempotencyConflictError,
    MediaError,
    ProviderUnavailableError,
    SubmissionUnknownError,
    TransportError,
)
from anymedia.refs import TaskRef
from anymedia.results import Cost

__all__ = [
    "BAD_INPUT",
    "FAILED",
    "INTERRUPTED",
    "answer",
    "answer_json",
    "complain",
    "console",
    "exiting",
    "interrupted",
    "price",
    "say",
    "wait_command",
]

FAILED: Final = 1
"""The provider, the network or the disk failed."""
BAD_INPUT: Final = 2
"""Something was wrong that was found before anything was sent."""
INTERRUPTED: Final = 130
"""Ctrl-C, as shells count it."""

_NOT_THE_TASKS_FAULT = (OSError, ProviderUnavailableError, SubmissionUnknownError, TransportError, DownloadError)
"""What may leave a task at the provider that is still worth asking for; a `TaskTimeoutError` is an OSError too."""

console: Console = Console(stderr=True)


def say(text: str, style: str = "") -> None:
    """One line for people."""
    console.print(Text(text, style=style), soft_wrap=True)


def complain(text: str) -> None:
    """One line that says what is wrong."""
    console.print(Text.assemble(("error:", "bold red"), " ", " ".join(text.split())), soft_wrap=True)


def answer(text: object) -> None:
    """One line for programs."""
    typer.echo(str(text))


def answer_json(data: object) -> None:
    """The whole answer for programs."""
    typer.echo(json.dumps(data, indent=2, ensure_ascii=False, default=str))


@contextmanager
def exiting(code: int, ref: TaskRef | None = None) -> Generator[None]:
    """Turn every expected error into one line and an exit code.

    Args:
        code: The exit code; a used idempotency key is bad input whenever it is found out.
        ref: A task that has already been started, so that its address is said too.
    """
    try:
        yield
    except (MediaError, OSError) as error:
        complain(error.message if isinstance(error, MediaError) else str(error))
        found = ref or (error.ref if isinstance(error, MediaError) else None)
        if found is not None and isinstance(error, _NOT_THE_TASKS_FAULT):
            say(f"ask for the task again: {wait_command(found)}")
        raise typer.Exit(BAD_INPUT if isinstance(error, IdempotencyConflictError) else code) from error


def interrupted(ref: TaskRef | None, *, emulated: bool = False) -> NoReturn:
    """End after Ctrl-C, and say where the task is found again."""
    if emulated:
        say("interrupted; the emulated task ended with this command")
    elif ref is None:
        say("interrupted while the request was being sent; to find out what became of it: anymedia tasks resume")
    else:
        say(f"interrupted; the task goes on: {wait_command(ref)}")
    raise typer.Exit(INTERRUPTED)


def price(cost: Cost | None) -> str:
    """A cost, with US dollars beside a provider's own unit."""
    if cost is None:
        return "unknown"
    dollars = f" (${cost.usd:f})" if cost.usd is not None and cost.unit != "USD" else ""
    return f"{cost}{dollars}"


def wait_command(ref: TaskRef) -> str:
    """What to type to get at a task again."""
    return f"anymedia tasks wait {shlex.quote(str(ref))}"
