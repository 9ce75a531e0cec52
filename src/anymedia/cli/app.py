"""The command line as a whole: its commands, and how it ends."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated, Protocol, runtime_checkable

import typer

from anymedia.cli import operations, tasks
from anymedia.cli.console import BAD_INPUT, answer, complain
from anymedia.cli.demo import demo
from anymedia.cli.emulate import emulate
from anymedia.cli.generate import image, upscale, video
from anymedia.cli.models import models
from anymedia.cli.options import spread

__all__ = ["run"]

_app = typer.Typer(
    name="anymedia",
    help="One client for AI media generation. To see it work without a key: anymedia demo",
    epilog="Commands with a prompt ask the provider that --provider, ANYMEDIA_PROVIDER or anymedia.toml names.",
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@runtime_checkable
class _UsageError(Protocol):
    """What typer raises for a command line it cannot read; its class has moved between versions."""

    def format_message(self) -> str: ...


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; arguments default to those of this process."""
    try:
        code: object = _app(args=arguments, prog_name="anymedia", standalone_mode=False)
    except Exception as error:
        if not isinstance(error, _UsageError):
            raise
        complain(f"{error.format_message()} (see {_asked_for(error)} --help)")
        return BAD_INPUT
    return code if isinstance(code, int) else 0


def _asked_for(error: Exception) -> str:
    context: typer.Context | None = getattr(error, "ctx", None)
    return context.command_path if context is not None else "anymedia"


@_app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    *,
    version_wanted: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version_wanted:
        answer(version("anymedia"))
    elif context.invoked_subcommand is None:
        answer(context.get_help())


for _command in (demo, image, video, upscale, emulate, models):
    _app.command()(spread(_command))
_app.add_typer(operations.app, name="run")
_app.add_typer(tasks.app, name="tasks", short_help=tasks.app.info.help)
_app.add_typer(tasks.app, name="task", hidden=True)
