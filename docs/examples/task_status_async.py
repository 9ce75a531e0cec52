"""Look once at a task that another process started."""

import asyncio
from pathlib import Path

from anymedia import AsyncMediaClient


async def main() -> None:
    async with AsyncMediaClient.from_config() as client:
        snapshot = await client.attach(Path("task.txt").read_text()).status()
        print(snapshot.state, snapshot.progress)


if __name__ == "__main__":
    asyncio.run(main())
