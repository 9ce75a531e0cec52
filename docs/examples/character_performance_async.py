"""A character that moves and speaks as a performer does."""

import asyncio
from pathlib import Path

from anymedia import AsyncMediaClient


async def main() -> None:
    async with AsyncMediaClient.from_config() as client:
        result = await client.character_performance(character=Path("portrait.jpg"), performance=Path("performer.mp4"))
        print("saved", (await result.asave("performance.mp4"))[0])


if __name__ == "__main__":
    asyncio.run(main())
