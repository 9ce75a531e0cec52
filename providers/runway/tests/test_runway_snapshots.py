"""What the vendor's answers become."""

import base64
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia.errors import MediaError, ModerationError, ProtocolError, SubmissionUnknownError, TaskCanceledError
from anymedia.json import JSON, dumps
from anymedia.provider import Plan
from anymedia.refs import Outcome, TaskRef, TaskState
from anymedia.requests import Native, TextToImage
from anymedia.tasks import Snapshot, advance
from anymedia_runway.places import SESSION, is_task_id, path_of
from anymedia_runway.snapshots import output_of, read_created, read_task
from anymedia_runway.wire import Answer

ID = "17f20503-6c24-4c16-946b-35dbbce2af2f"
REF = TaskRef(provider="runway", id=ID, operation="text_to_image", model="gen4_image")
PLAN = Plan(
    provider="runway",
    model="gen4_image",
    call="POST /v1/text_to_image",
    body={},
    request=TextToImage(prompt="x", count=2),
    count=2,
)


def _answer(body: JSON, status: int = 200) -> Answer:
    return Answer(status, {"content-type": "application/json"}, dumps(body).encode())


def _task(**fields: JSON) -> Snapshot:
    return read_task(_answer({"id": ID, "createdAt": "2026-11-02T10:00:00.000Z", **fields}), REF)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("PENDING", TaskState.QUEUED),
        ("THROTTLED", TaskState.QUEUED),
        ("RUNNING", TaskState.RUNNING),
        ("SUCCEEDED", TaskState.SUCCEEDED),
        ("FAILED", TaskState.FAILED),
        ("CANCELLED", TaskState.CANCELED),
        ("CANCELED", TaskState.CANCELED),
    ],
)
def test_states(status: str, state: TaskState) -> None:
    """Every status of the vendor, in both spellings of the last, has its state; its own word is kept."""
    snapshot = _task(status=status, output=["https://cdn.test/a.png"])
    assert (snapshot.state, snapshot.provider_status) == (state, status)


def test_unknown_status_keeps_the_last_state() -> None:
    """A word that nobody knows does not move the task."""
    running = _task(status="RUNNING", progress=0.5)
    odd = advance(running, _task(status="REVIEWING"))
    assert (odd.state, odd.progress, odd.provider_status) == (TaskState.RUNNING, 0.5, "REVIEWING")


@pytest.mark.parametrize(("progress", "shown"), [(0.42, 0.42), (1.7, 1.0), (-1, 0.0), ("half", None), (None, None)])
def test_progress(progress: JSON, shown: float | None) -> None:
    """Progress is a fraction; what is no number is unknown."""
    assert _task(status="RUNNING", progress=progress).progress == shown


def test_costs() -> None:
    """An estimate may change, a cost is final; both are credits with their dollars, fractions included."""
    waiting = _task(status="PENDING", estimatedCost={"credits": 60.5}).cost
    assert waiting is not None
    assert (waiting.amount, waiting.final, waiting.usd) == (Decimal("60.5"), False, Decimal("0.605"))
    failed = _task(status="FAILED", cost={"credits": 0}).cost
    assert failed is not None
    assert (failed.amount, failed.final) == (Decimal(0), True)


@pytest.mark.parametrize("cost", [None, {}, {"credits": None}, {"credits": "many"}, 5, []])
def test_missing_cost(cost: JSON) -> None:
    """An unreadable cost is unknown and hides nothing else."""
    snapshot = _task(status="SUCCEEDED", cost=cost, output=["https://cdn.test/a.png"])
    assert snapshot.cost is None
    assert len(snapshot.outputs) == 1


def test_moderated_task() -> None:
    """Moderation is a failure with its own error, code and whole answer."""
    snapshot = _task(status="FAILED", failure="rejected", failureCode="SAFETY.INPUT.IMAGE", cost={"credits": 0})
    assert isinstance(snapshot.failure, ModerationError)
    assert snapshot.failure.provider_code == "SAFETY.INPUT.IMAGE"
    assert snapshot.failure.ref == REF


def test_canceled_task() -> None:
    """A cancelled task carries its error."""
    assert isinstance(_task(status="CANCELLED", cost={"credits": 0}).failure, TaskCanceledError)


def test_outputs_keep_their_order() -> None:
    """Outputs come as the vendor lists them; what is no address is left out."""
    snapshot = _task(status="SUCCEEDED", output=["https://cdn.test/b.png", 5, "https://[bad", "https://cdn.test/a.png"])
    assert [output.url for output in snapshot.outputs] == ["https://cdn.test/b.png", "https://cdn.test/a.png"]


