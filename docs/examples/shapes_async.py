"""A picture as a drawing of shapes, and as a thing with three dimensions."""

import asyncio
from pathlib import Path

from anymedia import AsyncMediaClient


async def main() -> None:
    async with AsyncMediaClient.from_config(provider="runware") as client:  # Runway makes neither
        cat = Path("cat.jpg")
        drawing, shape, chair = await asyncio.gather(
            client.vectorize(image=cat),
            client.generate_3d(image=cat),
            client.generate_3d(prompt="a wooden chair"),
        )
        print("saved", (await drawing.asave("cat.svg"))[0])
        print("saved", (await shape.asave("cat.glb"))[0])
        print("saved", (await chair.asave("chair.glb"))[0])


if __name__ == "__main__":
    asyncio.run(main())
