"""A request is held against what the model accepts; every problem is told at once, and nothing is lost silently."""

from typing import Any

import pytest

from anymedia.catalog import Capabilities, Catalog, ModelInfo, Range, Size
from anymedia.errors import InvalidRequestError
from anymedia.planning import PlanPolicy, resolve
from anymedia.requests import ImageToVideo, Request, TextToImage, TextToSpeech, TextToVideo
from anymedia.results import Notice, Result

IMAGE = "https://example.com/a.png"
FILM = Capabilities(
    fields=frozenset({"prompt", "image", "duration", "seed", "output_format", "count"}),
    required=frozenset({"prompt"}),
    sizes=(Size(1280, 720), Size(720, 1280), Size(960, 960)),
    size_required=True,
    default_size=Size(1280, 720),
    durations=(5.0, 10.0),
    default_duration=5.0,
    prompt=Range(1, 10),
    prompt_unit="utf16",
    counts=Range(1, 1, 1),
    formats=("mp4",),
    seeds=Range(0, 100, 1),
    confirmed=frozenset({"sizes", "durations", "prompt", "counts", "formats", "seeds"}),
)
LAST = Capabilities(fields=FILM.fields | {"last_frame"})
PICTURE = Capabilities(
    fields=frozenset({"prompt", "references", "aspect_ratio", "resolution"}),
    aspect_ratios=("adaptive", "16:9", "1:1"),
    resolutions=("720p", "2k"),
    references=2,
    choices={"strength": (0.5,)},
)
CATALOG = Catalog(
    "vendor",
    [
        ModelInfo(id="film", operations={"image_to_video": FILM, "text_to_video": FILM}),
        ModelInfo(id="two-frames", operations={"image_to_video": LAST}),
        ModelInfo(id="picture", operations={"text_to_image": PICTURE}),
    ],
    {},
)
EXACT, NEAREST, STRICT = PlanPolicy(), PlanPolicy(size_policy="nearest"), PlanPolicy(strict=True)


def settle(request: Request[Result], model: str, policy: PlanPolicy = EXACT) -> tuple[Any, tuple[Notice, ...]]:
    return resolve(request, CATALOG.models[model], CATALOG, policy)


def film(policy: PlanPolicy = EXACT, **fields: Any) -> tuple[Any, tuple[Notice, ...]]:
    return settle(ImageToVideo(**{"image": IMAGE, "prompt": "a cat", **fields}), "film", policy)


def test_what_is_left_open_is_decided() -> None:
    """Size and duration are sent explicitly, without a notice."""
    request, notices = film()
    assert (request.size, request.duration, notices) == ("1280x720", 5.0, ())


def test_a_portable_shape_becomes_an_exact_size_without_fuss() -> None:
    """A ratio within three percent is not worth a notice."""
    request, notices = film(aspect_ratio="9:16")
    assert (request.size, request.aspect_ratio, notices) == ("720x1280", None, ())


def test_a_shape_the_model_lacks_names_the_nearest() -> None:
    """A ratio far from every legal size is an error, or an adjustment where that was asked for."""
    with pytest.raises(InvalidRequestError) as caught:
        film(aspect_ratio="21:9")
    assert caught.value.issues[0].nearest == "1280x720"
    request, notices = film(NEAREST, aspect_ratio="21:9")
    assert (request.size, [notice.code for notice in notices]) == ("1280x720", ["adjusted"])


def test_an_exact_size_is_never_changed_unasked() -> None:
    """An illegal size is an error with every legal one; `nearest` takes its neighbour and says so."""
    with pytest.raises(InvalidRequestError) as caught:
        film(size="1000x1000")
    assert (caught.value.issues[0].legal, caught.value.issues[0].nearest) == (
        ("1280x720", "720x1280", "960x960"),
        "960x960",
    )
    request, notices = film(NEAREST, size="1000x1000")
    assert (request.size, notices[0].message) == ("960x960", "1000x1000 became 960x960")
    assert film(size="960x960")[0].size == "960x960"


def test_a_setting_the_model_lacks_is_dropped_aloud_or_refused() -> None:
    """A dropped setting is a notice, under `strict` an error."""
    request, notices = film(fps=30, audio=True)
    assert (request.fps, request.audio) == (None, None)
    assert {(notice.code, notice.field) for notice in notices} == {("dropped", "fps"), ("dropped", "audio")}
    with pytest.raises(InvalidRequestError, match="fps"):
        film(STRICT, fps=30)


