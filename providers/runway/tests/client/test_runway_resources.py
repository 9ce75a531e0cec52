"""What a Runway account keeps beside generations: made, found, changed and deleted through our face of it."""

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from pydantic import SecretStr

from anymedia import (
    AsyncMediaClient,
    InvalidRequestError,
    MediaClient,
    MediaError,
    MediaInputError,
    ProtocolError,
    ProviderUnavailableError,
    SubmissionUnknownError,
    TaskCanceledError,
    TaskFailedError,
    TransportError,
)
from anymedia.json import JSON
from anymedia.refs import Outcome
from anymedia.testing import ManualClock
from anymedia.testing.render import audio
from anymedia_runway import CLEAR, AsyncRunway, Runway, realtime_session
from anymedia_runway.emulator import RunwayEmulator
from anymedia_runway.resources import CreditCaps, RouterModels, RouterSettings

OpenClient = Callable[..., AsyncMediaClient]
PROMPT = "a deep and calm voice with a northern accent"
DOCUMENT = {"name": "house rules", "content": "be kind"}
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def runway(client: AsyncMediaClient) -> AsyncRunway:
    """The account behind a client at a fast emulator."""
    return AsyncRunway(client)


@pytest.fixture
def still_runway(patient: AsyncMediaClient) -> AsyncRunway:
    """The account behind a client at an emulator whose time stands still."""
    return AsyncRunway(patient)


async def later(emulator: RunwayEmulator, seconds: float) -> None:
    """Let time pass at the vendor."""
    assert isinstance(emulator.clock, ManualClock)
    await emulator.clock.advance(seconds)


async def test_documents(runway: AsyncRunway) -> None:
    """A text is kept, read, listed without its content, changed in part, and deleted, twice if need be."""
    made = await runway.documents.create(**DOCUMENT)
    assert (made.name, made.content, made.type) == ("house rules", "be kind", "text")
    await runway.documents.update(made.id, content="be very kind")
    found = await runway.documents.retrieve(made.id)
    assert (found.name, found.content) == ("house rules", "be very kind")
    assert [(row.id, row.content) async for row in runway.documents.list(sort="updatedAt")] == [(made.id, None)]
    for _ in range(2):
        await runway.documents.delete(made.id)
    assert [row async for row in runway.documents.list()] == []
    with pytest.raises(InvalidRequestError, match="404"):
        await runway.documents.retrieve(made.id)


async def test_voices(runway: AsyncRunway) -> None:
    """A voice is heard before it is made, made from words or from a recording, renamed and deleted."""
    preview = await runway.voices.preview(prompt=PROMPT)
    assert preview.url
    assert preview.duration_secs
    designed = await runway.voices.create(name="Nora", prompt=PROMPT, description="ours")
    recorded = await runway.voices.create(name="Tom", audio=audio("hello", seed=1, duration=3, format="wav"))
    ready = await runway.voices.wait(recorded.id)
    assert (ready.name, ready.status) == ("Tom", "READY")
    assert ready.preview_url
    assert (await runway.voices.update(designed.id, name="Eleonora", description=CLEAR)).name == "Eleonora"
    assert (await runway.voices.retrieve(designed.id)).description is None
    assert {voice.id async for voice in runway.voices.list(limit=1)} == {designed.id, recorded.id}
    assert len((await runway.voices.page(limit=1)).items) == 1
    await runway.voices.delete(designed.id)
    assert [voice.id async for voice in runway.voices.list()] == [recorded.id]


async def test_a_voice_has_one_source(runway: AsyncRunway, runway_emulator: RunwayEmulator) -> None:
    """Neither or both of a recording and a description are refused before anything is sent."""
    for given in ({}, {"prompt": PROMPT, "audio": b"RIFF\0\0\0\0WAVE"}):
        with pytest.raises(InvalidRequestError, match="one of them"):
            await runway.voices.create(name="Nora", **given)  # type: ignore[arg-type]
    assert runway_emulator.ledger.requests == []


