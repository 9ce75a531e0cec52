"""A task that was accepted and then failed: what the vendor said about it, whole."""

import asyncio

from anymedia import AsyncMediaClient, ModerationError, TaskFailedError


async def main() -> None:
    async with AsyncMediaClient.from_config() as client:
        try:
            print((await client.text_to_video(prompt="waves roll in", duration=5)).url)
        except ModerationError as error:
            print("refused, so do not repeat it as it is:", error.provider_code, error.message)
        except TaskFailedError as error:
            print("failed:", error.provider_code, error.message)
            print("the task:", error.ref)
            print("the vendor's answer:", error.raw)


if __name__ == "__main__":
    asyncio.run(main())
