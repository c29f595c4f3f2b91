"""Lines: how a model learned, what it risks, how well it tells one kind of text from another."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import altair as alt

from beside.charts.paper import ACCENT, INK, MUTED, PAPER, WIDTH, Say, named, rows_of

DASHES = ([1, 0], [7, 3], [2, 3], [9, 3, 2, 3], [1, 5])  # tell lines apart without colours


def learning(evidence: dict[str, Any], say: Say) -> Any:
    """Loss and score by epoch, side by side: two scales, two pictures."""
    panels = [
        panel([row for row in evidence["rows"] if row.get(name) is not None], name, colour, say)
        for name, colour in (("loss", MUTED), ("score", ACCENT))
        if any(row.get(name) is not None for row in evidence["rows"])
    ]
    return alt.hconcat(*panels, spacing=40)


def panel(rows: Sequence[dict[str, Any]], name: str, colour: str, say: Say) -> Any:
    """One line over epochs, its last value written at its end."""
    axis = alt.Axis(tickMinStep=1, format="d", grid=False, tickCount=min(8, len(rows)))
    x = alt.X("epoch:Q", title=say("epoch"), axis=axis, scale=alt.Scale(nice=False, zero=False, padding=8))
    base = alt.Chart(rows_of(rows)).encode(x=x, y=alt.Y(f"{name}:Q", title=None, scale=alt.Scale(zero=name == "loss")))
    line = base.mark_line(color=colour, strokeWidth=2, point=alt.OverlayMarkDef(color=colour, size=30))
    last = alt.Chart(rows_of(rows[-1:])).mark_text(align="left", dx=8, color=colour, fontSize=12, fontWeight="bold")
    last = last.encode(x=x, y=alt.Y(f"{name}:Q"), text=alt.Text(f"{name}:Q", format=".3f"))
    return (line + last).properties(width=230, height=170, title=say(name))


def curve(evidence: dict[str, Any], say: Say) -> Any:
    """Lines over two shares; the first is the one that matters. Marks are points with a name.

    Lines are named at their ends, or in a list below where their ends meet. A line with a `value` shows it with its interval.
    """
    lines = [
        {**line, "told": told(line, say), "colour": ACCENT if place == 0 else MUTED, "dash": DASHES[place % len(DASHES)]}
        for place, line in enumerate(evidence["lines"])
    ]
    top = max((y for line in lines for _, y in line["points"]), default=1.0)
    limit = 1.0 if top > 0.7 else max(0.05, top * 1.15)
    axis = alt.Axis(format=".0%", tickCount=5)
    x = alt.X("x:Q", title=say(evidence["x"]), scale=alt.Scale(domain=[0, 1]), axis=axis)
    y = alt.Y("y:Q", title=say(evidence["y"]), scale=alt.Scale(domain=[0, limit]), axis=axis)
    ends = sorted(line["points"][-1][1] / limit for line in lines)
    apart = all(above - below > 0.07 for below, above in pairwise(ends))
    layers = []
    for line in reversed(lines):  # the one that matters lies on top
        points = [{"x": across, "y": up, "place": place, "told": line["told"]} for place, (across, up) in enumerate(line["points"])]
        thick = 2.5 if line["colour"] == ACCENT else 1.25
        drawn = alt.Chart(rows_of(points)).mark_line(color=line["colour"], strokeWidth=thick, strokeDash=line["dash"])
        layers.append(drawn.encode(x=x, y=y, order=alt.Order("place:Q")))
        if apart:
            name = alt.Chart(rows_of(points[-1:])).mark_text(align="left", dx=8, color=line["colour"], fontSize=12)
            layers.append(name.encode(x=x, y=y, text="told:N"))
    layers += marked(evidence.get("marks", []), x, y, say)
    main = alt.layer(*layers).properties(width=WIDTH - (210 if apart else 90), height=270, title=say(evidence["title"]))
    return main if apart else alt.vconcat(main, listed(lines), spacing=14)


def told(line: dict[str, Any], say: Say) -> str:
    """The name of a line, with its value and interval where it has one."""
    if "value" not in line:
        return named(line, say)
    return f"{named(line, say)}   {line['value']:.3f}  ({line['low']:.3f}\u2013{line['high']:.3f})"


def marked(marks: Sequence[dict[str, Any]], x: Any, y: Any, say: Say) -> list[Any]:
    """Points with their names beside them, on the side where there is room."""
    layers = []
    for mark in marks:
        left = mark["x"] > 0.5
        dot = alt.Chart(rows_of([{"x": mark["x"], "y": mark["y"], "told": named(mark, say)}]))
        layers.append(dot.mark_circle(color=INK, size=80, opacity=1, stroke=PAPER, strokeWidth=1.5).encode(x=x, y=y))
        text = dot.mark_text(align="right" if left else "left", dx=-8 if left else 8, dy=-11, color=INK, fontSize=12)
        layers.append(text.encode(x=x, y=y, text="told:N"))
    return layers


def listed(lines: Sequence[dict[str, Any]]) -> Any:
    """The names of lines below each other, each behind a piece of its line."""
    ends = {"x": alt.X("start:Q", axis=None, scale=alt.Scale(domain=[0, WIDTH - 90])), "x2": "end:Q"}
    layers = []
    for place, line in enumerate(lines):
        row = alt.Chart(rows_of([{"start": 0, "end": 34, "place": place, "told": line["told"]}])).encode(
            y=alt.Y("place:O", axis=None)
        )
        thick = 2.5 if line["colour"] == ACCENT else 1.25
        layers.append(row.mark_rule(color=line["colour"], strokeWidth=thick, strokeDash=line["dash"]).encode(**ends))
        layers.append(row.mark_text(align="left", x=44, color=line["colour"], fontSize=12).encode(text="told:N"))
    return alt.layer(*layers).properties(width=WIDTH - 90, height=alt.Step(20))
