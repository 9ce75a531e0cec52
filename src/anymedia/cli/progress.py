"""How tasks get on, live: bars in a terminal, one plain line per change in a pipe."""

from threading import Lock, Thread
from types import TracebackType
from typing import Final, Protocol, Self, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from anymedia.errors import MediaError
from anymedia.handles import NOT_GIVEN, NotGiven
from anymedia.refs import TaskState
from anymedia.results import Result
from anymedia.sync import Task
from anymedia.tasks import Snapshot

__all__ = ["Bars", "Board", "Lines", "Words", "board_for", "follow"]

R = TypeVar("R", bound=Result)
_LAST_WORDS: Final = 0.5
"""Seconds the board gets to show a task's end; a task that goes on has none."""
_STYLES = {TaskState.SUCCEEDED: "green", TaskState.FAILED: "red", TaskState.CANCELED: "yellow"}


class Board(Protocol):
    """Shows tasks by their labels, from any thread."""

    def show(self, label: str, snapshot: Snapshot) -> None:
        """Show what is known of a task now."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def board_for(console: Console) -> Board:
    """The board that suits where the console writes."""
    return Bars(console) if console.is_terminal else Lines(console)


def follow(task: Task[R], label: str, board: Board, timeout: float | None | NotGiven = NOT_GIVEN) -> R:
    """Show a task until its result is there; raises what `Task.result` raises.

    Where there is none, because time is up or somebody pressed Ctrl-C, the task is shown until its client is closed.
    """
    watcher = Thread(target=_watch, args=(task, label, board))
    watcher.start()
    try:
        return task.result(timeout)
    finally:
        watcher.join(_LAST_WORDS)


def _watch(task: Task[Result], label: str, board: Board) -> None:
    try:
        for snapshot in task.events():
            board.show(label, snapshot)
    except MediaError:
        return  # the caller of `result` is told


class Lines:
    """One line per change, for pipes and logs."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last: dict[str, str] = {}
        self._lock = Lock()

    def show(self, label: str, snapshot: Snapshot) -> None:
        """Print a line, unless it would say what the last one said."""
        text = _in_words(snapshot)
        with self._lock:
            if self._last.get(label) != text:
                self._last[label] = text
                self._console.print(Text(f"{label}: {text}"), soft_wrap=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


class Bars:
    """A bar per task, for terminals."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[words]}", style="bold"),
            TimeElapsedColumn(),
            console=console,
        )
        self._rows: dict[str, TaskID] = {}
        self._lock = Lock()

    def show(self, label: str, snapshot: Snapshot) -> None:
        """Move the task's bar; it pulses while nobody says how far the task is."""
        with self._lock:
            if label not in self._rows:
                self._rows[label] = self._progress.add_task(label, total=None, words="")
            row = self._rows[label]
        style = _STYLES.get(snapshot.state)
        words = f"[{style}]{snapshot.state}[/]" if style else _in_words(snapshot)
        if snapshot.state is TaskState.SUCCEEDED:
            self._progress.update(row, total=1.0, completed=1.0, words=words)
        elif snapshot.progress is not None:
            self._progress.update(row, total=1.0, completed=snapshot.progress, words=words)
        else:
            self._progress.update(row, words=words)
        if snapshot.state.is_final:
            self._progress.stop_task(row)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()


class Words:
    """A text on stdout, while it is being written."""

    def __init__(self) -> None:
        self._shown = ""
        self._lock = Lock()

    def show(self, label: str, snapshot: Snapshot) -> None:
        """Write what is new of the text."""
        self._write(snapshot.text or "")

    def finish(self, text: str) -> None:
        """Write what is missing of the whole text, and end the line."""
        self._write(text)
        self._shown = ""
        typer.echo()

    def _write(self, text: str) -> None:
        with self._lock:
            if len(text) > len(self._shown):
                typer.echo(text[len(self._shown) :], nl=False)
                self._shown = text

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            typer.echo()


def _in_words(snapshot: Snapshot) -> str:
    if snapshot.progress is None or snapshot.state.is_final:
        return str(snapshot.state)
    return f"{snapshot.state} {snapshot.progress:.0%}"
