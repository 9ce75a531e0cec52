"""No trap of the vendor's own SDKs is without a test of ours that carries its number."""

import ast
import re
from pathlib import Path

_OLD_SDK, _NEW_SDK = 33, 30
_NAME = re.compile(r"test_trap_([on])(\d\d)_\w+")


def _names() -> list[str]:
    files = Path(__file__).parent.glob("test_runware_traps_*_sdk_*.py")
    return [
        node.name
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def test_every_trap_has_a_test() -> None:
    """O1 to O33 of the old Python SDK and N1 to N30 of the new one: each number is there, and no other."""
    found = [match.groups() for name in _names() if (match := _NAME.fullmatch(name))]
    assert {number for sdk, number in found if sdk == "o"} == {f"{number:02}" for number in range(1, _OLD_SDK + 1)}
    assert {number for sdk, number in found if sdk == "n"} == {f"{number:02}" for number in range(1, _NEW_SDK + 1)}


def test_every_habit_of_the_javascript_sdk_has_a_test() -> None:
    """What `@runware/sdk-js` 1.3.2 does beyond these is tested under its own name."""
    assert sum(name.startswith("test_trap_js_") for name in _names()) >= 4
