"""Outputs to files: fetched whole, checked, put in place at once, never over something else."""

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from os import PathLike
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from anymedia.errors import DownloadError, OutputExpiredError, TransportError
from anymedia.logs import logger, shorten_url
from anymedia.media import SUFFIXES, sniff
from anymedia.results import Output, Result
from anymedia.retry import RetryPolicy, retrying

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from anymedia.clock import Clock
    from anymedia.transports.http import HttpDownload, HttpTransport

__all__ = ["Downloader", "Refresh"]

Refresh = Callable[[], Awaitable["Sequence[Output]"]]
"""Asks the provider for the same outputs with fresh links."""

_EXPIRED: Final = (401, 403, 404, 410)
_log = logger("downloads")


class _ExpiredError(DownloadError):
    """The link is dead; a fresh one may work."""


class Downloader:
    """Brings outputs to disk.

    Args:
        http: What fetches them; no key is ever sent along.
        clock: What waits between tries are slept on.
        rng: For jitter.
    """

    def __init__(self, http: "HttpTransport", clock: "Clock", rng: "Random") -> None:
        self._http = http
        self._clock = clock
        self._rng = rng

    async def save(self, result: Result, path: str | PathLike[str], refresh: Refresh) -> list[Path]:
        """Write every output of a result; see `Result.save`.

        Raises:
            DownloadError: An output could not be fetched whole.
            OutputExpiredError: Its link is dead and there is no fresh one.
        """
        target = Path(path)
        outputs = result.outputs
        saved: list[Path] = []
        for index, output in enumerate(outputs):
            name = _name(target, result, index if len(outputs) > 1 else None)
            saved.append(await self._save_one(output, index, name, refresh))
        return saved

    async def _save_one(self, output: Output, index: int, name: Path, refresh: Refresh) -> Path:
        await asyncio.to_thread(name.parent.mkdir, parents=True, exist_ok=True)
        part = await asyncio.to_thread(_part_file, name.parent)
        try:
            with part:
                await self._fill(part, output, index, refresh)
            return await asyncio.to_thread(_place, Path(part.name), name, output.media_type)
        except BaseException:
            with suppress(FileNotFoundError):
                await asyncio.to_thread(Path(part.name).unlink)
            raise

    async def _fill(self, part: IO[bytes], output: Output, index: int, refresh: Refresh) -> None:
        if output.data is not None:
            await asyncio.to_thread(part.write, output.data)
            return
        try:
            await self._fetch(part, output)
        except _ExpiredError as error:
            fresh = (await refresh())[index : index + 1]
            if not fresh or fresh[0].url == output.url:
                raise OutputExpiredError(str(error), provider=error.provider) from error
            try:
                await self._fetch(part, fresh[0])
            except _ExpiredError as again:
                raise OutputExpiredError(str(again)) from again

    async def _fetch(self, part: IO[bytes], output: Output) -> None:
        if output.url is None:
            raise DownloadError(f"{output!r} has neither bytes nor a URL")
        url = output.url
        await retrying(
            lambda: self._stream(part, url),
            policy=RetryPolicy(),
            clock=self._clock,
            rng=self._rng,
            when=lambda error: error.retryable and not isinstance(error, _ExpiredError),
        )

    async def _stream(self, part: IO[bytes], url: str) -> None:
        part.seek(0)
        part.truncate()
        try:
            async with self._http.download(url) as answer:
                _check_status(answer, url)
                async for chunk in answer.chunks:
                    await asyncio.to_thread(part.write, chunk)
        except TransportError as error:
            raise DownloadError(f"{shorten_url(url)} broke off: {error.message}") from error
        _check_length(answer, part.tell(), url)


def _check_status(answer: "HttpDownload", url: str) -> None:
    if answer.status in _EXPIRED:
        raise _ExpiredError(f"{shorten_url(url)} answers {answer.status}: the link is dead", retryable=False)
    if answer.status != 200:
        raise DownloadError(f"{shorten_url(url)} answers {answer.status}", retryable=answer.status >= 500)


def _check_length(answer: "HttpDownload", received: int, url: str) -> None:
    promised = answer.headers.get("content-length")
    whole = received > 0 and (promised is None or "content-encoding" in answer.headers or int(promised) == received)
    if not whole:
        raise DownloadError(f"{shorten_url(url)} gave {received} of {promised or 'some'} bytes")


def _name(target: Path, result: Result, index: int | None) -> Path:
    number = "" if index is None else f"-{index + 1}"
    if target.is_dir() or not target.suffix:
        return target / f"{result.ref.operation}-{_plain(result.ref.id)}{number}"
    return target.with_name(f"{target.stem}{number}{target.suffix}")


def _plain(task: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in task)[:36]


def _part_file(folder: Path) -> IO[bytes]:
    return tempfile.NamedTemporaryFile(dir=folder, prefix=".anymedia-", suffix=".part", delete=False)


def _place(part: Path, name: Path, media_type: str | None) -> Path:
    with part.open("rb") as file:
        found = sniff(file.read(256)) or media_type
    true_suffix = SUFFIXES.get(found or "", name.suffix)
    if not _says(name.suffix, true_suffix):
        if name.suffix:
            _log.warning("%s holds %s, so it is saved as %s", name, found, true_suffix)
        name = name.with_suffix(true_suffix)
    part.chmod(0o644)
    return _link(part, name)


def _says(suffix: str, true_suffix: str) -> bool:
    return {".jpeg": ".jpg"}.get(suffix.lower(), suffix.lower()) == true_suffix


def _link(part: Path, name: Path) -> Path:
    """Give the finished file its name, or the next free one: what is there is never overwritten."""
    candidate, number = name, 1
    while True:
        try:
            os.link(part, candidate)
        except FileExistsError:
            number += 1
            candidate = name.with_name(f"{name.stem} ({number}){name.suffix}")
            continue
        except OSError:  # a file system without hard links
            if candidate.exists():
                number += 1
                candidate = name.with_name(f"{name.stem} ({number}){name.suffix}")
                continue
            part.replace(candidate)
            return candidate
        part.unlink()
        return candidate
