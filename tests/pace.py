"""What keeps the suite quick: compiled modules are kept, and long files come first."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path

import pytest

if sys.dont_write_bytecode:
    # the tests start many processes that load torch: what one has compiled, the next need not, and the source tree is left clean
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"] = str(Path(__file__).parents[1] / ".pytest_cache" / "bytecode")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with the most slow tests come first: a long file that came last would leave all other workers without work."""
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.path])  # keeps the order within a file, and of files with as many
