"""A larger version of a local film."""

from pathlib import Path

from anymedia import MediaClient

with MediaClient.from_config() as client:
    result = client.upscale_video(video=Path("clip.mp4"))
    print("saved", result.save("clip-large.mp4")[0])
