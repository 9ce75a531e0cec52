"""Outputs to files: fetched whole, resumed where the host allows, checked, and saved over nothing else."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Final

from anymedia.errors import DownloadError, OutputExpiredError, TaskNotFoundError
from anymedia.files import PartFile, names_for
from anymedia.journal import SavedFile
from anymedia.logs import logger
from anymedia.results import Output, Result
from anymedia.retry import RetryPolicy
from anymedia.transfer import ExpiredError, Transfer, on_disk

if TYPE_CHECKING:
    from random import Random

    from anymedia.clock import Clock
    from anymedia.transports.http import HttpTransport

__all__ = ["MAX_OUTPUT_BYTES", "Downloader", "Refresh"]

Refresh = Callable[[], Awaitable[Sequence[Output]]]
"""Asks the provider for the same outputs with fresh links."""

MAX_OUTPUT_BYTES: Final = 4 * 2**30
"""The largest output saved, in bytes."""

_IDLE: Final = 30.0
_RETRIES: Final = RetryPolicy(retries=4)
_LONGEST_PAUSE: Final = 60.0
_STRIDE: Final = 64 * 2**10
_log = logger("downloads")


class Downloader:
    """Brings outputs to disk.

    Args:
        http: What fetches them; no key is ever sent along.
        clock: What the budget and the pauses between tries are measured on.
        rng: For jitter.
        timeout: Seconds to bring one output to disk, pauses included; None sets no limit.
        idle_timeout: Seconds without a byte after which a connection is given up and the rest asked for again.
        max_bytes: The largest output that is saved.
    """

    def __init__(
        self,
        http: "HttpTransport",
        clock: "Clock",
        rng: "Random",
        *,
        timeout: float | None = None,
        idle_timeout: float = _IDLE,
        max_bytes: int = MAX_OUTPUT_BYTES,
    ) -> None:
        self._http = http
        self._clock = clock
        self._rng = rng
        self._timeout = timeout
        self._idle_timeout = idle_timeout
        self._max_bytes = max_bytes

    async def save(
        self, result: Result, path: str | PathLike[str], refresh: Refresh, *, overwrite: bool = False
    ) -> list[Path]:
        """Write every output of a result; see `fetch`."""
        return [Path(file.path) for file in await self.fetch(result, path, refresh, overwrite=overwrite)]

    async def fetch(
        self, result: Result, path: str | PathLike[str], refresh: Refresh, *, overwrite: bool = False
    ) -> list[SavedFile]:
        """Write every output of a result, side by side; each is whole and safe on disk when this returns.

        What stays at the provider, such as a trained model, has no file.

        Args:
            result: Whose outputs.
            path: A file or a folder; see `Result.save` for names.
            refresh: Asked once per output whose link is dead.
            overwrite: Replace a file that has the name already; else the next free name is taken.

        Raises:
            DownloadError: An output could not be fetched whole, in time, is not what it should be, or cannot be
                written. The others are saved all the same.
            OutputExpiredError: Its link is dead and there is no fresh one.
        """
        names = await on_disk(partial(names_for, path, result), Path(path))
        ended = await asyncio.gather(
            *(
                self._save(result, index, name, refresh, overwrite=overwrite)
                for index, name in enumerate(names)
                if result.outputs[index].is_downloadable
            ),
            return_exceptions=True,
        )
        for end in ended:
            if isinstance(end, BaseException):
                raise end
        return [end for end in ended if not isinstance(end, BaseException)]

    async def _save(self, result: Result, index: int, name: Path, refresh: Refresh, *, overwrite: bool) -> SavedFile:
        output = result.outputs[index]
        part = PartFile(name)
        transfer = Transfer(self._http, part, output, self._idle_timeout, self._max_bytes)
        try:
            await on_disk(part.open, name)
            async with _within(self._timeout, self._clock):
                await self._fill(transfer, output, index, refresh)
            saved = await on_disk(partial(part.place, transfer.media_type, overwrite=overwrite), name)
        except DownloadError as error:
            error.provider, error.ref = result.provider, result.ref
            raise
        finally:
            await on_disk(part.discard, name)
        return SavedFile(path=str(saved), sha256=part.sha256, size=part.size)

    async def _fill(self, transfer: Transfer, output: Output, index: int, refresh: Refresh) -> None:
        try:
            await self._bring(transfer, output)
        except ExpiredError as error:
            try:
                fresh = (await refresh())[index : index + 1]
            except TaskNotFoundError:
                fresh = ()
            if not fresh or fresh[0].url == output.url:
                raise OutputExpiredError(error.message) from error
            try:
                await self._bring(transfer, fresh[0])
            except ExpiredError as again:
                raise OutputExpiredError(again.message) from again

    async def _bring(self, transfer: Transfer, output: Output) -> None:
        if output.data is not None:
            await transfer.copy(output.data)
        elif output.url is not None:
            await self._persist(transfer, output.url)
        else:
            raise DownloadError(f"{output!r} has neither bytes nor a URL", retryable=False)

    async def _persist(self, transfer: Transfer, url: str) -> None:
        """Try until it is here; whenever tries have brought a good piece of it, their count starts anew."""
        failures = reached = 0
        while True:
            try:
                return await transfer.attempt(url)
            except DownloadError as error:
                failures += 1
                if transfer.held >= reached + _STRIDE:
                    failures, reached = 1, transfer.held
                hopeless = not error.retryable or (error.retry_after or 0) > _LONGEST_PAUSE
                if hopeless or failures > _RETRIES.retries:
                    raise
                _log.info("%s; trying again with %d bytes in hand", error.message, transfer.held)
                await self._clock.sleep(_RETRIES.wait(failures, error, self._rng))


@asynccontextmanager
async def _within(seconds: float | None, clock: "Clock") -> AsyncGenerator[None]:
    """Cut off what takes longer on `clock`."""

    async def ring() -> None:
        await clock.sleep(seconds or 0)
        scope.reschedule(asyncio.get_running_loop().time())

    scope = asyncio.timeout(None)
    alarm: asyncio.Task[None] | None = None
    try:
        async with scope:
            alarm = asyncio.create_task(ring()) if seconds is not None else None
            yield
    except TimeoutError as error:
        if scope.expired():
            raise DownloadError(f"the download did not end within {seconds:g} s") from error
        raise
    finally:
        if alarm is not None:
            alarm.cancel()
