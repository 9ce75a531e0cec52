"""Traps of Runway's official SDKs that only another way to the network shows."""

import random
from pathlib import Path
from typing import Any

from anymedia import AsyncMediaClient, ImageToVideo
from anymedia.testing.render import image
from anymedia_runway.emulator import RunwayEmulator

Proxy = Any


async def test_trap_20_uploads_take_the_way_that_is_set(
    runway_emulator: RunwayEmulator, proxy: Proxy, tmp_path: Path
) -> None:
    """A large input goes to storage through the proxy of the settings, as every other call does."""
    base_url = runway_emulator.endpoint.base_url
    settings = f'base_url = "{base_url}"\napi_key = "{runway_emulator.api_key}"\nproxy = "{proxy.url}"\n'
    config = tmp_path / "anymedia.toml"
    config.write_text(f"[providers.runway]\n{settings}poll_interval = 0.02\n")
    large = image("a lighthouse", seed=1, width=640, height=480) + random.Random(0).randbytes(4_000_000)
    async with AsyncMediaClient.from_config(config, provider="runway", journal=None) as client:
        await client.submit(ImageToVideo(image=large, prompt="the lamp turns"))
    assert proxy.targets == [f"POST {base_url}{path}" for path in ("/v1/uploads", "/storage", "/v1/image_to_video")]
    assert [f"POST {base_url}{seen.removeprefix('POST ')}" for seen in runway_emulator.ledger.requests] == proxy.targets
