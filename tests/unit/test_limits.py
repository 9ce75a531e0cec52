"""Places at a provider are few, given in turn, and fewer once it asks for patience."""

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia.errors import ClientClosedError
from anymedia.limits import Limiter
from anymedia.testing import ManualClock


class Visit:
    """One request of a caller: waits for a place, then stays until it is told to go."""

    def __init__(self, hall: "Hall", caller: Hashable, number: int) -> None:
        self.caller = caller
        self.number = number
        self.inside = False
        self.go = asyncio.Event()
        self.task = asyncio.create_task(self._visit(hall))

    async def _visit(self, hall: "Hall") -> None:
        async with hall.limiter.place(self.caller):
            self.inside = True
            hall.entered.append(self)
            hall.times.append(hall.clock.now())
            try:
                await self.go.wait()
            finally:
                self.inside = False


class Hall:
    """A limiter, its visitors, and the order they came in."""

    def __init__(self, at_once: int, per_second: float | None = None) -> None:
        self.clock = ManualClock()
        self.limiter = Limiter(self.clock, at_once=at_once, per_second=per_second)
        self.visits: list[Visit] = []
        self.entered: list[Visit] = []
        self.times: list[float] = []

    async def arrive(self, caller: Hashable, count: int = 1) -> list[Visit]:
        """Let a caller ask for so many places."""
        visits = [Visit(self, caller, len(self.visits) + number) for number in range(count)]
        self.visits += visits
        await self.settle()
        return visits

    async def leave(self, *visits: Visit) -> None:
        """Let them go, one after the other."""
        for visit in visits:
            visit.go.set()
            await self.settle()

    async def settle(self) -> None:
        """Let everything happen that needs no time."""
        await self.clock.advance(0)

    async def aclose(self) -> None:
        """Send everybody home."""
        for visit in self.visits:
            visit.task.cancel()
        await asyncio.gather(*(visit.task for visit in self.visits), return_exceptions=True)
        await self.limiter.aclose()

    @property
    def inside(self) -> list[Visit]:
        """Who holds a place."""
        return [visit for visit in self.visits if visit.inside]

    @property
    def callers(self) -> str:
        """The callers in the order they were let in."""
        return "".join(str(visit.caller) for visit in self.entered)


@pytest.fixture
async def hall_of() -> AsyncIterator[Callable[..., Hall]]:
    """Halls that are empty and closed at the end."""
    halls: list[Hall] = []

    def make(at_once: int, per_second: float | None = None) -> Hall:
        halls.append(Hall(at_once, per_second))
        return halls[-1]

    yield make
    for hall in halls:
        await hall.aclose()


async def test_no_more_than_so_many_at_once(hall_of: Callable[..., Hall]) -> None:
    """The places are all used and never overfilled; each that is left is filled at once."""
    hall = hall_of(3)
    visits = await hall.arrive("a", 5)
    assert hall.inside == visits[:3]
    await hall.leave(visits[1])
    assert hall.inside == [visits[0], visits[2], visits[3]]
    assert hall.limiter.waiting == 1


async def test_a_thousand_of_one_caller_do_not_keep_another_waiting(hall_of: Callable[..., Hall]) -> None:
    """Whoever comes with one request after a crowd of somebody else's gets the second free place at the latest."""
    hall = hall_of(2)
    crowd = await hall.arrive("a", 1000)
    (single,) = await hall.arrive("b")
    await hall.leave(*crowd[:2])
    assert single in hall.entered


async def test_callers_take_turns_and_each_keeps_its_own_order(hall_of: Callable[..., Hall]) -> None:
    """Round-robin between callers, first come first served within one."""
    hall = hall_of(1)
    for caller, count in (("a", 4), ("b", 2), ("c", 3)):
        await hall.arrive(caller, count)
    while hall.inside:
        await hall.leave(*hall.inside)
    assert hall.callers == "aabcabcac"
    for caller in "abc":
        numbers = [visit.number for visit in hall.entered if visit.caller == caller]
        assert numbers == sorted(numbers)


async def test_who_stops_waiting_vanishes(hall_of: Callable[..., Hall]) -> None:
    """A canceled waiter is let in by nobody and delays nobody."""
    hall = hall_of(1)
    first, second, third = await hall.arrive("a", 3)
    second.task.cancel()
    await hall.settle()
    assert hall.limiter.waiting == 1
    await hall.leave(first)
    assert hall.inside == [third]
    assert second.task.cancelled()


async def test_who_comes_back_stands_at_the_end(hall_of: Callable[..., Hall]) -> None:
    """A caller that stopped waiting keeps nothing reserved: those who stayed go first."""
    hall = hall_of(1)
    (holder,) = await hall.arrive("x")
    (leaver,) = await hall.arrive("a")
    await hall.arrive("b")
    leaver.task.cancel()
    await hall.settle()
    await hall.arrive("a")
    await hall.leave(holder)
    await hall.leave(*hall.inside)
    assert hall.callers == "xba"


