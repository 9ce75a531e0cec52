"""A few hundred tasks amid trouble; `make soak` is the same with ten thousand."""

import asyncio
import sys
from pathlib import Path

_SOAK = Path(__file__).parents[1] / "soak" / "soak.py"
_PATIENCE = 120.0


async def test_nothing_is_lost_paid_twice_or_left_hanging() -> None:
    """While something breaks five times a second, the ledger and the journal agree on every task of both providers."""
    async with asyncio.timeout(_PATIENCE):
        reports = await asyncio.gather(*(soaked(provider) for provider in ("runway", "runware")))
    for report in reports:
        assert "lost 0, charged twice 0, hung 0" in report, report
        assert "200 requests" in report, report


async def soaked(provider: str) -> str:
    """What the soak of one provider reports."""
    arguments = ("--provider", provider, "--tasks", "200", "--every", "0.2", "--faults", "25")
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(_SOAK), *arguments, stdout=asyncio.subprocess.PIPE
    )
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    return output.decode()
