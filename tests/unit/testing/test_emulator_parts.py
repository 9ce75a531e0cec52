"""Ledger, faults and the emulator's frame."""

import subprocess
import sys
from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

import pytest
from typing_extensions import override

import anymedia.testing
from anymedia.testing import Emulator, Endpoint, Faults, Ledger, ManualClock, ScaledClock
from anymedia.testing.emulator import LEDGER_EVENTS, LedgerEvent


class Still(Emulator):
    """Starts and ends, and does nothing between."""

    name: ClassVar[str] = "still"
    fault_kinds: ClassVar[Mapping[str, str]] = {"late": "answers late", "wrong": "answers wrongly"}
    open = False

    @classmethod
    @override
    def default_api_key(cls) -> str:
        return "still-not-a-key"

    @override
    async def start(self) -> Endpoint:
        self.open = True
        return Endpoint(f"http://127.0.0.1:{self.port}", self.api_key)

    @override
    async def aclose(self) -> None:
        self.open = False


async def test_an_emulator_is_open_inside_its_block() -> None:
    """`async with` starts, names the endpoint and closes."""
    async with Still(port=7, api_key="mine") as emulator:
        assert emulator.open
        assert emulator.endpoint == Endpoint("http://127.0.0.1:7", "mine")
    assert not emulator.open


def test_an_emulator_has_a_plain_key_and_a_clock_by_default() -> None:
    """Without arguments the key is the class's own and time runs at the given speed."""
    emulator = Still(speed=20)
    assert emulator.api_key == "still-not-a-key"
    assert isinstance(emulator.clock, ScaledClock)
    assert emulator.clock.speed == 20
    clock = ManualClock()
    assert Still(clock=clock).clock is clock


def test_an_endpoint_keeps_its_key_out_of_its_repr() -> None:
    """Keys stay out of logs, even those of an emulator."""
    assert "secret" not in repr(Endpoint("http://127.0.0.1", "secret"))


def test_the_ledger_counts_what_was_accepted_charged_and_delivered() -> None:
    """Its sums are what a client is judged by."""
    ledger = Ledger()
    ledger.saw("POST /v1/text_to_image")
    ledger.accept("a", "image", {"prompt": "fox"})
    ledger.accept("b", "video", {})
    ledger.charge("a", Decimal("0.10"), "USD")
    ledger.charge("a", Decimal("0.05"), "USD")
    ledger.charge("b", Decimal(2), "USD")
    assert (ledger.accepted, ledger.charged) == (2, Decimal("2.15"))
    ledger.refund("b")
    ledger.finish("a", "succeeded")
    ledger.finish("b", "failed")
    assert ledger.charged == Decimal("0.15")
    assert {task: entry.state for task, entry in ledger.entries.items()} == {"a": "succeeded", "b": "failed"}
    assert ledger.entries["a"].unit == "USD"
    assert ledger.requests == ["POST /v1/text_to_image"]


def test_an_output_is_delivered_once_however_often_it_is_asked_for() -> None:
    """Telling the client the same two outputs again is not a second delivery."""
    ledger = Ledger()
    events: list[LedgerEvent] = []
    ledger.accept("a", "image", {})
    ledger.subscribe(events.append)
    for outputs in (1, 2, 2, 1):
        ledger.deliver("a", outputs)
    assert ledger.delivered == 2
    assert events == [LedgerEvent("delivered", "a")] * 2


def test_a_task_accepted_twice_is_an_error() -> None:
    """The emulator itself may not lose count."""
    ledger = Ledger()
    ledger.accept("a", "image", {})
    with pytest.raises(ValueError, match="a was accepted twice"):
        ledger.accept("a", "image", {})


def test_listeners_hear_each_event_at_once_and_in_order() -> None:
    """Each change of a task tells every listener its name before the call returns."""
    ledger = Ledger()
    heard: list[str] = []
    ledger.subscribe(lambda event: heard.append(event.name))
    ledger.accept("a", "image", {})
    assert heard == ["accepted"]
    ledger.charge("a", Decimal(1), "credits")
    ledger.refund("a")
    ledger.finish("a", "succeeded")
    ledger.deliver("a", 1)
    ledger.finish("a", "canceled")
    assert tuple(heard) == LEDGER_EVENTS


def test_a_fault_is_used_up_after_its_times() -> None:
    """A fault armed twice happens twice, with its options."""
    faults = Faults(Still.fault_kinds)
    faults.add("late", times=2, seconds=3)
    assert [faults.take("late"), faults.take("late"), faults.take("late")] == [{"seconds": 3}, {"seconds": 3}, None]


def test_a_fault_waits_for_its_kind_and_subject() -> None:
    """Other occasions pass, and do not use it up."""
    faults = Faults(Still.fault_kinds)
    faults.add("late", match="video")
    assert faults.take("wrong", "POST /video") is None
    assert faults.take("late", "POST /image") is None
    assert faults.take("late", "POST /video") == {}
    assert faults.take("late", "POST /video") is None


def test_a_fault_without_times_goes_on_until_cleared() -> None:
    """times=None is for ever; clear() ends it."""
    faults = Faults(Still.fault_kinds)
    faults.add("wrong", times=None)
    assert [faults.take("wrong") for _ in range(5)] == [{}] * 5
    faults.clear()
    assert faults.take("wrong") is None


@pytest.mark.parametrize(("typo", "near"), [("lat", "late"), ("xyz", "late")])
def test_an_unknown_fault_names_a_known_one(typo: str, near: str) -> None:
    """A typo is refused, with the nearest kind."""
    with pytest.raises(ValueError, match=f"did you mean '{near}'"):
        Faults(Still.fault_kinds).add(typo)


def test_the_package_loads_no_media_library_nor_server() -> None:
    """`import anymedia.testing` works without the emulator extra, and says what it offers."""
    code = "import anymedia.testing, sys; print(sorted({'PIL', 'av', 'uvicorn', 'starlette'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"
    assert all(hasattr(anymedia.testing, name) for name in anymedia.testing.__all__)
