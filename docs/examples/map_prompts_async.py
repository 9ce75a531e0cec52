"""Many pictures, four at a time, each handled as soon as it is there."""

import asyncio

from anymedia import AsyncMediaClient, TextToImage

ANIMALS = ["cat", "dog", "owl", "fox", "hare", "seal"]


async def main() -> None:
    async with AsyncMediaClient.from_config() as client:
        requests = (TextToImage(prompt=f"a {animal} in the snow") for animal in ANIMALS)
        async for done in client.map(requests, concurrency=4):
            print(ANIMALS[done.index], done.result.url if done.result else done.error)


if __name__ == "__main__":
    asyncio.run(main())
