"""What tests share that play with clients in this process."""

from pathlib import Path
from typing import Any

from fault_children import entries_of

from anymedia import AsyncMediaClient, TextToImage
from anymedia.journal import AttemptState, Journal
from anymedia.testing import ManualClock
from anymedia.testing.emulator import Emulator

__all__ = ["CREATES", "REQUEST", "client_of", "later", "settings", "states"]

CREATES = {"runway": "text_to_image", "runware": "imageInference"}
REQUEST = TextToImage(prompt="a lighthouse", seed=1, idempotency_key="order-7")


def settings(emulator: Emulator, journal: Journal | Path, **more: Any) -> dict[str, Any]:
    """What a client of either kind is made with."""
    where = {"base_url": emulator.endpoint.base_url, "api_key": emulator.endpoint.api_key}
    return {"provider": emulator.name, "journal": journal, "poll_interval": 0.05, **where, **more}


def client_of(emulator: Emulator, journal: Journal | Path, **more: Any) -> AsyncMediaClient:
    """A client with nothing in its memory but what the journal says."""
    return AsyncMediaClient(**settings(emulator, journal, **more))


async def later(emulator: Emulator) -> None:
    """Let every task end, on the side of an emulator whose clock stands still."""
    assert isinstance(emulator.clock, ManualClock)
    await emulator.clock.advance(60)


async def states(journal: Path) -> list[AttemptState]:
    """What the journal says of each attempt."""
    return [entry.state for entry in await entries_of(journal)]
