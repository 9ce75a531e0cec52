"""What an error tells: its code and the vendor's, a message for people, and the task it is about."""

import asyncio

from anymedia import AsyncMediaClient, InvalidRequestError, MediaError


async def main() -> None:
    async with AsyncMediaClient.from_config() as client:
        try:
            await client.text_to_image(prompt="a lighthouse", size="1281x721")
        except InvalidRequestError as error:  # nothing was sent; every problem is listed
            for issue in error.issues:
                print(error.code, issue.field, issue.message, issue.nearest)

        try:
            await client.text_to_video(prompt="waves roll in", duration=5)
        except MediaError as error:
            print(error.code, error.provider, error.provider_code, error.message)
            print("worth another try:", error.retryable)
            print("the task:", error.ref)


if __name__ == "__main__":
    asyncio.run(main())
