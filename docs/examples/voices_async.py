"""A recording without its noise, in another language, and in another voice."""

import asyncio
from pathlib import Path

from anymedia import AsyncMediaClient


async def main() -> None:
    async with AsyncMediaClient.from_config(provider="runway") as client:  # Runware works on no recordings
        clean = await client.isolate_voice(recording=Path("interview.mp3"))
        print("saved", (await clean.asave("clean.mp3"))[0])
        spanish, maya = await asyncio.gather(
            client.dub_voice(recording=clean.output, language="es"),
            client.speech_to_speech(recording=clean.output, voice="Maya"),
        )
        print("saved", (await spanish.asave("spanish.mp3"))[0])
        print("saved", (await maya.asave("maya.mp3"))[0])


if __name__ == "__main__":
    asyncio.run(main())
