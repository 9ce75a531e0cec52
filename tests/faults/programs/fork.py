"""Forks after a client was used: the child must leave it alone, and the parent must not notice."""

import os
from collections.abc import Callable

from errand import ERRAND, client_settings, report, request, tell

from anymedia import MediaClient, MediaError


def main() -> None:
    """Do the errand."""
    with MediaClient(**client_settings()) as client:
        view = client.with_options(delivery="auto" if ERRAND["pushed"] else "poll")
        first = view.run(request())
        task = view.submit(request())
        steps = (
            lambda: view.run(request()),
            lambda: view.submit(request()),
            client.attach(task.ref).status,
            task.status,
            task.result,
            task.cancel,
            lambda: list(task.events()),
            lambda: first.save(ERRAND["folder"]),
            client.recover,
        )
        child = os.fork()
        if child == 0:
            tell(child=[refusal(step) for step in steps])
            client.close()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        tell(parent=[report(task.result()), report(view.run(request()))])


def refusal(step: Callable[[], object]) -> str:
    """The error with which a step is refused."""
    try:
        step()
    except MediaError as error:
        return type(error).__name__
    return "went ahead"


main()
