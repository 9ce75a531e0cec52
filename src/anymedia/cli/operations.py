"""`anymedia run`: a command per operation, made from its request class."""

import re
from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter, Signature, cleandoc, signature
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

import typer
from pydantic_core import from_json

from anymedia.cli.console import BAD_INPUT, exiting
from anymedia.cli.generate import DryRun, Key, generate
from anymedia.cli.options import Connection, Delivery, spread
from anymedia.errors import InvalidRequestError
from anymedia.json import JSON
from anymedia.requests import MEDIA_FIELDS, OPERATIONS, Request
from anymedia.results import Result

__all__ = ["app"]

_LEFT_OUT: Final = frozenset({"provider", "provider_options", "metadata", "messages", "idempotency_key"})
_ATTRIBUTE: Final = re.compile(r"^    (\w+): (.+(?:\n        .+)*)", re.MULTILINE)

Own = Annotated[
    list[str] | None,
    typer.Option("--option", metavar="NAME=VALUE", help="An option of the provider's own; may be repeated."),
]


def _run(
    kind: type[Request[Result]],
    values: Mapping[str, object],
    *,
    connection: Connection,
    delivery: Delivery,
    own: Own = None,
    key: Key = None,
    dry_run: DryRun = False,
) -> None:
    with exiting(BAD_INPUT):
        given = {name: _value(name, value) for name, value in values.items() if value is not None}
        options = _options(own or ())
    given |= {"idempotency_key": key} if key else {}
    generate(kind, given, connection, delivery, own=options, dry_run=dry_run)


def _value(name: str, value: Any) -> object:
    if name == "references":
        return [_input(item) for item in value]
    if name in MEDIA_FIELDS:
        return _input(value)
    return _json(name, value) if name in ("payload", "json_schema") else value


def _input(text: str) -> object:
    return text if "://" in text or text.startswith("data:") else Path(text)


def _json(name: str, text: str) -> JSON:
    try:
        found: JSON = from_json(text)
    except ValueError as error:
        raise InvalidRequestError(f"{name} is not JSON: {error}") from error
    return found


def _options(pairs: Sequence[str]) -> Mapping[str, JSON]:
    options: dict[str, JSON] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise InvalidRequestError(f"--option {pair}: write NAME=VALUE")
        try:
            options[name] = from_json(text)
        except ValueError:
            options[name] = text
    return options


def _command(kind: type[Request[Result]]) -> Callable[..., None]:
    own = [_parameter(kind, name) for name in kind.model_fields if name not in _LEFT_OUT]
    names = [parameter.name for parameter in own]
    shared = [parameter for name, parameter in signature(_run).parameters.items() if name not in ("kind", "values")]

    def command(**given: Any) -> None:
        values = {name: given.pop(name) for name in names}
        _run(kind, values, **given)

    made: Any = command
    made.__name__ = kind.operation
    made.__doc__ = cleandoc(kind.__doc__ or "").split("\n\n")[0]
    made.__signature__ = Signature([*own, *shared])
    made.__annotations__ = {parameter.name: parameter.annotation for parameter in (*own, *shared)}
    return spread(command)


def _parameter(kind: type[Request[Result]], name: str) -> Parameter:
    field = kind.model_fields[name]
    meaning = _meanings(kind).get(name, "")
    if field.is_required():
        about: Any = typer.Argument(metavar=name.upper(), help=meaning)
        return Parameter(name, Parameter.KEYWORD_ONLY, annotation=Annotated[_plain(name, field.annotation), about])
    about = typer.Option(help=meaning, metavar="FILE" if name in MEDIA_FIELDS else None)
    optional = _plain(name, field.annotation) | None
    return Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[optional, about])


def _plain(name: str, annotation: Any) -> Any:
    if name == "references":
        return list[str]
    kinds = _flat(annotation)
    return next((kind for kind in (bool, int, float) if kind in kinds), str)


def _flat(annotation: Any) -> set[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _flat(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return {kind for part in get_args(annotation) if part is not NoneType for kind in _flat(part)}
    return {annotation}


def _meanings(kind: type[Request[Result]]) -> dict[str, str]:
    """What each field means, from the documentation of the request class and of those it stands on."""
    documentation = [cleandoc(cls.__doc__ or "") for cls in reversed(kind.__mro__) if issubclass(cls, Request)]
    return {
        name: re.sub(r"\s+", " ", meaning).replace("`", "")
        for text in documentation
        for name, meaning in _ATTRIBUTE.findall(text.partition("Attributes:")[2])
    }


app: typer.Typer = typer.Typer(
    help="One operation by its name, with everything its request takes.",
    rich_markup_mode=None,
)
for _kind in OPERATIONS.values():
    _made = _command(_kind)
    app.command(_kind.operation.replace("_", "-"), short_help=_made.__doc__)(_made)  # else it is cut at 45 letters