async def test_avatars(runway: AsyncRunway, png: bytes) -> None:
    """An avatar is made of a picture, a voice and texts, changed in part, and deleted."""
    text = await runway.documents.create(**DOCUMENT)
    made = await runway.avatars.create(
        name="Nora",
        personality="kind",
        reference_image=png,
        voice="clara",
        document_ids=[text.id],
        start_script="Hello",
    )
    assert made.status == "PROCESSING"
    ready = await runway.avatars.wait(made.id)
    assert (ready.status, ready.document_ids, ready.start_script) == ("READY", (text.id,), "Hello")
    assert ready.voice is not None
    assert (ready.voice.type, ready.voice.preset_id) == ("runway-live-preset", "clara")
    assert [use.id for use in (await runway.documents.retrieve(text.id)).used_by or ()] == [made.id]
    changed = await runway.avatars.update(made.id, personality="stern", start_script=CLEAR, document_ids=[])
    assert (changed.name, changed.personality) == ("Nora", "stern")
    assert (changed.start_script, changed.document_ids) == (None, ())
    assert [avatar.id async for avatar in runway.avatars.list()] == [made.id]
    assert [avatar.id for avatar in (await runway.avatars.page()).items] == [made.id]
    await runway.avatars.delete(made.id)
    with pytest.raises(InvalidRequestError, match="404"):
        await runway.avatars.retrieve(made.id)


async def test_a_picture_cannot_change_while_it_is_processed(still_runway: AsyncRunway, png: bytes) -> None:
    """The vendor's 409 is an error that says: later."""
    made = await still_runway.avatars.create(name="N", personality="kind", reference_image=png, voice="clara")
    with pytest.raises(ProviderUnavailableError, match="409") as caught:
        await still_runway.avatars.update(made.id, reference_image=png)
    assert caught.value.retryable


async def test_an_avatar_that_failed(still: RunwayEmulator, still_runway: AsyncRunway, png: bytes) -> None:
    """Waiting for an avatar that failed says why, as the vendor does."""
    still.faults.add("fail_processing", reason="no face in it")
    made = await still_runway.avatars.create(name="N", personality="kind", reference_image=png, voice="clara")
    await later(still, 60)
    with pytest.raises(TaskFailedError, match="no face in it"):
        await still_runway.avatars.wait(made.id)
    assert (await still_runway.avatars.retrieve(made.id)).failure_reason == "no face in it"


async def test_a_session_and_its_conversation(
    still: RunwayEmulator, patient: AsyncMediaClient, still_runway: AsyncRunway
) -> None:
    """A session is started by a request, joined once by its key, and leaves a conversation."""
    task = await patient.submit(realtime_session(avatar="cat-character", start_script="Meow"))
    assert (await still_runway.realtime_sessions.retrieve(task.ref.id)).status == "NOT_READY"
    await later(still, 6)
    session = await still_runway.realtime_sessions.wait_ready(task.ref.id)
    assert isinstance(session.session_key, SecretStr)
    assert session.session_key.get_secret_value() not in repr(session) + str(session.model_dump(mode="json"))
    room = await still_runway.realtime_sessions.consume(session)
    assert room.url.startswith("wss://")
    assert room.token.get_secret_value() not in repr(room)
    with pytest.raises(MediaError, match="409"):
        await still_runway.realtime_sessions.consume(session)
    await later(still, 30)
    await still_runway.realtime_sessions.cancel(task.ref.id)
    ended = await still_runway.realtime_sessions.retrieve(task.ref.id)
    assert (ended.status, ended.duration) == ("COMPLETED", 30)
    with pytest.raises(TaskFailedError, match="COMPLETED"):
        await still_runway.realtime_sessions.wait_ready(task.ref.id)
    assert still.ledger.accepted == 1
    await _check_conversation(still_runway, task.ref.id)


async def _check_conversation(runway: AsyncRunway, conversation_id: str) -> None:
    talk = await runway.conversations.retrieve(conversation_id)
    assert (talk.status, talk.duration) == ("ended", 30)
    assert [turn.content for turn in talk.transcript or ()] == ["Meow"]
    assert talk.recording_url
    rows = [row async for row in runway.conversations.list(avatar="cat-character")]
    assert [(row.id, row.has_tools) for row in rows] == [(conversation_id, False)]
    assert (await runway.conversations.page(start=talk.created_at)).items == tuple(rows)
    now = talk.created_at or datetime.now(UTC)
    usage = await runway.avatars.usage(start=now - timedelta(days=1), end=now + timedelta(days=1))
    assert (usage.total_sessions, usage.total_seconds) == (1, 30)
    await runway.conversations.delete(conversation_id)
    assert [row async for row in runway.conversations.list()] == []


