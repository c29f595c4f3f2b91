"""The page of benchmarks/drift.py."""

from __future__ import annotations

from typing import Any


def written(found: dict[str, dict[str, Any]]) -> str:
    """The page from what was measured, by name."""
    return "# Drift\n"
