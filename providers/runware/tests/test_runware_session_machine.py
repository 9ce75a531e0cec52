"""The client's session against the emulator's model, wired together in memory and driven by hypothesis."""

import json
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from anymedia.refs import TaskRef, TaskState
from anymedia_runware.attempts import Answered, Attempt, Died, Event, Failed, Lapsed, Pushed, Question, Write
from anymedia_runware.codec import polled, pushed
from anymedia_runware.emulator import RunwareEmulator
from anymedia_runware.pulse import Pace
from anymedia_runware.session import Session
from anymedia_runware.wire import get_response, get_task_details

_FAULTS = [
    "duplicate",
    "reorder",
    "foreign",
    "mixed_frame",
    "array_frame",
    "data_object",
    "extra_fields",
    "lose_result",
    "empty_errors",
    "foreign_error",
    "orphan_error",
    "single_error",
    "early_uuid",
    "unreadable",
]
_NOISE = st.one_of(
    st.text(max_size=20),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["data", "errors", "error", "status", "code", "taskType", "x"]), inner)
        ),
        max_leaves=8,
    ).map(json.dumps),
)


class _Hands:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        """The time."""
        return self.time

    async def sleep(self, seconds: float) -> None:
        """Nobody sleeps here."""
        raise AssertionError


def _read(frame: Any) -> str:
    """A frame as the transport hands it over."""
    wire = frame.wire()
    return str(wire) if isinstance(wire, str) else wire.decode(errors="replace")


