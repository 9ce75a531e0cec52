"""A mask says where a picture is changed, a guide how the next one is composed."""

import asyncio
from pathlib import Path

from anymedia import AsyncMediaClient
from anymedia_runware import ControlNet, RunwareOptions


async def main() -> None:
    async with AsyncMediaClient.from_config(provider="runware") as client:  # Runway makes neither
        portrait = Path("portrait.jpg")
        mask, edges = await asyncio.gather(
            client.mask_image(image=portrait, confidence=0.4),
            client.preprocess_image(image=portrait, preprocessor="canny"),
        )
        print("saved", (await mask.asave("mask.png"))[0])
        smiling = await client.image_to_image(prompt="a smiling face", image=portrait, mask=mask.output)
        print("saved", (await smiling.asave("smiling.png"))[0])

        print("saved", (await edges.asave("edges.png"))[0])
        options = RunwareOptions(control_net=[ControlNet(model="runware:25@1", guide_image=edges.output.vendor_ref)])
        statue = await client.text_to_image(prompt="a marble bust", provider_options={"runware": options})
        print("saved", (await statue.asave("statue.png"))[0])


if __name__ == "__main__":
    asyncio.run(main())
