"""One app, two configurations: `python app.py runware.toml` or `python app.py runway.toml`."""

import sys

from anymedia import MediaClient

with MediaClient.from_config(sys.argv[1]) as client:
    picture = client.text_to_image(prompt="a lighthouse at dusk", aspect_ratio="16:9", model="hero")
    film = client.image_to_video(image=picture.output, prompt="waves roll in", duration=3)
    for result in (picture, film):
        print(result.provider, result.model, result.cost, *result.save("made/"))
