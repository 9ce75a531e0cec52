"""From a plan to an accepted task: journalled before the first byte, and never sent again by guess."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, cast

import pytest
from pydantic import SecretStr
from typing_extensions import override

from anymedia.catalog import Catalog, ModelInfo
from anymedia.config import Config, Overrides, ProviderDefaults, ProviderSettings
from anymedia.engine import Engine
from anymedia.errors import (
    ClientClosedError,
    ConnectionLostError,
    IdempotencyConflictError,
    InsufficientCreditsError,
    JournalError,
    MediaError,
    MediaInputError,
    RateLimitError,
    SubmissionUnknownError,
    TransportError,
)
from anymedia.journal import AttemptState, Entry, MemoryJournal, Opened
from anymedia.provider import Cancellation, Connect, Context, Plan, Provider, Submission
from anymedia.refs import Outcome, TaskRef, TaskState
from anymedia.requests import Request, TextToImage
from anymedia.results import Cost, Result
from anymedia.submission import OnUnknown, Submitter
from anymedia.tasks import Snapshot
from anymedia.testing import ManualClock

if TYPE_CHECKING:
    from anymedia.transports.http import HttpTransport

INTENT, SENDING, ACCEPTED, UNKNOWN, NOT_SENT, REFUSED = (
    AttemptState.INTENT,
    AttemptState.SENDING,
    AttemptState.ACCEPTED,
    AttemptState.UNKNOWN,
    AttemptState.NOT_SENT,
    AttemptState.REFUSED,
)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TASK = TaskRef(provider="vendor", id="t1", operation="text_to_image", model="m")
IT_STARTED = Submission(outcome=Outcome.ACCEPTED, ref=TASK)
IT_NEVER_LEFT = Submission(outcome=Outcome.NOT_SENT, error=TransportError("no route", sent=False))
IT_IS_BUSY = Submission(outcome=Outcome.REFUSED, error=RateLimitError("slow down"))
IT_IS_BROKE = Submission(outcome=Outcome.REFUSED, error=InsufficientCreditsError("no money"))
WHO_KNOWS = Submission(outcome=Outcome.UNKNOWN, error=ConnectionLostError("reset"))
REQUEST = TextToImage(prompt="a secret plan", idempotency_key="key-1", metadata={"order": 7})
PLAN = Plan(provider="vendor", model="m", call="make", body={}, request=REQUEST)


class Vendor(Provider):
    """A provider whose attempts end as the script says."""

    name = "vendor"
    contract = 1
    defaults = ProviderDefaults(base_url="https://x.invalid", api_key_env="X", base_url_env="Y", poll_interval=2)

    def __init__(self, settings: ProviderSettings, context: Context) -> None:
        super().__init__(settings, context)
        self.script: list[Submission | Exception] = []
        self.found: list[Submission | Exception] = []
        self.own_ids: list[str] = []
        self.sent: list[tuple[float, str | None]] = []
        self.at_once = 0
        self.unprepared: MediaError | None = None
        self.door = asyncio.Event()
        self.door.set()
        self.before_answer: Callable[[], None] = lambda: None

    @classmethod
    @override
    def catalog(cls) -> Catalog:
        return Catalog("vendor", (), {})

    @override
    def plan(self, request: Request[Result], model: ModelInfo) -> Plan:
        return PLAN

    @override
    async def prepare(self, plan: Plan) -> Plan:
        if self.unprepared is not None:
            raise self.unprepared
        return plan

    @override
    def new_ref(self, plan: Plan) -> TaskRef | None:
        return replace(TASK, id=self.own_ids.pop(0)) if self.own_ids else None

    @override
    async def submit(self, plan: Plan, ref: TaskRef | None) -> Submission:
        self.sent.append((self.context.clock.now(), ref.id if ref else None))
        self.at_once += 1
        await self.door.wait()
        self.at_once -= 1
        self.before_answer()
        await asyncio.sleep(0)  # as when a reader hands the answer over
        return _told(self.script.pop(0), ref)

    @override
    async def reconcile(self, ref: TaskRef) -> Submission:
        return _told(self.found.pop(0), ref) if self.found else await super().reconcile(ref)

    @override
    async def fetch(self, refs: Sequence[TaskRef]) -> Sequence[Snapshot]:
        return [Snapshot(ref=ref, state=TaskState.RUNNING) for ref in refs]

    @override
    def next_look(self, ref: TaskRef, last: Snapshot | None, age: float, failures: int) -> float | None:
        return None

    @override
    async def cancel(self, ref: TaskRef) -> Cancellation:
        return Cancellation(stopped=False, refund="none", state=TaskState.RUNNING)

    @override
    async def aclose(self) -> None:
        """Nothing is open."""


def _told(answer: Submission | Exception, ref: TaskRef | None) -> Submission:
    if isinstance(answer, Exception):
        raise answer
    return replace(answer, ref=ref) if ref is not None else answer


class Notebook(MemoryJournal):
    """Keeps every line, and refuses to write one of them."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[Entry] = []
        self.torn: AttemptState | None = None
        self.trouble = JournalError("the disk is full")  # one for all whose lines were to share a commit

    @override
    async def open(self, entry: Entry, *, after: int | None = None) -> Opened:
        if entry.state is self.torn:
            raise self.trouble
        self.lines.append(entry)
        return await super().open(entry, after=after)

    @override
    async def record(self, *entries: Entry) -> None:
        if self.torn in {entry.state for entry in entries}:
            raise self.trouble
        self.lines += entries
        await super().record(*entries)

    @property
    def states(self) -> list[AttemptState]:
        """What was reached, one after the other."""
        return [line.state for line in self.lines]


