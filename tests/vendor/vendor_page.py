"""The published tables of the vendors' own SDKs: what each does against the emulator, and what it cannot."""

import re
from collections.abc import Mapping, Sequence

from vendor_methods import Package

__all__ = ["Run", "methods_table", "packages_table", "said"]

_METHOD = re.compile(r"(?P<verb>can|did|lacks|trap) (?P<method>[\w.]+)(: (?P<note>.*))?")

# What a script said, by method in snake case: the verbs it used and what it noted.
Run = Mapping[str, tuple[frozenset[str], str]]


def packages_table(packages: Sequence[Package]) -> str:
    """One line per SDK, for SDKs with methods of their own."""
    head = ["| SDK | Works | Cannot, by a bug of its own |", "|---|---|---|"]
    return "\n".join([*head, *map(_row, packages)])


def methods_table(runs: Mapping[str, Run]) -> str:
    """One line per method and one column per SDK, for SDKs with the same methods."""
    lines = [f"| Method | {' | '.join(runs)} |", "|---" * (1 + len(runs)) + "|"]
    methods = sorted({method for run in runs.values() for method in run})
    lines += [f"| `{each}` | {' | '.join(_cell(run, each) for run in runs.values())} |" for each in methods]
    return "\n".join(lines)


def said(steps: Sequence[str]) -> Run:
    """What came of each method, by the lines of a script."""
    verbs: dict[str, set[str]] = {}
    notes: dict[str, str] = {}
    for step in steps:
        found = _METHOD.fullmatch(step)
        assert found is not None, step
        method = _snake(found["method"])
        verbs.setdefault(method, set()).add(found["verb"])
        notes[method] = found["note"] or notes.get(method, "")
    return {method: (frozenset(used), notes[method]) for method, used in verbs.items()}


def _row(package: Package) -> str:
    works = ", ".join(f"`{method}`" for method in package.methods)
    cannot = "<br>".join(_cannot(step, what) for step, what in package.traps.items())
    return f"| {package.name} | {works} | {cannot} |"


def _cannot(step: str, what: str) -> str:
    method, _, trap = step.partition(": ")
    number = f" ({trap})" if trap[1:].isdecimal() else ""
    return f"`{method}`: {what}{number}"


def _cell(run: Run, method: str) -> str:
    verbs, note = run.get(method, (frozenset[str](), ""))
    if "can" not in verbs:
        return "no such method"
    works = "works" if "did" in verbs else "not called"
    return f"{works}; {note}" if note else works


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).lower()
