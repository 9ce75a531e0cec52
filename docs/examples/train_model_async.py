"""A model learns our style, and draws in it."""

import asyncio
from pathlib import Path

from anymedia import AsyncMediaClient
from anymedia_runware import Lora, RunwareOptions


async def main() -> None:
    async with AsyncMediaClient.from_config(provider="runware") as client:  # Runway trains nothing
        trained = await client.with_options(timeout=3600).train_model(
            dataset=Path("drawings.zip"),
            trigger_word="ourstyle",
            steps=1000,
            name="acme:900@1",  # Runware wants an address in your organisation
        )
        print("trained", trained.trained_model)
        learned = RunwareOptions(lora=[Lora(model=trained.trained_model)])
        picture = await client.text_to_image(prompt="a lighthouse, ourstyle", provider_options={"runware": learned})
        print("saved", (await picture.asave("lighthouse.png"))[0])


if __name__ == "__main__":
    asyncio.run(main())
