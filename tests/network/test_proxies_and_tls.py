"""Proxies and private certificates: every connection to a provider takes the way its settings name, and no other."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from anymedia import AsyncMediaClient
from anymedia.config import Network
from anymedia.errors import ConfigurationError, TransportError
from anymedia.testing import Emulator
from anymedia.transports.http import HttpTransport
from anymedia.transports.websocket import connect

Proxy = Any
Front = Callable[[str], Awaitable[str]]


@pytest.fixture(params=["runware", "runway"])
def emulator(request: pytest.FixtureRequest) -> Emulator:
    """Each provider's emulator."""
    found: Emulator = request.getfixturevalue(f"{request.param}_emulator")
    return found


def configured(folder: Path, emulator: Emulator, base_url: str, *lines: str) -> AsyncMediaClient:
    """A client as a file in `folder` describes it."""
    file = folder / "anymedia.toml"
    table = [f'provider = "{emulator.name}"', f"[providers.{emulator.name}]", f'api_key = "{emulator.api_key}"']
    file.write_text("\n".join([*table, f'base_url = "{base_url}"', "poll_interval = 0.02", "retries = 0", *lines]))
    return AsyncMediaClient.from_config(file, journal=None)


async def test_everything_goes_through_the_proxy(emulator: Emulator, proxy: Proxy, tmp_path: Path) -> None:
    """Submission, look-ups and the download all pass the proxy; the result is whole and paid once."""
    base_url = emulator.endpoint.base_url
    async with configured(tmp_path, emulator, base_url, f'proxy = "{proxy.url}"') as client:
        result = await client.text_to_image(prompt="a lighthouse")
        (saved,) = await result.asave(tmp_path)
    assert saved.stat().st_size > 0
    assert emulator.ledger.accepted == 1
    host = base_url.split("/")[2]
    assert all(host in target for target in proxy.targets)
    opening = f"CONNECT {host}" if emulator.name == "runware" else f"POST {base_url}"
    assert any(target.startswith(opening) for target in proxy.targets)
    assert any(target == f"GET {result.url}" for target in proxy.targets)


async def test_a_proxy_with_a_password(
    emulator: Emulator, front: Front, proxy: Proxy, ca_file: Path, tmp_path: Path
) -> None:
    """The password in the URL opens the proxy; without it nothing is sent; it is in no repr and no message."""
    proxy.password = "s3cret-word"
    base_url = await front(emulator.endpoint.base_url)
    trusted = f'ca_file = "{ca_file}"'
    async with configured(tmp_path, emulator, base_url, trusted, f'proxy = "{proxy.url}"') as client:
        assert (await client.text_to_image(prompt="a lighthouse")).url
        assert proxy.password not in repr(await client._engine.provider(emulator.name)) + repr(client._engine.config)
    bare = f'proxy = "http://127.0.0.1:{proxy.port}"'
    async with configured(tmp_path, emulator, base_url, trusted, bare) as client:
        with pytest.raises(TransportError) as caught:
            await client.text_to_image(prompt="a lighthouse")
    assert caught.value.sent is False
    assert proxy.strangers
    assert emulator.ledger.accepted == 1


async def test_a_proxy_that_is_not_there(emulator: Emulator, tmp_path: Path) -> None:
    """Without its proxy a provider is out of reach: nothing is sent around it."""
    with_proxy = configured(tmp_path, emulator, emulator.endpoint.base_url, 'proxy = "http://127.0.0.1:1"')
    async with with_proxy as client:
        with pytest.raises(TransportError) as caught:
            await client.text_to_image(prompt="a lighthouse")
    assert caught.value.sent is False
    assert emulator.ledger.requests == []