class Bench:
    """A submitter with a vendor, a journal and a clock."""

    def __init__(self, **settings: object) -> None:
        self.clock = ManualClock()
        self.journal = Notebook()
        self.plan = PLAN
        self.announced: list[str] = []
        self.submitter = Submitter(self.journal, self.clock, Random(0), lambda: NOW)
        context = Context(
            clock=self.clock,
            rng=Random(0),
            http=cast("HttpTransport", None),
            connect=cast("Connect", None),
            emit=lambda _: None,
        )
        base: dict[str, object] = {"name": "vendor", "base_url": "x", "api_key": SecretStr("k"), "poll_interval": 2}
        self.vendor = Vendor(ProviderSettings.model_validate(base | settings), context)

    def start(self, *script: Submission | Exception, on_unknown: OnUnknown = "raise") -> "asyncio.Task[Submission]":
        """Start a request whose attempts end as the script says."""
        self.vendor.script += script
        return asyncio.create_task(
            self.submitter.submit(
                self.vendor, self.plan, on_unknown=on_unknown, announce=lambda ref: self.announced.append(ref.id)
            )
        )

    async def submit(self, *script: Submission | Exception, on_unknown: OnUnknown = "raise") -> Submission:
        """Start a request, and let as much time pass as it takes."""
        starting = self.start(*script, on_unknown=on_unknown)
        await self.clock.advance(100)
        return await starting


@pytest.fixture
async def bench() -> Bench:
    """A submitter and all it needs."""
    return Bench()


async def test_an_accepted_task_is_journalled_on_its_whole_way(bench: Bench) -> None:
    """Intent, sending, accepted with the very ref the caller gets, and its end with what it cost."""
    submission = await bench.submit(IT_STARTED)
    cost = Cost(amount=3, unit="credits")
    await bench.submitter.finish(Snapshot(ref=TASK, state=TaskState.SUCCEEDED, cost=cost))
    assert bench.journal.states == [INTENT, SENDING, ACCEPTED, AttemptState.FINISHED]
    assert bench.journal.lines[2].ref == submission.ref == replace(TASK, created=NOW)
    assert (bench.journal.lines[3].ref, bench.journal.lines[3].cost) == (submission.ref, cost)
    assert {line.request for line in bench.journal.lines} == {bench.journal.lines[0].request}


async def test_the_journal_holds_no_prompt(bench: Bench) -> None:
    """Refs, the caller's own key and notes: yes; what was asked for: no."""
    await bench.submit(IT_STARTED)
    assert "secret plan" not in repr(bench.journal.lines)
    assert bench.journal.lines[0].idempotency_key == "key-1"
    assert bench.journal.lines[0].metadata == {"order": 7}


