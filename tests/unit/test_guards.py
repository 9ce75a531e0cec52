"""The guards every other test stands on: no network but loopback, no settings of this machine, a stated promise."""

import ast

import pytest

pytest_plugins = ["pytester"]

_TESTS = """
import contextlib
import os
import socket

def test_reaches_out_and_swallows_the_error():
    with contextlib.suppress(OSError):
        socket.create_connection(("192.0.2.1", 9), timeout=0.1)

def test_stays_at_home():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()

def test_asks_for_a_name_that_never_resolves():
    with contextlib.suppress(socket.gaierror):
        socket.create_connection(("nowhere.invalid", 9), timeout=0.1)

def test_looks_for_keys():
    assert not {"RUNWARE_API_KEY", "RUNWAYML_API_SECRET", "ANYMEDIA_PROVIDER"} & set(os.environ)
"""


def test_a_test_that_leaves_this_machine_or_sees_its_keys_fails(
    pytester: pytest.Pytester, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One test in four reaches out, and only that one is an error."""
    for name in ("RUNWARE_API_KEY", "RUNWAYML_API_SECRET", "ANYMEDIA_PROVIDER"):
        monkeypatch.setenv(name, "set")
    pytester.makeconftest((pytestconfig.rootpath / "conftest.py").read_text(encoding="utf-8"))
    pytester.makepyfile(_TESTS)
    outcomes = pytester.runpytest_subprocess("-p", "no:asyncio")
    outcomes.assert_outcomes(passed=4, errors=1)
    outcomes.stdout.fnmatch_lines("*left loopback: socket.getaddrinfo 192.0.2.1*")


def test_every_test_says_the_promise_it_keeps(pytestconfig: pytest.Config) -> None:
    """A failing test tells in one line what is no longer true."""
    silent = [
        f"{path.name}: {node.name}"
        for folder in ("tests", "providers")
        for path in (pytestconfig.rootpath / folder).rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _is_silent_test(node)
    ]
    assert not silent


def _is_silent_test(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return node.name.startswith("test_") and not ast.get_docstring(node)
