"""Lets the tests here use the helpers beside them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # for the helpers beside this file
