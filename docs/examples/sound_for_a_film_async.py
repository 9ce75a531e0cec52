"""Music, and the sound that fits a film."""

import asyncio
from pathlib import Path

from anymedia import AsyncMediaClient


async def main() -> None:
    async with AsyncMediaClient.from_config(provider="runware") as client:  # Runway makes no music
        music, sound = await asyncio.gather(
            client.generate_music(prompt="slow piano, rain outside", instrumental=True, duration=20),
            client.video_to_audio(video=Path("clip.mp4"), prompt="waves, gulls"),
        )
        print("saved", (await music.asave("music.mp3"))[0])
        print("saved", (await sound.asave("clip.mp3"))[0])


if __name__ == "__main__":
    asyncio.run(main())
