"""Ends an event loop without closing the client that ran on it."""

import asyncio

from errand import ERRAND, client_settings, request, tell

from anymedia import AsyncMediaClient


async def start() -> None:
    """Start a task, and leave."""
    client = AsyncMediaClient(**client_settings())
    task = await client.submit(request())
    tell(ref=str(task.ref))


async def interrupt() -> None:
    """Start a task, and be canceled as soon as the request is on its way."""
    client = AsyncMediaClient(**client_settings())
    asyncio.get_running_loop().add_reader(0, asyncio.current_task().cancel)  # type: ignore[union-attr]
    tell(ready=True)
    await client.submit(request())


def main() -> None:
    """Do the errand."""
    if ERRAND["how"] == "closed":
        loop = asyncio.new_event_loop()
        loop.run_until_complete(start())
        loop.close()
        return
    try:
        asyncio.run(start() if ERRAND["how"] == "left" else interrupt())
    except asyncio.CancelledError:
        tell(canceled=True)


main()
