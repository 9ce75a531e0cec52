"""A picture as a drawing of shapes, and as a thing with three dimensions."""

from pathlib import Path

from anymedia import MediaClient

with MediaClient.from_config(provider="runware") as client:  # Runway makes neither
    cat = Path("cat.jpg")
    print("saved", client.vectorize(image=cat).save("cat.svg")[0])
    print("saved", client.generate_3d(image=cat).save("cat.glb")[0])
    print("saved", client.generate_3d(prompt="a wooden chair").save("chair.glb")[0])
