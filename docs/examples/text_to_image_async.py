"""An image from a prompt, saved to disk, with what it cost."""

import asyncio

from anymedia import AsyncMediaClient


async def main() -> None:
    async with AsyncMediaClient.from_config() as client:
        result = await client.text_to_image(prompt="a lighthouse at dusk", aspect_ratio="16:9", seed=7)
        print(result.provider, result.model, result.cost)
        for path in await result.asave("lighthouse.png"):
            print("saved", path)


if __name__ == "__main__":
    asyncio.run(main())
