"""Runware's own SDKs, unmodified, over every method they have that the emulator's platform offers."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from vendor_methods import PACKAGES, Package
from vendor_page import packages_table

from anymedia.testing.hosting import Hosted
from anymedia_runware.emulator import RunwareEmulator

pytestmark = pytest.mark.vendor

_SPEED = 500
_PLAYED = [pytest.param(package, id=package.name) for package in PACKAGES]

Runs = Mapping[str, "Future[list[str]]"]


def play(package: Package, config: pytest.Config) -> list[str]:
    """What a package's script reports, from an emulator of its own."""
    with Hosted(RunwareEmulator(speed=_SPEED)) as endpoint:
        return package.run(endpoint, config)


@pytest.fixture(scope="module")
def runs(pytestconfig: pytest.Config) -> Iterator[Runs]:
    """All packages at once, for they spend their time waiting between polls."""
    with ThreadPoolExecutor(len(PACKAGES)) as pool:
        yield {package.name: pool.submit(play, package, pytestconfig) for package in PACKAGES}


@pytest.mark.parametrize("package", _PLAYED)
def test_every_method(package: Package, runs: Runs) -> None:
    """Each method does what it is for; what one cannot, by a bug of the SDK's own, is listed and seen to happen."""
    assert sorted(runs[package.name].result()) == sorted(package.steps)


def test_the_published_table_of_sdks(publishes: Callable[[str, str, str], None]) -> None:
    """The provider's page says of each SDK what the runs show."""
    publishes("reference/runware.md", "the vendor's own SDKs", packages_table(PACKAGES))
