"""Watch a task that another process started, and save its result."""

import asyncio
from pathlib import Path

from anymedia import AsyncMediaClient, TextToVideo


async def main() -> None:
    async with AsyncMediaClient.from_config() as client:
        task = client.attach(Path("task.txt").read_text(), TextToVideo)
        async for snapshot in task.events():
            print(snapshot.state, snapshot.progress, flush=True)
        result = await task.result()
        print("saved", (await result.asave("waves.mp4"))[0])


if __name__ == "__main__":
    asyncio.run(main())
