"""Plain data as JSON bytes with one spelling, so that a hash or a signature over them means the content and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json


def canonical(content: Any) -> bytes:
    """Plain data as JSON bytes with one spelling: keys sorted at every depth, no spaces, UTF-8."""
    return to_json(in_order(content), inf_nan_mode="constants")


def in_order(content: Any) -> Any:
    """The same plain data with the keys of every dictionary sorted."""
    if isinstance(content, Mapping):
        return {str(key): in_order(content[key]) for key in sorted(content, key=str)}
    return [in_order(item) for item in content] if isinstance(content, list | tuple) else content
