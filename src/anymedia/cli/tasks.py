"""`anymedia task`: what was started earlier, found again by its reference."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from anymedia.cli.console import BAD_INPUT, FAILED, answer, answer_json, complain, exiting, wait_command
from anymedia.cli.generate import deliver
from anymedia.cli.options import Connection, Delivery, check_out, open_client, spread
from anymedia.client import parse_ref
from anymedia.results import Result
from anymedia.sync import MediaClient, Task
from anymedia.tasks import Snapshot

__all__ = ["app"]

app: typer.Typer = typer.Typer(help="Look at, wait for, cancel or save a task.")

Ref = Annotated[str, typer.Argument(metavar="REF", help="The reference that was printed when the task was started.")]
ConfigFile = Annotated[Path | None, typer.Option(help="The configuration file; default: the nearest anymedia.toml.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.callback(invoke_without_command=True)
def _root(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        answer(context.get_help())


@app.command()
def status(ref: Ref, *, config: ConfigFile = None, json: AsJson = False) -> None:
    """Ask once how a task gets on."""
    with _attached(ref, config) as (_, task), exiting(FAILED):
        snapshot = task.status()
        if json:
            answer_json(_as_data(snapshot))
        else:
            progress = "" if snapshot.progress is None or snapshot.state.is_final else f" {snapshot.progress:.0%}"
            answer(f"{snapshot.state}{progress}")
            if snapshot.failure is not None:
                complain(snapshot.failure.message)


@app.command()
@spread
def wait(ref: Ref, *, delivery: Delivery, config: ConfigFile = None) -> None:
    """Wait for a task's end and write its outputs."""
    with exiting(BAD_INPUT):
        check_out(delivery.out)
    with _attached(ref, config) as (client, task):
        deliver(client, task, delivery)


@app.command()
def cancel(ref: Ref, *, config: ConfigFile = None, json: AsJson = False) -> None:
    """Stop a task where the provider can."""
    with _attached(ref, config) as (_, task), exiting(FAILED):
        outcome = task.cancel()
        if json:
            answer_json({"stopped": outcome.stopped, "refund": outcome.refund, "state": outcome.state})
        else:
            stopped = "stopped" if outcome.stopped else "not stopped"
            answer(f"{stopped}; the task is {outcome.state}; refund: {outcome.refund}")


@app.command()
@spread
def save(ref: Ref, *, delivery: Delivery, config: ConfigFile = None) -> None:
    """Write the outputs of a task that has ended; does not wait."""
    with exiting(BAD_INPUT):
        check_out(delivery.out)
    with _attached(ref, config) as (client, task):
        with exiting(FAILED):
            state = task.status().state
        if not state.is_final:
            complain(f"the task is {state}; {wait_command(task.ref)}")
            raise typer.Exit(FAILED)
        deliver(client, task, delivery)


@contextmanager
def _attached(text: str, config: Path | None) -> Generator[tuple[MediaClient, Task[Result]]]:
    """The client and the task that a reference leads to."""
    with exiting(BAD_INPUT):
        ref = parse_ref(text)
        client = open_client(Connection(provider=ref.provider, config=config))
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