async def test_what_was_not_sent_is_sent_again(bench: Bench) -> None:
    """Nothing arrived, so nothing can be paid twice; each try waits longer than the last."""
    await bench.submit(IT_NEVER_LEFT, IT_NEVER_LEFT, IT_STARTED)
    tries = [INTENT, SENDING, NOT_SENT, INTENT, SENDING, NOT_SENT, INTENT, SENDING, ACCEPTED]
    assert bench.journal.states == tries
    assert [line.attempt for line in bench.journal.lines] == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    first, second, third = (moment for moment, _ in bench.vendor.sent)
    assert 0 < second - first < third - second


async def test_tries_end(bench: Bench) -> None:
    """After `retries` repetitions the last error comes out, saying that nothing was sent."""
    with pytest.raises(TransportError) as caught:
        await bench.submit(*[IT_NEVER_LEFT] * 5)
    assert caught.value.outcome is Outcome.NOT_SENT
    assert len(bench.vendor.sent) == 1 + bench.vendor.settings.retries


async def test_a_refusal_is_repeated_when_it_is_worth_it(bench: Bench) -> None:
    """A busy vendor is asked again, not before the time it named."""
    busy = replace(IT_IS_BUSY, error=RateLimitError("slow down", retry_after=30))
    await bench.submit(busy, IT_STARTED)
    assert bench.journal.states == [INTENT, SENDING, REFUSED, INTENT, SENDING, ACCEPTED]
    assert bench.vendor.sent[1][0] >= 30


async def test_a_refusal_for_good_is_not_repeated(bench: Bench) -> None:
    """An empty account does not fill up by asking again."""
    with pytest.raises(InsufficientCreditsError) as caught:
        await bench.submit(IT_IS_BROKE, IT_STARTED)
    assert caught.value.outcome is Outcome.REFUSED
    assert bench.journal.states == [INTENT, SENDING, REFUSED]
    assert bench.journal.lines[-1].error == "insufficient_credits"


async def test_an_unknown_attempt_is_never_sent_again(bench: Bench) -> None:
    """Where nobody knows, the caller is told so, with the cause; the error itself would have been worth a retry."""
    with pytest.raises(SubmissionUnknownError, match="not sent again by guess") as caught:
        await bench.submit(WHO_KNOWS, IT_STARTED)
    assert caught.value.outcome is Outcome.UNKNOWN
    assert caught.value.__cause__ is WHO_KNOWS.error
    assert bench.journal.states == [INTENT, SENDING, UNKNOWN]
    assert [entry.state for entry in await bench.journal.latest()][-1] is UNKNOWN


