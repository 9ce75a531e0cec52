"""A local picture, twice as large, and without its background."""

import asyncio
from pathlib import Path

from anymedia import AsyncMediaClient


async def main() -> None:
    async with AsyncMediaClient.from_config(provider="runware") as client:  # Runway removes no backgrounds
        cat = Path("cat.jpg")
        large, cut_out = await asyncio.gather(
            client.upscale_image(image=cat, factor=2), client.remove_background(image=cat)
        )
        print("saved", (await large.asave("cat-large.png"))[0])
        print("saved", (await cut_out.asave("cat-cut-out.png"))[0])


if __name__ == "__main__":
    asyncio.run(main())
