"""A few hundred tasks amid trouble; `make soak` is the same with ten thousand."""

import asyncio
import sys
from pathlib import Path

import pytest

_SOAK = Path(__file__).parents[1] / "soak" / "soak.py"
_PATIENCE = 90.0


@pytest.mark.parametrize("provider", ["runway", "runware"])
async def test_nothing_is_lost_paid_twice_or_left_hanging(provider: str) -> None:
    """With a fault several times a second, the ledger and the journal agree on every task."""
    arguments = ("--provider", provider, "--tasks", "200", "--every", "0.2")
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(_SOAK), *arguments, stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(_PATIENCE):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    report = output.decode()
    assert "lost 0, charged twice 0, hung 0" in report, report
    assert "200 requests" in report, report
    assert process.returncode == 0
