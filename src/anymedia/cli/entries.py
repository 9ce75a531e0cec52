"""How the command line shows what the journal holds."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from pydantic import TypeAdapter

from anymedia.cli.console import price
from anymedia.errors import MediaError
from anymedia.journal import AttemptState, Entry
from anymedia.registry import provider_class

__all__ = ["entry_as_data", "facts", "listing", "where_to_look"]

_HEAD: Final = ("STATE", "PROVIDER", "OPERATION", "MODEL", "AGE", "COST", "TASK")
_AGES: Final = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
_entries: Final[TypeAdapter[Entry]] = TypeAdapter(Entry)


def listing(entries: Sequence[Entry]) -> Iterable[str]:
    """Attempts as a table; those whose outcome nobody knows in a second one, with where to look."""
    unknown = [entry for entry in entries if entry.state is AttemptState.UNKNOWN]
    known = [entry for entry in entries if entry not in unknown]
    if known:
        yield from _table(known)
    if known and unknown:
        yield ""
    if unknown:
        yield "Nobody can say whether these were started; they are never sent again by guess."
        yield from _table(unknown)
        yield from (f"Look for {where_to_look(entry)}" for entry in unknown)


def _table(entries: Sequence[Entry]) -> Iterable[str]:
    """A heading and one line per attempt, in columns; the address comes last, because it is long."""
    table = [_HEAD, *map(_row, entries)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)][:-1]
    for *cells, address in table:
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        yield "  ".join([*padded, address])


def facts(attempts: Sequence[Entry]) -> Iterable[tuple[str, str]]:
    """What the journal knows of one request, line by line."""
    last = attempts[-1]
    yield "request", last.request
    for entry in attempts:
        about = f" ({entry.error})" if entry.error else ""
        yield f"attempt {entry.attempt}", f"{entry.state}{about}, {_age(entry)} ago"
    yield "provider", f"{last.provider} ({last.endpoint})" if last.endpoint else last.provider
    yield "operation", last.operation
    yield "model", last.model
    yield "cost", price(last.cost)
    if last.idempotency_key is not None:
        yield "idempotency key", last.idempotency_key
    for name, value in last.metadata.items():
        yield f"metadata {name}", str(value)
    if last.autosave is not None and not last.saved:
        yield "to be saved in", last.autosave
    for file in last.saved:
        yield "saved", f"{file.path} ({file.size} bytes, sha256 {file.sha256})"
    if last.state is AttemptState.UNKNOWN:
        yield "where to look", where_to_look(last)


def where_to_look(entry: Entry) -> str:
    """How a person finds out whether an attempt started a task."""
    when = f"{entry.time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    what = f"task {entry.ref.id}" if entry.ref is not None else f"{entry.model} at {when}"
    try:
        place = provider_class(entry.provider).where_to_look
    except MediaError:  # no longer installed
        place = f"the pages of {entry.provider} that show what was used"
    return f"{what}: {place}"


def entry_as_data(entry: Entry) -> dict[str, object]:
    """An attempt under the journal's own names, its address as a string."""
    data: dict[str, object] = _entries.dump_python(entry, mode="json")
    return data | {"ref": str(entry.ref) if entry.ref is not None else None}


def _row(entry: Entry) -> tuple[str, ...]:
    address = str(entry.ref) if entry.ref is not None else f"request {entry.request}"
    operation = entry.operation.replace("_", "-")
    return (entry.state, entry.provider, operation, entry.model, _age(entry), price(entry.cost), address)


def _age(entry: Entry) -> str:
    """Time since the task was made, or the attempt was last heard of."""
    since = entry.ref.created if entry.ref is not None and entry.ref.created is not None else entry.time
    seconds = max(0, int((datetime.now(UTC) - since).total_seconds()))
    size, unit = next(((size, unit) for size, unit in _AGES if seconds >= size), _AGES[-1])
    return f"{seconds // size} {unit}"
