"""What a picture shows, in richer words, and a new picture from them."""

import asyncio
from pathlib import Path

from anymedia import AsyncMediaClient


async def main() -> None:
    async with AsyncMediaClient.from_config(provider="runware") as client:  # Runway gives no words
        seen = await client.caption_image(image=Path("cat.jpg"))
        print("seen:", seen.text)
        richer = await client.enhance_prompt(prompt=seen.text, max_tokens=64)
        print("richer:", richer.text)
        picture = await client.text_to_image(prompt=richer.text)
        print("saved", (await picture.asave("another-cat.png"))[0])


if __name__ == "__main__":
    asyncio.run(main())
