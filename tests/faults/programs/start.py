"""Starts one task and waits for its result, unless it is told to die on the way."""

from errand import ERRAND, client_settings, hear, report, request, tell

from anymedia import MediaClient, MediaError


def main() -> None:
    """Do the errand."""
    with MediaClient(**client_settings()) as client:
        tell(ready=True)
        if ERRAND.get("waits"):
            hear()
        try:
            work(client.with_options(autosave=ERRAND.get("autosave")))
        except MediaError as error:
            tell(error=type(error).__name__, ref=str(error.ref) if error.ref else None)
        if ERRAND.get("lingers"):
            hear()


def work(client: MediaClient) -> None:
    """One task: pushed, or submitted and then waited for or canceled."""
    if ERRAND.get("pushed"):
        tell(result=report(client.run(request())))
        return
    task = client.submit(request())
    tell(ref=str(task.ref))
    if ERRAND.get("cancels"):
        tell(stopped=task.cancel().stopped)
    tell(result=report(task.result()))


main()
