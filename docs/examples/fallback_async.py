"""A list of providers: the next is asked only when the one before has surely started nothing."""

import asyncio

from anymedia import AsyncMediaClient


async def main() -> None:
    async with AsyncMediaClient("runway") as client:
        either = client.with_options(fallback=["runware"])
        result = await either.text_to_image(prompt="a lighthouse at dusk", aspect_ratio="16:9")
        print(result.provider, result.url)
        for notice in result.notices:
            print(notice.code, notice.message)


if __name__ == "__main__":
    asyncio.run(main())
