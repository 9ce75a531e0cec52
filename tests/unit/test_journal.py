"""The journal keeps the last word on every attempt."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from anymedia import journal
from anymedia.journal import AttemptState, Entry, MemoryJournal

ENTRY = Entry(
    request="r1",
    attempt=1,
    state=AttemptState.INTENT,
    time=datetime(2026, 11, 20, tzinfo=UTC),
    provider="x",
    operation="text_to_image",
    model="m",
)


async def test_the_last_entry_of_each_attempt_counts() -> None:
    """Later entries replace earlier ones of the same attempt, not of another."""
    memory = MemoryJournal()
    second = replace(ENTRY, attempt=2)
    for entry in (ENTRY, second, replace(ENTRY, state=AttemptState.NOT_SENT)):
        await memory.record(entry)
    assert await memory.latest() == (replace(ENTRY, state=AttemptState.NOT_SENT), second)
    await memory.aclose()


async def test_open_attempts_are_never_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long life forgets what is over, never what may have cost money unseen."""
    monkeypatch.setattr(journal, "_KEPT", 3)
    memory = MemoryJournal()
    for number, state in enumerate([AttemptState.ACCEPTED, AttemptState.FINISHED, *[AttemptState.UNKNOWN] * 4]):
        await memory.record(replace(ENTRY, request=str(number), state=state))
    assert [entry.state for entry in await memory.latest()] == ["accepted", *["unknown"] * 4]


def test_the_states_in_which_money_may_be_at_stake() -> None:
    """Exactly the states in which a task may exist are open."""
    assert {state for state in AttemptState if state.is_open} == {"sending", "accepted", "cancel_requested", "unknown"}
