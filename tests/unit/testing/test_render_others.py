"""Sound, drawings, models, guides and conversions: real files, and clear words where nothing can be made."""

import io

import pytest
from PIL import Image

from anymedia.testing import render
from anymedia.testing.render.effects import Margins, extended, guided, layers, marked, tinted


def plain(color: str, size: tuple[int, int] = (48, 32)) -> bytes:
    """A PNG of one colour."""
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(("color", "word"), [("red", "red"), ("#0000ff", "blue"), ("#202020", "black"), ("white", "white"), ("#888", "grey"), ("#00a000", "green")])  # fmt: skip
def test_colours_have_names(color: str, word: str) -> None:
    """A plain picture is described by its colour, size and shape."""
    text = render.describe(plain(color))
    assert text.startswith("A wide picture of 48 by 32 pixels")
    assert text.endswith(f"mostly {word}")


def test_sound_is_described_by_its_length() -> None:
    """Of a recording only its length can be told."""
    assert render.describe(render.audio("x", seed=1, duration=0.5)) == "A recording of 0.5 seconds"


@pytest.mark.parametrize("size", [(1, 1), (2, 5), (40, 1)])
@pytest.mark.parametrize("kind", render.GUIDES)
def test_guides_of_tiny_pictures(kind: str, size: tuple[int, int]) -> None:
    """Pictures too small to have lines still give a guide of their size."""
    assert render.guide(plain("red", size), kind).size == size


def test_there_is_no_other_guide() -> None:
    """An unknown kind is named together with the known ones."""
    with pytest.raises(ValueError, match="no guide 'crystal'; use one of canny"):
        render.guide(plain("red"), "crystal")


def test_a_model_is_told_from_other_bytes() -> None:
    """Only a whole GLB file is read as one."""
    data = render.model("a vase", seed=1)
    assert render.read_model(data).vertices > 100
    for broken in (b"", b"glTF", data[:-4], b"x" + data[1:], data[:20] + b"{" * 200):
        with pytest.raises(ValueError, match="glTF"):
            render.read_model(broken)


def test_a_cut_out_of_nothing_is_refused() -> None:
    """Where nothing of a film is kept, or there is no sound, no file is made."""
    film = render.video("x", seed=1, width=32, height=32, duration=0.3)
    for format, message in (("png", "nothing"), ("mp4", "nothing"), ("mp3", "no sound")):
        with pytest.raises(ValueError, match=message):
            render.convert(film, format, render.Cut(start=9))
    with pytest.raises(ValueError, match="no sound"):
        render.dub(film, film)


def test_a_picture_becomes_a_film() -> None:
    """A picture is held for the time asked for; without sound a film is silenced."""
    facts = render.probe(render.convert(plain("red"), "mp4", render.Cut(end=0.5, fps=10, size=(30, 20))))
    assert (facts.width, facts.height, facts.frames) == (30, 20, 5)
    film = render.video("x", seed=1, width=32, height=32, duration=0.3, audio=True)
    assert render.probe(film).audio
    assert not render.probe(render.dub(film, None)).audio


def test_a_film_changes_its_rate() -> None:
    """Another frame rate keeps the length."""
    film = render.video("x", seed=1, width=32, height=32, duration=0.5, fps=24)
    facts = render.probe(render.convert(film, "mp4", render.Cut(fps=12)))
    assert facts.frames == 6


def test_transparency_survives_effects() -> None:
    """Effects keep what is see-through, except that a guide's lines can be seen."""
    clear = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    assert tinted(clear, (255, 0, 0), 0.5).getchannel("A").getextrema() == (0, 0)
    assert guided(clear, Image.new("RGB", (20, 20), "white"), 0.5).getchannel("A").getextrema() == (128, 128)


def test_a_mark_can_be_a_picture() -> None:
    """A small picture is laid into the corner, as solid as asked for."""
    ground, mark = Image.new("RGB", (100, 100)), Image.new("RGB", (50, 50), "white")
    made = marked(ground, mark, opacity=0.5, color=(0, 0, 0), tiled=False)
    left, top, right, bottom = made.getbbox() or (0, 0, 0, 0)
    assert (right - left, bottom - top) == (25, 25)
    assert made.getpixel((left, top)) == (128, 128, 128)


def test_layers_of_a_plain_picture() -> None:
    """However few brightnesses there are, as many layers as asked for come back."""
    assert len(layers(Image.new("RGB", (30, 30), "red"), 5)) == 5


def test_canvas_around_a_picture() -> None:
    """The mask is black on the picture and white around it."""
    canvas, mask = extended(Image.new("RGB", (10, 10), "red"), Margins(left=6, bottom=4))
    assert canvas.size == mask.size == (16, 14)
    assert mask.crop((6, 0, 16, 10)).getextrema() == (0, 0)
    assert sum(mask.histogram()[255:]) == 16 * 14 - 100


@pytest.mark.parametrize("loop", [False, True])
def test_effects_have_their_length(loop: bool) -> None:
    """A noise lasts as long as asked for; one that loops ends as loud as it began."""
    facts = render.probe(render.effect("rain", seed=1, duration=0.7, loop=loop, sample_rate=16000))
    assert facts.duration == pytest.approx(0.7, abs=0.01)
