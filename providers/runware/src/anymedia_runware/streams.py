"""Reads streamed texts over HTTP, and finds out what became of those that break off."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from anymedia.config import ProviderSettings
from anymedia.errors import ClientClosedError, MediaError, ProtocolError, TaskFailedError, TransportError
from anymedia.json import JSON
from anymedia.logs import logger
from anymedia.provider import Context, Gap
from anymedia.refs import TaskRef, TaskState
from anymedia.tasks import Snapshot
from anymedia_runware.addresses import rest_url
from anymedia_runware.codec import Reply
from anymedia_runware.rest import read_reply
from anymedia_runware.streaming import EventReader, StreamedText
from anymedia_runware.wire import Task

if TYPE_CHECKING:
    from anymedia.transports.http import HttpDownload

__all__ = ["Streams"]

Look = Callable[[Sequence[TaskRef]], Awaitable[Sequence[Snapshot]]]

_SILENCE: Final = 150.0
"""Seconds without a word, comments aside, before a stream counts as broken."""

_SEARCH: Final = 30.0
"""Seconds a task whose stream broke off is looked for."""

_LARGEST_REFUSAL: Final = 2**20
_log = logger("runware")


@dataclass
class _Stream:
    text: StreamedText
    answer: asyncio.Future[Snapshot | Reply]
    reading: asyncio.Task[None] | None = None


class Streams:
    """Every text that is being streamed. While it is, all news of it comes from here.

    Args:
        settings: Address, key and time limits.
        context: Clock, HTTP, and where news goes.
        look: Asks the vendor about tasks.
    """

    def __init__(self, settings: ProviderSettings, context: Context, look: Look) -> None:
        self._settings = settings
        self._context = context
        self._look = look
        self._open: dict[str, _Stream] = {}

    async def start(self, ref: TaskRef, task: Task) -> Snapshot | Reply:
        """Send a task and wait for the first word about it: where it stands, or an answer that is no stream.

        From the first event on the text is read, and told of.

        Raises:
            TransportError: No answer; `sent` says whether the task may have left.
            ProtocolError: An answer that cannot be read.
        """
        loop = asyncio.get_running_loop()
        stream = self._open[ref.id] = _Stream(StreamedText(ref), loop.create_future())
        stream.reading = loop.create_task(self._read(stream, task), name="anymedia-runware-stream")
        try:
            return await stream.answer
        except BaseException:
            stream.reading.cancel()
            raise

    def snapshot(self, ref: TaskRef) -> Snapshot | None:
        """The state of a task that is being streamed; None for any other."""
        stream = self._open.get(ref.id)
        return stream.text.snapshot() if stream is not None and stream.text.is_accepted else None

    async def aclose(self) -> None:
        """Stop reading; the tasks go on at the vendor."""
        readings = [stream.reading for stream in self._open.values() if stream.reading is not None]
        for reading in readings:
            reading.cancel()
        await asyncio.gather(*readings, return_exceptions=True)

    async def _read(self, stream: _Stream, task: Task) -> None:
        try:
            await self._follow(stream, task)
        except asyncio.CancelledError:
            if not stream.answer.done():
                closed = "the stream was closed; the task, if there is one, goes on"
                stream.answer.set_exception(ClientClosedError(closed, provider="runware"))
            raise
        except MediaError as error:
            await self._broken(stream, error)
        except Exception as error:  # noqa: BLE001 - a defect of ours must not leave anyone waiting for ever
            _log.exception("a stream could not be read")
            await self._broken(stream, ProtocolError(repr(error), provider="runware"))
        finally:
            self._let_go(stream)

    async def _follow(self, stream: _Stream, task: Task) -> None:
        settings = self._settings
        headers = {
            "authorization": f"Bearer {settings.api_key.get_secret_value()}",
            "accept": "text/event-stream",
        }
        async with self._context.http.stream(
            "POST",
            rest_url(settings.base_url),
            headers=headers,
            json=cast("JSON", [task]),
            timeout=settings.submit_timeout,
            connect_timeout=settings.connect_timeout,
        ) as answer:
            if answer.status != 200 or "text/event-stream" not in answer.headers.get("content-type", ""):
                stream.answer.set_result(await _refusal(answer, stream.text.ref))
                return
            await self._take_in(stream, answer)
        text = stream.text
        if not text.is_over:
            raise TransportError("the stream ended before the text did", provider="runware")
        self._tell(stream)
        if text.is_accepted and not text.snapshot().state.is_final:
            raise TransportError("the stream ended with an error that is not the task's", provider="runware")

    async def _take_in(self, stream: _Stream, answer: "HttpDownload") -> None:
        """Read until the text's end, telling after each piece of the network's how far it is."""
        reader, heard = EventReader(), self._context.clock.now()
        async for chunk in answer.chunks:
            said = [data for data in reader.feed(chunk) if stream.text.take(data)]
            if stream.text.is_over:
                return
            if said:
                heard = self._context.clock.now()
                self._tell(stream)
            elif self._context.clock.now() - heard > _SILENCE:
                raise TransportError(f"the stream said nothing for {_SILENCE:g} s", provider="runware")

    def _tell(self, stream: _Stream) -> None:
        """To whoever waits for the acknowledgement, or else as news."""
        if stream.answer.done():
            self._context.emit(stream.text.snapshot())
        elif stream.text.is_accepted:
            stream.answer.set_result(stream.text.snapshot())
        elif stream.text.errors:
            stream.answer.set_result(Reply(errors=stream.text.errors))

    async def _broken(self, stream: _Stream, error: MediaError) -> None:
        """The text is incomplete, which is not its end: the vendor is asked, and only its ignorance is a failure."""
        if not stream.answer.done():
            stream.answer.set_exception(error)
            return
        ref = stream.text.ref
        _log.info("the stream of %s broke off: %s", ref, error)
        try:
            found = await self._search(ref) or _lost(stream.text, error)
        except MediaError as unheard:
            _log.info("%s is asked for from now on: %s", ref, unheard)
            found = stream.text.snapshot()
        self._let_go(stream)
        self._context.emit(found)
        if not found.state.is_final:
            self._context.emit(Gap((ref,)))

    def _let_go(self, stream: _Stream) -> None:
        if self._open.get(stream.text.ref.id) is stream:  # and not one that was started since under the same id
            del self._open[stream.text.ref.id]

    async def _search(self, ref: TaskRef) -> Snapshot | None:
        """Where the task stands; None when the vendor does not know it.

        Raises:
            MediaError: The vendor could not be asked.
        """
        clock = self._context.clock
        give_up = clock.now() + _SEARCH
        while True:
            try:
                found = next(iter(await self._look([ref])), None)
                if found is not None or clock.now() >= give_up:
                    return found
            except MediaError as error:
                _log.debug("a look at %s failed: %s", ref, error)
                if clock.now() >= give_up:
                    raise
            await clock.sleep(self._settings.poll_interval)


async def _refusal(answer: "HttpDownload", ref: TaskRef) -> Reply:
    """What an answer that is no stream says about the task.

    Raises:
        MediaError: Nothing that can be read, or nothing that proves anything.
    """
    from anymedia.transports.http import HttpResponse

    body = b""
    async for chunk in answer.chunks:
        body += chunk
        if len(body) > _LARGEST_REFUSAL:
            break
    reply = read_reply(HttpResponse(answer.status, answer.headers, body), ref)
    if not reply.data and not reply.errors:
        raise ProtocolError(f"Runware answered HTTP {answer.status} where a stream was due", provider="runware")
    return reply


def _lost(text: StreamedText, error: MediaError) -> Snapshot:
    message = f"{error.message}, after {len(text.text)} characters, and Runware cannot say what became of the task"
    raw = text.snapshot().raw
    failure = TaskFailedError(message, provider="runware", ref=text.ref, raw=raw)
    failure.__cause__ = error
    return Snapshot(ref=text.ref, state=TaskState.FAILED, text=text.text or None, failure=failure, raw=raw)
