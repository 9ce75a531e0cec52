"""Rendered pictures: real files that depend on prompt and seed, and honest tools on them."""

import io
import subprocess
import sys
from collections.abc import Callable

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

from anymedia.testing.render import cut_out_image, image, probe, upscale_image


def picture(data: bytes) -> Image.Image:
    """The decoded picture."""
    return Image.open(io.BytesIO(data)).copy()


def png(made: Image.Image) -> bytes:
    """The bytes of a PNG."""
    file = io.BytesIO()
    made.save(file, "PNG")
    return file.getvalue()


def plain(color: str, size: tuple[int, int] = (96, 64)) -> bytes:
    """A PNG of one colour."""
    return png(Image.new("RGB", size, color))


def distance(one: Image.Image, other: Image.Image) -> float:
    """The mean difference per channel, 0 to 255."""
    return sum(ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean) / 3


@pytest.mark.parametrize(
    ("format", "media_type"),
    [("png", "image/png"), ("JPG", "image/jpeg"), ("jpeg", "image/jpeg"), ("Webp", "image/webp")],
)
def test_a_picture_is_a_real_file_of_the_size_and_format_asked_for(format: str, media_type: str) -> None:
    """Any image library decodes it, whatever the case of the format's name."""
    facts = probe(image("a fox", seed=1, width=97, height=65, format=format))
    assert (facts.media_type, facts.width, facts.height, facts.frames) == (media_type, 97, 65, 1)
    assert (facts.alpha, facts.audio, facts.duration) == (False, False, None)


def test_the_same_arguments_give_the_same_bytes() -> None:
    """Also in another process."""
    code = (
        "import sys; from anymedia.testing.render import image; "
        "sys.stdout.buffer.write(image('a fox', seed=1, width=64, height=48))"
    )
    here = image("a fox", seed=1, width=64, height=48)
    assert image("a fox", seed=1, width=64, height=48) == here
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60).stdout == here


def test_prompt_and_seed_change_the_picture() -> None:
    """Another prompt, or another seed, is visibly another picture."""
    made = [
        picture(image(prompt, seed=seed, width=96, height=64)) for prompt in ("a fox", "a cat") for seed in (1, 2, 3)
    ]
    assert all(distance(one, other) > 4 for n, one in enumerate(made) for other in made[:n])


@pytest.mark.parametrize("size", [(1, 1), (8, 300), (300, 8), (16, 16)])
def test_any_size_will_do(size: tuple[int, int]) -> None:
    """Tiny and narrow pictures are drawn, too."""
    assert picture(image("a fox", seed=1, width=size[0], height=size[1])).size == size


def test_a_long_prompt_is_shortened_to_the_width() -> None:
    """Whatever the prompt holds, the caption fits."""
    prompts = ["word " * 500, "狐狸 🦊\n\x00", "", "x" * 3000]
    assert all(picture(image(prompt, seed=1, width=200, height=120)).size == (200, 120) for prompt in prompts)


@pytest.mark.parametrize("format", ["png", "webp"])
def test_a_transparent_picture_has_clear_and_solid_parts(format: str) -> None:
    """Without its sky the picture is see-through above, solid below."""
    data = image("a fox", seed=1, width=96, height=96, format=format, transparent=True)
    alpha = picture(data).getchannel("A")
    assert probe(data).alpha
    assert alpha.getpixel((1, 1)) == 0
    assert alpha.getpixel((48, 90)) == 255


def test_jpg_is_refused_where_transparency_is_asked_for() -> None:
    """Transparency is never silently lost."""
    with pytest.raises(ValueError, match="jpg has no transparency"):
        image("a fox", seed=1, width=8, height=8, format="jpg", transparent=True)
    with pytest.raises(ValueError, match="jpg has no transparency"):
        cut_out_image(plain("red"), format="jpg")


def test_an_unknown_format_is_refused() -> None:
    """The error names the formats there are."""
    with pytest.raises(ValueError, match="no picture format 'bmp'; use one of png, jpg, jpeg, webp"):
        image("a fox", seed=1, width=8, height=8, format="bmp")


def test_strength_says_how_much_of_the_base_is_replaced() -> None:
    """0 keeps the base picture but for the caption, 1 replaces it, and between they blend."""
    base = plain("red", (48, 32))
    made = [
        picture(image("", seed=1, width=48, height=32, base=base, strength=strength)) for strength in (0, 0.5, 0.8, 1)
    ]
    apart = [distance(each, picture(base)) for each in made]
    assert apart[0] == 0
    assert apart == sorted(apart)
    assert apart[1] < apart[2] < apart[3]
    assert distance(made[3], picture(image("", seed=1, width=48, height=32))) == 0


def test_a_base_of_another_shape_is_fitted() -> None:
    """The base is scaled and cropped to the size asked for."""
    base = Image.new("RGB", (200, 100), "red")
    base.paste("blue", (50, 0, 150, 100))
    made = picture(image("", seed=1, width=50, height=50, base=png(base), strength=0))
    assert distance(made, Image.new("RGB", (50, 50), "blue")) < 12


