"""A film that starts from a local picture: one call submits it, follows the task and brings the result."""

from pathlib import Path

from anymedia import MediaClient

with MediaClient.from_config() as client:
    result = client.image_to_video(image=Path("cat.jpg"), prompt="the cat stretches", duration=5)
    print(result.provider, result.model, result.cost)
    print("saved", result.save("cat.mp4")[0])