def test_partial_success() -> None:
    """Fewer outputs than asked for is a success that says what is missing."""
    ref = TaskRef(provider="runway", id=ID, operation="text_to_image", model="m", count=4)
    snapshot = read_task(_answer({"id": ID, "status": "SUCCEEDED", "output": ["https://cdn.test/a.png"]}), ref)
    assert snapshot.state is TaskState.SUCCEEDED
    assert "3 of 4" in str(snapshot.errors[0])


def test_workflow_run() -> None:
    """A workflow's outputs come by node; a node that failed is told beside the others' outputs."""
    errors: JSON = {"n2": {"message": "no", "failureCode": "INTERNAL", "nodeName": "Upscale"}}
    output: JSON = {"n1": ["https://cdn.test/a.mp4"]}
    snapshot = _task(status="SUCCEEDED", output=output, nodeErrors=errors)
    assert [output.kind for output in snapshot.outputs] == ["video"]
    assert str(snapshot.errors[0]) == "Upscale: no"


@pytest.mark.parametrize(
    ("url", "operation", "kind", "media_type"),
    [
        ("https://cdn.test/a.png?_jwt=x", "text_to_image", "image", "image/png"),
        ("https://cdn.test/a.MP4", "text_to_video", "video", "video/mp4"),
        ("https://cdn.test/a.zip", "text_to_video", "file", "application/zip"),
        ("https://cdn.test/a.wav", "text_to_video", "audio", "audio/wav"),
        ("https://cdn.test/a", "upscale_video", "video", None),
        ("https://cdn.test/a", "upscale_image", "image", None),
        ("https://cdn.test/a", "native", "file", None),
    ],
)
def test_output_kinds(url: str, operation: str, kind: str, media_type: str | None) -> None:
    """The name hints at the type; without a hint the operation tells the kind."""
    output = output_of(url, operation)
    assert (output.kind, output.media_type) == (kind, media_type)


def test_expiry_is_read_from_the_token() -> None:
    """A signed URL says itself when it dies."""
    claims = base64.urlsafe_b64encode(b'{"exp": 1793000000}').decode().rstrip("=")
    output = output_of(f"https://cdn.test/a.png?_jwt=head.{claims}.sign", "text_to_image")
    assert output.expires_at == datetime.fromtimestamp(1793000000, UTC)


@pytest.mark.parametrize(
    "token", ["", "x", "a.b.c", "a.e30.c", "a.W10.c", "a.eyJleHAiOiJzb29uIn0.c", "a.eyJleHAiOjFlOTl9.c"]
)
def test_expiry_of_an_odd_token(token: str) -> None:
    """A token that cannot be read leaves the expiry unknown."""
    assert output_of(f"https://cdn.test/a.png?_jwt={token}", "text_to_image").expires_at is None


def test_another_task_is_refused() -> None:
    """An answer about another task is not believed."""
    with pytest.raises(ProtocolError, match="another task"):
        read_task(_answer({"id": ID.replace("1", "2"), "status": "SUCCEEDED"}), REF)


@pytest.mark.parametrize("body", [b"<html>", b"", b"[]", b'"text"', b"null"])
def test_no_task(body: bytes) -> None:
    """A good status with something that is no task is a protocol error, not a state."""
    with pytest.raises(ProtocolError):
        read_task(Answer(200, {}, body), REF)


def test_accepted() -> None:
    """An id is an accepted task, with all its ref needs and the vendor's estimate."""
    submission = read_created(_answer({"id": ID, "estimatedCost": {"credits": 16}}), PLAN)
    assert submission.outcome is Outcome.ACCEPTED
    assert submission.ref == TaskRef(provider="runway", id=ID, operation="text_to_image", model="gen4_image", count=2)
    assert submission.estimate is not None
    assert submission.estimate.usd == Decimal("0.16")
    assert submission.snapshot is not None
    assert submission.snapshot.state is TaskState.QUEUED


@pytest.mark.parametrize("body", [{"id": ID}, {"id": ID, "estimatedCost": "much"}, {"id": ID, "novelty": {}}])
def test_accepted_without_estimate(body: JSON) -> None:
    """The id alone is enough."""
    submission = read_created(_answer(body), PLAN)
    assert submission.outcome is Outcome.ACCEPTED
    assert submission.estimate is None