def test_only_the_white_of_a_mask_changes() -> None:
    """Where the mask is black, every pixel of the base stays, caption or not."""
    mask = Image.new("L", (64, 64))
    mask.paste(255, (32, 0, 64, 64))
    base = plain("red", (128, 128))
    made = picture(image("a fox", seed=1, width=128, height=128, base=base, mask=png(mask), strength=1))
    assert distance(made.crop((0, 0, 62, 128)), Image.new("RGB", (62, 128), "red")) == 0
    assert distance(made.crop((66, 0, 128, 128)), Image.new("RGB", (62, 128), "red")) > 40


def test_references_are_shown_and_colour_the_scene() -> None:
    """Each reference appears as a thumbnail, and pulls the palette towards itself."""
    without = picture(image("a fox", seed=1, width=140, height=140))
    made = picture(image("a fox", seed=1, width=140, height=140, references=[plain("lime"), plain("magenta")]))
    assert (made.getpixel((12, 12)), made.getpixel((34, 12))) == ((0, 255, 0), (255, 0, 255))
    assert distance(made.crop((0, 60, 140, 140)), without.crop((0, 60, 140, 140))) > 10


@pytest.mark.parametrize("bad", [b"", b"not a picture", image("x", seed=1, width=64, height=64)[:200]])
def test_a_broken_input_is_a_value_error(bad: bytes) -> None:
    """Every picture that comes in is checked, and the error says so."""
    good = plain("red")
    calls: list[Callable[[], bytes]] = [
        lambda: image("x", seed=1, width=8, height=8, base=bad),
        lambda: image("x", seed=1, width=8, height=8, base=good, mask=bad),
        lambda: image("x", seed=1, width=8, height=8, references=[good, bad]),
        lambda: upscale_image(bad, factor=2),
        lambda: cut_out_image(bad),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="no picture that can be decoded"):
            call()


def test_upscaling_really_enlarges() -> None:
    """By factor or to a size, the picture stays the same one, with more pixels."""
    small = image("a fox", seed=1, width=48, height=32)
    by_factor = upscale_image(small, factor=2.5)
    assert picture(by_factor).size == (120, 80)
    assert picture(upscale_image(small, size=(100, 70), format="webp")).size == (100, 70)
    assert distance(picture(by_factor).resize((48, 32)), picture(small)) < 3


def test_upscaling_keeps_transparency() -> None:
    """A cut-out stays cut out; jpg, which cannot, shows it on white."""
    clear = png(Image.new("RGBA", (8, 8), (255, 0, 0, 0)))
    assert picture(upscale_image(clear, factor=2)).getchannel("A").getextrema() == (0, 0)
    assert picture(upscale_image(clear, factor=2, format="jpg")).getpixel((8, 8)) == (255, 255, 255)


def test_upscaling_needs_a_factor_or_a_size() -> None:
    """Neither and both are errors."""
    with pytest.raises(ValueError, match="either a factor or a size"):
        upscale_image(plain("red"))
    with pytest.raises(ValueError, match="either a factor or a size"):
        upscale_image(plain("red"), factor=2, size=(1, 1))


def test_a_photo_is_turned_upright() -> None:
    """A camera's rotation mark is applied, as every vendor does."""
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 20), "red").save(file, "JPEG", exif=exif)
    assert picture(upscale_image(file.getvalue(), factor=1)).size == (20, 40)


@pytest.mark.parametrize("ground", ["white", "shaded"])
@pytest.mark.parametrize("format", ["png", "webp"])
def test_cutting_out_finds_the_subject_on_a_plain_ground(ground: str, format: str) -> None:
    """A disc on a plain or shaded ground keeps its colour and loses its ground."""
    made = Image.new("RGB", (200, 120), "white")
    if ground == "shaded":
        made = Image.merge("RGB", [Image.linear_gradient("L").resize((200, 120))] * 3)
    ImageDraw.Draw(made).ellipse([30, 30, 90, 90], fill="red")
    data = cut_out_image(png(made), format=format)
    cut = picture(data)
    assert probe(data).alpha
    assert cut.mode == "RGBA"
    alpha = cut.getchannel("A")
    assert (alpha.getpixel((60, 60)), alpha.getpixel((150, 60)), alpha.getpixel((5, 115))) == (255, 0, 0)
    assert distance(cut.crop((55, 55, 65, 65)), Image.new("RGB", (10, 10), "red")) < 8


@pytest.mark.parametrize("size", [(8, 8), (200, 120), (31, 257)])
@pytest.mark.parametrize("kind", ["scene", "plain", "noise"])
def test_cutting_out_always_leaves_clear_and_solid_parts(kind: str, size: tuple[int, int]) -> None:
    """Where no ground can be told from a subject, the middle is kept."""
    made = {
        "scene": picture(image("a fox", seed=1, width=size[0], height=size[1])),
        "plain": Image.new("RGB", size, "teal"),
        "noise": Image.effect_noise(size, 200).convert("RGB"),
    }[kind]
    alpha = picture(cut_out_image(png(made))).getchannel("A")
    assert alpha.getpixel((0, 0)) == 0
    assert alpha.getextrema() == (0, 255)


def test_a_cut_out_stays_as_it_is() -> None:
    """Cutting out twice changes nothing."""
    once = cut_out_image(image("a fox", seed=1, width=64, height=64))
    assert distance(picture(cut_out_image(once)).getchannel("A"), picture(once).getchannel("A")) == 0
