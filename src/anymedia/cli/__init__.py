"""The command `anymedia`; its packages come with the extra `cli`."""

import sys
from collections.abc import Sequence

__all__ = ["main"]

_PACKAGES = ("typer", "rich")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: What follows the command's name; left out, those of this process.

    Returns:
        The exit code: 0 done, 1 failed at the provider, 2 refused before anything was sent, 130 interrupted.
    """
    try:
        from anymedia.cli.app import run
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _PACKAGES:
            raise
        sys.stderr.write('anymedia: the command line needs its extra packages: pip install "anymedia[cli]"\n')
        return 2
    return run(arguments)
