"""`anymedia models`: what can be asked for, and of whom."""

from typing import Annotated

import typer

from anymedia.cli.console import BAD_INPUT, answer, complain, exiting
from anymedia.registry import provider_class, provider_names

__all__ = ["models"]


def models(
    provider: Annotated[str | None, typer.Option(help="Only this one's.")] = None,
    operation: Annotated[str | None, typer.Option(help="Only those for this, such as text-to-image.")] = None,
) -> None:
    """List models; a star marks the default."""
    wanted = operation.replace("-", "_") if operation else None
    found = 0
    for name in [provider] if provider else provider_names():
        with exiting(BAD_INPUT):
            catalog = provider_class(name).catalog()
        for offered in sorted(catalog.operations()):
            if wanted in (None, offered):
                for model in catalog.offering(offered):
                    star = "*" if catalog.defaults.get(offered) == model else " "
                    answer("\t".join([name, offered, star + model, *catalog.models[model].names]).rstrip())
                    found += 1
    if not found:
        complain(f"no model for {operation}")
        raise typer.Exit(BAD_INPUT)
