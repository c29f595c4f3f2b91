"""Latency against load: how long callers wait when a server answers so many a second."""

from __future__ import annotations

from typing import Any

import altair as alt

from beside.charts.lines import DASHES, listed
from beside.charts.paper import ACCENT, MUTED, WIDTH, Say, named, rows_of


def load(evidence: dict[str, Any], say: Say) -> Any:
    """A line for each server, from few callers to many: texts a second (x) and seconds of waiting (y, logarithmic).

    `lines`: each with a name and its points `[answered per second, seconds]`; the first is ours. Right and low is good.
    """
    lines = [
        {**line, "told": named(line, say), "colour": ACCENT if place == 0 else MUTED, "dash": DASHES[place % len(DASHES)]}
        for place, line in enumerate(evidence["lines"])
    ]
    points = [point for line in lines for point in line["points"]]
    low, high = min(point[1] for point in points), max(point[1] for point in points)
    x = alt.X("x:Q", title=say(evidence["x"]), scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=6, grid=False))
    heights = alt.Scale(type="log", domain=[low / 1.3, high * 1.3], nice=False)
    ticks = [tick for tick in (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30) if low / 1.3 <= tick <= high * 1.3]
    y = alt.Y("y:Q", title=say(evidence["y"]), scale=heights, axis=alt.Axis(values=ticks, format="~g"))
    layers = []
    for line in reversed(lines):  # the one that matters lies on top
        rows = rows_of([{"x": across, "y": up, "place": place} for place, (across, up) in enumerate(line["points"])])
        thick = 2.5 if line["colour"] == ACCENT else 1.25
        drawn = alt.Chart(rows).encode(x=x, y=y, order=alt.Order("place:Q"))
        layers.append(drawn.mark_line(color=line["colour"], strokeWidth=thick, strokeDash=line["dash"]))
        layers.append(drawn.mark_circle(color=line["colour"], size=36, opacity=1))
    main = alt.layer(*layers).properties(width=WIDTH - 90, height=270, title=say(evidence.get("title", "")))
    return alt.vconcat(main, listed(lines), spacing=14)