@pytest.mark.parametrize(("fails", "kind"), [(True, TaskFailedError), (False, TaskCanceledError)])
async def test_a_session_that_is_never_ready(
    still: RunwayEmulator, patient: AsyncMediaClient, still_runway: AsyncRunway, fails: bool, kind: type[MediaError]
) -> None:
    """Waiting for a session that failed or was cancelled ends with that, and it has no key to be traded."""
    if fails:
        still.faults.add("fail_session", failure="no room")
    task = await patient.submit(realtime_session(avatar="cat-character"))
    if not fails:
        await still_runway.realtime_sessions.cancel(task.ref.id)
    await later(still, 6)
    with pytest.raises(kind):
        await still_runway.realtime_sessions.wait_ready(task.ref.id)
    with pytest.raises(InvalidRequestError, match="no key"):
        await still_runway.realtime_sessions.consume(await still_runway.realtime_sessions.retrieve(task.ref.id))


async def test_routers(runway: AsyncRunway) -> None:
    """A router is made with rules, its rules are merged, its caps lifted, its decisions read."""
    rules = RouterSettings(
        optimize_for="quality",
        models=RouterModels(mode="allowlist_only", ids=("gen4_image", "gen4_image_turbo")),
        max_credits_per_generation=CreditCaps(image=9),
    )
    made = await runway.routers.create(slug="stills", name="Stills", description="for stills", settings=rules)
    assert made.version == 1
    assert made.settings is not None
    assert made.settings.max_credits_per_generation == CreditCaps(image=9)
    lifted = RouterSettings(max_credits_per_generation=CreditCaps(image=None))
    changed = await runway.routers.update(made.id, description=CLEAR, settings=lifted)
    assert (changed.version, changed.description) == (2, None)
    assert changed.settings is not None
    assert changed.settings.optimize_for == "quality"
    caps = changed.settings.max_credits_per_generation
    assert caps is None or caps.image is None
    assert (await runway.routers.retrieve(made.id)).slug == "stills"
    assert [router.id async for router in runway.routers.list()] == [made.id]
    assert [router.id for router in (await runway.routers.page()).items] == [made.id]
    assert [one async for one in runway.routers.requests(made.id)] == []
    assert (await runway.routers.requests_page(made.id)).items == ()
    await runway.routers.delete(made.id)
    assert [router async for router in runway.routers.list()] == []


async def test_the_organization(runway: AsyncRunway, client: AsyncMediaClient) -> None:
    """Credits, limits and usage are told, and go on as they are used."""
    before = await runway.organization.retrieve()
    await client.text_to_image(prompt="a lighthouse", size="720x720")
    after = await runway.organization.retrieve()
    assert before.credit_balance is not None
    assert after.credit_balance is not None
    assert after.credit_balance < before.credit_balance
    assert after.tier is not None
    assert after.tier.models is not None
    assert after.tier.models["gen4_image"].max_concurrent_generations
    assert after.usage is not None
    assert after.usage.models is not None
    assert after.usage.models["gen4_image"].daily_generations == 1
    today = datetime.now(UTC).date()
    usage = await runway.organization.usage(start=today, before=today + timedelta(days=2))
    assert "gen4_image" in (usage.models or ())
    assert sum(amount.amount or 0 for day in usage.results or () for amount in day.used_credits or ()) > 0
    long_ago = await runway.organization.usage(start=date(2024, 1, 1), before=date(2024, 1, 2))
    assert not long_ago.models


