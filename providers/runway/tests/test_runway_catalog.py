"""What the catalogue says about the models."""

import pytest

from anymedia.catalog import Range, Size
from anymedia.errors import UnsupportedError
from anymedia.requests import OPERATIONS
from anymedia_runway.catalog import DEFAULT_MODELS, runway_catalog
from anymedia_runway.forms import Form


def test_default_models_exist_and_do_their_operation() -> None:
    """The one table of defaults names models that offer the operation."""
    catalog = runway_catalog()
    for operation, model in DEFAULT_MODELS.items():
        assert operation in catalog.models[model].operations


def test_every_capability_is_about_fields_the_request_has() -> None:
    """Fields, required ones and choices are named as the request classes name them."""
    for model in runway_catalog().models.values():
        for operation, rules in model.operations.items():
            known = set(OPERATIONS[operation].model_fields)
            assert rules.fields <= known
            assert rules.required <= rules.fields
            assert set(rules.choices) <= rules.fields


def test_every_form_can_be_read_back() -> None:
    """What a model carries for the codec is plain data with all the codec needs."""
    forms = [
        Form.model_validate(rules.wire)
        for model in runway_catalog().models.values()
        for rules in model.operations.values()
    ]
    assert len(forms) > 90
    assert all(form.fields for form in forms)


@pytest.mark.parametrize(
    ("operation", "model", "size"),
    [
        ("text_to_image", "gen4_image", "1024x1024"),
        ("text_to_image", "gemini_image3.1_flash", "1024x1024"),
        ("text_to_video", "gen4.5", "1280x720"),
        ("text_to_video", "kling3.0_4k", "3840x2160"),
        ("image_to_video", "seedance2", "1280x720"),
    ],
)
def test_default_sizes(operation: str, model: str, size: str) -> None:
    """A square of about a megapixel for pictures, 16:9 of about 720 lines for films."""
    rules = runway_catalog().models[model].operations[operation]
    assert rules.size_required
    assert rules.default_size == Size.parse(size)


def test_an_image_to_change_keeps_its_framing_where_it_can() -> None:
    """Models with a word for it get that word when no size is asked for, so the image is not cropped."""
    rules = runway_catalog().models["seedream5_pro"].operations["image_to_image"]
    assert not rules.size_required
    assert Form.model_validate(rules.wire).defaults["ratio"] == "auto_1k"


def test_counts_with_two_legal_values() -> None:
    """Where the vendor makes one or four, two is not legal."""
    counts = runway_catalog().models["gemini_image3_pro"].operations["text_to_image"].counts
    assert counts == Range(1, 4, 3)
    assert 4 in counts
    assert 2 not in counts


def test_one_output_is_a_firm_rule_without_a_count_field() -> None:
    """A model that makes one output refuses two before anything is sent."""
    rules = runway_catalog().models["gen4_image"].operations["text_to_image"]
    assert rules.counts == Range(1, 1, 1)
    assert "counts" in rules.confirmed


def test_assumed_rules_are_soft() -> None:
    """A limit that the vendor does not publish is never a reason to refuse."""
    rules = runway_catalog().models["kling_4"].operations["text_to_video"]
    assert rules.prompt is not None
    assert not rules.confirmed & {"prompt", "duration"}


def test_published_rules_are_firm() -> None:
    """A limit that the vendor publishes is an error before anything is sent."""
    rules = runway_catalog().models["gen4.5"].operations["text_to_video"]
    assert rules.confirmed >= {"prompt", "duration", "sizes", "seeds", "counts"}
    assert rules.prompt_unit == "utf16"


def test_last_frame_only_where_it_can_be_placed() -> None:
    """gen4.5 takes a first frame only; models that take a last one are known."""
    models = runway_catalog().models
    assert "last_frame" not in models["gen4.5"].operations["image_to_video"].fields
    takers = [name for name in models if "last_frame" in _fields(name, "image_to_video")]
    assert {"veo3.1", "kling3.0_pro", "seedance2", "gemini_omni_flash_1.1"} <= set(takers)


def test_masks_only_where_the_model_has_a_field() -> None:
    """One model takes a mask."""
    takers = [name for name in runway_catalog().models if "mask" in _fields(name, "image_to_image")]
    assert takers == ["ideogram_4_5"]


def test_tag_bound_models_change_no_images() -> None:
    """A model that looks at references by tag only is not offered for changing an image."""
    catalog = runway_catalog()
    assert not {"gen4_image", "gen4_image_turbo"} & set(catalog.offering("image_to_image"))
    with pytest.raises(UnsupportedError, match="ideogram_4_5|gpt_image_2|gemini"):
        catalog.find("gen4_image", "image_to_image")


def test_the_image_to_change_counts_as_a_reference() -> None:
    """What the vendor takes as references is one less beside an image to change, and none where it takes one."""
    models = runway_catalog().models
    assert models["ideogram_4_5"].operations["text_to_image"].references == 5
    assert models["ideogram_4_5"].operations["image_to_image"].references == 4
    assert "references" not in models["bria_fibo_1_5"].operations["image_to_image"].fields


def test_films_from_images_take_their_shape_from_it_where_the_model_can() -> None:
    """Such models have scales in place of sizes."""
    rules = runway_catalog().models["wan3"].operations["image_to_video"]
    assert not rules.sizes
    assert rules.resolutions == ("480p", "720p", "1080p")


def test_required_references() -> None:
    """A model that makes nothing without a reference says so."""
    assert "references" in runway_catalog().models["gen4_image_turbo"].operations["text_to_image"].required


def test_portable_names_lead_to_the_vendors() -> None:
    """A name that both providers share finds this provider's model."""
    assert runway_catalog().find("runway-gen-4.5", "text_to_video").id == "gen4.5"


@pytest.mark.parametrize("operation", ["remove_background", "remove_video_background"])
def test_what_runway_lacks_is_not_offered(operation: str) -> None:
    """Background removal has no model here."""
    with pytest.raises(UnsupportedError):
        runway_catalog().default(operation)


def _fields(model: str, operation: str) -> frozenset[str]:
    rules = runway_catalog().models[model].operations.get(operation)
    return rules.fields if rules else frozenset()
