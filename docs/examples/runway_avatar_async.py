"""An avatar with a voice of its own, a session in which somebody talks to it, and what was said."""

import asyncio
from pathlib import Path

from anymedia import AsyncMediaClient
from anymedia_runway import AsyncRunway, realtime_session


async def main() -> None:
    async with AsyncMediaClient.from_config(provider="runway") as client:
        runway = AsyncRunway(client)
        voice = await runway.voices.create(name="Nora", prompt="a deep and calm voice with a northern accent")
        await runway.voices.wait(voice.id, timeout=300)
        avatar = await runway.avatars.create(
            name="Nora", personality="knows all about trees", reference_image=Path("portrait.jpg"), voice=voice.id
        )
        print(avatar.name, avatar.status, "->", (await runway.avatars.wait(avatar.id)).status)

        session = await client.submit(realtime_session(avatar=avatar.id, max_duration=60))  # paid for, so a request
        room = await runway.realtime_sessions.consume(await runway.realtime_sessions.wait_ready(session.ref.id))
        print("join", room.url, room.room_name)  # and hand room.token.get_secret_value() to the page that joins
        await runway.realtime_sessions.cancel(session.ref.id)

        async for talk in runway.conversations.list(avatar=avatar.id):
            print(talk.name, talk.status)


if __name__ == "__main__":
    asyncio.run(main())
