"""A recording without its noise, in another language, and in another voice."""

from pathlib import Path

from anymedia import MediaClient

with MediaClient.from_config(provider="runway") as client:  # Runware works on no recordings
    clean = client.isolate_voice(recording=Path("interview.mp3"))
    print("saved", clean.save("clean.mp3")[0])
    print("saved", client.dub_voice(recording=clean.output, language="es").save("spanish.mp3")[0])
    print("saved", client.speech_to_speech(recording=clean.output, voice="Maya").save("maya.mp3")[0])
