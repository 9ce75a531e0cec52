"""A larger version of a local film."""

import asyncio
from pathlib import Path

from anymedia import AsyncMediaClient


async def main() -> None:
    async with AsyncMediaClient.from_config() as client:
        result = await client.upscale_video(video=Path("clip.mp4"))
        print("saved", (await result.asave("clip-large.mp4"))[0])


if __name__ == "__main__":
    asyncio.run(main())
