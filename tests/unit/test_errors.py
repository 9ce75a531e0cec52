"""One tree of errors; what a program decides on is an attribute."""

import inspect
import pickle

import pytest

from anymedia import errors
from anymedia.errors import ErrorCode, Issue, MediaError, RateLimitError, TaskTimeoutError, TransportError
from anymedia.refs import Outcome, TaskRef

CLASSES = [cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, MediaError)]
REF = TaskRef(provider="runway", id="1", operation="text_to_image", model="m")


@pytest.mark.parametrize("cls", CLASSES)
def test_every_error_survives_pickling_whole(cls: type[MediaError]) -> None:
    """An error crosses a process boundary with every attribute."""
    issue = Issue(field="size", message="no", nearest="1x1")
    error = cls(
        "why", provider="runway", provider_code="X", retry_after=3, outcome=Outcome.REFUSED, ref=REF, issues=[issue]
    )
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), vars(copy)) == (cls, str(error), vars(error))


def test_every_class_has_a_code_of_its_own() -> None:
    """A code tells exactly one situation."""
    codes = [cls.code for cls in CLASSES]
    assert sorted(codes) == sorted(ErrorCode)


def test_message_names_the_task() -> None:
    """The text leads to the task, so a log line is enough to find it again."""
    assert str(MediaError("lost", ref=REF)) == f"lost [{REF}]"


def test_retryable_by_kind_unless_told() -> None:
    """A rate limit is worth repeating by nature; a caller may still be told otherwise."""
    assert RateLimitError().retryable
    assert not RateLimitError(retryable=False).retryable
    assert not MediaError().retryable


def test_a_transport_error_counts_as_sent_until_proven() -> None:
    """In doubt a request counts as sent."""
    assert TransportError("x").sent
    assert pickle.loads(pickle.dumps(TransportError("x", sent=False))).sent is False


def test_a_task_timeout_is_a_timeout_error() -> None:
    """Code that catches TimeoutError catches ours."""
    assert issubclass(TaskTimeoutError, TimeoutError)


@pytest.mark.parametrize("phase", ["overall", "queue", "run"])
def test_a_task_timeout_says_whose_time_was_up(phase: str) -> None:
    """The phase is an attribute, also in another process; unless told, it is the caller's own time."""
    error = TaskTimeoutError("late", phase=phase, ref=REF)
    assert pickle.loads(pickle.dumps(error)).phase == phase
    assert TaskTimeoutError().phase == "overall"


def test_an_issue_reads_as_a_sentence() -> None:
    """An issue names field, reason and the nearest value."""
    assert str(Issue(field="duration", message="9 is not legal", nearest="8")) == (
        "duration: 9 is not legal; nearest that works: 8"
    )
    assert str(Issue(field="", message="contradiction")) == "contradiction"
