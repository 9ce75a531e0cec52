"""The table of the provider's README: which method of which vendor SDK works against the emulator."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["Run", "publish", "published", "said", "table"]

_PAGE = Path(__file__).parents[2] / "providers/runway/README.md"
_BEGIN, _END = "<!-- table: vendor-sdks -->", "<!-- end of the table -->"
_METHOD = re.compile(r"(?P<verb>can|did|lacks|trap) (?P<method>[\w.]+)(: (?P<note>.*))?")

# What a script said, by method in snake case: the verbs it used and what it noted.
Run = Mapping[str, tuple[frozenset[str], str]]


def said(steps: Sequence[str]) -> Run:
    """What came of each method."""
    verbs: dict[str, set[str]] = {}
    notes: dict[str, str] = {}
    for step in steps:
        found = _METHOD.fullmatch(step)
        assert found is not None, step
        method = _snake(found["method"])
        verbs.setdefault(method, set()).add(found["verb"])
        notes[method] = found["note"] or notes.get(method, "")
    return {method: (frozenset(used), notes[method]) for method, used in verbs.items()}


def table(runs: Mapping[str, Run]) -> str:
    """One line per method, one column per SDK."""
    lines = [f"| Method | {' | '.join(runs)} |", "|---" * (1 + len(runs)) + "|"]
    methods = sorted({method for run in runs.values() for method in run})
    lines += [f"| `{each}` | {' | '.join(_cell(run, each) for run in runs.values())} |" for each in methods]
    return "\n".join(lines)


def publish(written: str) -> None:
    """Write the table."""
    before, rest = _PAGE.read_text(encoding="utf-8").split(_BEGIN)
    _, after = rest.split(_END, 1)
    _PAGE.write_text(f"{before}{_BEGIN}\n\n{written}\n\n{_END}{after}", encoding="utf-8")


def published() -> str:
    """The table as it is."""
    return _PAGE.read_text(encoding="utf-8").split(_BEGIN)[1].split(_END)[0].strip()


def _cell(run: Run, method: str) -> str:
    verbs, note = run.get(method, (frozenset[str](), ""))
    if "can" not in verbs:
        return "no such method"
    works = "works" if "did" in verbs else "not called"
    return f"{works}; {note}" if note else works


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).lower()
