"""What a task's end asks for: outputs on disk where they were to be, and then the end on record."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

from anymedia.clock import Clock
from anymedia.downloads import Downloader
from anymedia.errors import ClientClosedError, MediaError
from anymedia.journal import SavedFile
from anymedia.logs import logger
from anymedia.refs import TaskRef, TaskState
from anymedia.results import Output, Result
from anymedia.submission import Submitter
from anymedia.tasks import Snapshot

__all__ = ["Endings"]

_Files: TypeAlias = tuple[SavedFile, ...]
_Key: TypeAlias = tuple[TaskRef, str | None]
_GRACE: Final = 10.0
"""Seconds that closing waits for ends being dealt with."""

_log = logger("client")


class Endings:
    """Deals with each end once, in tasks of its own: a caller who goes away cuts nothing short.

    Args:
        submitter: Records ends.
        clock: What the grace at closing is measured on.
        downloader: What saves the outputs of a provider.
        fresh_outputs: The outputs of a task that has ended, with links made now.
    """

    def __init__(
        self,
        submitter: Submitter,
        clock: Clock,
        downloader: Callable[[str], Downloader],
        fresh_outputs: Callable[[TaskRef], Awaitable[Sequence[Output]]],
    ) -> None:
        self._submitter = submitter
        self._clock = clock
        self._downloader = downloader
        self._fresh_outputs = fresh_outputs
        self._work: dict[_Key, asyncio.Task[_Files]] = {}

    def begin(self, snapshot: Snapshot) -> None:
        """Deal with a task's end, unless that is being done or was."""
        self._task((snapshot.ref, None), partial(self._end, snapshot))

    async def catch_up(self, snapshot: Snapshot) -> None:
        """Deal once more with an end that was told before there was an acceptance to add it to."""
        early = self._work.get((snapshot.ref, None))
        if early is not None:
            await asyncio.wait({early})
        if self._submitter.holds(snapshot.ref):
            self._work.pop((snapshot.ref, None), None)
            self.begin(snapshot)

    async def complete(self, snapshot: Snapshot, folder: str | None) -> _Files:
        """Wait until all that a task's end asks for is done; where its outputs were saved, if they were to be.

        Args:
            snapshot: The end.
            folder: Where the caller wants the outputs. Whoever shares a task gets a copy there.

        Raises:
            DownloadError: They could not be saved; the task stays unfinished in the journal, and may be tried again.
            JournalError: The end could not be recorded; the same.
        """
        saved: _Files = ()
        if (snapshot.ref, None) in self._work or self._submitter.holds(snapshot.ref):
            saved = await self._done((snapshot.ref, None), partial(self._end, snapshot))
        if folder is None or snapshot.state is not TaskState.SUCCEEDED:
            return saved
        if await asyncio.to_thread(_are_in, folder, saved):
            return saved
        return await self._done((snapshot.ref, folder), partial(self._save, snapshot, folder))

    async def aclose(self) -> None:
        """Wait for what is being done. What is not saved by then stays unfinished in the journal."""
        patience = asyncio.ensure_future(self._clock.sleep(_GRACE))
        while (at_work := [task for task in self._work.values() if not task.done()]) and not patience.done():
            await asyncio.wait({patience, *at_work}, return_when=asyncio.FIRST_COMPLETED)
        for task in (patience, *self._work.values()):
            task.cancel()
        await asyncio.gather(patience, *self._work.values(), return_exceptions=True)

    def _task(self, key: _Key, work: Callable[[], Coroutine[Any, Any, _Files]]) -> asyncio.Task[_Files]:
        if key not in self._work:
            self._work[key] = asyncio.get_running_loop().create_task(work(), name="anymedia-end")
            self._work[key].add_done_callback(partial(self._ended, key))
        return self._work[key]

    async def _done(self, key: _Key, work: Callable[[], Coroutine[Any, Any, _Files]]) -> _Files:
        task = self._task(key, work)
        try:
            return await asyncio.shield(task)
        except MediaError as error:
            self._work.pop(key, None)
            error.ref = key[0]
            raise
        except asyncio.CancelledError:
            if task.cancelled():
                raise ClientClosedError("the client was closed before the outputs were saved", ref=key[0]) from None
            raise

    def _ended(self, key: _Key, task: asyncio.Task[_Files]) -> None:
        if task.cancelled():
            return
        if task.exception() is not None:
            _log.warning("the end of %s could not be dealt with: %s", key[0], task.exception())
        elif not task.result():
            self._work.pop(key, None)

    async def _end(self, snapshot: Snapshot) -> _Files:
        """Save what is to be saved, then record the end: a task whose outputs are not yet owned is not finished."""
        entry = await self._submitter.take_up(snapshot.ref)
        saved = entry.saved if entry is not None else ()
        is_due = snapshot.state is TaskState.SUCCEEDED and self._submitter.holds(snapshot.ref)
        if entry is not None and entry.autosave is not None and is_due and not saved:
            saved = await self._save(snapshot, entry.autosave)
        await self._submitter.finish(snapshot, saved)
        return saved

    async def _save(self, snapshot: Snapshot, folder: str) -> _Files:
        ref = snapshot.ref
        result = Result(outputs=snapshot.outputs, ref=ref, provider=ref.provider, model=ref.model)
        return tuple(await self._downloader(ref.provider).fetch(result, f"{folder}/", lambda: self._fresh_outputs(ref)))


def _are_in(folder: str, saved: _Files) -> bool:
    """Whether outputs are on disk in a folder."""
    return bool(saved) and all(Path(file.path).parent == Path(folder) and Path(file.path).is_file() for file in saved)
