"""An image from a prompt, saved to disk, with what it cost."""

from anymedia import MediaClient

with MediaClient.from_config() as client:
    result = client.text_to_image(prompt="a lighthouse at dusk", aspect_ratio="16:9", seed=7)
    print(result.provider, result.model, result.cost)
    for path in result.save("lighthouse.png"):
        print("saved", path)
