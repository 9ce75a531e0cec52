"""Asks for everything the platform sells; with `ANYMEDIA_WRITE_MATRIX=1`, the answers are written into the page."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # for the helpers beside this file
