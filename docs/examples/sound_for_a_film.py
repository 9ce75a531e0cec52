"""Music, and the sound that fits a film."""

from pathlib import Path

from anymedia import MediaClient

with MediaClient.from_config(provider="runware") as client:  # Runway makes no music
    music = client.generate_music(prompt="slow piano, rain outside", instrumental=True, duration=20)
    print("saved", music.save("music.mp3")[0])
    sound = client.video_to_audio(video=Path("clip.mp4"), prompt="waves, gulls")
    print("saved", sound.save("clip.mp3")[0])
