"""The session as a state machine: frames and times in, events out; no socket, no clock."""

import json
from typing import Any

import pytest

from anymedia.errors import (
    AuthenticationError,
    ConnectionLostError,
    InsufficientCreditsError,
    InvalidRequestError,
    TransportError,
)
from anymedia.refs import TaskRef
from anymedia_runware.attempts import Answered, Died, Failed, Lapsed, Pushed, Question, Ready, Rejected, Write
from anymedia_runware.pulse import Pace
from anymedia_runware.session import Session
from anymedia_runware.wire import get_response, get_task_details

PACE = Pace(
    authentication=15, ping_when_idle=30, dead_when_idle=60, ping_when_busy=4, dead_when_busy=9, answer=60, result=150
)
ONE = TaskRef(provider="runware", id="one", operation="text_to_image", model="m")
TWO = TaskRef(provider="runware", id="two", operation="text_to_image", model="m", count=2)


def frame(*data: Any, errors: Any = ()) -> str:
    """A regular frame."""
    return json.dumps({"data": list(data), "errors": list(errors)})


def task(ref: TaskRef, **fields: Any) -> Any:
    """An item of a task."""
    return {"taskType": "imageInference", "taskUUID": ref.id, **fields}


def image(ref: TaskRef, name: str, **fields: Any) -> Any:
    """A finished result."""
    return task(ref, imageUUID=name, imageURL=f"https://h/{name}.png", **fields)


def login(session: Session, now: float = 0.0, name: str = "s") -> None:
    """Open and be accepted."""
    session.open(now)
    assert session.receive(frame({"taskType": "authentication", "connectionSessionUUID": name}), now) == [Ready()]


@pytest.fixture
def session() -> Session:
    """A session that is logged in, at time 0."""
    made = Session("key", PACE)
    login(made)
    return made


def started(session: Session, ref: TaskRef, *, push: bool, now: float = 0.0) -> tuple[int, Any]:
    """Send a task; its question and its record."""
    question, text = session.start(ref, task(ref), push=push, now=now)
    assert json.loads(text) == [task(ref)]
    session.written(question, now)
    return question, session.attempt(ref)


def followed(session: Session, ref: TaskRef, first: Any) -> Any:
    """Send a task to be pushed, and have its first result."""
    _, attempt = started(session, ref, push=True)
    session.receive(frame(first), 0)
    session.follow(attempt)
    return attempt


def test_login_comes_first_and_once() -> None:
    """The first message is the key; nothing is due before its answer but the deadline."""
    session = Session("key", PACE)
    assert json.loads(session.open(5)) == [{"taskType": "authentication", "apiKey": "key"}]
    assert not session.ready
    assert session.next_deadline(5) == 20
    assert session.receive(frame({"taskType": "ping", "pong": True}), 6) == []
    assert session.tick(19) == []
    (died,) = session.tick(20)
    assert isinstance(died, Died)


def test_a_later_authentication_renews_the_session(session: Session) -> None:
    """The session to resume is the last one the vendor named."""
    assert session.receive(frame({"taskType": "authentication", "connectionSessionUUID": "t"}), 1) == []
    session.lost(2)
    assert json.loads(session.open(3))[0]["connectionSessionUUID"] == "t"
    session.lost(4)
    session.forget_session()
    assert "connectionSessionUUID" not in json.loads(session.open(5))[0]


@pytest.mark.parametrize("resumed", [False, True])
def test_a_rejected_key(resumed: bool) -> None:
    """A rejection says whether an old session was asked for; an error of some task is not one."""
    session = Session("key", PACE)
    if resumed:
        login(session)
        session.lost(1)
    session.open(2)
    assert session.receive(frame(errors=[{"code": "inferenceError", "message": "m", "taskUUID": "x"}]), 2) == []
    (event,) = session.receive('{"errors": [{"code": "invalidApiKey", "message": "m"}]}', 3)
    assert isinstance(event, Rejected)
    assert isinstance(event.error, AuthenticationError)
    assert event.resumed is resumed
    assert session.next_deadline(3) is None


def test_an_acknowledgement(session: Session) -> None:
    """The item without media answers the question and proves that the vendor has the task."""
    question, attempt = started(session, ONE, push=False)
    (event,) = session.receive(frame(task(ONE)), 1)
    assert event == Answered(question, event.replies)
    assert attempt.known
    assert attempt.results == {}