async def test_the_web_apps_past(runway: AsyncRunway) -> None:
    """Charges and deeds of the web app are read page by page, sieved, and looked at closely."""
    events = [event async for event in runway.organization.audit_logs(limit=7)]
    assert len(events) > 7
    assert len({event.event_id for event in events}) == len(events)
    assert len((await runway.organization.audit_logs_page(limit=7)).items) == 7
    logins = [event async for event in runway.organization.audit_logs(actions=["UserLogin", "MemberRoleChanged"])]
    assert {event.action for event in logins} == {"UserLogin", "MemberRoleChanged"}
    role = next(event for event in logins if event.action == "MemberRoleChanged")
    closely = await runway.organization.audit_log(role.event_id)
    assert closely.client_ip_address
    assert (closely.metadata or {})["New role"] == "Admin"
    start, end = min(filter(None, (event.timestamp for event in events))), datetime.now(UTC) + timedelta(days=1)
    charges = [row async for row in runway.organization.webapp_usage(start=start, end=end, limit=9)]
    assert charges
    page = await runway.organization.webapp_usage_page(start=start, end=end, limit=9)
    assert page.items == tuple(charges[:9])


async def test_workflows(runway: AsyncRunway) -> None:
    """Workflows are found with their versions and read with their graph."""
    families = await runway.workflows.list()
    found = await runway.workflows.retrieve(families[0].versions[0].id)
    assert found.name == families[0].name
    assert found.graph is not None
    assert found.graph.nodes


async def test_uploads_take_what_requests_take(
    runway: AsyncRunway, runway_emulator: RunwayEmulator, tmp_path: Path, png: bytes
) -> None:
    """Paths, bytes and open files are stored; what needs no upload and what is not there is refused here."""
    path = tmp_path / "my picture.png"
    path.write_bytes(png)
    for source in (path, png, BytesIO(png)):
        stored = await runway.uploads.create(source)
        assert (stored.ref or "").startswith("runway://")
        assert stored.media_type == "image/png"
    assert (await runway.uploads.create(png, name="other.png")).name == "other.png"
    before = len(runway_emulator.ledger.requests)
    for wrong in ("https://cdn.test/a.png", "runway://abc", tmp_path / "missing.png"):
        with pytest.raises(MediaInputError):
            await runway.uploads.create(wrong)
    assert len(runway_emulator.ledger.requests) == before


@pytest.mark.parametrize(
    ("fault", "options"),
    [("lose_reply", {}), ("status_after", {"status": 502}), ("status_before", {"status": 503}), ("html", {})],
)
async def test_a_create_is_not_repeated_by_guess(
    runway: AsyncRunway, runway_emulator: RunwayEmulator, fault: str, options: dict[str, int]
) -> None:
    """Where nobody can say whether something was made, it is asked for once, and the error says so."""
    runway_emulator.faults.add(fault, match="POST /v1/documents", **options)
    with pytest.raises(SubmissionUnknownError) as caught:
        await runway.documents.create(**DOCUMENT)
    assert not caught.value.retryable
    assert runway_emulator.ledger.requests == ["POST /v1/documents"]


async def test_a_create_that_was_refused_is_tried_again(runway: AsyncRunway, runway_emulator: RunwayEmulator) -> None:
    """After a rate limit nothing was made, so it is asked for again."""
    runway_emulator.faults.add("throttle", times=2)
    assert (await runway.documents.create(**DOCUMENT)).id
    assert runway_emulator.ledger.requests == ["POST /v1/documents"] * 3
    assert len([row async for row in runway.documents.list()]) == 1


async def test_a_create_that_was_never_sent(open_client: OpenClient) -> None:
    """Without a connection nothing was made, and the error says that."""
    runway = AsyncRunway(open_client("http://127.0.0.1:1"))
    with pytest.raises(TransportError) as caught:
        await runway.documents.create(**DOCUMENT)
    assert caught.value.outcome is Outcome.NOT_SENT


@pytest.mark.parametrize("fault", ["lose_reply", "status_before", "throttle"])
async def test_what_may_be_repeated_is(runway: AsyncRunway, runway_emulator: RunwayEmulator, fault: str) -> None:
    """Reading, changing and deleting go on after trouble."""
    made = await runway.documents.create(**DOCUMENT)
    for call in (
        lambda: runway.documents.retrieve(made.id),
        lambda: runway.documents.update(made.id, name="x"),
        lambda: runway.documents.delete(made.id),
        runway.organization.usage,
    ):
        before = len(runway_emulator.ledger.requests)
        runway_emulator.faults.add(fault, times=2)
        await call()
        assert len(runway_emulator.ledger.requests) == before + 3


