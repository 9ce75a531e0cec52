"""A batch in which some fail: the others go on, and what failed is known by its place, its error and its task."""

import asyncio

from anymedia import AsyncMediaClient, MediaError

PROMPTS = ["a lighthouse", "a harbour", "waves " * 5000, "a ship"]


async def main() -> None:
    async with AsyncMediaClient.from_config() as client:
        calls = (client.text_to_image(prompt=prompt) for prompt in PROMPTS)
        for index, outcome in enumerate(await asyncio.gather(*calls, return_exceptions=True)):
            if isinstance(outcome, MediaError):
                print(index, "failed:", outcome.code, outcome.ref)
            elif isinstance(outcome, BaseException):
                raise outcome
            else:
                print(index, "is there:", outcome.url)


if __name__ == "__main__":
    asyncio.run(main())
