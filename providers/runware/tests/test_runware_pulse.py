"""Whether a link still lives: silence counts from the first thing that is owed, whoever gives up waiting for it."""

import pytest

from anymedia_runware.pulse import Pace, Pulse, Vital

PACE = Pace(ping_when_idle=30, dead_when_idle=60, ping_when_busy=4, dead_when_busy=9)


@pytest.mark.parametrize("patience", [1, 3, 6])
def test_short_questions_do_not_hide_a_dead_link(patience: int) -> None:
    """Questions that are given up and asked again do not put off the end of a silent link."""
    pulse = Pulse(PACE)
    seen = []
    for now in range(10):
        if now % patience == 0:
            pulse.work(busy=False, now=now)
        pulse.work(busy=True, now=now)
        seen.append(pulse.look(now))
    assert seen.index(Vital.PING) == 4
    assert seen.index(Vital.DEAD) == 9


def test_a_sign_of_life_settles_what_was_owed() -> None:
    """Once something was heard, an idle link is given the long times again."""
    pulse = Pulse(PACE)
    pulse.work(busy=True, now=1)
    pulse.beat(2)
    pulse.work(busy=False, now=2)
    assert pulse.next_deadline() == 32
    pulse.work(busy=True, now=20)
    assert pulse.next_deadline() == 24