def test_a_dropped_input_is_always_an_error_that_names_a_model() -> None:
    """An input is never left out; the error names the model that takes it."""
    with pytest.raises(InvalidRequestError) as caught:
        film(last_frame=IMAGE)
    assert caught.value.issues[0].nearest == "model 'two-frames'"
    assert settle(ImageToVideo(image=IMAGE, last_frame=IMAGE), "two-frames")[1] == ()


@pytest.mark.parametrize(
    ("fields", "field", "nearest"),
    [
        ({"duration": 7}, "duration", "5.0"),
        ({"duration": 9}, "duration", "10.0"),
        ({"count": 3}, "count", "1"),
        ({"seed": 101}, "seed", "100"),
        ({"output_format": "gif"}, "output_format", "mp4"),
        ({"prompt": "x" * 11}, "prompt", None),
        ({"prompt": None}, "prompt", None),
    ],
)
def test_a_confirmed_rule_is_an_error_with_the_nearest_value(
    fields: dict[str, Any], field: str, nearest: str | None
) -> None:
    """Each broken rule names its field and the nearest legal value."""
    with pytest.raises(InvalidRequestError) as caught:
        film(**fields)
    assert [(issue.field, issue.nearest) for issue in caught.value.issues] == [(field, nearest)]


def test_prompts_are_counted_as_the_vendor_counts() -> None:
    """An emoji is two UTF-16 units."""
    film(prompt="😀" * 5)
    with pytest.raises(InvalidRequestError, match="12 utf16"):
        film(prompt="😀" * 6)


def test_a_text_to_speak_is_held_against_the_rule_for_prompts() -> None:
    """Speech has a limit too, and the error names the field it stands in."""
    voice = ModelInfo(
        id="voice",
        operations={
            "text_to_speech": Capabilities(
                fields=frozenset({"text"}), prompt=Range(1, 5), confirmed=frozenset({"prompt"})
            )
        },
    )
    catalog = Catalog("vendor", [voice], {})
    resolve(TextToSpeech(text="Hello"), voice, catalog, EXACT)
    with pytest.raises(InvalidRequestError) as caught:
        resolve(TextToSpeech(text="Hello there"), voice, catalog, EXACT)
    assert [issue.field for issue in caught.value.issues] == ["text"]


def test_every_problem_is_told_at_once() -> None:
    """One error lists all that is wrong."""
    with pytest.raises(InvalidRequestError) as caught:
        film(size="1x1", duration=7, seed=999, last_frame=IMAGE)
    assert {issue.field for issue in caught.value.issues} == {"size", "duration", "seed", "last_frame"}


def test_an_unconfirmed_rule_never_blocks() -> None:
    """Stale data gives a notice and sends what was asked."""
    request, notices = settle(TextToImage(prompt="x", references=[IMAGE] * 3), "picture")
    assert len(request.references) == 3
    assert [notice.code for notice in notices] == ["unconfirmed"]


@pytest.mark.parametrize("request_", [TextToVideo(), ImageToVideo(image=IMAGE)])
def test_a_prompt_that_the_model_needs_is_missed_by_name(request_: Request[Result]) -> None:
    """Whether a film needs a prompt is the model's to say; the error names the field, and who asks for it."""
    with pytest.raises(InvalidRequestError) as caught:
        settle(request_, "film")
    assert [(issue.field, issue.message) for issue in caught.value.issues] == [("prompt", "is required by film")]


def test_models_that_name_their_shapes_get_names() -> None:
    """A model with ratios and scales by name is given names."""
    request, notices = settle(TextToImage(prompt="x", aspect_ratio="32:18", resolution="1080p"), "picture")
    assert (request.size, request.aspect_ratio, request.resolution, notices) == (None, "16:9", "720p", ())
    request, notices = settle(TextToImage(prompt="x", size="1000x1000"), "picture", NEAREST)
    assert (request.aspect_ratio, notices[0].code) == ("1:1", "adjusted")


def test_formats_are_normalised() -> None:
    """Case and the two spellings of JPEG do not matter."""
    assert film(output_format="MP4")[0].output_format == "mp4"


def test_an_unlisted_model_is_not_judged() -> None:
    """What the catalogue does not hold passes unchanged."""
    request = TextToVideo(prompt="x" * 99, size="1x1", duration=99)
    assert resolve(request, ModelInfo(id="new", listed=False), CATALOG, EXACT) == (request, ())
