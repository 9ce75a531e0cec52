"""All tests of the kit as one class to inherit."""

from collections.abc import Sequence
from typing import ClassVar, cast

import pytest

from anymedia.registry import provider_class
from anymedia.testing.conformance.following import Following
from anymedia.testing.conformance.housekeeping import Housekeeping
from anymedia.testing.conformance.submitting import Submitting, lacking

__all__ = ["ProviderConformance"]


class ProviderConformance(Submitting, Following, Housekeeping):
    """The promises of a provider; see `anymedia.testing.conformance` for how to use it."""

    pytestmark: ClassVar[pytest.MarkDecorator] = pytest.mark.asyncio

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run a test once for each fault, code or operation it asks for."""
        catalog = provider_class(self.provider).catalog()
        cases: dict[str, Sequence[object]] = {
            "ambiguous": self.ambiguous,
            "tolerated": self.tolerated,
            "code": self.codes,
            "operation": sorted(catalog.operations()),
            "lacking": lacking(catalog),
        }
        for name in set(cases) & set(metafunc.fixturenames):
            metafunc.parametrize(name, cases[name], ids=_id)


def _id(case: object) -> str:
    return "-".join(filter(None, cast("tuple[str, ...]", case))) if isinstance(case, tuple) else str(case)
