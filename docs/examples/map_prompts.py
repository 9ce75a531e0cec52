"""Many pictures, four at a time, each handled as soon as it is there."""

from anymedia import MediaClient, TextToImage

ANIMALS = ["cat", "dog", "owl", "fox", "hare", "seal"]

with MediaClient.from_config() as client:
    requests = (TextToImage(prompt=f"a {animal} in the snow") for animal in ANIMALS)
    for done in client.map(requests, concurrency=4):
        print(ANIMALS[done.index], done.result.url if done.result else done.error)
