"""Which inputs are taken, and in what form they travel."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia.errors import MediaInputError
from anymedia.media import Media
from anymedia_runway.inputs import check_input, kind_of_input, needs_upload, upload_name, uri_of, with_media


@pytest.mark.parametrize(
    "media",
    [
        Media(url="https://example.com/a.png"),
        Media(url="http://127.0.0.1:8000/a.png"),
        Media(url="http://localhost/a.png"),
        Media(ref="runway://upload-1"),
        Media(data=b"x" * 600, media_type="image/webp"),
        Media(data=b"x", media_type="video/quicktime"),
        Media(data=b"x", media_type="audio/flac"),
    ],
)
def test_good_inputs(media: Media) -> None:
    """Formats, addresses and references that Runway takes pass."""
    check_input("image", media)


@pytest.mark.parametrize(
    ("media", "hint"),
    [
        (Media(data=b"GIF8", media_type="image/gif"), "JPEG, PNG and WebP, not image/gif"),
        (Media(data=b"<svg", media_type="image/svg+xml"), "JPEG, PNG and WebP"),
        (Media(data=b"OggS", media_type="audio/ogg"), "MP3, WAV"),
        (Media(url="http://example.com/a.png"), "https://"),
        (Media(url="https://example.com/" + "a" * 2048), "2048"),
        (Media(ref="6f1d2c3b-4a59-4e8f-8a7b-9c0d1e2f3a4b"), "runway://"),
        (Media(ref="s3://bucket/key"), "runway://"),
        (Media(ref="runway://" + "a" * 5000), "5000"),
    ],
)
def test_bad_inputs(media: Media, hint: str) -> None:
    """What Runway would refuse is an error that says what works, before anything is sent."""
    with pytest.raises(MediaInputError, match=hint) as caught:
        check_input("image", media)
    assert str(caught.value).startswith("image: ")


def test_files_above_the_upload_limit() -> None:
    """More bytes than Runway's storage takes are an error."""
    with pytest.raises(MediaInputError, match="200,000,000"):
        check_input("video", Media(data=bytes(200_000_001), media_type="video/mp4"))


@pytest.mark.parametrize(
    ("media", "kind"),
    [
        (Media(data=b"x", media_type="video/mp4"), "video"),
        (Media(url="https://example.com/A.MP4?x=1"), "video"),
        (Media(url="https://example.com/a.mp3"), "audio"),
        (Media(url="https://example.com/a"), "image"),
        (Media(ref="runway://whatever"), "image"),
        (Media(url="https://example.com/a.mp4", media_type="image/png"), "image"),
    ],
)
def test_kind_of_input(media: Media, kind: str) -> None:
    """The type decides, then the name in the address, then a picture is assumed."""
    assert kind_of_input(media) == kind


@given(st.integers(3_932_100, 3_932_180))
def test_upload_threshold_is_that_of_the_whole_uri(size: int) -> None:
    """An input is uploaded exactly when its data URI would be longer than the vendor takes."""
    media = Media(data=bytes(size), media_type="image/png")
    assert needs_upload(media) == (len(media.data_uri) > 5_242_880)


def test_addresses_need_no_upload() -> None:
    """A URL and a reference travel as they are."""
    assert not needs_upload(Media(url="https://example.com/a.png"))
    assert uri_of(Media(url="https://example.com/a.png")) == "https://example.com/a.png"
    assert uri_of(Media(ref="runway://a")) == "runway://a"
    assert uri_of(Media(data=b"a", media_type="image/png")) == "data:image/png;base64,YQ=="


@given(st.text(max_size=300) | st.none())
def test_upload_names_are_harmless(name: str | None) -> None:
    """Whatever the file was called, the upload's name is short, plain and tells the type."""
    made = upload_name(Media(data=b"x", media_type="video/mp4", name=name))
    assert made.endswith(".mp4")
    assert 3 <= len(made) <= 255
    assert made.isascii()
    assert not set(made) & set('/\\" \n')


def test_inputs_are_changed_wherever_they_stand() -> None:
    """Inputs in lists and objects are found, and nothing else is touched."""
    media = Media(url="https://example.com/a.png")
    body = {"a": [{"uri": media, "position": "first"}], "b": media, "c": "text", "d": 1}
    assert with_media(body, lambda _: "uri") == {
        "a": [{"uri": "uri", "position": "first"}],
        "b": "uri",
        "c": "text",
        "d": 1,
    }
