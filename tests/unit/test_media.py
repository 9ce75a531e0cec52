"""Inputs are read once, checked, and refused in words."""

import base64
import io
from pathlib import Path

import pytest

from anymedia.errors import MediaInputError
from anymedia.media import Media, load, sniff
from anymedia.results import Output

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 32
MP4 = b"\0\0\0\x20ftypisom" + b"\0" * 32
UUID = "c64351d5-4c59-42f7-95e1-eace013eddab"


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"RIFF0000WEBPVP8 ", "image/webp"),
        (b"RIFF0000WAVEfmt ", "audio/wav"),
        (MP4, "video/mp4"),
        (b"\0\0\0\x14ftypqt  ", "video/quicktime"),
        (b"\x1a\x45\xdf\xa3", "video/webm"),
        (b"ID3\x03", "audio/mpeg"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", "image/svg+xml"),
        (b"hello", None),
        (b"", None),
    ],
)
def test_the_first_bytes_tell_the_type(head: bytes, kind: str | None) -> None:
    """A file is what its bytes say, whatever its name."""
    assert sniff(head) == kind


def test_each_form_of_input_is_understood(tmp_path: Path) -> None:
    """Paths, bytes, files, URLs, data URIs, vendor references, JSON forms and outputs all become inputs."""
    path = tmp_path / "cat.png"
    assert Media.of(path).path == path
    assert Media.of(PNG).data == PNG
    assert Media.of(bytearray(PNG)).data == PNG
    assert Media.of(io.BytesIO(PNG)).file is not None
    assert Media.of("https://example.com/cat.png").url == "https://example.com/cat.png"
    assert Media.of("data:image/png;base64," + base64.b64encode(PNG).decode()).data == PNG
    assert Media.of("data:text/plain,hello%20you").data == b"hello you"
    assert Media.of("runway://upload-1").ref == "runway://upload-1"
    assert Media.of(UUID).ref == UUID
    assert Media.of({"url": "https://example.com/a"}).url == "https://example.com/a"
    assert Media.of({"path": "a.png"}).path == Path("a.png")
    assert Media.of({"base64": base64.b64encode(PNG).decode(), "type": "image/png"}).data == PNG
    assert Media.of({"ref": "x"}).ref == "x"
    assert Media.of(Media(ref="x")).ref == "x"
    assert Media.of(Output(kind="image", url="https://example.com/o.png")).url == "https://example.com/o.png"
    assert Media.of(Output(kind="image", data=PNG, media_type="image/png")).data == PNG
    assert Media.of(Output(kind="image", vendor_ref=UUID)).ref == UUID


def test_a_bare_file_name_is_refused_with_the_way_out() -> None:
    """A string that names no scheme says how to give a file."""
    with pytest.raises(MediaInputError, match=r"Path\('cat.jpg'\)"):
        Media.of("cat.jpg")


@pytest.mark.parametrize(
    "value",
    [
        7,
        None,
        object(),
        {"url": 1},
        {"path": "a", "url": "https://b"},
        {},
        "data:image/png;base64,@@@",
        "data:image/png;base64",
    ],
)
def test_everything_else_is_refused(value: object) -> None:
    """What is no input says so at once."""
    with pytest.raises(MediaInputError):
        Media.of(value)


def test_a_file_in_text_mode_is_refused(tmp_path: Path) -> None:
    """A text-mode file cannot be read as bytes."""
    path = tmp_path / "a.txt"
    path.write_text("x")
    with path.open() as file, pytest.raises(MediaInputError, match="rb"):
        Media.of(file)


async def test_a_file_is_read_with_type_and_hash(tmp_path: Path) -> None:
    """Loading gives bytes, type, size and SHA-256."""
    path = tmp_path / "cat.dat"
    path.write_bytes(PNG)
    media = await load(Media.of(path), field="image", kinds=("image",))
    assert (media.data, media.media_type, media.size, media.name) == (PNG, "image/png", len(PNG), "cat.dat")
    assert media.sha256 is not None
    assert media.data_uri == "data:image/png;base64," + base64.b64encode(PNG).decode()


async def test_an_open_file_can_be_planned_twice() -> None:
    """An open file is read from where it stood, each time anew."""
    file = io.BytesIO(b"xx" + PNG)
    file.seek(2)
    media = Media.of(file)
    assert (await load(media)).data == (await load(media)).data == PNG


async def test_urls_and_vendor_references_are_left_alone() -> None:
    """What only the provider can see is not touched."""
    for media in (Media(url="https://example.com/a.png"), Media(ref="runway://1")):
        assert await load(media, kinds=("image",)) is media


@pytest.mark.parametrize("case", ["missing", "folder", "empty", "text", "video", "large", "locked"])
async def test_bad_files_give_one_clear_error(tmp_path: Path, case: str) -> None:
    """Unreadable, folder, empty, wrong type, wrong kind and oversized each name the file and the field."""
    path = tmp_path / f"{case}.png"
    if case == "folder":
        path.mkdir()
    elif case == "locked":
        path.symlink_to(path)
    elif case != "missing":
        path.write_bytes({"empty": b"", "text": b"hello", "video": MP4, "large": PNG + b"x" * 100}[case])
    with pytest.raises(MediaInputError, match=f"image .*{case}.png"):
        await load(Media.of(path), field="image", kinds=("image",), max_bytes=100)


def test_text_of_an_input_shows_no_secret_and_no_bytes() -> None:
    """An input in a message is its name or its address without a query."""
    assert str(Media(url="https://h/a.png?_jwt=secret")) == "https://h/a.png?..."
    assert "PNG" not in repr(Media(data=PNG))
    assert str(Media(data=PNG)) == f"{len(PNG)} bytes"


def test_bytes_that_are_not_loaded_cannot_be_encoded() -> None:
    """Encoding before loading is a programming error that says so."""
    with pytest.raises(ValueError, match="not loaded"):
        _ = Media(path=Path("a.png")).base64