async def test_an_ambient_proxy_is_not_for_this_machine(
    emulator: Emulator, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What HTTP_PROXY names is for the world outside; an emulator on loopback is reached without it."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url)
    async with configured(tmp_path, emulator, emulator.endpoint.base_url) as client:
        await (await client.text_to_image(prompt="a lighthouse")).asave(tmp_path)
    assert proxy.targets == []


async def test_an_ambient_proxy_is_for_the_world(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host elsewhere is asked for at the proxy that the environment names, over HTTP and over WebSocket."""
    proxy.password = "s3cret-word"
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    http = HttpTransport()
    with pytest.raises(TransportError):
        await http.request("GET", "https://vendor.invalid/x", timeout=5)
    await http.aclose()
    with pytest.raises(TransportError):
        await connect("wss://vendor.invalid/x", timeout=5)
    assert proxy.strangers == 2


async def test_a_private_certificate(emulator: Emulator, front: Front, ca_file: Path, tmp_path: Path) -> None:
    """A server that only a company's own certificate vouches for is trusted once the file names that certificate."""
    base_url = await front(emulator.endpoint.base_url)
    async with configured(tmp_path, emulator, base_url) as client:
        with pytest.raises(TransportError, match="CERTIFICATE_VERIFY_FAILED"):
            await client.text_to_image(prompt="a lighthouse")
    assert emulator.ledger.requests == []
    (tmp_path / "company.pem").write_bytes(ca_file.read_bytes())
    async with configured(tmp_path, emulator, base_url, 'ca_file = "company.pem"') as client:
        assert (await client.text_to_image(prompt="a lighthouse")).url
    assert emulator.ledger.accepted == 1


async def test_a_private_certificate_behind_a_proxy(
    emulator: Emulator, front: Front, proxy: Proxy, ca_file: Path, tmp_path: Path
) -> None:
    """Both together: the proxy sees a host and a port, and nothing of what is said inside."""
    base_url = await front(emulator.endpoint.base_url)
    lines = f'proxy = "{proxy.url}"', f'ca_file = "{ca_file}"'
    async with configured(tmp_path, emulator, base_url, *lines) as client:
        assert (await client.text_to_image(prompt="a lighthouse")).url
    assert set(proxy.targets) == {f"CONNECT {base_url.split('/')[2]}"}


async def test_the_certificate_of_a_proxy(
    emulator: Emulator, front: Front, proxy: Proxy, ca_file: Path, tmp_path: Path
) -> None:
    """A proxy that itself speaks TLS, by the same private certificate."""
    tls_proxy = await front(proxy.url)
    lines = f'proxy = "{tls_proxy}"', f'ca_file = "{ca_file}"'
    async with configured(tmp_path, emulator, emulator.endpoint.base_url, *lines) as client:
        assert (await client.text_to_image(prompt="a lighthouse")).url
    assert proxy.targets


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('ca_file = "none.pem"', "none.pem"),
        ('ca_file = "anymedia.toml"', "ca_file"),
        ('proxy = "socks5://me:s3cret-word@127.0.0.1:1"', "http://host:port"),
        ('proxy = "127.0.0.1:1"', "http://host:port"),
    ],
)
async def test_settings_that_cannot_work(runway_emulator: Emulator, tmp_path: Path, line: str, says: str) -> None:
    """A missing or useless certificate file and a proxy of another kind are named as what they are, unsent."""
    with pytest.raises(ConfigurationError, match=says) as caught:
        async with configured(tmp_path, runway_emulator, runway_emulator.endpoint.base_url, line) as client:
            await client.text_to_image(prompt="a lighthouse")
    assert "s3cret-word" not in str(caught.value)
    assert runway_emulator.ledger.requests == []


async def test_an_ambient_proxy_of_a_kind_nobody_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A SOCKS proxy in the environment, without the library for it, is a configuration error that says so."""
    monkeypatch.setenv("ALL_PROXY", "gopher://127.0.0.1:1")
    with pytest.raises(ConfigurationError, match="environment"):
        HttpTransport()
    monkeypatch.setenv("HTTPS_PROXY", "gopher://127.0.0.1:1")
    with pytest.raises(ConfigurationError, match="environment"):
        await connect("wss://vendor.invalid/x", timeout=5)


async def test_providers_with_the_same_way_share_their_connections(tmp_path: Path) -> None:
    """One pool serves all providers without settings of their own; one behind a proxy has its own."""
    file = tmp_path / "anymedia.toml"
    key = 'api_key = "key_0"\nbase_url = "http://127.0.0.1:1"\n'
    file.write_text(f"[providers.runway]\n{key}\n[providers.runware]\n{key}")
    async with AsyncMediaClient.from_config(file, provider="runway", journal=None) as client:
        one, other = await asyncio.gather(*map(client._engine.provider, ("runway", "runware")))
        assert one.context is other.context
    file.write_text(f'[providers.runway]\n{key}proxy = "http://127.0.0.1:1"\n[providers.runware]\n{key}')
    async with AsyncMediaClient.from_config(file, provider="runway", journal=None) as client:
        one, other = await asyncio.gather(*map(client._engine.provider, ("runway", "runware")))
        assert one.context.http is not other.context.http
        assert other.settings.network == Network()
