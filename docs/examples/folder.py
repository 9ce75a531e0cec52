"""Every picture of a folder without its background, four at a time; a file that is no picture stops nobody."""

from pathlib import Path

from anymedia import MediaClient, RemoveBackground

photos = sorted(Path("photos").iterdir())

with MediaClient.from_config(provider="runware") as client:  # Runway removes no backgrounds
    for done in client.map((RemoveBackground(image=photo) for photo in photos), concurrency=4):
        photo = photos[done.index]
        if done.result:
            print("saved", done.result.save(f"cut-out/{photo.stem}.png")[0])
        else:
            print("skipped", photo, done.error)