async def test_a_turn_passes_to_the_callers_next_when_the_first_has_just_left(hall_of: Callable[..., Hall]) -> None:
    """A place that becomes free in the very moment a waiter is canceled goes to the next of the same caller."""
    hall = hall_of(1)
    (holder,) = await hall.arrive("x")
    leaver, heir = await hall.arrive("a", 2)
    await hall.arrive("b")
    holder.go.set()
    leaver.task.cancel()
    await hall.settle()
    assert hall.inside == [heir]


async def test_a_place_given_to_somebody_who_is_canceled_is_not_lost(hall_of: Callable[..., Hall]) -> None:
    """Cancellation after the place was given, but before its owner woke up, hands the place on."""
    hall = hall_of(1)
    given = asyncio.Event()

    async def hold() -> None:
        async with hall.limiter.place("x"):
            await given.wait()
        unlucky.task.cancel()  # in the same step in which its turn came

    holder = asyncio.create_task(hold())
    await hall.settle()
    unlucky, heir = await hall.arrive("a", 2)
    given.set()
    await holder
    await hall.settle()
    assert unlucky.task.cancelled()
    assert unlucky not in hall.entered
    assert hall.inside == [heir]


async def test_an_error_inside_frees_the_place(hall_of: Callable[..., Hall]) -> None:
    """Whatever ends a visit, the place is free again, and the error comes out unchanged."""
    hall = hall_of(1)
    with pytest.raises(KeyError):
        async with hall.limiter.place("a"):
            raise KeyError
    (visit,) = await hall.arrive("a")
    assert visit.inside


async def test_starts_are_spaced(hall_of: Callable[..., Hall]) -> None:
    """`per_second` leaves the same time between any two starts, whoever makes them, and saves up no burst."""
    hall = hall_of(100, per_second=4)
    await hall.arrive("a", 3)
    await hall.arrive("b", 2)
    await hall.clock.advance(60)
    await hall.arrive("c", 2)
    await hall.clock.advance(60)
    assert hall.times == [0, 0.25, 0.5, 0.75, 1, 60, 60.25]
    assert hall.callers == "aababcc"


async def test_a_pause_holds_everybody_back_to_the_second(hall_of: Callable[..., Hall]) -> None:
    """After `slow_down` nobody starts until the time is over, whoever comes and whatever becomes free."""
    hall = hall_of(4)
    (visit,) = await hall.arrive("a")
    hall.limiter.slow_down(10)
    await hall.arrive("b")
    await hall.leave(visit)
    await hall.clock.advance(9.9)
    assert hall.inside == []
    await hall.clock.advance(0.1)
    assert hall.callers == "ab"
    assert hall.times == [0, 10]


async def test_a_pause_is_extended_and_never_shortened(hall_of: Callable[..., Hall]) -> None:
    """The longest wish counts."""
    hall = hall_of(4)
    for seconds in (5, 10, 1):
        hall.limiter.slow_down(seconds)
    await hall.arrive("a")
    await hall.clock.advance(9.9)
    assert hall.inside == []
    await hall.clock.advance(0.1)
    assert hall.times == [10]


@pytest.mark.parametrize(("pause", "times"), [(3, [0, 3, 3.5]), (0.1, [0, 0.5, 1])])
async def test_a_pause_and_the_spacing_both_hold(
    hall_of: Callable[..., Hall], pause: float, times: list[float]
) -> None:
    """The later of the two counts."""
    hall = hall_of(8, per_second=2)
    await hall.arrive("a", 3)
    hall.limiter.slow_down(pause)
    await hall.clock.advance(10)
    assert hall.times == times


@pytest.mark.parametrize(("pauses", "places"), [(1, 4), (2, 2), (3, 1), (5, 1)])
async def test_each_pause_halves_the_places(hall_of: Callable[..., Hall], pauses: int, places: int) -> None:
    """Down to one, and once per pause, however many refusals come in it."""
    hall = hall_of(8)
    for _ in range(pauses):
        for seconds in (1, 0.5, 0.1):
            hall.limiter.slow_down(seconds)
        await hall.clock.advance(0.9)
        hall.limiter.slow_down(0.1)
        await hall.clock.advance(0.1)
    await hall.arrive("a", 20)
    assert len(hall.inside) == places


async def test_each_success_gives_back_one_place(hall_of: Callable[..., Hall]) -> None:
    """Room grows back one by one, is filled at once, and never exceeds what was set."""
    hall = hall_of(4)
    hall.limiter.slow_down(1)
    await hall.clock.advance(1)
    await hall.arrive("a", 20)
    seen = [len(hall.inside)]
    for _ in range(4):
        hall.limiter.speed_up()
        await hall.settle()
        seen.append(len(hall.inside))
    assert seen == [2, 3, 4, 4, 4]


