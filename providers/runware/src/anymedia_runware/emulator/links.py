"""Drives a conversation over a real WebSocket."""

import asyncio

from starlette.websockets import WebSocket, WebSocketDisconnect

from anymedia_runware.emulator.conversation import ABORT, Conversation
from anymedia_runware.emulator.reading import heavy

__all__ = ["converse"]


async def converse(socket: WebSocket, conversation: Conversation) -> None:
    """Run a conversation until either side ends it."""
    await socket.accept()
    reader = asyncio.create_task(_read(socket, conversation))
    writer = asyncio.create_task(_write(socket, conversation))
    try:
        ended, _ = await asyncio.wait({reader, writer}, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()
        if writer in ended and conversation.closing not in (None, ABORT):
            await socket.close(conversation.closing)
    except WebSocketDisconnect:
        pass
    finally:
        conversation.leave()
        for task in (reader, writer):
            task.cancel()
        await asyncio.gather(reader, writer, return_exceptions=True)


async def _read(socket: WebSocket, conversation: Conversation) -> None:
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        text = message.get("text")
        text = message["bytes"].decode(errors="replace") if text is None else text
        read = await asyncio.to_thread(conversation.read, text) if heavy(text) else conversation.read(text)
        conversation.handle(read)


async def _write(socket: WebSocket, conversation: Conversation) -> None:
    woken = asyncio.Event()
    conversation.wake = woken.set
    while conversation.closing is None:
        woken.clear()
        frame = conversation.next()
        if frame is not None:
            message = await asyncio.to_thread(frame.wire) if frame.heavy else frame.wire()
            await (socket.send_text(message) if isinstance(message, str) else socket.send_bytes(message))
            conversation.sent(frame)
        elif conversation.closing is None:
            await woken.wait()
