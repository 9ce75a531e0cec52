"""How long to wait for a result, how often to try again, and how soon: for a client, and for some of its calls."""

import asyncio

from anymedia import AsyncMediaClient


async def main() -> None:
    async with AsyncMediaClient("runware", timeout=120, retries=4, retry_delay=0.1) as client:
        print((await client.text_to_image(prompt="a lighthouse at dusk")).url)

        patient = client.with_options(timeout=None)  # the same connection; waits for ever
        print((await patient.text_to_video(prompt="waves roll in", duration=5)).url)


if __name__ == "__main__":
    asyncio.run(main())
