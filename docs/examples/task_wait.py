"""Watch a task that another process started, and save its result."""

from pathlib import Path

from anymedia import MediaClient, TextToVideo

with MediaClient.from_config() as client:
    task = client.attach(Path("task.txt").read_text(), TextToVideo)
    for snapshot in task.events():
        print(snapshot.state, snapshot.progress, flush=True)
    print("saved", task.result().save("waves.mp4")[0])
