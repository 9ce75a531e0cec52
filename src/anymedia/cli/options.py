"""The options that commands share, and how a group of them stands as one parameter."""

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, is_dataclass
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from anymedia.config import find_config, load_config
from anymedia.errors import ConfigurationError
from anymedia.handles import NOT_GIVEN
from anymedia.journal import Journal
from anymedia.options import open_journal
from anymedia.registry import provider_names
from anymedia.sync import MediaClient

__all__ = [
    "Connection",
    "Delivery",
    "Look",
    "Place",
    "check_out",
    "given",
    "is_folder",
    "journal_at",
    "open_client",
    "spread",
]

ConfigFile = Annotated[Path | None, typer.Option(help="The configuration file; default: the nearest anymedia.toml.")]
JournalFile = Annotated[
    str | None, typer.Option(metavar="FILE", help="Where attempts are recorded; default: as configured.")
]


@dataclass(frozen=True)
class Place:
    """Where settings and records are."""

    config: ConfigFile = None
    journal: JournalFile = None


@dataclass(frozen=True)
class Connection:
    """Who answers."""

    provider: Annotated[str | None, typer.Option(help="Who answers; wins over ANYMEDIA_PROVIDER and the file.")] = None
    config: ConfigFile = None
    emulate: Annotated[
        bool, typer.Option("--emulate", help="An emulator on this machine answers; needs no key, costs nothing.")
    ] = False
    fallback: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Who is asked when the first has surely started nothing; may be repeated."),
    ] = None
    journal: JournalFile = None


@dataclass(frozen=True)
class Delivery:
    """How long to wait, where the outputs go and how they are told of."""

    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="A file, or a folder: a name without suffix. Default: here.")
    ] = None
    timeout: Annotated[
        float | None,
        typer.Option(min=0.0, help="Seconds to wait for the result; default: as configured, else 600."),
    ] = None
    json: Annotated[bool, typer.Option("--json", help="Print JSON in place of paths.")] = False


@dataclass(frozen=True)
class Look:
    """What a new picture or film should look like; named as the requests name it."""

    model: Annotated[str | None, typer.Option(help="A model; default: the provider's for this operation.")] = None
    size: Annotated[str | None, typer.Option(help="Exact pixels, such as 1280x720.")] = None
    aspect_ratio: Annotated[str | None, typer.Option(help="Such as 16:9; the nearest size the model has.")] = None
    resolution: Annotated[str | None, typer.Option(help="The scale for the aspect ratio: 480p, 720p, ... 4k.")] = None
    count: Annotated[int | None, typer.Option(help="How many outputs; default: 1.")] = None
    seed: Annotated[int | None, typer.Option(help="Repeats a result where the model allows it.")] = None
    negative_prompt: Annotated[str | None, typer.Option(help="What should not appear.")] = None


def given(*groups: Any, **values: object) -> dict[str, object]:
    """Everything that was given on the command line, by the name of its request field."""
    everything = {name: value for group in groups for name, value in asdict(group).items()} | values
    return {name: value for name, value in everything.items() if value is not None}


def spread(function: Callable[..., None]) -> Callable[..., None]:
    """Let a parameter whose type is a dataclass stand for one option per field."""
    hints = get_type_hints(function, include_extras=True)
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}

    def command(**values: Any) -> None:
        for name, group in groups.items():
            values[name] = group(**{field.name: values.pop(field.name) for field in fields(group)})
        function(**values)

    parameters: list[Parameter] = []
    for name, parameter in signature(function).parameters.items():
        if name in groups:
            parameters += _options_of(groups[name])
        else:
            parameters.append(parameter.replace(annotation=hints[name], kind=Parameter.KEYWORD_ONLY))
    made: Any = command
    made.__name__ = function.__name__
    made.__doc__ = function.__doc__
    made.__signature__ = Signature(parameters)
    made.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def _options_of(group: Any) -> list[Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        Parameter(field.name, Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name])
        for field in fields(group)
    ]


def open_client(connection: Connection) -> MediaClient:
    """The client that the options, the environment and the configuration file describe.

    Raises:
        ConfigurationError: No provider is chosen, or the settings are wrong.
        AuthenticationError: There is no key.
    """
    path = connection.config or find_config()
    if not (connection.provider or os.environ.get("ANYMEDIA_PROVIDER") or load_config(path).provider):
        known = " or ".join(f"--provider {name}" for name in provider_names())
        raise ConfigurationError(
            f"no provider chosen: add {known}, set ANYMEDIA_PROVIDER, or write provider = ... into anymedia.toml; "
            "to try it without a key, add --emulate too"
        )
    client = MediaClient.from_config(
        path,
        provider=connection.provider,
        emulate=connection.emulate or None,
        journal=NOT_GIVEN if connection.journal is None else connection.journal,
    )
    return client.with_options(fallback=connection.fallback) if connection.fallback else client


def journal_at(place: Place) -> Journal:
    """The journal that the option, the environment or the configuration file names.

    Raises:
        ConfigurationError: The configuration file cannot be read.
    """
    config = load_config(place.config or find_config())
    return open_journal(NOT_GIVEN if place.journal is None else place.journal, config, emulated=False)


def check_out(path: Path | None) -> None:
    """Refuse a place that cannot be written to, while nothing has been paid for.

    Raises:
        ConfigurationError: It cannot.
    """
    if path is None:
        path = Path()
    folder = path if is_folder(path) else path.parent
    nearest = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not nearest.is_dir():
        raise ConfigurationError(f"--out {path}: {nearest} is a file, not a folder")
    if not os.access(nearest, os.W_OK):
        raise ConfigurationError(f"--out {path}: {nearest} cannot be written to")


def is_folder(path: Path) -> bool:
    """Whether outputs go into `path`, rather than become it."""
    return path.is_dir() or not path.suffix
