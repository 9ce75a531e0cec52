"""`anymedia tasks resume`: everything unfinished brought to its end, all at once."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import typer

from anymedia.cli.console import BAD_INPUT, FAILED, INTERRUPTED, answer, answer_json, complain, console, exiting, say
from anymedia.cli.entries import entry_as_data, where_to_look
from anymedia.cli.generate import as_data, save
from anymedia.cli.options import Connection, Delivery, Place, is_folder, open_client
from anymedia.cli.progress import Board, board_for, follow
from anymedia.errors import MediaError
from anymedia.handles import NOT_GIVEN
from anymedia.journal import Entry
from anymedia.refs import TaskRef
from anymedia.results import Result
from anymedia.sync import MediaClient, SyncRecovery, Task

__all__ = ["resume_all"]

_SHOWN: Final = 32
"""Tasks waited for and shown at once; the client follows all of them from the start."""


@dataclass(frozen=True)
class _End:
    """What became of one task."""

    ref: TaskRef
    result: Result | None = None
    files: Sequence[Path] = ()
    error: MediaError | OSError | None = None


def resume_all(entries: Sequence[Entry], delivery: Delivery, place: Place) -> None:
    """Bring unfinished attempts to their end, and say what became of each.

    Args:
        entries: The unfinished attempts of the journal.
        delivery: Where outputs go, and how long to wait for each task.
        place: Where settings and records are.
    """
    found, ends = SyncRecovery(tasks=(), unknown=(), elsewhere=()), list[_End]()
    if entries:
        with exiting(BAD_INPUT):
            client = _open(entries, place)
        found, ends = _recover(client, delivery)
    else:
        say("nothing unfinished")
    if delivery.json:
        answer_json(_as_data(found, ends))
    for end in ends:
        _tell(end, files=not delivery.json)
    if found.unknown or any(end.error for end in ends):
        say("what is left: anymedia tasks list")
        raise typer.Exit(FAILED)


def _open(entries: Sequence[Entry], place: Place) -> MediaClient:
    """A client for these attempts, whatever provider is configured: the first of theirs that is set up."""
    problems: list[MediaError] = []
    for provider in dict.fromkeys(entry.provider for entry in entries):
        try:
            return open_client(Connection(provider=provider, config=place.config, journal=place.journal))
        except MediaError as error:
            problems.append(error)
    raise problems[0]


def _recover(client: MediaClient, delivery: Delivery) -> tuple[SyncRecovery, list[_End]]:
    if delivery.out is not None and is_folder(delivery.out):
        client = client.with_options(autosave=delivery.out)
    try:
        with ThreadPoolExecutor(_SHOWN) as pool, client, board_for(console) as board:
            with exiting(FAILED):
                found = client.recover()
                _tell_of_the_others(found, client.unfinished())
            waiting = [pool.submit(_bring, client, task, board, delivery) for task in found.tasks]
            return found, [end.result() for end in waiting]
    except KeyboardInterrupt:
        say("interrupted; the tasks go on: anymedia tasks resume")
        raise typer.Exit(INTERRUPTED) from None


def _bring(client: MediaClient, task: Task[Result], board: Board, delivery: Delivery) -> _End:
    timeout = NOT_GIVEN if delivery.timeout is None else delivery.timeout
    try:
        result = follow(task, f"{task.ref.provider} {task.ref.operation} {task.ref.id[:8]}", board, timeout)
        return _End(task.ref, result, save(client, result, delivery.out))
    except (MediaError, OSError) as error:
        return _End(task.ref, error=error)


def _tell_of_the_others(found: SyncRecovery, unfinished: Sequence[Entry]) -> None:
    """Everything in the journal that will not come to its end now."""
    for entry in found.unknown:
        say(f"nobody can say whether this was started: {where_to_look(entry)}", "yellow")
    for entry in found.elsewhere:
        say(f"not at {entry.endpoint or entry.provider} now: {entry.ref or entry.request}", "yellow")
    taken = {(task.ref.provider, task.ref.id) for task in found.tasks}
    listed = {entry.request for entry in (*found.unknown, *found.elsewhere)}
    for entry in unfinished:
        if entry.request not in listed and (entry.ref is None or (entry.ref.provider, entry.ref.id) not in taken):
            say(f"another process has it, or had it a moment ago: {entry.ref or entry.request}", "yellow")


def _tell(end: _End, *, files: bool) -> None:
    if end.error is not None:
        complain(f"{end.ref.id}: {end.error.message if isinstance(end.error, MediaError) else end.error}")
    for problem in end.result.errors if end.result is not None else ():
        say(f"missing output of {end.ref.id}: {problem.message}", "yellow")
    for file in end.files if files else ():
        answer(file)


def _as_data(found: SyncRecovery, ends: Sequence[_End]) -> dict[str, object]:
    return {
        "tasks": [_end_as_data(end) for end in ends],
        "unknown": [entry_as_data(entry) for entry in found.unknown],
        "elsewhere": [entry_as_data(entry) for entry in found.elsewhere],
    }


def _end_as_data(end: _End) -> dict[str, object]:
    if end.result is not None:
        return as_data(end.result, end.files) | {"error": None}
    error = end.error
    code = error.code if isinstance(error, MediaError) else "os_error"
    return {"ref": str(end.ref), "error": {"code": code, "message": str(error)}, "files": []}
