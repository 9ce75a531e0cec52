"""Show an answer while it is being written."""

from anymedia import GenerateText, MediaClient

with MediaClient.from_config() as client:
    task = client.submit(GenerateText(prompt="Why is the sea salty?", stream=True))
    shown = 0
    for snapshot in task.events():
        text = snapshot.text or ""
        print(text[shown:], end="", flush=True)
        shown = len(text)
    result = task.result()
    print(f"\n{len(result.text)} characters for {result.cost}")
