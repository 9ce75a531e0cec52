"""A key from the environment, a key as an argument, and an endpoint that is not the vendor's."""

import asyncio
import os

from anymedia import AsyncMediaClient


async def main() -> None:
    async with AsyncMediaClient("runware") as client:  # the key: RUNWARE_API_KEY
        print((await client.text_to_image(prompt="a lighthouse at dusk")).url)

    key, gateway = os.environ["TEAM_KEY"], os.environ["TEAM_GATEWAY"]
    async with AsyncMediaClient("runware", api_key=key, base_url=gateway) as client:
        print((await client.text_to_image(prompt="a lighthouse at dawn")).url)


if __name__ == "__main__":
    asyncio.run(main())
