"""What every test stands on: loopback only, no settings of this machine, running emulators, and generated pages."""

import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from anymedia_runware.emulator import RunwareEmulator
    from anymedia_runway.emulator import RunwayEmulator

_SPEED = 1000
_SETTINGS = ("ANYMEDIA_", "RUNWARE_", "RUNWAYML_")
_PROXIES = ("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY")
_WRITES_PAGES = bool(os.environ.get("ANYMEDIA_WRITE_MATRIX"))
_DOCS = Path(__file__).parent / "docs"
_strays: list[str] = []


def _is_local(host: object) -> bool:
    if host in (None, "", "localhost", b"localhost"):
        return True
    try:
        return ip_address(host.decode() if isinstance(host, bytes) else str(host)).is_loopback
    except ValueError:
        return False


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None  # a Unix socket has a path for its address
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    else:
        return
    if _is_local(host):
        return
    name = host.decode() if isinstance(host, bytes) else str(host)
    if name.endswith(".invalid"):
        raise socket.gaierror(socket.EAI_NONAME, "reserved never to resolve")
    _strays.append(f"{event} {host}")
    raise PermissionError(f"tests stay on loopback, but this is {host}")


# An audit hook sees every socket of the process, whatever library opens it; it cannot be removed, nor need it be.
sys.addaudithook(_watch)


@pytest.fixture(autouse=True)
def loopback_only() -> Iterator[None]:
    """Fail a test that tried to leave this machine, even when the code under test swallowed the error."""
    _strays.clear()
    yield
    assert not _strays, f"left loopback: {', '.join(_strays)}"


@pytest.fixture(autouse=True)
def own_settings(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide the developer's keys, configuration and state; a vendor's SDK is installed with the machine's own."""
    for name in os.environ:
        if name.startswith(_SETTINGS) or name.upper() in _PROXIES:
            monkeypatch.delenv(name)
    if request.node.get_closest_marker("vendor") is None:
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture(scope="session")
def publishes() -> Callable[[str, str, str], None]:
    """Holds a generated table against the published one; with `ANYMEDIA_WRITE_MATRIX=1` it is written in its place."""

    def hold(page: str, name: str, table: str) -> None:
        begin, end = f"<!-- table: {name} -->", "<!-- end of the table -->"
        before, rest = (_DOCS / page).read_text(encoding="utf-8").split(begin)
        shown, after = rest.split(end, 1)
        if _WRITES_PAGES:
            (_DOCS / page).write_text(f"{before}{begin}\n\n{table}\n\n{end}{after}", encoding="utf-8")
        else:
            assert shown.strip() == table

    return hold


@pytest.fixture
async def runware_emulator() -> AsyncIterator["RunwareEmulator"]:
    """Runware on loopback, a thousand times faster than life; `endpoint` says where."""
    from anymedia_runware.emulator import RunwareEmulator

    async with RunwareEmulator(speed=_SPEED) as emulator:
        yield emulator


@pytest.fixture
async def runway_emulator() -> AsyncIterator["RunwayEmulator"]:
    """Runway on loopback, a thousand times faster than life; `endpoint` says where."""
    from anymedia_runway.emulator import RunwayEmulator

    async with RunwayEmulator(speed=_SPEED) as emulator:
        yield emulator
