"""Where a cell is played: the client under test, a proxy that breaks the wire, an emulator that misbehaves."""

import asyncio
import inspect
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Future
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fault_matrix import ALWAYS, POLLED, RUNWAY, Cell, Delivered, Ending

from anymedia import AsyncMediaClient, MediaClient, TaskNotFoundError
from anymedia.testing import FaultProxy, ScaledClock
from anymedia.testing.emulator import Emulator, LedgerEvent
from anymedia.testing.server import Server
from anymedia_runware.emulator import RunwareEmulator
from anymedia_runway.emulator import RunwayEmulator

__all__ = ["Stage", "stage"]

_EMULATED = 1000
_MOMENT = 0.2
_STRANGER = "00000000-0000-4000-8000-000000000000"
_SETTINGS = """
provider = "{provider}"

[providers.{provider}]
base_url = "{url}"
api_key = "{key}"
poll_interval = 0.4
retry_delay = 0.2
timeout = {timeout}
"""


class Stage:
    """One cell being played.

    Args:
        cell: Which.
        emulator: The provider's; running.
        proxy: In front of the emulator; running.
        config: The client's settings.
    """

    def __init__(self, cell: Cell, emulator: Emulator, proxy: FaultProxy, config: Path) -> None:
        self.cell = cell
        self.emulator = emulator
        self.proxy = proxy
        self.clock = ScaledClock(cell.case.speed * (2 if cell.case.silence else 1))
        self._config = config
        self._armed: list[tuple[Any, int]] = []
        self._doing: list[asyncio.Future[Any]] = []
        self._has_struck = False
        self._accepted = asyncio.Event()
        emulator.ledger.subscribe(self._heard)

    # The client, in either world.

    def open(self) -> Any:
        """A client with nothing in its memory, as a new process would have."""
        kind = AsyncMediaClient if self.cell.world == "async" else MediaClient
        client = kind.from_config(self._config, clock=self.clock)
        return client.with_options(delivery="poll") if self.cell.lane == POLLED else client

    async def do(self, step: Callable[..., Any], *given: Any) -> Any:
        """Take a step of either client: await it, or give it a thread of its own."""
        if inspect.iscoroutinefunction(step):
            return await step(*given)
        return await _in_thread(step, *given)

    async def close(self, client: Any) -> None:
        await self.do(client.aclose if self.cell.world == "async" else client.close)

    async def warm_up(self, client: Any) -> None:
        """Open the connection by a question that costs nothing."""
        stranger = client.attach(f"anymedia+{self.emulator.name}://{_STRANGER}?v=1&op=text_to_image&model=m&n=1")
        try:
            await self.do(stranger.status)
        except TaskNotFoundError:
            return
        raise AssertionError("the emulator knows a task that nobody made")

    # The trouble.

    def strike(self) -> None:
        """Do the harm, or begin to."""
        self._has_struck = True
        done = self.cell.case.strike(self)
        self._armed = [(fault, _left(fault)) for fault in self._waiting()]
        if inspect.isawaitable(done):
            self._doing.append(asyncio.ensure_future(done))

    async def done(self) -> None:
        """Wait until the harm that takes a while is done."""
        await asyncio.gather(*self._doing)

    async def struck(self) -> None:
        """Make sure that what was to strike has struck."""
        await self.done()
        missed = [fault for fault, times in self._armed if _left(fault) == times]
        assert self._has_struck, "no trouble came"
        assert not missed, f"never struck: {missed}"

    def calm(self) -> None:
        """Let nothing go wrong any more."""
        self.emulator.faults.clear()
        self.proxy._armed.clear()

    def revoke_key(self) -> None:
        """From now on the key opens nothing."""
        self.emulator.faults.add("reject_key", times=ALWAYS)
        self.proxy.cut()

    def flow_again(self) -> None:
        """End a silence after a moment."""
        asyncio.get_running_loop().call_later(_MOMENT, self.proxy.release)

    def restart(self, *, missed: bool = True) -> Awaitable[None]:
        """The server drops every connection, goes away until it is missed, and comes back with all it knew."""
        self.proxy.reset()
        return self._away_and_back(missed=missed)

    async def _away_and_back(self, *, missed: bool) -> None:
        server = self.emulator._server
        await server.aclose()
        if missed:
            await _knock(server.port)
        self.emulator._server = Server(server._app, port=server.port)
        await self.emulator._server.start()

    async def late_request(self) -> None:
        """What was held up reaches the server after all."""
        self.proxy.release()
        await self._accepted.wait()

    def _waiting(self) -> list[Any]:
        return [*self.emulator.faults._armed, *self.proxy._armed]

    def _heard(self, event: LedgerEvent) -> None:
        if event.name == "accepted":
            self._accepted.set()
        if event.name == self.cell.case.when and not self._has_struck:
            self.strike()

    # The account.

    @property
    def sent(self) -> int:
        """How many create requests the server has seen."""
        return sum(one.startswith("POST /v1/") or one == "imageInference" for one in self.emulator.ledger.requests)

    def ending(self, outcome: str, delivered: Delivered) -> Ending:
        """How it ends, by the ledger."""
        ledger = self.emulator.ledger
        charged = sum(entry.charged > 0 for entry in ledger.entries.values())
        return Ending(outcome, ledger.accepted, charged, delivered)


def _left(fault: Any) -> int:
    """How many more times a fault will strike."""
    return fault.left if hasattr(fault, "left") else fault.times


async def _knock(port: int) -> None:
    """Wait until somebody comes to a port where nobody is at home."""
    knocked = asyncio.Event()

    def turn_away(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()
        knocked.set()

    async with await asyncio.start_server(turn_away, "127.0.0.1", port):
        await knocked.wait()


async def _in_thread(step: Callable[..., Any], *given: Any) -> Any:
    """Run a blocking step in a thread that, should it hang, keeps nobody from going on."""
    done: Future[Any] = Future()

    def work() -> None:
        done.set_running_or_notify_cancel()
        try:
            done.set_result(step(*given))
        except BaseException as error:  # noqa: BLE001 - raised again where it is awaited
            done.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return await asyncio.wrap_future(done)


@asynccontextmanager
async def stage(cell: Cell, folder: Path) -> AsyncIterator[Stage]:
    """Set the stage of a cell, and clear it."""
    async with AsyncExitStack() as stack:
        kind = RunwayEmulator if cell.lane == RUNWAY else RunwareEmulator
        emulator = await stack.enter_async_context(kind(speed=_EMULATED))
        proxy = FaultProxy(emulator.endpoint.base_url, emulator.ledger)
        url = await proxy.start()
        stack.push_async_callback(proxy.aclose)
        if isinstance(emulator, RunwareEmulator):  # Runway's media have the address that the client knows
            emulator.backend.host.base_url = f"http://{urlsplit(url).netloc}"
        config = folder / "anymedia.toml"
        config.write_text(_settings(cell, emulator, url))
        yield Stage(cell, emulator, proxy, config)


def _settings(cell: Cell, emulator: Emulator, url: str) -> str:
    text = _SETTINGS.format(provider=emulator.name, url=url, key=emulator.api_key, timeout=cell.case.timeout)
    if cell.case.silence:  # Runway's calls are measured on the machine's clock, all else on the client's
        text += f"submit_timeout = {0.3 if cell.lane == RUNWAY else 12}\ndownload_timeout = 20\n"
    return text
