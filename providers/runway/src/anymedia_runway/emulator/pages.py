"""Splits a list into pages, joined by opaque cursors that outlive the rows they name."""

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from anymedia_runway.emulator import issues
from anymedia_runway.emulator.errors import invalid_query

__all__ = ["page"]

T = TypeVar("T")

_MARK = "after:"


def page(
    rows: Iterable[T],
    wanted: Mapping[str, Any],
    key: Callable[[T], str],
    show: Callable[[T], dict[str, Any]],
    *,
    newest_first: bool = True,
) -> dict[str, Any]:
    """One page of rows.

    Args:
        rows: All rows, in any order.
        wanted: `limit`, and `cursor` for a later page.
        key: What a row is sorted by, different for each; a cursor holds that of the last row shown.
        show: A row as the API shows it.
        newest_first: Whether the largest key comes first.

    Raises:
        ApiError: The cursor is none of ours.
    """
    ordered = sorted(rows, key=key, reverse=newest_first)
    if (cursor := wanted.get("cursor")) is not None:
        last = _unpacked(cursor)
        ordered = [row for row in ordered if (key(row) < last if newest_first else key(row) > last)]
    shown, more = ordered[: wanted["limit"]], len(ordered) > wanted["limit"]
    following = _packed(key(shown[-1])) if more else None
    return {"data": [show(row) for row in shown], "hasMore": more, "nextCursor": following}


def _packed(key: str) -> str:
    return base64.urlsafe_b64encode(f"{_MARK}{key}".encode()).decode()


def _unpacked(cursor: str) -> str:
    try:
        text = base64.urlsafe_b64decode(cursor.encode()).decode()
    except (ValueError, binascii.Error):
        text = ""
    if not text.startswith(_MARK):
        raise invalid_query([issues.custom(["cursor"], "Invalid cursor")])
    return text.removeprefix(_MARK)
