"""Start a task, keep its reference, and go; task_status.py and task_wait.py find it again in processes of their own."""

from pathlib import Path

from anymedia import MediaClient, TextToVideo

with MediaClient.from_config() as client:
    task = client.submit(TextToVideo(prompt="waves roll in", duration=5))
    Path("task.txt").write_text(str(task.ref))
    print(task.ref.id)
