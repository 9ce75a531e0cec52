"""A picture for each line typed in, all over one connection; should it break in between, it comes back by itself."""

import asyncio
import sys

from anymedia import AsyncMediaClient


async def main() -> None:
    async with AsyncMediaClient.from_config() as client:  # connects at the first request
        while prompt := await asyncio.to_thread(sys.stdin.readline):
            result = await client.text_to_image(prompt=prompt.strip())
            print((await result.asave("pictures/"))[0], flush=True)
    # here it is disconnected; without `async with`, call await client.aclose()


if __name__ == "__main__":
    asyncio.run(main())
