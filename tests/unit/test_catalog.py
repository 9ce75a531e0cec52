"""Models are found by every name they have."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia.catalog import Capabilities, Catalog, ModelInfo, Range, Size
from anymedia.errors import ModelNotFoundError, UnsupportedError

IMAGES = {"text_to_image": Capabilities(fields=frozenset())}
FILMS = {"text_to_video": Capabilities(fields=frozenset())}
CATALOG = Catalog(
    "vendor",
    [ModelInfo(id="pix@1", names=("portable-pix",), operations=IMAGES), ModelInfo(id="film@1", operations=FILMS)],
    {"text_to_image": "pix@1"},
)


def test_a_model_is_found_by_id_and_by_portable_name() -> None:
    """Either name leads to the same model."""
    assert CATALOG.find("pix@1", "text_to_image") is CATALOG.find("portable-pix", "text_to_image")
    assert "portable-pix" in CATALOG
    assert CATALOG.default("text_to_image") == "pix@1"
    assert CATALOG.operations() == {"text_to_image", "text_to_video"}


def test_an_unknown_model_names_its_neighbours() -> None:
    """A typo leads to the model that was meant, and to the way past the catalogue."""
    with pytest.raises(ModelNotFoundError, match="unlisted:pix@2") as caught:
        CATALOG.find("pix@2", "text_to_image")
    assert caught.value.issues[0].nearest == "pix@1"


def test_a_model_that_lacks_the_operation_names_one_that_has_it() -> None:
    """The error leads to a model that works."""
    with pytest.raises(UnsupportedError) as caught:
        CATALOG.find("pix@1", "text_to_video")
    assert caught.value.issues[0].nearest == "film@1"
    with pytest.raises(UnsupportedError, match="has no model"):
        CATALOG.find("pix@1", "upscale_image")
    with pytest.raises(UnsupportedError):
        CATALOG.default("upscale_image")


def test_an_unlisted_model_is_taken_at_its_word() -> None:
    """`unlisted:` sends any id."""
    model = CATALOG.find("unlisted:new@9", "text_to_video")
    assert (model.id, model.listed) == ("new@9", False)


@given(
    low=st.integers(0, 100),
    width=st.integers(0, 100),
    step=st.sampled_from([0, 1, 8, 0.5]),
    value=st.floats(-500, 500),
)
def test_the_nearest_number_is_legal_and_nearest(low: int, width: int, step: float, value: float) -> None:
    """`nearest` gives a legal number, and no legal number is closer."""
    legal = Range(low, low + width, step)
    found = legal.nearest(value)
    assert found in legal
    steps = [low + index * step for index in range(math.floor(width / step) + 1)] if step else [low, low + width]
    assert all(abs(found - value) <= abs(other - value) + 1e-9 for other in steps)


def test_sizes_and_ranges_read_as_people_write_them() -> None:
    """Sizes and ranges have the forms that errors show."""
    assert str(Size.parse("1280:720")) == "1280x720"
    assert str(Range(128, 2048, 64)) == "128 to 2048 in steps of 64"
    assert str(Range(1, 1000)) == "1 to 1000"
