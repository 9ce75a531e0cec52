"""That no trap is without its test."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[4]
FOLDERS = (ROOT / "providers/runway/tests", ROOT / "tests/network")
TRAPS = range(1, 31)


def test_every_trap_has_a_test() -> None:
    """Each of the thirty traps of the official SDKs is named by a test, and each such name by a promise."""
    tests = [
        node
        for folder in FOLDERS
        for file in folder.rglob("test_runway_traps_*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_trap_")
    ]
    numbers = {int(found[1]) for test in tests if (found := re.match(r"test_trap_(\d\d)_\w{10,}$", test.name))}
    assert numbers == set(TRAPS), f"missing: {sorted(set(TRAPS) - numbers)}"
    assert all(ast.get_docstring(test) for test in tests)
