"""Wait for a while, then without an end; the end of the wait is not the end of the task."""

import asyncio

from anymedia import AsyncMediaClient, TaskTimeoutError, TextToVideo


async def main() -> None:
    async with AsyncMediaClient.from_config() as client:
        task = await client.submit(TextToVideo(prompt="waves roll in", duration=5))
        try:
            result = await task.result(timeout=0.5)  # seconds
        except TaskTimeoutError as error:
            print("still running:", error.ref, flush=True)
            result = await task.result(timeout=None)  # for ever
        print(result.url)


if __name__ == "__main__":
    asyncio.run(main())
