"""A batch in which some fail: the others go on, and what failed is known by its place, its error and its task."""

from anymedia import MediaClient, TextToImage

prompts = ["a lighthouse", "a harbour", "waves " * 5000, "a ship"]

with MediaClient.from_config() as client:
    done = sorted(client.map(TextToImage(prompt=prompt) for prompt in prompts), key=lambda each: each.index)

for each in done:
    if each.error:
        print(each.index, "failed:", each.error.code, each.ref)
    elif each.result:
        print(each.index, "is there:", each.result.url)
