"""What a provider's own face stands on: its unpaid calls, written once for both clients."""

from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar

from anymedia.provider import Provider
from anymedia.tasks import Snapshot

__all__ = ["AsyncClient", "Client", "Resource", "iterating", "waiting"]

P = ParamSpec("P")
T = TypeVar("T")
A = TypeVar("A")


class AsyncClient(Protocol):
    """What resources use of an `AsyncMediaClient`."""

    async def provider_named(self, name: str) -> Provider:
        """The provider, opened on first use."""
        ...

    def observe(self, *news: Snapshot) -> None:
        """Take in news of tasks that came another way than by a look."""
        ...


class Client(Protocol):
    """What resources use of a `MediaClient`."""

    def wait_for(self, work: Callable[[AsyncClient], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine with the asynchronous twin of this client, and wait for it."""
        ...

    def iterate(self, source: Callable[[AsyncClient], AsyncGenerator[T, None]]) -> Iterator[T]:
        """Step through an asynchronous generator made with the asynchronous twin of this client."""
        ...


class Resource(Generic[A]):
    """The synchronous twin of an asynchronous resource; its methods are made by `waiting` and `iterating`.

    Args:
        client: Whose connections are used.
        make: Makes the asynchronous resource.
    """

    def __init__(self, client: Client, make: Callable[[AsyncClient], A]) -> None:
        self.client = client
        self.make = make


def waiting(
    method: Callable[Concatenate[A, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Resource[A], P], T]:
    """The synchronous twin of a coroutine method."""

    @wraps(method)
    def twin(self: Resource[A], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.client.wait_for(lambda client: method(self.make(client), *args, **kwargs))

    return twin


def iterating(
    method: Callable[Concatenate[A, P], AsyncGenerator[T, None]],
) -> Callable[Concatenate[Resource[A], P], Iterator[T]]:
    """The synchronous twin of an asynchronous generator method."""

    @wraps(method)
    def twin(self: Resource[A], /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        return self.client.iterate(lambda client: method(self.make(client), *args, **kwargs))

    return twin
