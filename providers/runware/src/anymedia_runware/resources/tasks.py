"""Past tasks: what was asked and what was answered, from the vendor's archive."""

from collections.abc import Mapping

from anymedia.errors import TaskNotFoundError
from anymedia.json import JSON
from anymedia.refs import TaskRef
from anymedia.resources import Resource, waiting
from anymedia_runware.resources.records import AsyncResource, Lenient, Record

__all__ = ["AsyncTasks", "TaskDetails", "Tasks"]


class TaskDetails(Record):
    """One past task, whoever started it. Source: runware.ai/docs, getTaskDetails; 2026-10.

    Attributes:
        request: The tasks of the message it came in, as they were sent.
        response: The answer as it was given, with `data` or `errors`; an older form is a list of answers.
    """

    request: Lenient[tuple[Mapping[str, JSON], ...]] = None
    response: JSON = None


class AsyncTasks(AsyncResource):
    """The archive of tasks."""

    async def details(self, task: TaskRef | str) -> TaskDetails:
        """What was asked and answered.

        Args:
            task: A task's ref, or its id.

        Raises:
            TaskNotFoundError: The archive has no such task (any more).
        """
        id = task.id if isinstance(task, TaskRef) else task
        found = await self._find(TaskDetails, "getTaskDetails", {"taskUUID": id})
        if found is None:
            raise TaskNotFoundError(f"Runware's archive has no task {id}", provider="runware")
        return found


class Tasks(Resource[AsyncTasks]):
    """The archive of tasks."""

    details = waiting(AsyncTasks.details)
