"""A film that starts from a local picture: one call submits it, follows the task and brings the result."""

import asyncio
from pathlib import Path

from anymedia import AsyncMediaClient


async def main() -> None:
    async with AsyncMediaClient.from_config() as client:
        result = await client.image_to_video(image=Path("cat.jpg"), prompt="the cat stretches", duration=5)
        print(result.provider, result.model, result.cost)
        print("saved", (await result.asave("cat.mp4"))[0])


if __name__ == "__main__":
    asyncio.run(main())
