"""`Runware` and `AsyncRunware`: what a Runware account has beside generations, one attribute for each kind."""

from anymedia.resources import AsyncClient, Client
from anymedia_runware.resources.account import Account, AsyncAccount
from anymedia_runware.resources.media import AsyncMediaStorage, MediaStorage
from anymedia_runware.resources.models import AsyncModels, Models
from anymedia_runware.resources.tasks import AsyncTasks, Tasks

__all__ = ["AsyncRunware", "Runware"]


class AsyncRunware:
    """A Runware account, on the connection of a client. Nothing here starts a paid task.

    Args:
        client: An `AsyncMediaClient`, whatever its own provider is.
    """

    def __init__(self, client: AsyncClient) -> None:
        self.account = AsyncAccount(client)
        self.media = AsyncMediaStorage(client)
        self.models = AsyncModels(client)
        self.tasks = AsyncTasks(client)


class Runware:
    """A Runware account, for synchronous code. Nothing here starts a paid task.

    Args:
        client: A `MediaClient`, whatever its own provider is.
    """

    def __init__(self, client: Client) -> None:
        self.account = Account(client, AsyncAccount)
        self.media = MediaStorage(client, AsyncMediaStorage)
        self.models = Models(client, AsyncModels)
        self.tasks = Tasks(client, AsyncTasks)
