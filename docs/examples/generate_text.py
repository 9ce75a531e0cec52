"""A conversation that goes on, and an answer about a picture that a program can read."""

from pathlib import Path

from pydantic import BaseModel

from anymedia import MediaClient, Message


class About(BaseModel):
    title: str
    tags: list[str]


with MediaClient.from_config(provider="runware") as client:  # Runway gives no words
    before = [Message(role="user", content="I sell tea."), Message(role="assistant", content="How may I help?")]
    slogan = client.generate_text(prompt="Write a slogan.", messages=before, system_prompt="Be brief.", max_tokens=100)
    print(slogan.text)
    about = client.generate_text(
        prompt="Title and tags?", references=[Path("cat.jpg")], json_schema=About.model_json_schema()
    )
    print(About.model_validate_json(about.text))
