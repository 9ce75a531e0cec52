"""The same key is the same task, however often this program runs; another request under it is refused."""

import asyncio

from anymedia import AsyncMediaClient, IdempotencyConflictError


async def main() -> None:
    async with AsyncMediaClient.from_config() as client:
        order = "order-17"
        result = await client.text_to_image(prompt="a lighthouse at dusk", idempotency_key=order)
        print(result.ref.id, result.url)
        try:
            await client.text_to_image(prompt="a harbour", idempotency_key=order)
        except IdempotencyConflictError as error:
            print("refused:", error.message)


if __name__ == "__main__":
    asyncio.run(main())
