"""`anymedia tasks`: what was started earlier, found in the journal or by its reference, and brought to its end."""

from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Annotated, TypeVar

import typer

from anymedia.bridge import bridge
from anymedia.cli.console import (
    BAD_INPUT,
    FAILED,
    answer,
    answer_json,
    complain,
    exiting,
    say,
    wait_command,
)
from anymedia.cli.entries import entry_as_data, facts, listing
from anymedia.cli.generate import deliver
from anymedia.cli.options import Connection, Delivery, Place, check_out, journal_at, open_client, spread
from anymedia.cli.resume import resume_all
from anymedia.client import parse_ref
from anymedia.errors import InvalidRequestError
from anymedia.journal import Entry, Journal
from anymedia.refs import TaskRef
from anymedia.results import Result
from anymedia.sync import MediaClient, Task
from anymedia.tasks import Snapshot

__all__ = ["app"]

T = TypeVar("T")

app: typer.Typer = typer.Typer(help="Find, watch, save, resume, cancel or forget what was started earlier.")

Ref = Annotated[str, typer.Argument(metavar="REF", help="The reference that was printed when the task was started.")]
Known = Annotated[
    str, typer.Argument(metavar="REF|REQUEST", help="A task's reference, or the id of a request in the journal.")
]
All = Annotated[bool, typer.Option("--all", help="Everything in the journal, not only what has no known end.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.callback(invoke_without_command=True)
def _root(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        answer(context.get_help())


@app.command("list")
@spread
def list_tasks(*, place: Place, everything: All = False, json: AsJson = False) -> None:
    """List the attempts whose end the journal does not know. Asks no provider."""
    entries = _journalled(place, unfinished=not everything)
    if json:
        answer_json([entry_as_data(entry) for entry in entries])
    elif not entries:
        say("the journal is empty" if everything else "nothing unfinished")
    else:
        for line in listing(entries):
            answer(line)


@app.command()
@spread
def show(task: Known, *, place: Place, json: AsJson = False) -> None:
    """Show what the journal knows of a task, and what its provider says now."""
    attempts, ref = _found(task, place)
    if not json:
        for name, value in facts(attempts) if attempts else ():
            answer(f"{name}: {value}")
    snapshot = _asked(ref, place) if ref is not None else None
    if json:
        answer_json(
            (_as_data(snapshot) if snapshot is not None else {}) | {"attempts": [*map(entry_as_data, attempts)]}
        )
    elif snapshot is not None:
        progress = "" if snapshot.progress is None or snapshot.state.is_final else f" {snapshot.progress:.0%}"
        answer(f"now: {snapshot.state}{progress}")
        if snapshot.failure is not None:
            complain(snapshot.failure.message)


@app.command()
@spread
def wait(ref: Ref, *, delivery: Delivery, place: Place) -> None:
    """Wait for a task's end and write its outputs."""
    with exiting(BAD_INPUT):
        check_out(delivery.out)
    with _attached(ref, place) as (client, task):
        deliver(client, task, delivery)


@app.command()
@spread
def resume(*, delivery: Delivery, place: Place) -> None:
    """Bring everything unfinished to its end: wait for all tasks and write their outputs. Starts nothing."""
    with exiting(BAD_INPUT):
        check_out(delivery.out)
    resume_all(_journalled(place, unfinished=True), delivery, place)


@app.command()
@spread
def save(ref: Ref, *, delivery: Delivery, place: Place) -> None:
    """Write the outputs of a task that has ended; does not wait."""
    with exiting(BAD_INPUT):
        check_out(delivery.out)
    with _attached(ref, place) as (client, task):
        with exiting(FAILED):
            state = task.status().state
        if not state.is_final:
            complain(f"the task is {state}; {wait_command(task.ref)}")
            raise typer.Exit(FAILED)
        deliver(client, task, delivery)


@app.command()
@spread
def cancel(ref: Ref, *, place: Place, json: AsJson = False) -> None:
    """Stop a task where the provider can."""
    with _attached(ref, place) as (_, task), exiting(FAILED):
        outcome = task.cancel()
        if json:
            answer_json({"stopped": outcome.stopped, "refund": outcome.refund, "state": outcome.state})
        else:
            stopped = "stopped" if outcome.stopped else "not stopped"
            answer(f"{stopped}; the task is {outcome.state}; refund: {outcome.refund}")


@app.command()
@spread
def forget(task: Known, *, place: Place) -> None:
    """Strike a request from the journal; its task, if any, goes on at the provider."""
    attempts, _ = _found(task, place)
    if not attempts:
        complain("the journal does not know this task")
        raise typer.Exit(BAD_INPUT)
    _in_journal(place, lambda journal: journal.forget(attempts[-1].request))
    say("forgotten")


def _in_journal(place: Place, work: Callable[[Journal], Awaitable[T]]) -> T:
    with exiting(BAD_INPUT):
        journal = journal_at(place)

    async def opened() -> T:
        try:
            return await work(journal)
        finally:
            await journal.aclose()

    with exiting(FAILED):
        return bridge().run(opened)


def _journalled(place: Place, *, unfinished: bool = False) -> tuple[Entry, ...]:
    return _in_journal(place, lambda journal: journal.latest(unfinished=unfinished))


def _found(text: str, place: Place) -> tuple[Sequence[Entry], TaskRef | None]:
    """The attempts of the request that a reference or an id leads to, and the task, as far as there are any."""
    entries = _journalled(place)
    try:
        ref: TaskRef | None = parse_ref(text)
    except InvalidRequestError as error:
        attempts = [entry for entry in entries if entry.request == text]
        if not attempts:
            complain(f"no request in the journal has this id, and {error.message}")
            raise typer.Exit(BAD_INPUT) from error
        return attempts, attempts[-1].ref
    request = next((entry.request for entry in entries if _same(entry.ref, ref)), None)
    return [entry for entry in entries if entry.request == request], ref


def _same(one: TaskRef | None, other: TaskRef | None) -> bool:
    return one is not None and other is not None and (one.provider, one.id) == (other.provider, other.id)


def _asked(ref: TaskRef, place: Place) -> Snapshot:
    """What the provider says; a look changes nothing in the journal."""
    with _attached(str(ref), replace(place, journal="memory")) as (_, task), exiting(FAILED):
        return task.status()


@contextmanager
def _attached(text: str, place: Place) -> Generator[tuple[MediaClient, Task[Result]]]:
    """The client and the task that a reference leads to."""
    with exiting(BAD_INPUT):
        ref = parse_ref(text)
        client = open_client(Connection(provider=ref.provider, config=place.config, journal=place.journal))
    with client:
        yield client, client.attach(ref)


def _as_data(snapshot: Snapshot) -> dict[str, object]:
    return {
        "ref": str(snapshot.ref),
        "state": snapshot.state,
        "progress": snapshot.progress,
        "provider_status": snapshot.provider_status,
        "outputs": [output.model_dump(mode="json", exclude={"data"}) for output in snapshot.outputs],
        "cost": snapshot.cost.model_dump(mode="json") if snapshot.cost else None,
        "failure": {"code": snapshot.failure.code, "message": snapshot.failure.message} if snapshot.failure else None,
    }