@pytest.mark.parametrize(
    "text",
    [
        '{"data": []}',
        frame(task(ONE, status="processing")),
        frame(image(ONE, "a")),
        frame(errors=[task(ONE, code="conflictTaskUUID", message="m")]),
    ],
)
def test_other_ways_to_accept(session: Session, text: str) -> None:
    """No items, a status, an eager result and a conflict all mean that the vendor has the task."""
    _, attempt = started(session, ONE, push=False)
    (event,) = session.receive(text, 1)
    assert isinstance(event, Answered)
    assert attempt.known


def test_an_error_in_its_place(session: Session) -> None:
    """An error item answers the question and proves nothing else."""
    question, attempt = started(session, ONE, push=True)
    error = task(ONE, code="invalidWidth", message="m")
    (event,) = session.receive(frame(errors=[error]), 1)
    assert isinstance(event, Answered)
    assert event.question == question
    assert event.replies["one"].errors == (error,)
    assert not attempt.known


def test_pushed_results_are_news_once_followed(session: Session) -> None:
    """The first result answers the question; later ones are news; duplicates and strangers are nothing."""
    attempt = followed(session, TWO, image(TWO, "a"))
    assert session.receive(frame(image(TWO, "a")), 1) == []
    assert session.receive(frame(image(ONE, "x")), 1) == []
    assert session.receive(frame(image(TWO, "b"), errors=[task(ONE, code="c", message="m")]), 1) == [Pushed(attempt)]
    assert list(attempt.results.values()) == [image(TWO, "a"), image(TWO, "b")]
    assert session.attempt(TWO) is None
    assert not session.is_needed
    assert session.receive(frame(image(TWO, "c")), 1) == []


def test_results_before_following_are_kept(session: Session) -> None:
    """What arrives between the answer and its reader is not lost."""
    _, attempt = started(session, TWO, push=True)
    (answered,) = session.receive(frame(image(TWO, "a")), 1)
    assert isinstance(answered, Answered)
    assert session.receive(frame(image(TWO, "b")), 1) == []
    assert len(attempt.results) == 2
    session.follow(attempt)
    assert session.attempt(TWO) is None


def test_a_frame_of_many_tasks(session: Session) -> None:
    """Results and errors of several tasks in one frame each go to their own."""
    first, one = started(session, ONE, push=True)
    second, two = started(session, TWO, push=True)
    look, _ = session.look(Question.STATE, [get_response("x")], 0)
    error = {"code": "taskNotFound", "message": "m", "taskUUID": "x"}
    events = session.receive(frame(image(TWO, "b"), image(ONE, "a"), image(TWO, "c"), errors=[error]), 1)
    assert {event.question for event in events} == {first, second, look}
    assert list(one.results.values()) == [image(ONE, "a")]
    assert list(two.results.values()) == [image(TWO, "b"), image(TWO, "c")]


def test_words_without_ids_are_counted_apart(session: Session) -> None:
    """Two texts of one frame are two results; the same frame again brings none."""
    _, attempt = started(session, TWO, push=True)
    words = frame(task(TWO, text="one"), task(TWO, text="two"))
    session.receive(words, 1)
    session.receive(words, 1)
    assert len(attempt.results) == 2


def test_a_pushed_error_is_looked_at(session: Session) -> None:
    """An error after acceptance never ends a pushed task by itself."""
    followed(session, TWO, image(TWO, "a"))
    assert session.receive(frame(errors=[task(TWO, code="inferenceError", message="m")]), 1) == [Lapsed((TWO,))]
    assert session.attempt(TWO) is not None


def test_a_look_at_several(session: Session) -> None:
    """Answers in one frame or in several, in any order, with errors beside results."""
    question, _ = session.look(Question.STATE, [get_response("one"), get_response("two")], 0)
    session.written(question, 0)
    assert session.receive(frame(task(TWO, status="processing")), 1) == []
    (event,) = session.receive(frame(errors=[task(ONE, code="taskNotFound", message="m")]), 1.1)
    assert isinstance(event, Answered)
    assert set(event.replies) == {"one", "two"}


def test_the_rest_of_an_answer_is_not_waited_for_long(session: Session) -> None:
    """Once a part is there, tasks that nobody knows do not hold it up."""
    question, _ = session.look(Question.STATE, [get_response("one"), get_response("two")], 0)
    session.written(question, 0)
    session.receive(frame(task(TWO, status="processing")), 1)
    assert session.next_deadline(1) == 1.5
    (event,) = session.tick(1.5)
    assert isinstance(event, Answered)
    assert set(event.replies) == {"two"}


