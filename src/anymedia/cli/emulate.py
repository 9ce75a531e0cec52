"""`anymedia emulate`: the vendors' services on this machine, until Ctrl-C."""

from collections.abc import Sequence
from contextlib import ExitStack
from threading import Event
from typing import Annotated

import typer

from anymedia.cli.console import BAD_INPUT, answer, exiting, say
from anymedia.errors import ConfigurationError
from anymedia.registry import emulator_class, emulator_names, provider_class
from anymedia.testing import Emulator, Endpoint
from anymedia.testing.hosting import Hosted

__all__ = ["emulate", "start_emulators"]

_POLL_INTERVAL = 0.2


def emulate(
    providers: Annotated[
        list[str] | None, typer.Argument(metavar="[PROVIDER]...", help="Whose; default: all that are installed.")
    ] = None,
    speed: Annotated[float, typer.Option(min=0.001, help="How many times faster than life tasks are done.")] = 1.0,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The first one's port, the next ones follow; 0 picks free ones.")
    ] = 0,
) -> None:
    """Run emulators of the vendors until Ctrl-C."""
    with ExitStack() as running:
        with exiting(BAD_INPUT):
            names = tuple(dict.fromkeys(providers or emulator_names()))
            endpoints = start_emulators(names, running, speed=speed, port=port)
        for name, endpoint in zip(names, endpoints, strict=True):
            _introduce(name, endpoint)
        say("running; Ctrl-C ends it")
        try:
            Event().wait()
        except KeyboardInterrupt:
            say("stopped")


def start_emulators(names: Sequence[str], running: ExitStack, *, speed: float, port: int = 0) -> list[Endpoint]:
    """Start one emulator after the other, each until `running` is closed.

    Raises:
        ConfigurationError: One is not installed, or its port is taken.
    """
    classes = [_emulator(name) for name in names]
    endpoints: list[Endpoint] = []
    for index, kind in enumerate(classes):
        try:
            hosted = Hosted(kind(speed=speed, port=port + index if port else 0))
            endpoints.append(running.enter_context(hosted))
        except (OSError, OverflowError) as error:
            raise ConfigurationError(f"port {port + index} cannot be used for {kind.name}: {error}") from error
    return endpoints


def _emulator(name: str) -> type[Emulator]:
    kind = emulator_class(name)
    if not isinstance(kind, type) or not issubclass(kind, Emulator):
        raise ConfigurationError(f"the entry point of emulator {name!r} is not an Emulator: {kind!r}")
    return kind


def _introduce(name: str, endpoint: Endpoint) -> None:
    """Print an emulator's address in forms that can be pasted."""
    defaults = provider_class(name).defaults
    answer(f"# {name}: in a shell")
    answer(f"export {defaults.base_url_env}={endpoint.base_url}")
    answer(f"export {defaults.api_key_env}={endpoint.api_key}")
    answer("# or in anymedia.toml")
    answer(f'provider = "{name}"')
    answer(f"[providers.{name}]")
    answer(f'base_url = "{endpoint.base_url}"')
    answer(f'api_key = "{endpoint.api_key}"')
    answer(f"poll_interval = {_POLL_INTERVAL}")
    answer("")
