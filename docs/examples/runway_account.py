"""A Runway account: the credits left, a file kept there for many requests, what each model has used."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from anymedia import MediaClient
from anymedia_runway import Runway

with MediaClient.from_config(provider="runway") as client:
    runway = Runway(client)
    print("credits", runway.organization.retrieve().credit_balance)

    portrait = runway.uploads.create(Path("portrait.jpg"))  # read piece by piece; kept for a day
    for moment in ("dawn", "dusk"):
        result = client.text_to_image(prompt=f"@ref1 on a beach at {moment}", references=[portrait])
        print("saved", result.save(f"{moment}.png")[0])

    today = datetime.now(UTC).date()
    usage = runway.organization.usage(start=today, before=today + timedelta(days=1))
    for day in usage.results or ():
        for used in day.used_credits or ():
            print(day.date, used.model, used.amount)