async def test_who_is_inside_stays_when_places_are_taken_away(hall_of: Callable[..., Hall]) -> None:
    """A pause cuts nobody off; the next one comes in once there are fewer than the halved number."""
    hall = hall_of(4)
    visits = await hall.arrive("a", 5)
    hall.limiter.slow_down(1)
    await hall.clock.advance(1)
    assert hall.inside == visits[:4]
    await hall.leave(*visits[:2])
    assert hall.inside == visits[2:4]
    await hall.leave(visits[2])
    assert hall.inside == visits[3:]


async def test_a_thousand_waiters_need_one_sleeper(hall_of: Callable[..., Hall]) -> None:
    """Waiting costs a line in a list: no timer of its own per waiter."""
    hall = hall_of(5, per_second=100)
    before = len(asyncio.all_tasks())
    await hall.arrive("a", 1000)
    assert hall.clock.sleepers == 1
    assert len(asyncio.all_tasks()) - before <= 1000 + 3


async def test_closing_sends_everybody_away(hall_of: Callable[..., Hall]) -> None:
    """Whoever waits when it is closed, or comes later, gets `ClientClosedError`; who is inside may finish."""
    before = asyncio.all_tasks()
    hall = hall_of(1, per_second=1)
    insider, waiter = await hall.arrive("a", 2)
    await hall.limiter.aclose()
    (late,) = await hall.arrive("a")
    for visit in (waiter, late):
        with pytest.raises(ClientClosedError):
            await visit.task
    assert insider.inside
    await hall.leave(insider)
    hall.limiter.slow_down(5)
    hall.limiter.speed_up()
    await insider.task
    assert asyncio.all_tasks() == before


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("arrive"), st.sampled_from("abc"), st.integers(1, 5)),
        st.tuples(st.just("leave"), st.integers(0, 99), st.none()),
        st.tuples(st.just("cancel"), st.integers(0, 99), st.booleans()),
        st.tuples(st.just("slow_down"), st.floats(0, 5), st.none()),
        st.tuples(st.just("speed_up"), st.none(), st.none()),
        st.tuples(st.just("advance"), st.floats(0, 3), st.none()),
    ),
    max_size=40,
)


@given(steps=STEPS, at_once=st.integers(1, 4), per_second=st.sampled_from([None, 0.5, 3.0]))
async def test_whatever_happens_places_are_kept_and_nobody_starves(
    steps: list[tuple[str, object, object]], at_once: int, per_second: float | None
) -> None:
    """Never overfilled, first come first served within a caller, the canceled vanish, and everybody else gets in."""
    hall = Hall(at_once, per_second)
    for step in steps:
        await _take(hall, *step)
        assert len(hall.inside) <= at_once
    await _empty(hall)
    stayed = [visit for visit in hall.visits if not visit.task.cancelled()]
    assert [visit for visit in stayed if visit not in hall.entered] == []
    for caller in "abc":
        numbers = [visit.number for visit in hall.entered if visit.caller == caller]
        assert numbers == sorted(numbers)
    assert hall.limiter.waiting == 0
    await hall.aclose()


@given(queues=st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 6), min_size=1), at_once=st.integers(1, 4))
async def test_nobody_is_passed_twice(queues: dict[str, int], at_once: int) -> None:
    """Between two starts of one caller that has requests waiting, every other waiting caller starts once."""
    hall = Hall(at_once)
    holders = await hall.arrive("x", at_once)
    for caller, count in queues.items():
        await hall.arrive(caller, count)
    await hall.leave(*holders)
    while hall.inside:
        await hall.leave(hall.inside[0])
    rounds = range(max(queues.values()))
    expected = "".join(caller for number in rounds for caller, count in queues.items() if count > number)
    assert hall.callers == "x" * at_once + expected
    await hall.aclose()


async def _take(hall: Hall, step: str, what: object, how: object) -> None:
    if step == "arrive" and isinstance(how, int):
        await hall.arrive(str(what), how)
    elif step == "leave" and isinstance(what, int) and hall.inside:
        await hall.leave(hall.inside[what % len(hall.inside)])
    elif step == "cancel" and isinstance(what, int) and hall.visits:
        if how and hall.inside:  # in the same moment as a place becomes free
            hall.inside[0].go.set()
        hall.visits[what % len(hall.visits)].task.cancel()
        await hall.settle()
    elif step == "slow_down" and isinstance(what, float):
        hall.limiter.slow_down(what)
    elif step == "speed_up":
        hall.limiter.speed_up()
    elif step == "advance" and isinstance(what, float):
        await hall.clock.advance(what)


async def _empty(hall: Hall) -> None:
    """Let time pass and everybody leave, as long as there is anybody."""
    for _ in range(len(hall.visits) + 1):
        await hall.clock.advance(10)
        await hall.leave(*hall.inside)
