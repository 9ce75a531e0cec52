"""`anymedia demo`: the same dozen lines against every provider's emulator, with no key and no network."""

import inspect
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Protocol, TypeVar

import typer

from anymedia.cli.console import BAD_INPUT, FAILED, INTERRUPTED, answer, console, exiting, price, say
from anymedia.cli.contact_sheet import Shot, contact_sheet
from anymedia.cli.emulate import start_emulators
from anymedia.cli.options import check_out
from anymedia.cli.progress import Board, board_for, follow
from anymedia.errors import ConfigurationError
from anymedia.registry import emulator_names, provider_class
from anymedia.requests import ImageToVideo, TextToImage, UpscaleImage
from anymedia.results import Result
from anymedia.sync import MediaClient, Task
from anymedia.testing import Endpoint

__all__ = ["demo", "make_film"]

R = TypeVar("R", bound=Result)
_SHEET = "index.html"
_SPEED = 8.0
_POLL_INTERVAL = 0.1
_OPERATIONS = frozenset(kind.operation for kind in (TextToImage, ImageToVideo, UpscaleImage))


class Watch(Protocol):
    """Shows a task's progress until its result is there."""

    def __call__(self, task: Task[R]) -> R: ...


def make_film(client: MediaClient, folder: Path, watch: Watch) -> list[Shot]:
    """The lines that every provider runs; nothing in them knows which one answers."""
    still = TextToImage(prompt="a lighthouse at dusk", aspect_ratio="16:9", seed=7)
    picture = watch(client.submit(still))

    motion = ImageToVideo(image=picture.output, prompt="waves roll in, the lamp turns", duration=5)
    film = watch(client.submit(motion))

    enlargement = UpscaleImage(image=picture.output, factor=2)
    poster = watch(client.submit(enlargement))

    return [
        Shot(still, picture, *picture.save(folder / "picture.png")),
        Shot(motion, film, *film.save(folder / "film.mp4")),
        Shot(enlargement, poster, *poster.save(folder / "poster.png")),
    ]


def demo(
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to write to.")] = Path("anymedia-demo"),
    speed: Annotated[float, typer.Option(min=0.1, help="How many times faster than life.")] = _SPEED,
    show: Annotated[bool, typer.Option("--open", help="Open the contact sheet in the browser.")] = False,
) -> None:
    """Make pictures and films without a key or network."""
    with ExitStack() as running:
        with exiting(BAD_INPUT):
            check_out(out / _SHEET)
            names = _providers()
            endpoints = start_emulators(names, running, speed=speed)
        say(f"The same lines run against {' and '.join(names)}, emulated on this machine, {speed:g} times faster:\n")
        _show_lines()
        try:
            with exiting(FAILED):
                _run(names, endpoints, out)
        except KeyboardInterrupt:
            say("interrupted; nothing was written")
            raise typer.Exit(INTERRUPTED) from None
    _next_steps(names[0])
    if show:
        typer.launch(str(out / _SHEET))


def _show_lines() -> None:
    lines = inspect.getsource(make_film)
    if console.is_terminal:
        from rich.syntax import Syntax

        console.print(Syntax(lines, "python", background_color="default", word_wrap=True))
    else:
        say(lines)


def _providers() -> list[str]:
    """The providers that have an emulator and offer everything the demo asks for."""
    able = [name for name in emulator_names() if provider_class(name).catalog().defaults.keys() >= _OPERATIONS]
    if not able:
        raise ConfigurationError("no installed provider has an emulator for the demo")
    return able


def _run(names: Sequence[str], endpoints: Sequence[Endpoint], out: Path) -> None:
    """Run every provider at once, then put all files into place together."""
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out, prefix=".unfinished-") as folder, ThreadPoolExecutor(len(names)) as pool:
        with ExitStack() as clients, board_for(console) as board:
            films = [
                pool.submit(make_film, clients.enter_context(_client(*target)), Path(folder, target[0]), _watch(board))
                for target in zip(names, endpoints, strict=True)
            ]
            made = [shot for film in films for shot in film.result()]
        shots = [replace(shot, file=_place(shot, out)) for shot in made]
    sheet = out / _SHEET
    again = sheet.exists()
    sheet.write_text(contact_sheet(shots, out, lines=inspect.getsource(make_film)), encoding="utf-8")
    _summarise(shots, sheet)
    if again:
        say("the files of an earlier demo were replaced")


def _client(name: str, endpoint: Endpoint) -> MediaClient:
    """A client as its configuration would make it; the emulators take the vendors' place by their address."""
    return MediaClient(
        name,
        base_url=endpoint.base_url,
        api_key=endpoint.api_key,
        poll_interval=_POLL_INTERVAL,
        emulate=False,
        journal=None,
    )


def _watch(board: Board) -> Watch:
    def watch(task: Task[R]) -> R:
        return follow(task, f"{task.ref.provider} {task.ref.operation}", board)

    return watch


def _place(shot: Shot, out: Path) -> Path:
    """Move a file into the provider's folder, over that of an earlier demo."""
    place = out / shot.result.provider / shot.file.name
    place.parent.mkdir(exist_ok=True)
    return shot.file.replace(place)


def _summarise(shots: Sequence[Shot], sheet: Path) -> None:
    say("")
    for file in (*(shot.file for shot in shots), sheet):
        answer(file)
    for provider in dict.fromkeys(shot.result.provider for shot in shots):
        costs = [price(shot.result.cost) for shot in shots if shot.result.provider == provider]
        say(f"{provider} would charge {' + '.join(costs)}; its emulator charged nothing")
    say(f"open {sheet} in a browser", "bold")


def _next_steps(provider: str) -> None:
    key = provider_class(provider).defaults.api_key_env
    say(
        "\nNext, your own prompt, still without a key:\n"
        f'  anymedia image "a lighthouse at dusk" --provider {provider} --emulate\n'
        f"Live, with a key in {key}: the same without --emulate. Everything else: anymedia --help"
    )
