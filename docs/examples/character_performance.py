"""A character that moves and speaks as a performer does."""

from pathlib import Path

from anymedia import MediaClient

with MediaClient.from_config() as client:
    result = client.character_performance(character=Path("portrait.jpg"), performance=Path("performer.mp4"))
    print("saved", result.save("performance.mp4")[0])
