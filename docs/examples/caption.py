"""What a picture shows, in richer words, and a new picture from them."""

from pathlib import Path

from anymedia import MediaClient

with MediaClient.from_config(provider="runware") as client:  # Runway gives no words
    seen = client.caption_image(image=Path("cat.jpg"))
    print("seen:", seen.text)
    richer = client.enhance_prompt(prompt=seen.text, max_tokens=64)
    print("richer:", richer.text)
    print("saved", client.text_to_image(prompt=richer.text).save("another-cat.png")[0])
