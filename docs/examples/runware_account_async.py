"""Look into a Runware account: money, models, stored media and past tasks. None of it costs anything."""

import asyncio
from pathlib import Path

from anymedia import AsyncMediaClient, UpscaleImage
from anymedia_runware import AsyncRunware


async def main() -> None:
    async with AsyncMediaClient.from_config() as client:
        runware = AsyncRunware(client)
        print("left:", (await runware.account.details()).balance)

        found = await runware.models.search("flux", category="checkpoint", limit=3)
        print(found.total_results, "models, first of all", found.results[0].air)

        stored = await runware.media.upload(Path("cat.jpg"))  # sent once, used as often as you like
        upscales = (UpscaleImage(image=stored.media_uuid, factor=factor) for factor in (2, 4))
        large = await asyncio.gather(*map(client.run, upscales))
        print(len(large), "pictures of one upload")
        await runware.media.delete(stored.media_uuid)

        details = await runware.tasks.details(large[0].ref)
        print("asked:", details.request[0]["taskType"] if details.request else "no longer known")


if __name__ == "__main__":
    asyncio.run(main())
