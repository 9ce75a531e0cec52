"""When a task is looked at again."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia.refs import TaskRef, TaskState
from anymedia.tasks import Snapshot
from anymedia_runway import RunwayProvider, poller

REF = TaskRef(provider="runway", id="x", operation="text_to_image", model="gen4_image")
ACCEPTED = Snapshot(ref=REF, state=TaskState.QUEUED)
SEEN = replace(ACCEPTED, provider_status="PENDING")
chances = st.floats(0, 1)


def test_vendor_is_never_asked_faster_than_it_wants() -> None:
    """At the vendor's own address a shorter interval is raised to five seconds; a longer one is kept."""
    assert poller.interval(0.02, at_vendor=True) == 5
    assert poller.interval(9, at_vendor=True) == 9
    assert poller.interval(0.02, at_vendor=False) == 0.02


@pytest.mark.parametrize(
    ("address", "seconds"),
    [("https://api.dev.runwayml.com", 5), ("https://mirror.example", 0), ("http://127.0.0.1:1", 0)],
)
def test_only_the_vendor_wants_rest(open_runway: Callable[..., RunwayProvider], address: str, seconds: float) -> None:
    """Two looks at one task lie five seconds apart at the vendor's own host, whoever asks; others set no such rule."""
    assert open_runway(address).rest == seconds


@given(chances)
def test_looks_are_spread(chance: float) -> None:
    """A pause is the interval and up to two fifths more, so that many clients do not fall into step."""
    assert 5 <= poller.pause(5, chance) <= 7


def test_failures_back_off() -> None:
    """The waits after failures double from five seconds to thirty."""
    assert [poller.back_off(5, failures, 0) for failures in range(1, 6)] == [5, 10, 20, 30, 30]


@given(st.integers(1, 10_000), chances)
def test_back_off_stays_within_bounds(failures: int, chance: float) -> None:
    """However often it failed, the next look comes, and never sooner than the vendor allows."""
    assert 5 <= poller.back_off(5, failures, chance) <= 45


def test_back_off_follows_a_short_interval() -> None:
    """A test's short interval shortens the back-off alike."""
    assert poller.back_off(0.02, 1, 0) == 0.02


@pytest.mark.parametrize(
    ("operation", "model", "seconds"),
    [
        ("sound_effect", "eleven_text_to_sound_v2", 4),
        ("text_to_image", "gen4_image", 5),
        ("text_to_image", "gen4_image_turbo", 4),
        ("image_to_video", "gen4_turbo", 15),
        ("image_to_video", "gen4.5", 30),
        ("video_to_video", "aleph2", 30),
        ("native", "brand_new", 10),
    ],
)
def test_first_look_is_timed_by_the_model(operation: str, model: str, seconds: float) -> None:
    """Quick work is looked at when it should be done, slow work at half of what it usually takes, 30 s at the most."""
    assert poller.first_look(5, poller.usual_seconds(operation, model), 0) == seconds


@given(st.floats(0.01, 60), st.floats(1, 1000), chances)
def test_first_look_stays_within_bounds(interval: float, usual: float, chance: float) -> None:
    """The first look is never later than 30 s and jitter, nor later than the task usually ends and jitter."""
    assert 0 < poller.first_look(interval, usual, chance) <= 1.4 * min(usual, 30) + 1e-9


def test_next_look_after_acceptance(nowhere: RunwayProvider) -> None:
    """A task just accepted is looked at when its model has had time, counted from when it was accepted."""
    video = replace(ACCEPTED, ref=replace(REF, operation="text_to_video"))
    sooner, later = nowhere.next_look(REF, ACCEPTED, 0, 0), nowhere.next_look(video.ref, video, 0, 0)
    assert sooner is not None
    assert later is not None
    assert 0.02 <= sooner <= 0.028
    assert 0.12 <= later <= 0.168
    after = nowhere.next_look(video.ref, video, 0.1, 0)
    assert after is not None
    assert after <= 0.068


def test_next_look_after_a_look(nowhere: RunwayProvider) -> None:
    """A task that was seen, or came from another process, or is still hidden after its first look, has the usual pace."""
    for last, age in ((SEEN, 0), (None, 0), (ACCEPTED, 100)):
        pause = nowhere.next_look(REF, last, age, 0)
        assert pause is not None
        assert 0.02 <= pause <= 0.028


def test_next_look_after_trouble(nowhere: RunwayProvider) -> None:
    """Failures slow the looks down and never end them."""
    worried = [nowhere.next_look(REF, ACCEPTED, 0, failures) for failures in (1, 3, 1000)]
    for pause, least in zip(worried, (0.02, 0.08, 0.12), strict=True):
        assert pause is not None
        assert least <= pause <= 1.5 * least + 1e-9