def test_a_pushed_result_is_not_the_answer_to_a_look(session: Session) -> None:
    """A result that is pushed while we ask does not make the others look missing."""
    attempt = followed(session, TWO, image(TWO, "a"))
    question, _ = session.look(Question.STATE, [get_response("two")], 0)
    session.written(question, 0)
    assert session.receive(frame(task(TWO, imageUUID="a", status="x"), errors=[]), 1) != []
    question, _ = session.look(Question.STATE, [get_response("two")], 1)
    pushed_error = task(TWO, code="inferenceError", message="m")
    assert session.receive(frame(errors=[pushed_error]), 1) == []
    (event,) = session.receive(frame(errors=[{**pushed_error, "status": "error"}]), 1)
    assert event == Answered(question, event.replies)
    assert attempt.is_pending


def test_a_stray_result_leaves_a_look_open(session: Session) -> None:
    """Of three, the second arrives by push during a look: it is news, and the look goes on."""
    three = TaskRef(provider="runware", id="three", operation="text_to_image", model="m", count=3)
    attempt = followed(session, three, image(three, "a"))
    question, _ = session.look(Question.STATE, [get_response("three")], 0)
    assert session.receive(frame(image(three, "b")), 1) == [Pushed(attempt)]
    items = [image(three, name, status="success") for name in "ab"] + [task(three, status="processing")]
    (event,) = session.receive(frame(*items), 2)
    assert isinstance(event, Answered)
    assert event.question == question


def test_two_ask_about_one_task(session: Session) -> None:
    """Every asker gets the answer; the archive's answer goes only to who asked the archive."""
    state, _ = session.look(Question.STATE, [get_response("one")], 0)
    again, _ = session.look(Question.STATE, [get_response("one")], 0)
    archive, _ = session.look(Question.ARCHIVE, [get_task_details("one")], 0)
    details = {"taskType": "getTaskDetails", "taskUUID": "one", "response": {}}
    assert [event.question for event in session.receive(frame(details), 1)] == [archive]
    assert [event.question for event in session.receive(frame(task(ONE, status="processing")), 1)] == [state, again]


@pytest.mark.parametrize(("push", "limit"), [(False, PACE.answer), (True, PACE.result)])
def test_no_answer_in_time(session: Session, push: bool, limit: float) -> None:
    """A task without a word about it ends in an error that says so, though the link lives."""
    question, _ = started(session, ONE, push=push, now=10)
    session.moved(10 + limit)
    (event,) = session.tick(10 + limit)
    assert isinstance(event, Failed)
    assert event.question == question
    assert isinstance(event.error, TransportError)
    assert event.error.sent
    assert session.attempt(ONE) is not None


def test_time_starts_when_the_question_has_left(session: Session) -> None:
    """A large upload does not eat up the time for its answer."""
    question, _ = session.start(ONE, task(ONE), push=False, now=0)
    session.moved(100)
    assert session.tick(100) == []
    session.written(question, 100)
    session.moved(159)
    assert session.tick(159) == []
    session.moved(160)
    (event,) = session.tick(160)
    assert isinstance(event, Failed)


def test_a_lost_link(session: Session) -> None:
    """Every question fails, each with an error of its own; gaps are told for pushed tasks; records stay."""
    followed(session, TWO, image(TWO, "a"))
    started(session, ONE, push=False)
    session.look(Question.STATE, [get_response("x")], 0)
    first, second, lapsed = session.lost(1)
    assert isinstance(first, Failed)
    assert isinstance(second, Failed)
    assert isinstance(first.error, ConnectionLostError)
    assert first.error is not second.error
    assert lapsed == Lapsed((TWO,))
    assert session.attempt(ONE) is not None
    assert not session.ready
    assert session.tick(100) == []
    assert session.next_deadline(100) is None


def test_the_replay_after_a_resumed_session(session: Session) -> None:
    """Undelivered results arrive after the login, some even before its answer, and find their task."""
    attempt = followed(session, TWO, image(TWO, "a"))
    _, unanswered = started(session, ONE, push=True)
    session.lost(1)
    session.open(2)
    assert session.receive(frame(image(TWO, "b")), 2) == [Pushed(attempt)]
    ready, *news = session.receive(
        frame({"taskType": "authentication", "connectionSessionUUID": "s"}, image(ONE, "c")), 2
    )
    assert ready == Ready()
    assert news == []
    assert unanswered.known
    assert list(unanswered.results.values()) == [image(ONE, "c")]


