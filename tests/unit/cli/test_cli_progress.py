"""How progress is shown: bars where somebody looks, plain lines where something reads."""

import io

import pytest
from rich.console import Console

from anymedia import Snapshot, TaskRef, TaskState
from anymedia.cli.progress import Bars, Lines, Words, board_for

REF = TaskRef(provider="runway", id="1", operation="text_to_image", model="gen4_image")


def snapshot(state: TaskState, progress: float | None = None, text: str | None = None) -> Snapshot:
    """A moment of the one task."""
    return Snapshot(ref=REF, state=state, progress=progress, text=text)


@pytest.fixture
def terminal() -> Console:
    """A terminal that remembers what was written to it."""
    return Console(file=io.StringIO(), force_terminal=True, width=100)


@pytest.fixture
def pipe() -> Console:
    """No terminal."""
    return Console(file=io.StringIO())


def written(console: Console) -> str:
    """Everything printed so far."""
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_board_suits_its_console(terminal: Console, pipe: Console) -> None:
    """Escape codes never reach a pipe."""
    assert isinstance(board_for(terminal), Bars)
    assert isinstance(board_for(pipe), Lines)


def test_lines_tell_each_change_once(pipe: Console) -> None:
    """One line per change of state or progress, and none for a repetition."""
    with Lines(pipe) as board:
        board.show("a task", snapshot(TaskState.QUEUED))
        board.show("a task", snapshot(TaskState.RUNNING, 0.5))
        board.show("a task", snapshot(TaskState.RUNNING, 0.5))
        board.show("another", snapshot(TaskState.RUNNING))
        board.show("a task", snapshot(TaskState.SUCCEEDED, 1.0))
    assert written(pipe).splitlines() == [
        "a task: queued",
        "a task: running 50%",
        "another: running",
        "a task: succeeded",
    ]


def test_lines_are_never_broken(pipe: Console) -> None:
    """A long label stays on one line, so that a line is a change."""
    with Lines(pipe) as board:
        board.show("x" * 300, snapshot(TaskState.QUEUED))
    assert written(pipe) == f"{'x' * 300}: queued\n"


def test_bars_show_every_task_in_a_row_of_its_own(terminal: Console) -> None:
    """Two tasks, two rows; the end state stays to be seen."""
    with Bars(terminal) as board:
        board.show("one", snapshot(TaskState.QUEUED))
        board.show("two", snapshot(TaskState.RUNNING, 0.25))
        board.show("one", snapshot(TaskState.SUCCEEDED))
        board.show("two", snapshot(TaskState.FAILED))
    one, two = [line for line in written(terminal).splitlines() if "one" in line or "two" in line][-2:]
    assert "one" in one
    assert "succeeded" in one
    assert "two" in two
    assert "failed" in two


def test_words_are_written_as_they_come(capsys: pytest.CaptureFixture[str]) -> None:
    """Each piece once, the rest at the end; a text that breaks off ends its line all the same."""
    with Words() as board:
        for text in (None, "The sea", "The sea", "The sea is"):
            board.show("a task", snapshot(TaskState.RUNNING, text=text))
        assert capsys.readouterr().out == "The sea is"
        board.finish("The sea is salt.")
    assert capsys.readouterr().out == " salt.\n"
    with Words() as board:
        board.show("a task", snapshot(TaskState.RUNNING, text="The"))
    assert capsys.readouterr().out == "The\n"