def test_routed_estimate() -> None:
    """The router shows its estimate elsewhere."""
    submission = read_created(_answer({"id": ID, "routing": {"estimatedCost": {"credits": 60}}}), PLAN)
    assert submission.estimate is not None
    assert submission.estimate.amount == 60


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, {}, b"<html>"),
        Answer(200, {}, b""),
        Answer(200, {}, b"[]"),
        Answer(200, {}, b"{}"),
        Answer(200, {}, b'{"id": 7}'),
        Answer(200, {}, b'{"id": "../organization"}'),
        Answer(204, {}, b""),
        Answer(302, {}, b""),
        Answer(408, {}, b""),
        Answer(500, {}, b'{"error": "x"}'),
        Answer(503, {}, b""),
    ],
)
def test_unknown(answer: Answer) -> None:
    """Any answer that proves neither acceptance nor refusal is unknown, and says where a person can look."""
    submission = read_created(answer, PLAN)
    assert submission.outcome is Outcome.UNKNOWN
    assert submission.ref is None
    assert isinstance(submission.error, SubmissionUnknownError)
    assert "GET /v1/organization" in str(submission.error)
    assert "dev.runwayml.com" in str(submission.error)
    assert isinstance(submission.error.__cause__, MediaError)


@pytest.mark.parametrize(
    ("call", "place"),
    [
        (f"POST /v1/workflows/{ID}", f"/v1/workflow_invocations/{ID}"),
        ("POST /v1/realtime_sessions", f"/v1/realtime_sessions/{ID}"),
        ("POST /v1/generate/image", f"/v1/tasks/{ID}"),
        ("POST /v1/recipes/product_ad", f"/v1/tasks/{ID}"),
    ],
)
def test_a_ref_remembers_where_its_task_is(call: str, place: str) -> None:
    """Runs and sessions are found elsewhere than tasks; their refs say so, through a string and back."""
    request = Native(provider="runway", call=call)
    plan = Plan(provider="runway", model="any", call=request.call, body={}, request=request)
    ref = read_created(_answer({"id": ID}), plan).ref
    assert ref is not None
    assert path_of(TaskRef.parse(str(ref))) == path_of(ref) == place


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("NOT_READY", TaskState.QUEUED),
        ("READY", TaskState.RUNNING),
        ("RUNNING", TaskState.RUNNING),
        ("COMPLETED", TaskState.SUCCEEDED),
        ("FAILED", TaskState.FAILED),
        ("CANCELLED", TaskState.CANCELED),
    ],
)
def test_realtime_sessions(status: str, state: TaskState) -> None:
    """A session waits, can be joined, and ends; it makes nothing to fetch, so nothing is missing at its end."""
    ref = replace(REF, operation="native", extra=(SESSION,))
    body: JSON = {"id": ID, "status": status, "sessionKey": "s", "failure": "full", "failureCode": "INTERNAL"}
    snapshot = read_task(_answer(body), ref)
    assert (snapshot.state, snapshot.provider_status) == (state, status)
    assert (snapshot.outputs, snapshot.errors, snapshot.cost) == ((), (), None)
    assert (snapshot.failure is not None) is (state in (TaskState.FAILED, TaskState.CANCELED))


@pytest.mark.parametrize(
    ("text", "legal"),
    [
        (ID, True),
        (ID.upper(), True),
        ("../organization?x=1", False),
        (ID + "/x", False),
        (ID + "\n", False),
        ("", False),
    ],
)
def test_ids(text: str, legal: bool) -> None:
    """Only a UUID may stand in a URL."""
    assert is_task_id(text) is legal


KEYS = [
    "id",
    "status",
    "progress",
    "output",
    "cost",
    "credits",
    "estimatedCost",
    "failure",
    "failureCode",
    "nodeErrors",
]
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.sampled_from([ID, "FAILED"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(KEYS), inner),
    max_leaves=12,
)


@given(JSON_VALUES)
def test_no_json_breaks_reading(body: JSON) -> None:
    """JSON of any shape is a snapshot or one of our errors, and never an accepted task without an id."""
    with suppress(ProtocolError):
        assert read_task(_answer(body), REF).ref == REF
    submission = read_created(_answer(body), PLAN)
    assert (submission.outcome is Outcome.ACCEPTED) == (submission.ref is not None)


@given(st.integers(200, 599), st.binary())
def test_no_bytes_break_reading(status: int, body: bytes) -> None:
    """Random bytes never look like an accepted task."""
    assert read_created(Answer(status, {}, body), PLAN).outcome is not Outcome.ACCEPTED
