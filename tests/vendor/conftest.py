"""Lets the tests of this folder find the helpers beside them; with `ANYMEDIA_WRITE_MATRIX=1` the table is written."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for the helpers beside this file

from vendor_page import publish

_WRITES = bool(os.environ.get("ANYMEDIA_WRITE_MATRIX"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A table that is about to be written is not compared."""
    if _WRITES:
        compared = [item for item in items if item.name == "test_the_published_table_of_sdks"]
        items[:] = [item for item in items if item not in compared]
        config.hook.pytest_deselected(items=compared)


def pytest_sessionfinish(exitstatus: int) -> None:
    """Publish the table once the runs agree with it."""
    if _WRITES and exitstatus == pytest.ExitCode.OK:
        publish()
