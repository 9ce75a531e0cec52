"""Wait for a while, then without an end; the end of the wait is not the end of the task."""

from anymedia import MediaClient, TaskTimeoutError, TextToVideo

with MediaClient.from_config() as client:
    task = client.submit(TextToVideo(prompt="waves roll in", duration=5))
    try:
        result = task.result(timeout=0.5)  # seconds
    except TaskTimeoutError as error:
        print("still running:", error.ref, flush=True)
        result = task.result(timeout=None)  # for ever
    print(result.url)
