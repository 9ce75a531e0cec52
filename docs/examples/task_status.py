"""Look once at a task that another process started."""

from pathlib import Path

from anymedia import MediaClient

with MediaClient.from_config() as client:
    snapshot = client.attach(Path("task.txt").read_text()).status()
    print(snapshot.state, snapshot.progress)