class SessionMachine(RuleBasedStateMachine):
    """Tasks, looks, time, odd frames and broken links in any order; each result must reach its own task once."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = _Hands()
        self.emulator = RunwareEmulator(clock=self.clock)
        self.session = Session(self.emulator.api_key, Pace())
        self.refs: list[TaskRef] = []
        self.attempts: dict[str, Attempt] = {}
        self.asked: dict[int, set[str]] = {}
        self.known: dict[str, set[str]] = {}
        self.calls = 0
        self.connect()

    def connect(self) -> None:
        """A new link, and the key."""
        self.link: Any = self.emulator.connect()
        self.link.receive(self.session.open(self.clock.now()))
        self.deliver_all()
        assert self.session.ready

    @rule(count=st.integers(1, 4), push=st.booleans())
    def start(self, count: int, push: bool) -> None:
        """Send a task."""
        number = len(self.refs)
        uuid = f"00000000-0000-4000-8000-{number:012d}"
        ref = TaskRef(provider="runware", id=uuid, operation="text_to_image", model="runware:101@1", count=count)
        self.refs.append(ref)
        body = {
            "taskType": "imageInference",
            "taskUUID": uuid,
            "model": "runware:101@1",
            "positivePrompt": f"dog {number}",
            "width": 128,
            "height": 128,
            "numberResults": count,
            "deliveryMethod": "sync" if push else "async",
        }
        question, text = self.session.start(ref, body, push=push, now=self.clock.now())
        self.write(question, {uuid}, text)
        attempt = self.session.attempt(ref)
        assert attempt is not None
        self.attempts[uuid] = attempt

    @precondition(lambda self: self.refs)
    @rule(data=st.data())
    def look(self, data: st.DataObject) -> None:
        """Ask for the state of some tasks."""
        chosen = data.draw(st.lists(st.sampled_from(self.refs), min_size=1, max_size=5, unique=True))
        question, text = self.session.look(Question.STATE, [get_response(ref.id) for ref in chosen], self.clock.now())
        self.write(question, {ref.id for ref in chosen}, text)

    @precondition(lambda self: self.refs)
    @rule(data=st.data())
    def look_into_the_archive(self, data: st.DataObject) -> None:
        """Ask what became of a task."""
        ref = data.draw(st.sampled_from(self.refs))
        question, text = self.session.look(Question.ARCHIVE, [get_task_details(ref.id)], self.clock.now())
        self.write(question, {ref.id}, text)

    @rule()
    def call(self) -> None:
        """Ask something that is about no task."""
        self.calls += 1
        uuid = f"00000000-0000-4000-9000-{self.calls:012d}"
        body = {"taskType": "modelSearch", "taskUUID": uuid, "search": "flux", "limit": 1}
        question, text = self.session.look(Question.CALL, [body], self.clock.now())
        self.write(question, {uuid}, text)

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        """Whoever asked no longer waits."""
        question = data.draw(st.sampled_from(sorted(self.asked)))
        del self.asked[question]
        self.session.withdraw(question)

    @rule(noise=_NOISE)
    def babble(self, noise: str) -> None:
        """Something arrives that makes no sense."""
        self.act(self.session.receive(noise, self.clock.now()))

    @rule(seconds=st.floats(3000, 4000))
    def sleep(self, seconds: float) -> None:
        """The client's machine sleeps for an hour; the server has long closed the link."""
        self.clock.time += seconds
        self.emulator.backend.timetable.run(self.clock.now())
        self.act(self.session.tick(self.clock.now()))
        self.lose()

    @rule(seconds=st.floats(0.1, 20))
    def wait(self, seconds: float) -> None:
        """Let time pass for both."""
        self.clock.time += seconds
        self.emulator.backend.timetable.run(self.clock.now())
        self.act(self.session.tick(self.clock.now()))

    @rule()
    def deliver(self) -> None:
        """One frame arrives."""
        frame = self.link.next()
        if frame is not None:
            text = _read(frame)
            self.link.sent(frame)
            self.act(self.session.receive(text, self.clock.now()))

    @rule(kind=st.sampled_from(_FAULTS))
    def misbehave(self, kind: str) -> None:
        """The next frame will be odd."""
        self.emulator.faults.add(kind)

    @rule()
    def lose(self) -> None:
        """The link breaks; frames not yet delivered wait at the server."""
        self.link.leave()
        self.act(self.session.lost(self.clock.now()))
        self.connect()

    @invariant()
    def every_result_is_at_its_own_task_once(self) -> None:
        """No task holds another one's result, or one twice, or more than were made."""
        for uuid, attempt in self.attempts.items():
            assert all(item["taskUUID"] == uuid for item in attempt.results.values())
            media = [item["imageUUID"] for item in attempt.results.values()]
            assert len(set(media)) == len(media) <= attempt.ref.count

    @invariant()
    def nothing_grows(self) -> None:
        """The session remembers what is asked and what is owed, and nothing else."""
        assert set(self.session._asked) <= set(self.asked)
        assert set(self.session._attempts) <= set(self.attempts)

    @invariant()
    def nothing_was_started_twice(self) -> None:
        """The ledger holds at most the tasks that were sent."""
        assert set(self.emulator.ledger.entries) <= set(self.attempts)

    def teardown(self) -> None:
        """In the end, everything that was paid for is known to the client."""
        self.emulator.faults.clear()
        self.clock.time += 10_000
        self.emulator.backend.timetable.run(self.clock.now())
        self.lose()
        self.deliver_all()
        for ref in self.refs:
            if ref.id in self.emulator.ledger.entries:
                question, text = self.session.look(Question.STATE, [get_response(ref.id)], self.clock.now())
                self.write(question, {ref.id}, text)
                self.deliver_all()
                assert len(self.known[ref.id]) == ref.count

    def write(self, question: int, tasks: set[str], text: str) -> None:
        """What the client writes arrives at once."""
        self.asked[question] = tasks
        self.session.written(question, self.clock.now())
        self.link.receive(text)

    def deliver_all(self) -> None:
        """Everything the server has to say arrives."""
        while (frame := self.link.next()) is not None:
            text = _read(frame)
            self.link.sent(frame)
            self.act(self.session.receive(text, self.clock.now()))

    def act(self, events: list[Event]) -> None:
        """What the connection would do, checked."""
        for event in events:
            match event:
                case Write():
                    self.link.receive(event.text)
                case Answered():
                    self.take_answer(event)
                case Failed():
                    self.asked.pop(event.question)
                case Pushed():
                    self.learn(event.attempt.ref, pushed(event.attempt.ref, tuple(event.attempt.results.values())))
                case Lapsed():
                    assert all(self.attempts[ref.id].followed for ref in event.refs)
                case Died():
                    self.lose()
                    return
                case _:
                    pass

    def take_answer(self, event: Answered) -> None:
        """Follow what was started, learn what was looked up."""
        tasks = self.asked.pop(event.question)
        assert set(event.replies) <= tasks
        for uuid, reply in event.replies.items():
            assert all(item["taskUUID"] == uuid for item in reply.data)
            if uuid not in self.attempts:
                assert all(item["taskType"] == "modelSearch" for item in reply.data)
                continue
            attempt = self.attempts[uuid]
            if attempt.known and not attempt.followed:
                self.session.follow(attempt)
                self.learn(attempt.ref, pushed(attempt.ref, tuple(attempt.results.values())))
            snapshot = polled(attempt.ref, reply)
            if snapshot is not None and any("status" in item for item in reply.data):
                assert snapshot.state is not TaskState.FAILED
                assert not snapshot.state.is_final or len(snapshot.outputs) == attempt.ref.count
                self.learn(attempt.ref, snapshot)

    def learn(self, ref: TaskRef, snapshot: Any) -> None:
        """Remember the artefacts known of a task; they never become fewer than asked for at its end."""
        found = {output.vendor_ref for output in snapshot.outputs}
        self.known.setdefault(ref.id, set()).update(found)
        assert len(self.known[ref.id]) <= ref.count


SessionMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestSessionMachine = SessionMachine.TestCase
TestSessionMachine.__doc__ = "Whatever the order, each result reaches its own task exactly once."


def test_an_idle_link_stays() -> None:
    """Pings keep a link open on which nothing else happens for longer than the server's patience."""
    clock = _Hands()
    emulator = RunwareEmulator(clock=clock)
    session, link = Session(emulator.api_key, Pace()), emulator.connect()
    link.receive(session.open(clock.now()))
    while clock.time < 600:
        clock.time += 1
        emulator.backend.timetable.run(clock.now())
        while (frame := link.next()) is not None:
            link.sent(frame)
            session.receive(frame.text(), clock.now())
        for event in session.tick(clock.now()):
            assert isinstance(event, Write)
            link.receive(event.text)
        assert link.closing is None
    assert 15 <= emulator.ledger.requests.count("ping") <= 20
