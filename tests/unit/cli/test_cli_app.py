"""The command as a whole: help, version, and what happens without its packages."""

import re
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]
PAGE = Path(__file__).parents[3] / "docs" / "reference" / "command-line.md"
COMMANDS = ("demo", "image", "video", "upscale", "emulate", "models", "tasks")
SUBCOMMANDS = tuple(f"tasks {name}" for name in ("list", "show", "wait", "resume", "save", "cancel", "forget"))


def test_no_arguments_print_help(anymedia: Command) -> None:
    """A newcomer who types the name alone sees every command and where to begin."""
    answer = anymedia()
    assert answer.code == 0
    assert all(f"\n  {command} " in answer.out for command in COMMANDS)
    assert "anymedia demo" in " ".join(answer.out.split())


@pytest.mark.parametrize("command", [*COMMANDS, *SUBCOMMANDS])
def test_every_command_explains_itself(anymedia: Command, command: str) -> None:
    """`-h` works everywhere and prints usage to stdout."""
    answer = anymedia(*command.split(), "-h")
    assert answer.code == 0
    assert f"Usage: anymedia {command}" in answer.out


@pytest.mark.parametrize("command", [*COMMANDS, *SUBCOMMANDS])
def test_the_reference_page_has_every_option(anymedia: Command, command: str) -> None:
    """No command and no option is missing from the documentation."""
    page = PAGE.read_text(encoding="utf-8")
    options = re.findall(r"^  (?:-\w, )?(--[a-z-]+)", anymedia(*command.split(), "-h").out, re.MULTILINE)
    assert options
    assert [option for option in options if f"`{option}`" not in page and option != "--help"] == []
    assert f"`anymedia {command}" in page


def test_version(anymedia: Command) -> None:
    """`--version` is the distribution's."""
    assert anymedia("--version").out == f"{version('anymedia')}\n"


@pytest.mark.parametrize("package", ["typer", "rich"])
def test_without_its_packages_one_line_says_what_to_install(package: str) -> None:
    """A core installation has the command; it names the extra and ends with 2."""
    script = f"import sys; sys.modules[{package!r}] = None; from anymedia.cli import main; sys.exit(main([]))"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.count("\n") == 1
    assert 'pip install "anymedia[cli]"' in ended.stderr


def test_help_needs_and_loads_no_package_of_the_emulators() -> None:
    """An installation without the extra `emulator` has every command but those that start one; help comes fast."""
    script = (
        "import sys; from anymedia.cli import main; main([]); print(*{'PIL', 'av', 'starlette'} & set(sys.modules))"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == ""


def test_models_are_listed_with_their_defaults(anymedia: Command) -> None:
    """Provider, operation and model, one line each; a star marks what is taken when none is named."""
    answer = anymedia("models", "--provider", "runway", "--operation", "image-to-video")
    rows = [line.split("\t") for line in answer.out.splitlines()]
    assert all(row[:2] == ["runway", "image_to_video"] for row in rows)
    assert sum(row[2].startswith("*") for row in rows) == 1
