"""That every example is run and shown."""

import re
from pathlib import Path

from example_runs import EXAMPLES, ROOT


def test_no_example_is_left_out() -> None:
    """Each file in docs/examples is run by a test beside this one, and shown on a page of the documentation."""
    tests = "".join(file.read_text() for file in Path(__file__).parent.glob("test_examples_*.py"))
    pages = "".join(page.read_text() for page in (ROOT / "docs").rglob("*.md"))
    for file in EXAMPLES.rglob("*.py"):
        name = file.relative_to(EXAMPLES).with_suffix("").as_posix()
        assert re.search(rf'"{name.removesuffix("_async")}(\{{twin\}})?[":]', tests), name
        assert f'--8<-- "docs/examples/{name}.py"' in pages, name
