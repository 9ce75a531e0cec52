"""Providers are found through entry points, and what is wrong with one is said at once."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from anymedia import AsyncMediaClient, RemoveBackground
from anymedia.errors import ConfigurationError, UnsupportedError
from anymedia.registry import emulator_endpoint, provider_class, provider_names

_MODULE = """
from anymedia.catalog import Catalog
from anymedia.provider import Provider

class Newcomer(Provider):
    name = "newcomer"
    contract = 1

    @classmethod
    def catalog(cls):
        return Catalog("newcomer", (), {})

class Future(Provider):
    name = "from-the-future"
    contract = 99

class Stranger:
    contract = 1
"""
_ENTRY_POINTS = """
[anymedia.providers]
newcomer = anymedia_strange:Newcomer
from-the-future = anymedia_strange:Future
no-provider = anymedia_strange:Stranger
no-module = anymedia_strange.nowhere:Provider
no-name = anymedia_strange:Nothing
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package installed like any other, with one good provider and several that something is wrong with."""
    metadata = tmp_path / "anymedia_strange-1.0.dist-info"
    metadata.mkdir()
    (tmp_path / "anymedia_strange.py").write_text(_MODULE, encoding="utf-8")
    (metadata / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: anymedia-strange\nVersion: 1.0\n", encoding="utf-8"
    )
    (metadata / "entry_points.txt").write_text(_ENTRY_POINTS, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("anymedia_strange", None)
    provider_class.cache_clear()


def test_installed_providers_are_found_by_their_entry_points() -> None:
    """The first-party providers come through the same door as anybody's."""
    assert {"runway", "runware"} <= set(provider_names())
    for name in provider_names():
        assert provider_class(name).name == name


def test_a_separately_packaged_provider_is_found(installed: None) -> None:
    """Being installed with an entry point is all that is needed."""
    assert "newcomer" in provider_names()
    assert provider_class("newcomer").__module__ == "anymedia_strange"


def test_another_contract_is_refused_by_number(installed: None) -> None:
    """A provider made for another anymedia is told apart before anything is called, naming both numbers."""
    with pytest.raises(ConfigurationError, match=r"'from-the-future' is made for contract 99.* speaks contract 1"):
        provider_class("from-the-future")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("no-provider", "is not a Provider"),
        ("no-module", "cannot be imported.*check its installation"),
        ("no-name", "cannot be imported.*Nothing"),
    ],
)
def test_a_broken_provider_says_what_is_wrong(installed: None, name: str, problem: str) -> None:
    """Whatever its entry point leads to, the error is ours and names the provider."""
    with pytest.raises(ConfigurationError, match=f"provider '{name}'.*{problem}"):
        provider_class(name)


async def test_a_broken_provider_spoils_no_other(installed: None) -> None:
    """Looking for somebody who can help, the core passes over what cannot be loaded."""
    async with AsyncMediaClient("runway", api_key="key_" + "0" * 128) as client:
        with pytest.raises(UnsupportedError, match="runware can"):
            await client.plan(RemoveBackground(image="https://example.invalid/cat.png"))


@pytest.mark.parametrize("given", ["runwya", "runwey"])
def test_an_unknown_provider_names_the_nearest(given: str) -> None:
    """A typing error is answered with the name that was meant."""
    with pytest.raises(ConfigurationError, match=rf"no provider '{given}'; installed: .*did you mean 'runway'\?"):
        provider_class(given)


def test_a_provider_that_is_not_installed_names_the_package() -> None:
    """Where no name is near, the error says what to install."""
    with pytest.raises(ConfigurationError, match="pip install anymedia-zzz"):
        provider_class("zzz")


def test_an_emulator_that_is_missing_is_named_as_one() -> None:
    """A provider without an emulator is told apart from no provider."""
    with pytest.raises(ConfigurationError, match="no emulator 'zzz'"):
        emulator_endpoint("zzz")
