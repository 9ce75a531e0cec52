"""After a crash, a kill or a power cut: bring home what was paid for, and name what nobody can know."""

from anymedia import MediaClient, MediaError

with MediaClient.from_config() as client:
    found = client.with_options(autosave="recovered").recover()  # asks what became of it; starts nothing
    for task in found.tasks:
        try:
            print("saved", task.result().saved[0])
        except MediaError as error:
            print("no result:", task.ref.id, error.code)
    for attempt in found.unknown:
        print("look at", attempt.provider, attempt.operation, attempt.time)
