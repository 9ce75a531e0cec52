"""Rendered films and sound: real files that browsers play, and honest tools on them."""

import io
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import av
import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

from anymedia.testing.render import (
    Facts,
    audio,
    cut_out_video,
    image,
    perform,
    probe,
    upscale_video,
    video,
)

SIZE = (96, 64)


def png(color: str, size: tuple[int, int] = SIZE) -> bytes:
    """A PNG of one colour."""
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, "PNG")
    return file.getvalue()


def film(duration: float = 0.5, **arguments: Any) -> bytes:
    """A short film, small unless told otherwise."""
    settings = {"prompt": "a fox", "seed": 1, "width": SIZE[0], "height": SIZE[1], **arguments}
    return video(duration=duration, **settings)


def frames(data: bytes) -> list[Image.Image]:
    """Every decoded picture of a film."""
    with av.open(io.BytesIO(data), "r") as container:
        return [plane_picture(frame) for frame in container.decode(video=0)]


def plane_picture(frame: av.VideoFrame, mode: str = "RGB") -> Image.Image:
    """One frame as a picture, alpha included for RGBA."""
    plane = frame.reformat(format={"RGB": "rgb24", "RGBA": "rgba"}[mode]).planes[0]
    return Image.frombytes(mode, (frame.width, frame.height), bytes(plane), "raw", mode, plane.line_size, 1)


def clear_frames(data: bytes) -> Iterator[Image.Image]:
    """Every picture of a film with its transparency, which FFmpeg's own VP9 decoder would leave out."""
    with av.open(io.BytesIO(data), "r") as container:
        stream = container.streams.video[0]
        vp9 = av.CodecContext.create("libvpx-vp9", "r") if stream.codec_context.name == "vp9" else None
        for packet in container.demux(stream):
            for frame in vp9.decode(packet) if vp9 else packet.decode():
                assert isinstance(frame, av.VideoFrame)
                yield plane_picture(frame, "RGBA")


def distance(one: Image.Image, other: Image.Image) -> float:
    """The mean difference per channel, 0 to 255."""
    return sum(ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean) / 3


def plain(color: str, size: tuple[int, int] = SIZE) -> Image.Image:
    """A picture of one colour."""
    return Image.new("RGB", size, color)


@pytest.mark.parametrize(
    ("format", "media_type", "codec"),
    [("mp4", "video/mp4", "h264"), ("MOV", "video/quicktime", "h264"), ("webm", "video/webm", "vp9")],
)
def test_a_film_is_a_real_file_that_browsers_play(format: str, media_type: str, codec: str) -> None:
    """H.264 or VP9 in 4:2:0, with the size, length and frames asked for."""
    data = film(0.5, fps=24, format=format)
    facts = probe(data)
    assert (facts.media_type, facts.width, facts.height, facts.frames) == (media_type, *SIZE, 12)
    assert facts.duration == pytest.approx(0.5, abs=0.01)
    assert (facts.alpha, facts.audio) == (False, False)
    with av.open(io.BytesIO(data), "r") as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == (codec, "yuv420p")


def test_the_index_of_an_mp4_comes_first() -> None:
    """A browser can start to play before it has everything."""
    data = film()
    assert 0 < data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize("format", ["mp4", "webm"])
def test_the_same_arguments_give_the_same_bytes(format: str) -> None:
    """No date and no random id is written; another prompt or seed is another film."""
    made = [
        film(0.2, prompt=prompt, seed=seed, format=format) for prompt, seed in (("a", 1), ("a", 1), ("b", 1), ("a", 2))
    ]
    assert made[0] == made[1]
    assert distance(frames(made[0])[0], frames(made[2])[0]) > 4
    assert distance(frames(made[0])[0], frames(made[3])[0]) > 4


def test_odd_sizes_are_rounded_to_even() -> None:
    """H.264 needs even sides."""
    facts = probe(film(0.1, width=97, height=1))
    assert (facts.width, facts.height) == (98, 2)


