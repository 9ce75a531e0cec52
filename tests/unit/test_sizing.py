"""The nearest legal size is chosen by shape first, then by scale."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia.catalog import Capabilities, Range, Size
from anymedia.sizing import nearest_ratio, nearest_resolution, nearest_size, off_ratio, size_for

FILM = Capabilities(
    fields=frozenset(),
    sizes=tuple(map(Size.parse, ("1280:720", "720:1280", "1104:832", "960:960", "1920:1080", "3840:2160"))),
    default_size=Size(1280, 720),
)
DIFFUSION = Capabilities(fields=frozenset(), sides=Range(128, 2048, 64), default_size=Size(1024, 1024))


@pytest.mark.parametrize(
    ("ratio", "resolution", "size"),
    [
        (16 / 9, None, "1280x720"),
        (16 / 9, "1080p", "1920x1080"),
        (16 / 9, "480p", "1280x720"),
        (16 / 9, "4k", "3840x2160"),
        (9 / 16, "4k", "720x1280"),
        (1, None, "960x960"),
        (4 / 3, None, "1104x832"),
    ],
)
def test_a_shape_finds_its_size_in_the_list(ratio: float, resolution: str | None, size: str) -> None:
    """A ratio and a scale lead to the listed size that fits them best."""
    assert str(size_for(ratio, resolution, FILM)) == size


def test_a_shape_becomes_a_size_inside_the_window() -> None:
    """Without a list the size is computed: the model's own scale, in legal steps."""
    wide = size_for(16 / 9, None, DIFFUSION)
    assert (wide.width % 64, wide.height % 64) == (0, 0)
    assert off_ratio(wide.ratio, 16 / 9) < 0.06
    assert size_for(1, "2k", DIFFUSION) == Size(2048, 2048)


@given(width=st.integers(1, 20_000), height=st.integers(1, 20_000), pixels=st.booleans())
def test_a_fitted_size_is_always_legal(width: int, height: int, *, pixels: bool) -> None:
    """Whatever is asked for, the answer lies inside the window."""
    rules = Capabilities(
        fields=frozenset(), sides=Range(128, 2048, 64), pixels=Range(256 * 256, 1024 * 1024) if pixels else None
    )
    size = nearest_size(Size(width, height), rules)
    assert size.width in Range(128, 2048, 64)
    assert size.height in Range(128, 2048, 64)


def test_an_exact_size_finds_its_neighbour() -> None:
    """The neighbour of an illegal size has its shape, then its scale."""
    assert str(nearest_size(Size(1281, 720), FILM)) == "1280x720"
    assert str(nearest_size(Size(1900, 1070), FILM)) == "1920x1080"
    assert str(nearest_size(Size(1000, 1000), DIFFUSION)) == "1024x1024"


def test_names_find_their_neighbours() -> None:
    """Ratios and scales by name are matched by value; names that are no ratio are passed over."""
    assert nearest_ratio(1.8, ("adaptive", "1:1", "16:9")) == "16:9"
    assert nearest_resolution("1080p", ("480p", "720p", "2k")) == "720p"
    assert nearest_resolution("4k", ("480p", "1080p")) == "1080p"
