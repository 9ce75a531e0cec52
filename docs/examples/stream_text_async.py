"""Show an answer while it is being written."""

import asyncio

from anymedia import AsyncMediaClient, GenerateText


async def main() -> None:
    async with AsyncMediaClient.from_config() as client:
        task = await client.submit(GenerateText(prompt="Why is the sea salty?", stream=True))
        shown = 0
        async for snapshot in task.events():
            text = snapshot.text or ""
            print(text[shown:], end="", flush=True)
            shown = len(text)
        result = await task.result()
        print(f"\n{len(result.text)} characters for {result.cost}")


if __name__ == "__main__":
    asyncio.run(main())
