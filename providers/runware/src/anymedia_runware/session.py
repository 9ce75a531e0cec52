"""One authenticated conversation with Runware, as a state machine without a socket or a clock.

Rules. Nothing but the authentication is written before its answer. Results are told apart by task id alone; ids nobody
asked for are ignored. Any inbound frame is a sign of life; while an answer is owed, silence ends the link within
seconds. An error never ends a pushed task by itself: the task is looked at. A lost link fails every question asked on
it, but keeps what was learnt and the session's id, with which the next link has undelivered results replayed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from anymedia.errors import ConnectionLostError, MediaError, TransportError
from anymedia.logs import logger
from anymedia.refs import TaskRef
from anymedia_runware.attempts import (
    Answered,
    Attempt,
    Died,
    Event,
    Failed,
    Lapsed,
    Pushed,
    Question,
    Ready,
    Rejected,
    Write,
)
from anymedia_runware.codec import Reply, is_unknown, replies_in, task_of
from anymedia_runware.errors import code_of, error_of, is_about_task, meaning_of
from anymedia_runware.pulse import Pace, Pulse, Vital
from anymedia_runware.wire import Frame, Item, Task, authentication, encode, ping, read_frame

__all__ = ["Session"]

_log = logger("runware")


@dataclass
class _Asked:
    kind: Question
    tasks: tuple[Task, ...]
    patience: float
    waiting: set[str]
    deadline: float | None = None
    replies: dict[str, Reply] = field(default_factory=dict[str, Reply])


class Session:
    """See the rules on top of this file.

    Args:
        api_key: What it logs in with.
        pace: Its time limits.
    """

    def __init__(self, api_key: str, pace: Pace) -> None:
        self.ready = False
        self._api_key = api_key
        self._pace = pace
        self._pulse = Pulse(pace)
        self._id: str | None = None
        self._resumed = False
        self._auth_deadline: float | None = None
        self._asked: dict[int, _Asked] = {}
        self._given_up: list[_Asked] = []
        self._last_question = 0
        self._attempts: dict[str, Attempt] = {}

    # The link.

    def open(self, now: float) -> str:
        """A socket is open: what to write first."""
        self._resumed = self._id is not None
        self._auth_deadline = now + self._pace.authentication
        self._pulse.beat(now)
        return encode(authentication(self._api_key, self._id))

    def moved(self, now: float) -> None:
        """Bytes have moved on the link, though no frame is whole yet."""
        self._pulse.beat(now)

    def lost(self, now: float) -> list[Event]:
        """The link is gone."""
        self.ready, self._auth_deadline = False, None
        reason = "the connection to Runware was lost before it answered"
        failed = [self._fail(number, ConnectionLostError(reason, provider="runware")) for number in tuple(self._asked)]
        self._given_up.clear()
        self._pulse.work(busy=False, now=now)
        return [*failed, *self._lapsed()]

    def forget_session(self) -> None:
        """Start afresh on the next link: nothing will be replayed."""
        self._id = None

    # Questions and attempts.

    @property
    def is_needed(self) -> bool:
        """Whether somebody waits for news on this session."""
        return bool(self._asked) or any(attempt.is_pending for attempt in self._attempts.values())

    def attempt(self, ref: TaskRef) -> Attempt | None:
        """What is remembered of a task this session has sent."""
        return self._attempts.get(ref.id)

    def start(self, ref: TaskRef, task: Task, *, push: bool, now: float) -> tuple[int, str]:
        """Send a task, for the first time or again: the question's number, and what to write."""
        self._attempts.setdefault(ref.id, Attempt(ref, task, push))
        return self._ask(Question.START, (task,), self._pace.result if push else self._pace.answer, now)

    def follow(self, attempt: Attempt) -> None:
        """The task was reported as accepted; from now on its results are news."""
        attempt.followed = True
        if not attempt.is_pending:
            self._attempts.pop(attempt.ref.id, None)

    def forget(self, ref: TaskRef) -> None:
        """Nothing more is wanted from this task's pushes."""
        self._attempts.pop(ref.id, None)

    def look(self, kind: Question, tasks: Sequence[Task], now: float) -> tuple[int, str]:
        """Ask about tasks: the question's number, and what to write."""
        return self._ask(kind, tuple(tasks), self._pace.answer, now)

    def written(self, question: int, now: float) -> None:
        """A question has left whole; its time starts now."""
        asked = self._asked.get(question)
        if asked is not None and asked.deadline is None:
            asked.deadline = now + asked.patience
            for attempt in (self._attempts.get(str(task["taskUUID"])) for task in asked.tasks):
                if attempt is not None:
                    attempt.written = True

    def withdraw(self, question: int) -> None:
        """Nobody waits for this answer any more, though it may still come."""
        asked = self._asked.pop(question, None)
        if asked is not None:
            self._given_up.append(asked)

    # Time.

    def next_deadline(self, now: float) -> float | None:
        """When `tick` has something to do, or None."""
        if self._auth_deadline is not None or not self.ready:
            return self._auth_deadline
        self._pulse.work(busy=self.is_needed, now=now)
        deadlines = [asked.deadline for asked in self._asked.values() if asked.deadline is not None]
        return min([self._pulse.next_deadline(), *deadlines])

    def tick(self, now: float) -> list[Event]:
        """Do what is due."""
        if self._auth_deadline is not None:
            late = now >= self._auth_deadline
            return [Died(f"no answer to the key within {self._pace.authentication:g} s")] if late else []
        if not self.ready:
            return []
        due = [number for number, one in self._asked.items() if one.deadline is not None and one.deadline <= now]
        events = [self._expire(number) for number in due]
        self._pulse.work(busy=self.is_needed, now=now)
        match self._pulse.look(now):
            case Vital.PING:
                return [*events, Write(encode(ping()))]
            case Vital.DEAD:
                return [*events, Died("nothing was heard from Runware, not even the answer to a ping")]
            case Vital.FINE:
                return events

    # Frames.

    def receive(self, text: str, now: float) -> list[Event]:
        """Take in one frame, whatever it holds."""
        self._pulse.beat(now)
        frame = read_frame(text)
        if frame is None:
            _log.debug("a frame of %d characters says nothing; ignored", len(text))
            return []
        _log.debug("a frame with %d items and %d errors", len(frame.data), len(frame.errors))
        if not frame.data and not frame.errors:
            return self._take_empty()
        events = self._take_authentication(frame)
        for task, reply in replies_in(frame).items():
            events += self._take_reply(task, reply, now)
        for error in frame.errors:
            events += self._take_nameless(error) if self.ready and not task_of(error) else []
        return events

    def _take_authentication(self, frame: Frame) -> list[Event]:
        answers = [item.get("connectionSessionUUID") for item in frame.data if item.get("taskType") == "authentication"]
        session = next((session for session in answers if isinstance(session, str)), None)
        if session is not None:
            was_ready = self.ready
            self._id, self.ready, self._auth_deadline = session, True, None
            return [] if was_ready else [Ready()]
        error = next((item for item in frame.errors if not task_of(item)), None)
        if self._auth_deadline is None or error is None:
            return []
        self._auth_deadline = None
        return [Rejected(error_of(error), self._resumed)]

    def _take_reply(self, task: str, reply: Reply, now: float) -> list[Event]:
        asked = {number: one for number, one in self._asked.items() if task in one.waiting}
        attempt = self._attempts.get(task)
        self._given_up = [one for one in self._given_up if task not in one.waiting]
        if not asked and attempt is None:
            _log.debug("a frame for the unknown task %s; ignored", task)
        events = self._take_news(attempt, reply, was_asked=bool(asked)) if attempt is not None else []
        for number, one in asked.items():
            if _answers(one, reply, attempt):
                one.replies[task] = reply
                one.waiting.discard(task)
                events += self._settle(number, one, now)
        return events

    def _take_news(self, attempt: Attempt, reply: Reply, *, was_asked: bool) -> list[Event]:
        is_news = attempt.take(reply) and attempt.followed
        events: list[Event] = [Pushed(attempt)] if is_news and attempt.push else []
        if attempt.followed and not attempt.is_pending:
            self._attempts.pop(attempt.ref.id, None)
        elif attempt.followed and reply.errors and not was_asked:
            events.append(Lapsed((attempt.ref,)))
        return events

    def _take_empty(self) -> list[Event]:
        """An answer without items: an acknowledgement, or a look-up for tasks that nobody knows.

        It names nothing, so it is taken for the answer to the only question, or else to the oldest look-up.
        """
        looks = [number for number, one in self._asked.items() if one.kind is not Question.START]
        number = next(iter(self._asked)) if len(self._asked) == 1 else next(iter(looks), None)
        if number is None:
            return []
        asked = self._asked.pop(number)
        if asked.kind is Question.START:
            asked.replies = {task: Reply() for task in asked.waiting}
            for task in asked.waiting & self._attempts.keys():
                self._attempts[task].known = True
        return [Answered(number, asked.replies)]

    def _take_nameless(self, error: Item) -> list[Event]:
        """An error that names no task: about the connection, the account, or a message the vendor could not read."""
        suspects = self._suspects(error)
        lapsed = self._lapsed()
        is_late = bool(self._given_up)  # perhaps the answer to what nobody waits for any more
        self._given_up.clear()
        if not suspects:
            _log.debug("an error that names no task: %s", code_of(error))
            return lapsed
        number = suspects[0]
        if is_late or len(self._asked) > 1 or lapsed or self._asked[number].kind is not Question.START:
            return [self._fail(suspect, error_of(error)) for suspect in suspects]
        asked = self._asked.pop(number)
        return [Answered(number, dict.fromkeys(asked.waiting, Reply(errors=(error,))))]

    def _suspects(self, error: Item) -> list[int]:
        """The questions a nameless error may be the answer to."""
        if len(self._asked) == 1:
            return list(self._asked)
        kind = error.get("taskType")
        alike = [number for number, one in self._asked.items() if any(t.get("taskType") == kind for t in one.tasks)]
        if len(alike) == 1:
            return alike
        meaning = meaning_of(error)
        is_about_account = meaning.passing and meaning.started == "no"
        return list(self._asked) if is_about_account else []

    # Bookkeeping.

    def _ask(self, kind: Question, tasks: tuple[Task, ...], patience: float, now: float) -> tuple[int, str]:
        self._last_question += 1
        _log.debug("%s about %d tasks is asked as question %d", kind.name, len(tasks), self._last_question)
        self._asked[self._last_question] = _Asked(kind, tasks, patience, {str(task["taskUUID"]) for task in tasks})
        self._pulse.work(busy=True, now=now)
        return self._last_question, encode(*tasks)

    def _settle(self, number: int, asked: _Asked, now: float) -> list[Event]:
        if not asked.waiting:
            self._asked.pop(number, None)
            return [Answered(number, asked.replies)]
        asked.deadline = min(asked.deadline or now + asked.patience, now + self._pace.stragglers)
        return []

    def _expire(self, number: int) -> Event:
        asked = self._asked[number]
        if asked.replies:
            self._asked.pop(number)
            return Answered(number, asked.replies)
        self._given_up.append(asked)
        message = f"Runware did not answer within {asked.patience:g} s"
        return self._fail(number, TransportError(message, provider="runware"))

    def _fail(self, number: int, error: MediaError) -> Failed:
        self._asked.pop(number)
        return Failed(number, error)

    def _lapsed(self) -> list[Event]:
        refs = tuple(attempt.ref for attempt in self._attempts.values() if attempt.is_pending)
        return [Lapsed(refs)] if refs else []


def _answers(asked: _Asked, reply: Reply, attempt: Attempt | None) -> bool:
    """Whether a reply is the answer to this question, and not news of the same task from elsewhere."""
    from_archive = any(item.get("taskType") == "getTaskDetails" for item in reply.data)
    if asked.kind is Question.ARCHIVE:
        return from_archive or not reply.data
    if from_archive:
        return False
    if asked.kind in (Question.START, Question.CALL) or attempt is None or not attempt.push:
        return True
    # A result pushed while we ask carries no status, as the answer does; nor is a pushed error the answer.
    asked_about = any("status" in item for item in (*reply.data, *reply.errors))
    return asked_about or is_unknown(reply) or any(not is_about_task(error) for error in reply.errors)
