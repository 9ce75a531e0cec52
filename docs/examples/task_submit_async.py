"""Start a task, keep its reference, and go; task_status_async.py and task_wait_async.py find it again."""

import asyncio
from pathlib import Path

from anymedia import AsyncMediaClient, TextToVideo


async def main() -> None:
    async with AsyncMediaClient.from_config() as client:
        task = await client.submit(TextToVideo(prompt="waves roll in", duration=5))
        Path("task.txt").write_text(str(task.ref))
        print(task.ref.id)


if __name__ == "__main__":
    asyncio.run(main())