def test_pulse_while_idle(session: Session) -> None:
    """A ping after 30 s of silence, once; dead after 60; any frame starts afresh."""
    assert session.next_deadline(0) == 30
    assert session.tick(29) == []
    (ping,) = session.tick(30)
    assert isinstance(ping, Write)
    assert session.next_deadline(30) == 60
    assert session.tick(31) == []
    session.receive(frame({"taskType": "ping", "pong": True}), 31)
    assert session.next_deadline(31) == 61
    session.tick(61)
    (died,) = session.tick(91)
    assert isinstance(died, Died)


def test_pulse_while_an_answer_is_owed(session: Session) -> None:
    """Within ten seconds of silence the link is given up, however long it was idle before."""
    session.tick(25)
    started(session, ONE, push=False, now=29)
    assert session.next_deadline(29) == 33
    assert session.tick(32) == []
    assert isinstance(session.tick(33)[0], Write)
    assert session.next_deadline(33) == 38
    assert isinstance(session.tick(38)[0], Died)


def test_moving_bytes_are_a_sign_of_life(session: Session) -> None:
    """A large frame on its way keeps the link alive."""
    started(session, ONE, push=True)
    session.tick(4)
    session.moved(8)
    assert session.tick(9) == []
    assert session.next_deadline(9) == 12


def test_pushed_tasks_keep_the_pulse_quick(session: Session) -> None:
    """Whoever waits for a push is owed an answer."""
    followed(session, TWO, image(TWO, "a"))
    assert session.is_needed
    assert session.next_deadline(1) == 4


def test_a_nameless_error_with_one_suspect(session: Session) -> None:
    """If only one question is open, an error without a task is its answer."""
    question, attempt = started(session, ONE, push=False)
    (event,) = session.receive('{"errors": [{"code": "insufficientCredits", "message": "m"}]}', 1)
    assert event == Answered(question, event.replies)
    assert event.replies["one"].errors[0]["code"] == "insufficientCredits"
    assert not attempt.known


def test_a_nameless_error_about_a_look(session: Session) -> None:
    """It is trouble with the look-up, and never the end of the task that was asked for."""
    question, _ = session.look(Question.STATE, [get_response("one")], 0)
    (event,) = session.receive('{"errors": [{"code": "invalidJson", "message": "m"}]}', 1)
    assert isinstance(event, Failed)
    assert event.question == question


def test_a_nameless_error_with_several_suspects(session: Session) -> None:
    """Account trouble ends every question without proof; one of a known type ends that one; another ends none."""
    first, _ = started(session, ONE, push=False)
    second, _ = session.look(Question.STATE, [get_response("two")], 0)
    assert session.receive('{"errors": [{"code": "invalidJson", "message": "m"}]}', 1) == []
    (event,) = session.receive('{"errors": [{"code": "x", "message": "m", "taskType": "getResponse"}]}', 1)
    assert isinstance(event, Failed)
    assert event.question == second
    session.look(Question.STATE, [get_response("two")], 0)
    events = session.receive('{"error": {"code": "insufficientCredits", "message": "m"}}', 1)
    assert all(isinstance(event, Failed) and isinstance(event.error, InsufficientCreditsError) for event in events)
    assert [event.question for event in events] == [first, first + 2]


def test_a_nameless_error_while_results_are_due(session: Session) -> None:
    """With pushed tasks under way nobody knows whom it means: they are looked at."""
    followed(session, TWO, image(TWO, "a"))
    assert session.receive('{"errors": [{"code": "x", "message": "m"}]}', 1) == [Lapsed((TWO,))]
    question, _ = started(session, ONE, push=False)
    (event,) = session.receive('{"errors": [{"code": "invalidJson", "message": "m"}]}', 1)
    assert isinstance(event, Failed)
    assert event.question == question
    assert isinstance(event.error, InvalidRequestError)


def test_an_empty_answer_with_several_suspects(session: Session) -> None:
    """No items: the oldest look-up found nothing; without look-ups nobody is answered."""
    started(session, ONE, push=False)
    started(session, TWO, push=False)
    assert session.receive('{"data": []}', 1) == []
    look, _ = session.look(Question.STATE, [get_response("x")], 0)
    session.look(Question.STATE, [get_response("y")], 0)
    assert session.receive('{"data": []}', 1) == [Answered(look, {})]


def test_an_empty_answer_that_nobody_waits_for(session: Session) -> None:
    """It changes nothing."""
    assert session.receive('{"data": []}', 1) == []


def test_withdrawn_and_forgotten(session: Session) -> None:
    """Nothing is kept for questions and tasks that nobody waits for."""
    question, _ = started(session, ONE, push=True)
    session.withdraw(question)
    session.forget(ONE)
    assert not session.is_needed
    assert session.receive(frame(image(ONE, "a")), 1) == []
