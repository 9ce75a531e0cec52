"""A provider's unpaid calls are written once, async; the synchronous twin loses neither arguments nor errors."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

import pytest

from anymedia.errors import UnsupportedError
from anymedia.resources import AsyncClient, Resource, iterating, waiting
from anymedia.sync import MediaClient

HERE = "ws://127.0.0.1:9"


@dataclass
class AsyncShelf:
    """What a provider's own package would write."""

    client: AsyncClient

    async def title(self, number: int, *, suffix: str = "") -> str:
        """The provider's name, and what was handed in."""
        provider = await self.client.provider_named("runware")
        if number < 0:
            raise UnsupportedError("no such shelf", provider=provider.name)
        return f"{provider.name} {number}{suffix}"

    async def titles(self, amount: int) -> AsyncGenerator[str, None]:
        """One after the other."""
        for number in range(amount):
            yield await self.title(number)


class Shelf(Resource[AsyncShelf]):
    """Its synchronous twin."""

    title = waiting(AsyncShelf.title)
    titles = iterating(AsyncShelf.titles)


def test_the_synchronous_twin_is_one_line_a_method() -> None:
    """Arguments, results, errors, iteration, names and documentation cross."""
    with MediaClient("runware", api_key="k", base_url=HERE, journal=None) as client:
        shelf = Shelf(client, AsyncShelf)
        assert shelf.title(3, suffix="!") == "runware 3!"
        assert list(shelf.titles(2)) == ["runware 0", "runware 1"]
        with pytest.raises(UnsupportedError, match="no such shelf"):
            shelf.title(-1)
    assert Shelf.title.__doc__ == AsyncShelf.title.__doc__
