"""A task's address survives as a string."""

import pickle
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia.refs import TaskRef, TaskState

REF = TaskRef(
    provider="runway",
    id="17f20503-6c24-4c16-946b-35dbbce2af2f",
    operation="image_to_video",
    model="gen4.5",
    created=datetime(2026, 11, 20, 9, 30, tzinfo=UTC),
)
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1)


def test_reads_like_the_documented_form() -> None:
    """The string has the documented shape."""
    assert str(REF) == (
        "anymedia+runway://17f20503-6c24-4c16-946b-35dbbce2af2f?v=1&op=image_to_video&model=gen4.5&n=1"
        "&t=2026-11-20T09:30:00Z"
    )


@given(id=WORDS, model=WORDS, count=st.integers(1, 99), extra=st.dictionaries(st.sampled_from("abcx"), WORDS))
def test_survives_the_way_there_and_back(id: str, model: str, count: int, extra: dict[str, str]) -> None:
    """Whatever the vendor's id and model are, the string leads back to an equal ref."""
    ref = TaskRef(provider="p", id=id, operation="native", model=model, count=count, extra=tuple(extra.items()))
    assert TaskRef.parse(str(ref)) == ref


def test_unknown_keys_of_a_later_version_are_kept() -> None:
    """A ref written by a later version loses nothing in our hands."""
    text = "anymedia+x://1?v=2&op=text_to_image&model=m&n=1&shard=eu"
    assert TaskRef.parse(text).extra == (("shard", "eu"),)
    assert "shard=eu" in str(TaskRef.parse(text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "task-17",
        "https://example.com/1",
        "anymedia+runway://",
        "anymedia+runway://1?v=1&op=native",
        "anymedia+runway://1?model=m",
        "anymedia+runway://1?op=a&model=m&n=0",
        "anymedia+runway://1?op=a&model=m&n=many",
        "anymedia+runway://1?op=a&model=m&t=yesterday",
    ],
)
def test_anything_else_is_refused_in_words(text: str) -> None:
    """A string that is no task reference gives a ValueError that says so."""
    with pytest.raises(ValueError, match="task reference"):
        TaskRef.parse(text)


def test_pickles() -> None:
    """A ref can travel through a queue as an object too."""
    assert pickle.loads(pickle.dumps(REF)) == REF


def test_three_states_are_final() -> None:
    """Only the end states are final."""
    assert [state for state in TaskState if state.is_final] == ["succeeded", "failed", "canceled"]
