"""A text, spoken, and a sound to go under it."""

from anymedia import MediaClient

with MediaClient.from_config() as client:
    speech = client.text_to_speech(text="The tide turns at six.")
    print("saved", speech.save("tide.mp3")[0])
    waves = client.sound_effect(prompt="waves on pebbles", duration=4)
    print("saved", waves.save("waves.mp3")[0])
