"""How the card writes numbers: fixed digits, a real minus sign, an interval that says when there is none."""

from __future__ import annotations

from math import isfinite

from beside.core.types import Better

SIGNS: dict[Better, str] = {"higher": "≥", "lower": "≤"}
SMALL = 0.0005  # below it three digits would show nothing
LARGE = 100.0


def number(value: float) -> str:
    """A value with three digits behind the point; large ones with one, tiny ones with two digits that count."""
    if not isfinite(value):
        return "–" if value != value else "∞" if value > 0 else "−∞"
    size = abs(value)
    text = f"{size:,.1f}" if size >= LARGE else f"{size:.2g}" if 0 < size < SMALL else f"{size:.3f}"
    return f"−{text}" if value < 0 else text


def count(value: int) -> str:
    """A number of things, in groups of three digits."""
    return f"{value:,}"


def interval(low: float, high: float, none: str) -> str:
    """`0.862 – 0.948`, or the word for no interval."""
    return f"{number(low)} – {number(high)}" if isfinite(low) and isfinite(high) else none


def limit(value: float, better: Better) -> str:
    """`≥ 0.85` when higher is better, `≤ 0.1` when lower is; the limit as it was written."""
    return f"{SIGNS[better]} {value:g}".replace("-", "−")
