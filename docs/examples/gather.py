"""Many operations at once, long ones too: pictures and films share one client and its connections."""

import asyncio

from anymedia import AsyncMediaClient

SCENES = ["a lighthouse at dusk", "a harbour in the morning", "a ship in a storm"]


async def main() -> None:
    async with AsyncMediaClient.from_config() as client:
        pictures, films = await asyncio.gather(
            asyncio.gather(*(client.text_to_image(prompt=scene) for scene in SCENES)),
            asyncio.gather(*(client.text_to_video(prompt=scene, duration=5) for scene in SCENES)),
        )
        for scene, picture, film in zip(SCENES, pictures, films, strict=True):
            print(scene, picture.url, film.url)


if __name__ == "__main__":
    asyncio.run(main())