async def test_a_provider_that_breaks_may_have_sent(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """A defect in the middle of a submission is no licence to send again."""
    with pytest.raises(SubmissionUnknownError, match="ZeroDivisionError"):
        await bench.submit(ZeroDivisionError("oh"), IT_STARTED)
    assert len(bench.vendor.sent) == 1
    assert "ZeroDivisionError" in caplog.text


async def test_resubmitting_is_the_callers_choice(bench: Bench) -> None:
    """`on_unknown="resubmit"` may pay twice, and does so under a new id."""
    bench.vendor.own_ids = ["first", "second"]
    submission = await bench.submit(WHO_KNOWS, IT_STARTED, on_unknown="resubmit")
    assert bench.vendor.sent[0][1] == "first"
    assert bench.vendor.sent[1][1] == "second"
    assert submission.ref is not None
    assert submission.ref.id == "second"


async def test_a_client_made_id_is_known_before_the_first_byte(bench: Bench) -> None:
    """The id is journalled with `sending` and announced, so that a crash or early news finds it."""
    bench.vendor.own_ids = ["own"]
    await bench.submit(IT_STARTED)
    sending = bench.journal.lines[1]
    assert sending.ref is not None
    assert (sending.state, sending.ref.id, sending.ref.created) == (SENDING, "own", NOW)
    assert bench.announced == ["own"]


@pytest.mark.parametrize("first", [IT_NEVER_LEFT, IT_IS_BUSY])
async def test_an_id_that_started_nothing_is_used_again(bench: Bench, first: Submission) -> None:
    """After an attempt that surely started nothing, the next one keeps the id."""
    bench.vendor.own_ids = ["own", "other"]
    await bench.submit(first, IT_STARTED)
    assert [task for _, task in bench.vendor.sent] == ["own", "own"]


async def test_an_unknown_attempt_is_looked_up(bench: Bench) -> None:
    """With a client-made id the provider can say what became of it; nothing is sent again."""
    bench.vendor.own_ids = ["own"]
    bench.vendor.found = [IT_STARTED]
    submission = await bench.submit(WHO_KNOWS)
    assert submission.ref is not None
    assert submission.ref.id == "own"
    assert bench.journal.states == [INTENT, SENDING, UNKNOWN, ACCEPTED]
    assert len(bench.vendor.sent) == 1


async def test_an_attempt_that_turns_out_never_to_have_arrived_is_repeated(bench: Bench) -> None:
    """`unknown` may become `not_sent` by looking, and only then is it safe to send again."""
    bench.vendor.own_ids = ["own"]
    bench.vendor.found = [IT_NEVER_LEFT]
    await bench.submit(WHO_KNOWS, IT_STARTED)
    assert bench.journal.states == [INTENT, SENDING, UNKNOWN, NOT_SENT, INTENT, SENDING, ACCEPTED]


@pytest.mark.parametrize("answer", [WHO_KNOWS, ConnectionLostError("still away")])
async def test_a_look_up_that_finds_nothing_leaves_it_unknown(bench: Bench, answer: Submission | Exception) -> None:
    """The error names the id to look for."""
    bench.vendor.own_ids = ["own"]
    bench.vendor.found = [answer]
    with pytest.raises(SubmissionUnknownError, match="look for own") as caught:
        await bench.submit(WHO_KNOWS, IT_STARTED)
    assert caught.value.ref is not None
    assert caught.value.ref.id == "own"
    assert bench.journal.states[-1] is UNKNOWN


async def test_an_input_that_cannot_be_brought_starts_nothing(bench: Bench) -> None:
    """An upload that fails ends the request before any attempt."""
    bench.vendor.unprepared = MediaInputError("too large")
    with pytest.raises(MediaInputError):
        await bench.submit(IT_STARTED)
    assert bench.journal.states == [INTENT, NOT_SENT]
    assert bench.vendor.sent == []


async def test_without_a_journal_nothing_is_sent(bench: Bench) -> None:
    """What cannot be recorded is not started."""
    bench.journal.torn = SENDING
    with pytest.raises(JournalError):
        await bench.submit(IT_STARTED)
    assert bench.vendor.sent == []


async def test_a_journal_that_fails_afterwards_does_not_hide_the_task(bench: Bench) -> None:
    """The task was started and may be paid for: the error carries its ref."""
    bench.journal.torn = ACCEPTED
    with pytest.raises(JournalError) as caught:
        await bench.submit(IT_STARTED)
    assert (caught.value.ref, caught.value.outcome) == (replace(TASK, created=NOW), Outcome.ACCEPTED)


async def test_a_journal_that_fails_in_doubt_does_not_hide_the_attempt(bench: Bench) -> None:
    """What may have been started is not called unsent because it could not be recorded, and its id is told."""
    bench.journal.torn = UNKNOWN
    bench.vendor.own_ids = ["a1"]
    with pytest.raises(JournalError) as caught:
        await bench.submit(WHO_KNOWS)
    assert caught.value.ref is not None
    assert (caught.value.ref.id, caught.value.outcome) == ("a1", Outcome.UNKNOWN)
    assert "nothing was sent" not in str(caught.value)


async def test_each_caller_learns_of_its_own_task(bench: Bench) -> None:
    """Two tasks whose acceptance was lost with one commit are told apart by the errors."""
    bench.journal.torn = ACCEPTED
    bench.plan = replace(PLAN, request=TextToImage(prompt="a plan"))
    bench.vendor.own_ids = ["a1", "a2"]
    starting = [bench.start(IT_STARTED), bench.start(IT_STARTED)]
    errors = await asyncio.gather(*starting, return_exceptions=True)
    assert [cast("JournalError", error).ref.id for error in errors] == ["a1", "a2"]  # type: ignore[union-attr]


@pytest.mark.parametrize("how", ["time", "recovering", "closing"])
async def test_what_could_not_be_recorded_is_recorded_later(bench: Bench, how: str) -> None:
    """A client that does nothing more makes up for it, for another process may be waiting under the same key."""
    bench.journal.torn = ACCEPTED
    with pytest.raises(JournalError):
        await bench.submit(IT_STARTED)
    assert bench.journal.states == [INTENT, SENDING]
    bench.journal.torn = None
    if how == "recovering":
        assert [entry.state for entry in await bench.submitter.adopt()] == [ACCEPTED]
    await (bench.submitter.aclose() if how == "closing" else bench.clock.advance(2))
    assert bench.journal.states == [INTENT, SENDING, ACCEPTED]


async def test_no_more_attempts_at_once_than_allowed() -> None:
    """`max_concurrency` holds the others back, and lets them in as places become free."""
    bench = Bench(max_concurrency=3)
    bench.plan = replace(PLAN, request=TextToImage(prompt="without a key"))
    bench.vendor.door.clear()
    starting = [bench.start(IT_STARTED) for _ in range(10)]
    await bench.clock.advance(1)
    assert bench.vendor.at_once == 3
    assert bench.journal.states.count(SENDING) == 3
    bench.vendor.door.set()
    await asyncio.gather(*starting)
    assert len(bench.vendor.sent) == 10


async def test_one_refusal_slows_the_whole_provider(bench: Bench) -> None:
    """After a 429 nobody sends before the pause is over, whoever got it."""
    bench.plan = replace(PLAN, request=TextToImage(prompt="without a key"))
    busy = Submission(outcome=Outcome.REFUSED, error=RateLimitError("slow down", retry_after=10))
    first = bench.start(busy, IT_STARTED)
    await bench.clock.advance(1)
    second = bench.start(IT_STARTED)
    await bench.clock.advance(5)
    assert len(bench.vendor.sent) == 1
    await bench.clock.advance(30)
    await asyncio.gather(first, second)
    assert min(moment for moment, _ in bench.vendor.sent[1:]) >= 10


async def test_a_long_wish_for_patience_is_handed_to_the_caller(bench: Bench) -> None:
    """Nobody is made to wait an hour unasked."""
    later = Submission(outcome=Outcome.REFUSED, error=RateLimitError("come back", retry_after=3600))
    with pytest.raises(RateLimitError) as caught:
        await bench.submit(later)
    assert caught.value.retry_after == 3600
    assert len(bench.vendor.sent) == 1


async def test_the_same_key_gives_the_same_task(bench: Bench) -> None:
    """Ten requests under one key, at once and later, are one task; a different one under it is refused."""
    bench.vendor.door.clear()
    starting = [bench.start(IT_STARTED) for _ in range(10)]
    await bench.clock.advance(1)
    bench.vendor.door.set()
    await bench.clock.advance(1)
    refs = {(await one).ref for one in starting} | {(await bench.submit()).ref}
    assert len(refs) == len(bench.vendor.sent) == 1
    bench.plan = replace(PLAN, fingerprint="another")
    with pytest.raises(IdempotencyConflictError):
        await bench.submit()


async def test_a_key_whose_outcome_is_unknown_stays_unknown(bench: Bench) -> None:
    """Asking again under the same key never sends by guess; `resubmit` does, because the caller says so."""
    for _ in range(2):
        with pytest.raises(SubmissionUnknownError):
            await bench.submit(WHO_KNOWS)
    assert len(bench.vendor.sent) == 1
    bench.vendor.script.clear()
    await bench.submit(IT_STARTED, on_unknown="resubmit")
    assert len(bench.vendor.sent) == 2


async def test_a_key_under_which_another_client_goes_ahead(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is overtaken while looking an attempt up gets the other's task, and sends nothing."""
    bench.vendor.own_ids = ["a1"]
    with pytest.raises(SubmissionUnknownError):
        await bench.submit(WHO_KNOWS)
    rival = bench.journal.share()

    async def overtaken(ref: TaskRef) -> Submission:
        opened = await rival.open(bench.journal.lines[0], after=1)
        ahead = replace(bench.journal.lines[0], request=opened.request, attempt=opened.attempt, state=ACCEPTED)
        await rival.record(replace(ahead, ref=TASK))
        return Submission(outcome=Outcome.UNKNOWN, ref=ref)

    monkeypatch.setattr(bench.vendor, "reconcile", overtaken)
    assert (await bench.submit(on_unknown="resubmit")).ref == TASK
    assert len(bench.vendor.sent) == 1


async def test_a_key_that_surely_started_nothing_may_be_used_again(bench: Bench) -> None:
    """After a refusal the same key starts the task it stands for."""
    with pytest.raises(MediaError):
        await bench.submit(IT_IS_BROKE)
    submission = await bench.submit(IT_STARTED)
    assert submission.outcome is Outcome.ACCEPTED
    assert len({line.request for line in bench.journal.lines if line.state is SENDING}) == 1


async def test_a_cut_attempt_is_journalled_as_unknown(bench: Bench) -> None:
    """Whoever tears an attempt down while it is being sent leaves a trace of it."""
    bench.vendor.door.clear()
    starting = bench.start(IT_STARTED)
    await bench.clock.advance(1)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert bench.journal.states == [INTENT, SENDING, UNKNOWN]


async def test_a_wish_to_cancel_is_journalled_for_own_tasks_only(bench: Bench) -> None:
    """What this client did not start has no line to add to."""
    await bench.submit(IT_STARTED)
    await bench.submitter.note(TASK, AttemptState.CANCEL_REQUESTED)
    await bench.submitter.note(replace(TASK, id="stranger"), AttemptState.CANCEL_REQUESTED)
    assert bench.journal.states[3:] == [AttemptState.CANCEL_REQUESTED]


class Client:
    """An engine with a vendor opened by hand: what a client's submissions run in."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.journal = Notebook()
        self.engine = Engine(
            Config(), Overrides(), "vendor", emulate=False, environ={}, journal=self.journal, clock=self.clock
        )
        self.vendor = Bench().vendor
        self.vendor.script = [IT_STARTED]

    def start(self) -> "asyncio.Task[object]":
        """A caller who starts a task."""
        return asyncio.create_task(self.engine.start(self.vendor, PLAN, on_unknown="raise"))

    async def sending(self) -> "asyncio.Task[object]":
        """A caller whose request is being sent at this moment."""
        self.vendor.door.clear()
        caller = self.start()
        await self.clock.advance(0)
        assert self.journal.states == [INTENT, SENDING]
        return caller


@pytest.fixture
async def client() -> Client:
    """An engine and all it needs."""
    return Client()


async def test_a_caller_who_leaves_does_not_cut_the_request(client: Client) -> None:
    """Waiting is not owning: the submission goes on, and its task is followed and journalled."""
    caller = await client.sending()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    client.vendor.door.set()
    await client.clock.advance(1)
    assert client.journal.states == [INTENT, SENDING, ACCEPTED]
    assert [ref.id for ref in client.engine.tracker.followed] == ["t1"]
    await client.engine.aclose()


async def test_closing_waits_for_what_is_being_sent(client: Client) -> None:
    """An attempt that is answered within ten seconds is recorded as what it became."""
    caller = await client.sending()
    closing = asyncio.create_task(client.engine.aclose())
    await client.clock.advance(9)
    assert not closing.done()
    client.vendor.door.set()
    await closing
    assert client.journal.states == [INTENT, SENDING, ACCEPTED]
    await caller


async def test_closing_does_not_wait_for_ever(client: Client) -> None:
    """After ten seconds the attempt is recorded as unknown, and its caller is told that the client was closed."""
    caller = await client.sending()
    closing = asyncio.create_task(client.engine.aclose())
    await client.clock.advance(10)
    await closing
    assert client.journal.states == [INTENT, SENDING, UNKNOWN]
    with pytest.raises(ClientClosedError) as caught:
        await caller
    assert caught.value.outcome is Outcome.UNKNOWN


async def test_an_end_that_overtakes_the_acceptance_is_recorded(client: Client) -> None:
    """A result pushed before the submission returns still closes the task's account in the journal."""
    client.vendor.own_ids = ["own"]
    end = Snapshot(ref=replace(TASK, id="own"), state=TaskState.SUCCEEDED)
    client.vendor.before_answer = lambda: client.engine.tracker.observe(end)
    await client.start()
    await client.engine.aclose()
    assert client.journal.states == [INTENT, SENDING, ACCEPTED, AttemptState.FINISHED]


async def test_a_closed_client_sends_nothing(client: Client) -> None:
    """A call after `aclose` is refused here; closing twice is fine."""
    await client.engine.aclose()
    await client.engine.aclose()
    with pytest.raises(ClientClosedError):
        await client.start()
    assert client.journal.states == []
