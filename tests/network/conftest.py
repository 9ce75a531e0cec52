"""A forward proxy and a TLS front on loopback, each told from the outside by what it has seen."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Proxy:
    """A forward proxy that takes both forms, CONNECT and whole URLs, from whoever knows the password."""

    port: int = 0
    password: str = ""
    targets: list[str] = field(default_factory=list)
    strangers: int = 0

    @property
    def url(self) -> str:
        """Where it listens, with the password."""
        return f"http://{self.password and 'me:' + self.password + '@'}127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on."""
        first, *headers = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, target, _ = first.split()
        if self.password and not any(line.lower().startswith("proxy-authorization: basic ") for line in headers):
            self.strangers += 1
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
            return
        self.targets.append(f"{method} {target}")
        parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
        other = await asyncio.open_connection(parts.hostname, parts.port)
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            path = parts._replace(scheme="", netloc="").geturl()
            kept = [line for line in headers if not line.lower().startswith(("connection:", "proxy-"))]
            other[1].write("\r\n".join([f"{method} {path} HTTP/1.1", "connection: close", *kept]).encode())
        await asyncio.gather(_pipe(reader, other[1]), _pipe(other[0], writer))


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


@pytest.fixture
async def listen() -> AsyncIterator[Callable[..., Awaitable[int]]]:
    """Serves raw connections on loopback, and says at which port."""
    async with AsyncExitStack() as stack:

        async def start(serve: Serve, context: ssl.SSLContext | None = None) -> int:
            under_way: set[asyncio.Task[None]] = set()

            async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                task = asyncio.current_task()
                assert task is not None
                under_way.add(task)
                try:
                    await serve(reader, writer)
                except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                    pass
                finally:
                    writer.close()
                    under_way.discard(task)

            async def stop(server: asyncio.Server) -> None:
                server.close()
                for task in under_way:
                    task.cancel()
                await asyncio.gather(*under_way, return_exceptions=True)

            server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
            stack.push_async_callback(stop, server)
            return int(server.sockets[0].getsockname()[1])

        yield start


@pytest.fixture
async def proxy(listen: Callable[..., Awaitable[int]]) -> Proxy:
    """A proxy that asks for no password."""
    made = Proxy()
    made.port = await listen(made.serve)
    return made


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Whoever certifies the TLS front; nobody else knows it."""
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    """The authority's own certificate."""
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(file)
    return file


@pytest.fixture
async def front(listen: Callable[..., Awaitable[int]], authority: trustme.CA) -> Callable[[str], Awaitable[str]]:
    """Puts TLS in front of a plain server on loopback."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)

    async def put_before(url: str) -> str:
        parts = urlsplit(url)

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            other = await asyncio.open_connection(parts.hostname, parts.port)
            await asyncio.gather(_pipe(reader, other[1]), _pipe(other[0], writer))

        port = await listen(serve, context)
        return parts._replace(scheme=parts.scheme + "s", netloc=f"localhost:{port}").geturl()

    return put_before
