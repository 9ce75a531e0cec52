"""Unpaid calls: asked again while that may help, under one id, for asking twice costs nothing."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from anymedia.config import ProviderSettings
from anymedia.errors import InvalidRequestError, MediaError
from anymedia.provider import Context
from anymedia_runware.attempts import Question
from anymedia_runware.codec import Reply
from anymedia_runware.connection import Connection
from anymedia_runware.errors import CONFLICT, refusal_of
from anymedia_runware.kinds import IMMEDIATE, NO_TASKS
from anymedia_runware.rest import RestConnection
from anymedia_runware.wire import Item, Task

__all__ = ["Calls"]

_FREE: Final = NO_TASKS | IMMEDIATE
_LONGEST_WAIT: Final = 30.0


class Calls:
    """Makes the calls that start no task.

    Args:
        connection: Where they go.
        settings: How often a call is repeated.
        context: Clock and chance.
    """

    def __init__(self, connection: Connection | RestConnection, settings: ProviderSettings, context: Context) -> None:
        self._connection = connection
        self._settings = settings
        self._context = context

    async def call(self, task_type: str, fields: Mapping[str, object]) -> tuple[Item, ...]:
        """The items that answer a call; none when the vendor knows of nothing.

        Args:
            task_type: What is asked.
            fields: The rest of the message. With a `taskUUID` it is about that task; else it gets an id of its own.

        Raises:
            InvalidRequestError: It may cost something, so it is no call but a request; nothing was sent.
            MediaError: There is no answer, or it is an error.
        """
        if task_type not in _FREE or "taskType" in fields:
            message = f"{task_type} may cost something: use client.run(Native(...)), which is never sent twice"
            raise InvalidRequestError(message, provider="runware")
        task = {"taskType": task_type, "taskUUID": self._new_id(), **fields}
        tries = 0
        while True:
            tries += 1
            try:
                return await self._attempt(task)
            except MediaError as error:
                conflict = error.provider_code == CONFLICT  # an earlier attempt arrived, and its answer is lost
                wait = error.retry_after or min(self._settings.retry_delay * 2.0 ** (tries - 1), _LONGEST_WAIT)
                if tries > self._settings.retries or wait > _LONGEST_WAIT or not (error.retryable or conflict):
                    raise
            if conflict:
                task["taskUUID"] = self._new_id()
            await self._context.clock.sleep(wait)

    async def _attempt(self, task: Task) -> tuple[Item, ...]:
        kind = Question.ARCHIVE if task["taskType"] == "getTaskDetails" else Question.CALL
        replies = await self._connection.look(kind, [task])
        reply = replies.get(str(task["taskUUID"]), Reply())
        if reply.errors:
            raise refusal_of(reply.errors)
        return reply.data

    def _new_id(self) -> str:
        return str(UUID(int=self._context.rng.getrandbits(128), version=4))
