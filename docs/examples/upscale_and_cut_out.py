"""A local picture, twice as large, and without its background."""

from pathlib import Path

from anymedia import MediaClient

with MediaClient.from_config(provider="runware") as client:  # Runway removes no backgrounds
    cat = Path("cat.jpg")
    print("saved", client.upscale_image(image=cat, factor=2).save("cat-large.png")[0])
    print("saved", client.remove_background(image=cat).save("cat-cut-out.png")[0])
