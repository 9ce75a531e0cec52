"""One output on its way from a host to a part file: continued where that is safe, and checked once it is here."""

import asyncio
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from anymedia.errors import DownloadError, TransportError
from anymedia.files import PartFile
from anymedia.logs import shorten_url
from anymedia.media import sniff
from anymedia.results import Output

if TYPE_CHECKING:
    from anymedia.transports.http import HttpDownload, HttpTransport

__all__ = ["ExpiredError", "Transfer", "on_disk"]

T = TypeVar("T")

_EXPIRED: Final = (401, 403, 404, 410)
_BUSY: Final = (408, 425, 429)
_CONTENT_RANGE: Final = re.compile(r"bytes (\d+)-\d+/(?:(\d+)|\*)")
_PAGE: Final = re.compile(rb"<(!doctype html|html|head|body)\b", re.IGNORECASE)
_TEXTUAL: Final = re.compile(r"text/.*|application/(.*\+)?(json|xml)")


class ExpiredError(DownloadError):
    """The link is dead; a fresh one may work."""


async def on_disk(work: Callable[[], T], name: Path) -> T:
    """Do work on a thread, and to its end: whoever is cancelled meanwhile must still find the disk at rest.

    Args:
        work: What is to be done.
        name: The file it is done for.

    Raises:
        DownloadError: The disk cannot take it.
    """
    doing = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        await asyncio.wait({doing})
    except asyncio.CancelledError:
        await asyncio.wait({doing})
        raise
    try:
        return doing.result()
    except OSError as error:
        reason = error.strerror or repr(error)
        raise DownloadError(f"{name} cannot be written ({reason})", retryable=False) from error


class Transfer:
    """One output on its way: how much of it is here, and what the rest may be recognised by."""

    def __init__(
        self, http: "HttpTransport", part: PartFile, output: Output, idle_timeout: float, max_bytes: int
    ) -> None:
        self.media_type = output.media_type
        self._http = http
        self._part = part
        self._output = output
        self._idle_timeout = idle_timeout
        self._max_bytes = max_bytes
        self._url = ""
        self._total: int | None = None
        self._etag: str | None = None
        self._condition: str | None = None
        self._encoded = False

    @property
    def held(self) -> int:
        """Bytes that are here."""
        return self._part.size

    async def copy(self, data: bytes) -> None:
        """Take bytes that need not be fetched."""
        await on_disk(self._part.restart, self._part.name)
        await on_disk(partial(self._part.write, data), self._part.name)

    async def attempt(self, url: str) -> None:
        """Fetch what is missing, or all of it where the host cannot continue."""
        headers = self._request(url)
        try:
            async with self._http.download(url, headers=headers, timeout=self._idle_timeout) as answer:
                await self._begin(answer)
                async for chunk in answer.chunks:
                    self._refuse_too_much(self.held + len(chunk))
                    await on_disk(partial(self._part.write, chunk), self._part.name)
        except TransportError as error:
            message = f"{error.message} (after {self.held:,} bytes)"
            raise DownloadError(message, retryable=error.retryable) from error
        await self._check(answer.headers.get("content-type", ""))

    def _request(self, url: str) -> dict[str, str]:
        # Ranges count encoded bytes. Without a condition the same link and the same size must do for the same file.
        recognisable = self._condition is not None or (self._total is not None and url == self._url)
        self._url = url
        headers = {"accept-encoding": "identity"}
        if self.held and recognisable and not self._encoded:
            headers["range"] = f"bytes={self.held}-"
            if self._condition is not None:
                headers["if-range"] = self._condition
        return headers

    async def _begin(self, answer: "HttpDownload") -> None:
        if answer.status == 200:
            await on_disk(self._part.restart, self._part.name)
            self._remember(answer.headers)
        elif answer.status in (206, 416):
            if answer.status == 416 or not self._goes_on(answer.headers):
                await on_disk(self._part.restart, self._part.name)
                raise DownloadError(f"{self._where} cannot go on where it broke off")
        else:
            _refuse(answer, self._where)
        self._refuse_too_much(self._total or 0)

    def _remember(self, headers: Mapping[str, str]) -> None:
        self._encoded = headers.get("content-encoding", "identity") != "identity"
        length = headers.get("content-length")
        self._total = int(length) if length is not None and not self._encoded else None
        self._etag = headers.get("etag")
        is_strong = self._etag is not None and not self._etag.startswith("W/")
        self._condition = self._etag if is_strong else headers.get("last-modified")

    def _goes_on(self, headers: Mapping[str, str]) -> bool:
        """Whether a partial answer is the rest of what is here; then the whole size is known from now on."""
        match = _CONTENT_RANGE.fullmatch(headers.get("content-range", ""))
        if match is None or int(match[1]) != self.held or "content-encoding" in headers:
            return False
        total = int(match[2]) if match[2] else self._total
        if self._total not in {None, total} or self._etag not in {None, headers.get("etag", self._etag)}:
            return False
        self._total = total
        return True

    def _refuse_too_much(self, size: int) -> None:
        if size > self._max_bytes:
            message = f"{self._where} has {size:,} bytes or more; at most {self._max_bytes:,} are saved"
            raise DownloadError(message, retryable=False)

    async def _check(self, declared: str) -> None:
        if not self.held or self.held != (self._total or self.held):
            wanted = "some" if self._total is None else f"{self._total:,}"
            raise DownloadError(f"{self._where} gave {self.held:,} of {wanted} bytes")
        declared = declared.split(";", 1)[0].strip().lower()
        if _is_error_page(self._output, self._part.head, declared):
            await on_disk(self._part.restart, self._part.name)
            label = declared or "no content type"
            raise DownloadError(f"{self._where} gave text ({label}) in place of the {self._output.kind}")
        self.media_type = self.media_type or declared

    @property
    def _where(self) -> str:
        return shorten_url(self._url)


def _refuse(answer: "HttpDownload", where: str) -> None:
    if answer.status in _EXPIRED:
        raise ExpiredError(f"{where} answers {answer.status}: the link is dead", retryable=False)
    pause = answer.headers.get("retry-after", "")
    raise DownloadError(
        f"{where} answers {answer.status}",
        retryable=answer.status >= 500 or answer.status in _BUSY,
        retry_after=float(pause) if pause.isdecimal() else None,
    )


def _is_error_page(output: Output, head: bytes, declared: str) -> bool:
    """Whether text has come where none belongs. Hosts often mislabel media, so the bytes count before the label."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if _PAGE.match(start):
        return output.media_type != "text/html"
    if output.kind not in {"image", "video", "audio"} or sniff(head) or "svg" in f"{declared} {output.media_type}":
        return False
    return start[:1] in {b"<", b"{", b"["} or (_TEXTUAL.fullmatch(declared) is not None and b"\0" not in head)
