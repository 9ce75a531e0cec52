"""When a task is looked at again."""

from hypothesis import given
from hypothesis import strategies as st

from anymedia.refs import TaskRef
from anymedia_runway import RunwayProvider, poller


def test_vendor_is_never_asked_faster_than_it_wants() -> None:
    """At the vendor's own address a shorter interval is raised to five seconds; a longer one is kept."""
    assert poller.interval(0.02, at_vendor=True) == 5
    assert poller.interval(9, at_vendor=True) == 9
    assert poller.interval(0.02, at_vendor=False) == 0.02


@given(st.floats(0, 1))
def test_looks_are_spread(chance: float) -> None:
    """A pause is the interval and up to two fifths more, so that many clients do not fall into step."""
    assert 5 <= poller.pause(5, chance) <= 7


def test_failures_back_off() -> None:
    """The waits after failures double from one second to thirty."""
    waits = [poller.back_off(5, failures, 0.5) for failures in range(1, 9)]
    assert waits == [1, 2, 4, 8, 16, 30, 30, 30]


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_back_off_stays_within_bounds(failures: int, chance: float) -> None:
    """However often it failed, the next look comes after half a second to three quarters of a minute."""
    assert 0.5 <= poller.back_off(5, failures, chance) <= 45


def test_back_off_follows_a_short_interval() -> None:
    """A test's short interval shortens the back-off alike."""
    assert poller.back_off(0.02, 1, 0.5) == 0.02


def test_next_look_uses_the_settings(nowhere: RunwayProvider) -> None:
    """The provider's own schedule comes from its settings, and from the failures it is told."""
    ref = TaskRef(provider="runway", id="x", operation="text_to_image", model="gen4_image")
    calm = nowhere.next_look(ref, None, 0, 0)
    worried = nowhere.next_look(ref, None, 0, 5)
    assert calm is not None
    assert worried is not None
    assert 0.02 <= calm <= 0.028
    assert worried > 0.1
