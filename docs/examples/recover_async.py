"""After a crash, a kill or a power cut: bring home what was paid for, and name what nobody can know."""

import asyncio

from anymedia import AsyncMediaClient, MediaError


async def main() -> None:
    async with AsyncMediaClient.from_config() as client:
        found = await client.with_options(autosave="recovered").recover()  # asks what became of it; starts nothing
        for task in found.tasks:
            try:
                print("saved", (await task.result()).saved[0])
            except MediaError as error:
                print("no result:", task.ref.id, error.code)
        for attempt in found.unknown:
            print("look at", attempt.provider, attempt.operation, attempt.time)


if __name__ == "__main__":
    asyncio.run(main())
