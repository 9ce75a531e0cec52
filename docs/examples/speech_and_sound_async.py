"""A text, spoken, and a sound to go under it, both at once."""

import asyncio

from anymedia import AsyncMediaClient


async def main() -> None:
    async with AsyncMediaClient.from_config() as client:
        speech, waves = await asyncio.gather(
            client.text_to_speech(text="The tide turns at six."),
            client.sound_effect(prompt="waves on pebbles", duration=4),
        )
        print("saved", (await speech.asave("tide.mp3"))[0])
        print("saved", (await waves.asave("waves.mp3"))[0])


if __name__ == "__main__":
    asyncio.run(main())
