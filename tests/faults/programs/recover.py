"""Recovers what another process has left in a journal, and brings it to its end."""

from errand import client_settings, report, tell

from anymedia import MediaClient, MediaError
from anymedia.results import Result
from anymedia.sync import Task


def main() -> None:
    """Do the errand."""
    with MediaClient(**client_settings()) as client:
        found = client.recover()
        ends = [end(task) for task in found.tasks]
        unknown = [str(entry.ref) if entry.ref else None for entry in found.unknown]
        left = [entry.state.value for entry in client.unfinished()]
        tell(ends=ends, unknown=unknown, elsewhere=len(found.elsewhere), left=left)


def end(task: Task[Result]) -> dict[str, object]:
    """How a task ended."""
    try:
        return report(task.result())
    except MediaError as error:
        return {"ref": str(task.ref), "error": type(error).__name__}


main()
