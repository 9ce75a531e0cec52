"""A Runway account: the credits left, a file kept there for many requests, what each model has used."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from anymedia import AsyncMediaClient
from anymedia_runway import AsyncRunway


async def main() -> None:
    async with AsyncMediaClient.from_config(provider="runway") as client:
        runway = AsyncRunway(client)
        print("credits", (await runway.organization.retrieve()).credit_balance)

        portrait = await runway.uploads.create(Path("portrait.jpg"))  # read piece by piece; kept for a day
        for moment in ("dawn", "dusk"):
            result = await client.text_to_image(prompt=f"@ref1 on a beach at {moment}", references=[portrait])
            print("saved", (await result.asave(f"{moment}.png"))[0])

        today = datetime.now(UTC).date()
        usage = await runway.organization.usage(start=today, before=today + timedelta(days=1))
        for day in usage.results or ():
            for used in day.used_credits or ():
                print(day.date, used.model, used.amount)


if __name__ == "__main__":
    asyncio.run(main())