@pytest.mark.parametrize("fault", ["status_before", "throttle", "lose_reply", "html"])
async def test_waiting_is_patient(runway: AsyncRunway, runway_emulator: RunwayEmulator, fault: str) -> None:
    """More failed looks than any call is retried do not end the waiting, nor does a voice that is hidden at first."""
    voice = await runway.voices.create(name="Nora", prompt=PROMPT)
    runway_emulator.faults.add("status_before", match="GET /v1/voices/", status=404)
    runway_emulator.faults.add(fault, match="GET /v1/voices/", times=5)
    async with asyncio.timeout(20):
        assert (await runway.voices.wait(voice.id, timeout=None)).status == "READY"


async def test_waiting_is_not_blind(runway: AsyncRunway, runway_emulator: RunwayEmulator) -> None:
    """A key that is refused ends the waiting at once."""
    voice = await runway.voices.create(name="Nora", prompt=PROMPT)
    runway_emulator.faults.add("reject_key", times=None)
    async with asyncio.timeout(20):
        with pytest.raises(MediaError, match="401"):
            await runway.voices.wait(voice.id, timeout=None)


async def test_fields_of_tomorrow_are_kept(runway: AsyncRunway, runway_emulator: RunwayEmulator) -> None:
    """What nobody knows yet can be read all the same, and what is odd does not hide the rest."""
    body = {"id": NOBODY, "name": 7, "status": "DREAMING", "mood": {"calm": True}}
    runway_emulator.faults.add("status_before", match="/v1/avatars", status=200, body=body)
    avatar = await runway.avatars.retrieve(NOBODY)
    assert (avatar.id, avatar.name, avatar.status) == (NOBODY, None, "DREAMING")
    assert avatar.model_extra == {"mood": {"calm": True}}


@pytest.mark.parametrize("body", [{"data": [{"name": "no id"}]}, {"data": [None]}, {"data": "none"}, {}, []])
async def test_a_list_of_something_else(runway: AsyncRunway, runway_emulator: RunwayEmulator, body: JSON) -> None:
    """A list that cannot be read is an error, not an empty list."""
    runway_emulator.faults.add("status_before", match="/v1/avatars", status=200, body=body)
    with pytest.raises(ProtocolError):
        assert [avatar async for avatar in runway.avatars.list()]


async def test_the_same_for_synchronous_code(brisk: RunwayEmulator, tmp_path: Path, png: bytes) -> None:
    """Every kind of call has its twin: values, lists, pages and waiters, on the client's own connections."""
    path = tmp_path / "input.png"
    path.write_bytes(png)

    def work() -> list[str]:
        where = {"base_url": brisk.endpoint.base_url, "api_key": brisk.api_key}
        with MediaClient("runway", journal=None, poll_interval=0.02, **where) as client:  # type: ignore[arg-type]
            runway = Runway(client)
            picture = runway.uploads.create(path)
            avatar = runway.avatars.create(name="N", personality="kind", reference_image=picture, voice="clara")
            voice = runway.voices.create(name="Nora", prompt=PROMPT)
            document = runway.documents.create(**DOCUMENT)
            assert [found.id for found in runway.documents.list()] == [document.id]
            assert runway.organization.retrieve().credit_balance
            assert runway.workflows.list()
            assert list(runway.conversations.list()) == []
            assert runway.routers.page().items == ()
            session = client.submit(realtime_session(avatar="cat-character"))
            assert runway.realtime_sessions.wait_ready(session.ref.id).session_key
            return [str(runway.avatars.wait(avatar.id).status), str(runway.voices.wait(voice.id).status)]

    async with asyncio.timeout(40):
        assert await asyncio.to_thread(work) == ["READY", "READY"]


def test_every_resource_has_both_faces() -> None:
    """What the asynchronous face can do, the synchronous one can, resource by resource, method by method."""
    for asynchronous, synchronous in zip(_faces(AsyncRunway), _faces(Runway), strict=True):
        assert asynchronous[0] == synchronous[0]
        assert asynchronous[1] == synchronous[1], asynchronous[0]


def _faces(kind: type[AsyncRunway] | type[Runway]) -> list[tuple[str, set[str]]]:
    resources = vars(kind(None))  # type: ignore[arg-type]
    return [
        (name, {method for method in vars(type(resource)) if not method.startswith("_")})
        for name, resource in sorted(resources.items())
    ]
