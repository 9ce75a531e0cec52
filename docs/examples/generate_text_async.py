"""A conversation that goes on, and an answer about a picture that a program can read."""

import asyncio
from pathlib import Path

from pydantic import BaseModel

from anymedia import AsyncMediaClient, Message


class About(BaseModel):
    title: str
    tags: list[str]


async def main() -> None:
    async with AsyncMediaClient.from_config(provider="runware") as client:  # Runway gives no words
        before = [Message(role="user", content="I sell tea."), Message(role="assistant", content="How may I help?")]
        slogan, about = await asyncio.gather(
            client.generate_text(prompt="Write a slogan.", messages=before, system_prompt="Be brief.", max_tokens=100),
            client.generate_text(
                prompt="Title and tags?", references=[Path("cat.jpg")], json_schema=About.model_json_schema()
            ),
        )
        print(slogan.text)
        print(About.model_validate_json(about.text))


if __name__ == "__main__":
    asyncio.run(main())
