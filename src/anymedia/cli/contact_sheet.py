"""The demo's contact sheet: one HTML page that shows every file with what it took to make it."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from anymedia.cli.console import price
from anymedia.requests import Request
from anymedia.results import Result

if TYPE_CHECKING:  # only the demo needs the packages of `emulator`
    from anymedia.testing.render import Facts

__all__ = ["Shot", "contact_sheet"]

_THUMBNAIL = (640, 640)


@dataclass(frozen=True)
class Shot:
    """One request of the demo, its result and the file it became."""

    request: Request[Result]
    result: Result
    file: Path


def contact_sheet(shots: Sequence[Shot], folder: Path, *, lines: str) -> str:
    """The page; it belongs into `folder`, refers to the files from there, and quotes the lines that made them."""
    page = Template(files("anymedia.cli").joinpath("contact_sheet.html").read_text(encoding="utf-8"))
    providers = dict.fromkeys(shot.result.provider for shot in shots)
    sections = (_section(name, [shot for shot in shots if shot.result.provider == name], folder) for name in providers)
    return page.substitute(providers=escape(" and ".join(providers)), lines=escape(lines), sections="\n".join(sections))


def _section(provider: str, shots: Sequence[Shot], folder: Path) -> str:
    cards = "\n".join(_card(shot, folder) for shot in shots)
    return f'<section>\n<h2>{escape(provider)}</h2>\n<div class="grid">\n{cards}\n</div>\n</section>'


def _card(shot: Shot, folder: Path) -> str:
    from anymedia.testing.render import probe

    facts = probe(shot.file.read_bytes())
    rows = "\n".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in _rows(shot, facts))
    link = escape(shot.file.relative_to(folder).as_posix())
    title = escape(shot.result.ref.operation.replace("_", " "))
    notices = "".join(f'<p class="notice">{escape(str(notice))}</p>' for notice in shot.result.notices)
    return (
        f'<article>\n{_medium(shot.file, link, facts)}\n<div class="words">\n<h3>{title}</h3>\n'
        f"{_prompt(shot.request)}<dl>\n{rows}\n</dl>\n{notices}</div>\n</article>"
    )


def _medium(file: Path, link: str, facts: "Facts") -> str:
    if facts.media_type.startswith("video/"):
        poster = _first_frame(file)
        return f'<video controls loop muted playsinline preload="metadata" poster="{poster}" src="{link}"></video>'
    return f'<a href="{link}"><img src="{link}" alt="{link}" loading="lazy"></a>'


def _first_frame(file: Path) -> str:
    """A film's first frame as a data URI: not every player shows one before it is asked to play."""
    from anymedia.testing.render.containers import as_picture, opened

    with opened(file.read_bytes()) as film:
        picture = as_picture(next(film.decode(video=0)))
    picture.thumbnail(_THUMBNAIL)
    jpeg = BytesIO()
    picture.save(jpeg, "JPEG")
    return f"data:image/jpeg;base64,{b64encode(jpeg.getvalue()).decode()}"


def _prompt(request: Request[Result]) -> str:
    prompt = getattr(request, "prompt", None)
    return f"<blockquote>{escape(prompt)}</blockquote>\n" if prompt else ""


def _rows(shot: Shot, facts: "Facts") -> Iterable[tuple[str, str]]:
    result = shot.result
    seed = result.output.seed if result.output.seed is not None else getattr(shot.request, "seed", None)
    yield "provider", result.provider
    yield "model", result.model
    yield "cost", price(result.cost)
    if seed is not None:
        yield "seed", str(seed)
    yield "size", f"{facts.width} x {facts.height}"
    if facts.duration is not None:
        yield "length", f"{facts.duration:g} s"
    yield "file", f"{shot.file.name}, {shot.file.stat().st_size / 1e6:.1f} MB"
