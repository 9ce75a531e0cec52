"""The published table of Runware's own SDKs, in the provider's page."""

from pathlib import Path

from vendor_methods import PACKAGES, Package

__all__ = ["publish", "published", "table"]

_PAGE = Path(__file__).parents[2] / "docs/reference/runware.md"
_BEGIN = "<!-- table: the vendor's own SDKs -->"
_END = "<!-- end of the table -->"
_HEAD = "| SDK | Works | Cannot, by a bug of its own |\n|---|---|---|"


def table() -> str:
    """The table as it must be."""
    return "\n".join([_HEAD, *map(_row, PACKAGES)])


def published() -> str:
    """The table as it is."""
    return _PAGE.read_text(encoding="utf-8").split(_BEGIN)[1].split(_END)[0].strip()


def publish() -> None:
    """Write the table."""
    before, rest = _PAGE.read_text(encoding="utf-8").split(_BEGIN)
    _, after = rest.split(_END, 1)
    _PAGE.write_text(f"{before}{_BEGIN}\n\n{table()}\n\n{_END}{after}", encoding="utf-8")


def _row(package: Package) -> str:
    works = ", ".join(f"`{method}`" for method in package.methods)
    cannot = "<br>".join(_cannot(step, what) for step, what in package.traps.items())
    return f"| {package.name} | {works} | {cannot} |"


def _cannot(step: str, what: str) -> str:
    method, _, trap = step.partition(": ")
    number = f" ({trap})" if trap[1:].isdecimal() else ""
    return f"`{method}`: {what}{number}"
