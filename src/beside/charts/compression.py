"""What compression gained and what it cost: score against speed, each form named with its size."""

from __future__ import annotations

from typing import Any

import altair as alt

from beside.charts.paper import ACCENT, HAIRLINE, INK, MUTED, WARNING, WIDTH, Say, rows_of
from beside.charts.scatter import HEIGHT, places

TITLE = "size, speed and score on the tune split"  # unless the evidence says which rows
TICKS = (0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64)  # times as fast


def compression(evidence: dict[str, Any], say: Say) -> Any:
    """Score (y, with its interval) against speed (x, logarithmic, 1 = the parent's); the area of a dot is the size of its model.

    Green is the form that was taken, brown one that was refused for what it costs.
    """
    points = sorted(evidence["points"], key=lambda point: -point["y"])
    low, high = min(point["low"] for point in points), max(point["high"] for point in points)
    room = 0.08 * (high - low or 1.0)
    domain = (low - room, high + room)
    largest = max(point["size"] for point in points)
    rows = [
        {**point, **place, "label": label(point, say), "colour": colour(point), "area": 40 + 560 * point["size"] / largest}
        for point, place in zip(points, places(points, domain), strict=True)
    ]
    left, right = min(point["x"] for point in points), max(point["x"] for point in points)
    scale = alt.Scale(type="log", base=2, domain=[left / 1.3, right * 12], nice=False)
    ticks = [tick for tick in TICKS if left / 1.3 < tick <= right * 1.1]
    x = alt.X("x:Q", scale=scale, title=say("times as fast as the parent"), axis=alt.Axis(format="~g", values=ticks))
    heights = alt.Scale(domain=domain, nice=False, zero=False)
    y = alt.Y("y:Q", scale=heights, title=say(evidence["y"]))
    base = alt.Chart(rows_of(rows))
    coloured = base.encode(x=x, color=alt.Color("colour:N", scale=None))
    leaders = base.mark_rule(color=HAIRLINE, strokeWidth=1.5).encode(x=x, x2="at_x:Q", y=y, y2="at_y:Q")
    whiskers = coloured.mark_rule(strokeWidth=1.5).encode(y=alt.Y("low:Q", scale=heights), y2="high:Q")
    dots = coloured.mark_circle(opacity=0.8).encode(y=y, size=alt.Size("area:Q", scale=None))
    names = base.mark_text(align="left", dx=4, color=INK, fontSize=12)
    names = names.encode(x=alt.X("at_x:Q", scale=scale), y=alt.Y("at_y:Q", scale=heights), text="label:N")
    title = f"{say(evidence.get('title', TITLE))}, n = {evidence['n']}"
    return alt.layer(leaders, whiskers, dots, names).properties(width=WIDTH - 90, height=HEIGHT, title=title)


def label(point: dict[str, Any], say: Say) -> str:
    """A point's name, size and speed."""
    return f"{say(point['name'])}: {point['size'] / 1e6:.3g} MB, ×{point['x']:.2g}"


def colour(point: dict[str, Any]) -> str:
    """Of a form that was taken, refused, or neither."""
    return ACCENT if point.get("taken") else WARNING if point.get("refused") else MUTED
