"""The session under random frames: nothing raises, nothing goes astray."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from anymedia.refs import TaskRef
from anymedia_runware.attempts import Answered, Failed, Pushed, Question
from anymedia_runware.pulse import Pace
from anymedia_runware.session import Session
from anymedia_runware.wire import get_response

_REFS = [
    TaskRef(provider="runware", id=name, operation="text_to_image", model="m", count=count)
    for name, count in (("one", 1), ("two", 2), ("three", 3))
]
_IDS = st.sampled_from(["one", "two", "three", "one", "two", "three", "stranger", None, 3])
_ITEM = st.fixed_dictionaries(
    {"taskUUID": _IDS},
    optional={
        "taskType": st.sampled_from(["imageInference", "getTaskDetails", "authentication", "ping", None]),
        "status": st.sampled_from(["processing", "success", "error", None, 3]),
        "imageUUID": st.sampled_from("abc"),
        "imageURL": st.sampled_from(["https://h/a.png", "", None, 3]),
        "text": st.text(max_size=2),
        "code": st.sampled_from(["inferenceError", "conflictTaskUUID", "invalidApiKey", "taskNotFound", "x", 3]),
        "message": st.just("m"),
        "connectionSessionUUID": st.sampled_from(["s", None, 3]),
    },
)
_FRAMES = st.one_of(
    st.fixed_dictionaries(
        {}, optional={"data": st.lists(_ITEM, max_size=3) | _ITEM, "errors": st.lists(_ITEM, max_size=3)}
    ),
    st.lists(_ITEM, min_size=2, max_size=4),
)
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("frame"), _FRAMES),
        st.tuples(st.just("noise"), st.text(max_size=8)),
        st.tuples(st.just("start"), st.integers(0, 2), st.booleans()),
        st.tuples(st.just("look"), st.sets(st.integers(0, 2), min_size=1)),
        st.tuples(st.just("follow"), st.integers(0, 2)),
        st.tuples(st.just("wait"), st.floats(0, 200)),
        st.tuples(st.just("lost")),
    ),
    max_size=25,
)


class _Driver:
    """Takes random steps with a session, and checks everything that comes of them."""

    def __init__(self) -> None:
        self.session, self.now = Session("key", Pace()), 0.0
        self.asked: dict[int, set[str]] = {}
        self.session.open(0)
        self.session.receive('{"data": [{"taskType": "authentication", "connectionSessionUUID": "s"}]}', 0)

    def frame(self, document: Any) -> list[Any]:
        return self.session.receive(json.dumps(document), self.now)

    def noise(self, text: str) -> list[Any]:
        return self.session.receive(text, self.now)

    def start(self, index: int, push: bool) -> list[Any]:
        if self.session.ready:
            ref = _REFS[index]
            task = {"taskType": "imageInference", "taskUUID": ref.id}
            question, _ = self.session.start(ref, task, push=push, now=self.now)
            self.session.written(question, self.now)
            self.asked[question] = {ref.id}
        return []

    def look(self, indices: set[int]) -> list[Any]:
        if self.session.ready:
            refs = [_REFS[index] for index in indices]
            question, _ = self.session.look(Question.STATE, [get_response(ref.id) for ref in refs], self.now)
            self.asked[question] = {ref.id for ref in refs}
        return []

    def follow(self, index: int) -> list[Any]:
        attempt = self.session.attempt(_REFS[index])
        if attempt is not None and attempt.known:
            self.session.follow(attempt)
        return []

    def wait(self, seconds: float) -> list[Any]:
        self.now += seconds
        return self.session.tick(self.now)

    def lost(self) -> list[Any]:
        events = self.session.lost(self.now)
        self.session.open(self.now)
        return events


@settings(max_examples=300, deadline=None)
@given(_STEPS)
def test_no_frame_reaches_the_wrong_task(steps: list[Any]) -> None:
    """Random frames, losses and waits: nothing raises, and no task is ever handed another one's result."""
    driver = _Driver()
    for name, *arguments in steps:
        for event in getattr(driver, name)(*arguments):
            _check(event, driver.asked)
        for ref in _REFS:
            _check_attempt(driver.session.attempt(ref), ref)


def _check(event: Any, asked: dict[int, set[str]]) -> None:
    if isinstance(event, Answered):
        assert set(event.replies) <= asked.pop(event.question)
        for task_id, reply in event.replies.items():
            assert all(item["taskUUID"] == task_id for item in reply.data)
            assert all(error.get("taskUUID") in (task_id, None, 3) for error in reply.errors)
    elif isinstance(event, Failed):
        asked.pop(event.question)
    elif isinstance(event, Pushed):
        assert event.attempt.followed
        _check_attempt(event.attempt, event.attempt.ref)


def _check_attempt(attempt: Any, ref: TaskRef) -> None:
    if attempt is not None:
        assert attempt.ref == ref
        assert all(item["taskUUID"] == ref.id for item in attempt.results.values())
