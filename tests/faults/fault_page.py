"""The published tables: what the cells of each section came to, in `docs/explanation/fault-matrix.md`."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

from fault_matrix import POLLED, PUSHED, Cell, Ending

__all__ = ["expected", "publish", "published"]

_PAGE = Path(__file__).parents[2] / "docs/explanation/fault-matrix.md"
_HEAD = "| Fault | Where | Ends with | Started | Charged | Delivered |\n|---|---|---|---|---|---|"
_END = "<!-- end of the table -->"


def publish(section: str, endings: Mapping[Cell, Ending]) -> None:
    """Write one section's table."""
    before, rest = _PAGE.read_text(encoding="utf-8").split(_begin(section))
    _, after = rest.split(_END, 1)
    _PAGE.write_text(f"{before}{_begin(section)}\n\n{_table(endings)}\n\n{_END}{after}", encoding="utf-8")


def published(section: str) -> str:
    """One section's table as it is."""
    return _PAGE.read_text(encoding="utf-8").split(_begin(section))[1].split(_END)[0].strip()


def expected(cells: Sequence[Cell]) -> str:
    """One section's table as it must be."""
    return _table({cell: cell.case.ending for cell in cells})


def _begin(section: str) -> str:
    return f"<!-- table: {section} -->"


def _table(endings: Mapping[Cell, Ending]) -> str:
    lines = [_HEAD]
    in_order = sorted(endings, key=lambda cell: cell.place)
    for what, same_fault in groupby(in_order, lambda cell: cell.what):
        alike: dict[Ending, list[Cell]] = {}
        for cell in same_fault:
            alike.setdefault(endings[cell], []).append(cell)
        lines += [_line(what, ending, cells) for ending, cells in alike.items()]
    return "\n".join(lines)


def _line(what: str, ending: Ending, cells: Sequence[Cell]) -> str:
    outcome = f"`{ending.outcome}`" if ending.outcome.endswith(("Error", "Interrupt")) else ending.outcome
    return f"| {what} | {_where(cells)} | {outcome} | {ending.accepted} | {ending.charged} | {ending.delivered} |"


def _where(cells: Sequence[Cell]) -> str:
    worlds: dict[str, list[str]] = {}
    for cell in cells:
        worlds.setdefault(cell.lane, []).append(cell.world)
    names = [f"{lane} ({both[0]})" if both in (["async"], ["sync"]) else lane for lane, both in worlds.items()]
    return "; ".join(names).replace(f"{PUSHED}; {POLLED}", "Runware")