@pytest.mark.parametrize(("duration", "fps", "count"), [(0.01, 24, 1), (1, 23.976, 24), (0.5, 60, 30), (2, 0.5, 1)])
def test_length_and_rate_are_kept(duration: float, fps: float, count: int) -> None:
    """There are as many frames as fit, and at least one."""
    assert probe(film(duration, fps=fps)).frames == count


def test_a_film_moves() -> None:
    """It is not a still: the last frame differs from the first."""
    shown = frames(film(1))
    assert distance(shown[0], shown[-1]) > 2
    assert all(distance(one, other) < 12 for one, other in pairwise(shown))


def test_a_film_starts_where_the_picture_of_that_prompt_is() -> None:
    """Text to image and text to video show the same scene."""
    still = Image.open(io.BytesIO(image("a fox", seed=1, width=SIZE[0], height=SIZE[1])))
    assert distance(frames(film())[0], still) < 6


def test_first_and_last_frame_are_the_pictures_given() -> None:
    """The film starts with the one and ends with the other, fitted to its size."""
    shown = frames(film(1, first_frame=png("red", (300, 300)), last_frame=png("blue")))
    assert distance(shown[0], plain("red")) < 6
    assert distance(shown[-1], plain("blue")) < 6
    assert distance(shown[len(shown) // 2], plain("#800080")) < 40


def test_a_first_frame_alone_is_moved_over() -> None:
    """Image to video begins with the picture, and the camera moves."""
    still = image("a cat", seed=5, width=SIZE[0], height=SIZE[1])
    shown = frames(film(1, first_frame=still))
    assert distance(shown[0], Image.open(io.BytesIO(still))) < 6
    assert distance(shown[-1], shown[0]) > 1


def test_a_last_frame_alone_is_reached() -> None:
    """The film begins with the prompt's scene and ends with the picture."""
    shown = frames(film(1, last_frame=png("blue")))
    assert distance(shown[0], frames(film())[0]) < 8
    assert distance(shown[-1], plain("blue")) < 6


def test_a_source_is_painted_anew() -> None:
    """Video to video keeps what moves and changes the colours, by the prompt; a short source is held."""
    source = film(0.5, first_frame=png("white"), last_frame=png("black"))
    one, two = (frames(film(1, prompt=prompt, source=source)) for prompt in ("a", "b"))
    assert len(one) == len(two) == 24
    brightness = [ImageStat.Stat(shown.convert("L")).mean[0] for shown in (one[0], one[11], one[23])]
    assert brightness[0] > brightness[1] + 60
    assert brightness[1] == pytest.approx(brightness[2], abs=4)
    assert distance(one[0], plain("white")) > 15
    assert distance(one[0], two[0]) > 8


@pytest.mark.parametrize("format", ["mp4", "mov", "webm"])
def test_a_film_can_have_sound(format: str) -> None:
    """`audio` adds a melody as long as the film, whatever the container."""
    data = film(1, audio=True, format=format)
    assert probe(data).audio
    with av.open(io.BytesIO(data), "r") as container:
        track = container.streams.audio[0]
        blocks = list(container.decode(track))
        assert sum(block.samples for block in blocks) / track.rate == pytest.approx(1, abs=0.1)
        assert any(any(bytes(block.planes[0])) for block in blocks)


@pytest.mark.parametrize("tool", ["upscale", "cut out", "restyle", "perform"])
def test_tools_keep_the_sound(tool: str) -> None:
    """What is done to the pictures leaves the sound of the film alone."""
    source = film(0.4, audio=True)
    data = {
        "upscale": lambda: upscale_video(source, factor=2),
        "cut out": lambda: cut_out_video(source),
        "restyle": lambda: film(0.4, source=source),
        "perform": lambda: perform(png("red"), source, seed=1, width=96, height=64),
    }[tool]()
    facts = probe(data)
    assert facts.audio
    assert facts.duration == pytest.approx(0.4, abs=0.05)


def test_upscaling_really_enlarges_every_frame() -> None:
    """By factor or to a size, with the same length and the same pictures."""
    small = film(0.5)
    large = upscale_video(small, factor=2)
    assert probe(large) == Facts("video/mp4", 192, 128, 0.5, 12, alpha=False, audio=False)
    assert distance(frames(large)[3].resize(SIZE), frames(small)[3]) < 6
    facts = probe(upscale_video(small, size=(151, 99), format="webm"))
    assert (facts.media_type, facts.width, facts.height) == ("video/webm", 152, 100)


@pytest.mark.parametrize(("fps", "count"), [(48, 24), (12, 6), (30, 15)])
def test_upscaling_can_change_the_frame_rate(fps: float, count: int) -> None:
    """More or fewer frames per second last as long as before."""
    facts = probe(upscale_video(film(0.5), factor=1, fps=fps))
    assert facts.frames == count
    assert facts.duration == pytest.approx(0.5, abs=0.01)


def test_upscaling_needs_a_factor_or_a_size() -> None:
    """Neither is an error."""
    with pytest.raises(ValueError, match="either a factor or a size"):
        upscale_video(film(0.1))


@pytest.mark.parametrize(("format", "media_type"), [("webm", "video/webm"), ("mov", "video/quicktime")])
def test_cutting_out_gives_a_film_with_real_transparency(format: str, media_type: str) -> None:
    """The subject stays solid, its plain ground becomes clear, in every frame."""
    made = plain("white")
    ImageDraw.Draw(made).ellipse([32, 16, 64, 48], fill="red")
    file = io.BytesIO()
    made.save(file, "PNG")
    data = cut_out_video(film(0.25, first_frame=file.getvalue(), fps=24), format=format)
    facts = probe(data)
    assert (facts.media_type, facts.width, facts.height, facts.frames, facts.alpha) == (media_type, *SIZE, 6, True)
    shown = list(clear_frames(data))
    assert len(shown) == 6
    for frame in shown:
        alpha = frame.getchannel("A")
        assert ImageStat.Stat(alpha.crop((44, 28, 52, 36))).mean[0] > 240
        assert ImageStat.Stat(alpha.crop((0, 0, 16, 64))).mean[0] < 4


def test_cutting_out_refuses_mp4() -> None:
    """Transparency is never silently lost."""
    with pytest.raises(ValueError, match="'mp4' is no format for a film with transparency; use one of mov, webm"):
        cut_out_video(film(0.1), format="mp4")


@pytest.mark.parametrize("kind", ["picture", "film"])
def test_a_performance_moves_the_character(kind: str) -> None:
    """As long as the performance, showing the character with the performance in a corner."""
    red = png("red") if kind == "picture" else film(0.1, first_frame=png("red"), width=200, height=50)
    performance = film(0.5, first_frame=png("lime"), fps=12)
    data = perform(red, performance, seed=1, width=160, height=120)
    assert probe(data) == Facts("video/mp4", 160, 120, 0.5, 6, alpha=False, audio=False)
    for frame in frames(data):
        assert distance(frame.crop((0, 60, 100, 120)), plain("red", (100, 60))) < 8
        assert distance(frame.crop((130, 8, 150, 22)), plain("lime", (20, 14))) < 30


def test_a_character_sways_by_its_seed() -> None:
    """The character is not a still, and another seed moves it in another way."""
    face = image("a face", seed=3, width=96, height=64)
    performance = film(0.5, first_frame=png("lime"))
    one, two = (frames(perform(face, performance, seed=seed, width=96, height=64)) for seed in (1, 2))
    assert distance(one[0], one[-1]) > 1
    assert distance(one[0], two[0]) > 1


@pytest.mark.parametrize(
    "bad", [b"", b"not a film" * 50, png("red"), film(0.2)[:300], audio("x", seed=1, duration=0.1)]
)
def test_a_broken_input_is_a_value_error(bad: bytes) -> None:
    """Every film that comes in is checked; a picture or sound is no film."""
    calls: list[Callable[[], bytes]] = [
        lambda: film(0.1, source=bad),
        lambda: upscale_video(bad, factor=2),
        lambda: cut_out_video(bad),
        lambda: perform(png("red"), bad, seed=1, width=32, height=32),
    ]
    for call in calls:
        with pytest.raises(ValueError, match=r"no film|no pictures"):
            call()


def test_a_broken_picture_or_character_is_a_value_error() -> None:
    """First and last frame must be pictures, a character a picture or a film."""
    with pytest.raises(ValueError, match="no picture that can be decoded"):
        film(0.1, first_frame=b"nothing")
    with pytest.raises(ValueError, match="no picture that can be decoded"):
        film(0.1, last_frame=film(0.1))
    with pytest.raises(ValueError, match="no film or sound"):
        perform(b"nothing", film(0.1), seed=1, width=32, height=32)


def test_an_unknown_format_is_refused() -> None:
    """The error names the formats there are."""
    with pytest.raises(ValueError, match="'avi' is no format for a film; use one of mp4, mov, webm"):
        film(0.1, format="avi")
    with pytest.raises(ValueError, match="'aiff' is no format for sound; use one of wav, mp3, flac, ogg"):
        audio("x", seed=1, duration=0.1, format="aiff")


@pytest.mark.parametrize(
    ("format", "media_type"),
    [("wav", "audio/wav"), ("MP3", "audio/mpeg"), ("flac", "audio/flac"), ("ogg", "audio/ogg")],
)
def test_sound_is_a_real_file_of_the_length_asked_for(format: str, media_type: str) -> None:
    """It decodes to sound that is not silence, at the rate asked for where the format has it."""
    data = audio("a song", seed=1, duration=1.3, format=format, sample_rate=22050)
    facts = probe(data)
    assert (facts.media_type, facts.audio, facts.width, facts.frames) == (media_type, True, None, None)
    assert facts.duration == pytest.approx(1.3, abs=0.06)
    with av.open(io.BytesIO(data), "r") as container:
        track = container.streams.audio[0]
        assert track.rate == (48000 if format == "ogg" else 22050)
        assert any(any(bytes(block.planes[0])) for block in container.decode(track))


def test_sound_depends_on_prompt_and_seed_alone() -> None:
    """The same arguments give the same bytes, in every format; others give another melody."""
    for kind in ("wav", "mp3", "flac", "ogg"):
        made = [
            audio(prompt, seed=seed, duration=1, format=kind)
            for prompt, seed in (("a", 1), ("a", 1), ("b", 1), ("a", 2))
        ]
        assert made[0] == made[1]
        assert len({*made}) == 3


@pytest.mark.parametrize(
    "bad", [b"", b"RIFF", b"just text, nothing else\n" * 20, bytes(range(256)) * 40, b"\x89PNG\r\n\x1a\n"]
)
def test_bytes_that_are_no_medium_are_a_value_error(bad: bytes) -> None:
    """probe() never guesses."""
    with pytest.raises(ValueError, match=r"these|this"):
        probe(bad)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("kind", ["png", "jpg", "webp"])
def test_a_picture_cut_short_is_a_value_error(kind: str, share: float) -> None:
    """probe() decodes the whole picture, so it notices what is missing."""
    data = image("a fox", seed=1, width=128, height=128, format=kind)
    with pytest.raises(ValueError, match=r"these|this"):
        probe(data[: int(len(data) * share)])


def test_an_animated_picture_tells_its_frames() -> None:
    """A GIF is a picture with several frames."""
    file = io.BytesIO()
    plain("red").save(file, "GIF", save_all=True, append_images=[plain("blue"), plain("lime")])
    facts = probe(file.getvalue())
    assert (facts.media_type, facts.frames) == ("image/gif", 3)
