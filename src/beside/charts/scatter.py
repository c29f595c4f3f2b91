"""Points with their intervals, named where they stand: how good a method is against what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import log10
from typing import Any

import altair as alt

from beside.charts.paper import ACCENT, HAIRLINE, INK, MUTED, WIDTH, Say, rows_of

HEIGHT = 280  # pixels
APART = 17  # pixels between two names
NEAR = 0.7  # powers of ten; nearer points have their names in one column


def scatter(evidence: dict[str, Any], say: Say) -> Any:
    """Score (y, with its interval) against a share (x, logarithmic), each point named beside it; the best one in colour."""
    points = sorted(evidence["points"], key=lambda point: -point["y"])
    low, high = min(point["low"] for point in points), max(point["high"] for point in points)
    room = 0.08 * (high - low or 1.0)
    domain = (low - room, high + room)
    rows = [
        {**point, **place, "label": label(point, say), "colour": ACCENT if rank == 0 else MUTED}
        for rank, (point, place) in enumerate(zip(points, places(points, domain), strict=True))
    ]
    smallest, largest = min(point["x"] for point in points), max(point["x"] for point in points)
    scale = alt.Scale(type="log", domain=[smallest / 2, max(largest * 30, smallest * 100)], nice=False)
    ticks = [10.0**power for power in range(-6, 1) if smallest / 2 < 10.0**power <= max(largest, smallest * 10) * 1.01]
    x = alt.X("x:Q", scale=scale, title=say(evidence["x"]), axis=alt.Axis(format="~%", values=ticks))
    heights = alt.Scale(domain=domain, nice=False, zero=False)
    y = alt.Y("y:Q", scale=heights, title=say(evidence["y"]))
    base = alt.Chart(rows_of(rows))
    coloured = base.encode(x=x, color=alt.Color("colour:N", scale=None))
    leaders = base.mark_rule(color=HAIRLINE, strokeWidth=1.5).encode(x=x, x2="at_x:Q", y=y, y2="at_y:Q")
    whiskers = coloured.mark_rule(strokeWidth=1.5).encode(y=alt.Y("low:Q", scale=heights), y2="high:Q")
    dots = coloured.mark_circle(size=80, opacity=1).encode(y=y)
    names = base.mark_text(align="left", dx=4, color=INK, fontSize=12)
    names = names.encode(x=alt.X("at_x:Q", scale=scale), y=alt.Y("at_y:Q", scale=heights), text="label:N")
    n = f", n = {evidence['n']}" if "n" in evidence else ""
    return alt.layer(leaders, whiskers, dots, names).properties(
        width=WIDTH - 90, height=HEIGHT, title=say(evidence.get("title", "")) + n
    )


def label(point: dict[str, Any], say: Say) -> str:
    """A point's name, value and what else is told of it."""
    told = f", {point['told']}" if point.get("told") else ""
    return f"{say(point['name'])}: {point['y']:.3f}{told}"


def places(points: Sequence[dict[str, Any]], domain: tuple[float, float]) -> list[dict[str, float]]:
    """Where each name stands, in the units of the axes: right of the points near it, no two names over each other."""
    order = sorted(range(len(points)), key=lambda place: points[place]["x"])
    columns: list[list[int]] = [order[:1]]
    for before, place in pairwise(order):
        if log10(points[place]["x"] / points[before]["x"]) < NEAR:
            columns[-1].append(place)
        else:
            columns.append([place])
    found: list[dict[str, float]] = [{} for _ in points]
    per_pixel = (domain[1] - domain[0]) / HEIGHT
    for column in columns:
        right = max(points[place]["x"] for place in column) * 1.35
        downward = sorted(column, key=lambda place: -points[place]["y"])
        heights = spread([(domain[1] - points[place]["y"]) / per_pixel for place in downward])
        for place, height in zip(downward, heights, strict=True):
            found[place] = {"at_x": right, "at_y": domain[1] - height * per_pixel}
    return found


def spread(wanted: Sequence[float]) -> list[float]:
    """Heights in pixels, ascending, as near to those wanted as can be with a line of text between any two."""
    blocks: list[list[float]] = []  # names that touch each other, as where the first of them would have to stand for each
    for place, height in enumerate(wanted):
        blocks.append([height - place * APART])
        while len(blocks) > 1 and mean(blocks[-2]) > mean(blocks[-1]):
            last = blocks.pop()
            blocks[-1] += last
    starts = [mean(block) for block in blocks for _ in block]
    return [start + place * APART for place, start in enumerate(starts)]


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean."""
    return sum(values) / len(values)
