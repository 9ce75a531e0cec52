"""News about a task is joined forward only, each output once."""

from hypothesis import given
from hypothesis import strategies as st

from anymedia.refs import TaskRef, TaskState
from anymedia.results import Output
from anymedia.tasks import Snapshot, advance

REF = TaskRef(provider="x", id="1", operation="text_to_image", model="m", count=2)
STATES = st.sampled_from(list(TaskState))
OUTPUTS = st.lists(st.sampled_from("abc"), unique=True, max_size=3).map(
    lambda ids: tuple(Output(kind="image", url=f"https://h/{id}", vendor_ref=id) for id in ids)
)
NEWS = st.builds(Snapshot, ref=st.just(REF), state=STATES, progress=st.none() | st.floats(0, 1), outputs=OUTPUTS)


def known(last: Snapshot | None, *news: Snapshot) -> Snapshot:
    for item in news:
        last = advance(last, item)
    assert last is not None
    return last


@given(st.lists(NEWS, min_size=1, max_size=8))
def test_whatever_arrives_states_only_move_forward(news: list[Snapshot]) -> None:
    """No order of news takes a task back, and an end state stays."""
    rank = {TaskState.QUEUED: 0, TaskState.RUNNING: 1}
    last: Snapshot | None = None
    for item in news:
        following = advance(last, item)
        if last is not None:
            assert rank.get(following.state, 2) >= rank.get(last.state, 2)
            assert following.state == last.state or not last.state.is_final
            assert (following.progress or 0) >= (last.progress or 0)
        last = following


@given(st.lists(NEWS, min_size=1, max_size=8))
def test_whatever_arrives_no_output_is_counted_twice(news: list[Snapshot]) -> None:
    """Repeated and cumulative answers never double an output, and none is lost while the task is open."""
    last = known(None, *news)
    ids = [output.vendor_ref for output in last.outputs]
    assert len(ids) == len(set(ids))
    seen: list[str | None] = []
    for item in news:
        seen += [output.vendor_ref for output in item.outputs if output.vendor_ref not in seen]
        if item.state.is_final:
            break
    assert ids == seen


def test_outputs_without_ids_are_told_apart_by_place() -> None:
    """Where the vendor gives no id, the place counts, and fresh links replace old ones."""
    old = tuple(Output(kind="video", url=f"https://h/{place}?sig=1") for place in range(2))
    new = tuple(Output(kind="video", url=f"https://h/{place}?sig=2") for place in range(3))
    first = Snapshot(ref=REF, state=TaskState.RUNNING, outputs=old)
    assert advance(first, Snapshot(ref=REF, state=TaskState.RUNNING, outputs=new)).outputs == new


def test_fresh_links_reach_a_finished_task() -> None:
    """A later look renews the links of a finished task and changes nothing else."""
    done = Snapshot(ref=REF, state=TaskState.SUCCEEDED, outputs=(Output(kind="image", url="https://h/a?1"),))
    later = Snapshot(ref=REF, state=TaskState.RUNNING, outputs=(Output(kind="image", url="https://h/a?2"),))
    assert advance(done, later).outputs == later.outputs
    assert advance(done, later).state is TaskState.SUCCEEDED


def test_a_streamed_text_only_grows() -> None:
    """A late piece of news takes no word back."""
    first = Snapshot(ref=REF, state=TaskState.RUNNING, text="Once upon")
    late = Snapshot(ref=REF, state=TaskState.RUNNING, text="Once")
    assert known(None, first, late).text == "Once upon"
    assert known(None, first, Snapshot(ref=REF, state=TaskState.SUCCEEDED)).text == "Once upon"
