"""Every picture of a folder without its background, four at a time; a file that is no picture stops nobody."""

import asyncio
from pathlib import Path

from anymedia import AsyncMediaClient, RemoveBackground


async def main() -> None:
    photos = sorted(Path("photos").iterdir())
    async with AsyncMediaClient.from_config(provider="runware") as client:  # Runway removes no backgrounds
        async for done in client.map((RemoveBackground(image=photo) for photo in photos), concurrency=4):
            photo = photos[done.index]
            if done.result:
                print("saved", (await done.result.asave(f"cut-out/{photo.stem}.png"))[0])
            else:
                print("skipped", photo, done.error)


if __name__ == "__main__":
    asyncio.run(main())
