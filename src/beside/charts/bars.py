"""Bars and points with their intervals: values side by side, and whether probabilities mean what they say."""

from __future__ import annotations

from typing import Any

import altair as alt

from beside.charts.paper import ACCENT, INK, MUTED, PAPER, QUIET, WIDTH, Say, named, rows_of, shortened, width_of


def reliability(evidence: dict[str, Any], say: Say) -> Any:
    """Accuracy against confidence: on the diagonal, probabilities mean what they say; below, the rows per bin."""
    share = alt.Scale(domain=[0, 1])
    axis = alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1])
    x = alt.X("confidence:Q", scale=share, axis=axis, title=say("confidence"))
    y = alt.Y("accuracy:Q", scale=share, axis=axis, title=say("share right"))
    bins = alt.Chart(rows_of(bins_of(evidence)))
    ends = alt.Chart(rows_of([{"confidence": 0, "accuracy": 0}, {"confidence": 1, "accuracy": 1}]))
    diagonal = ends.mark_line(color=MUTED, strokeWidth=1, strokeDash=[4, 4]).encode(x=x, y=y)
    points = bins.mark_circle(color=ACCENT, size=70, opacity=1).encode(x=x, y=y)
    layers = [diagonal, points]
    if all("accuracy_low" in one for one in evidence["bins"]):
        whiskers = bins.mark_rule(color=ACCENT, strokeWidth=1.5)
        layers.append(whiskers.encode(x=x, y=alt.Y("accuracy_low:Q", scale=share), y2="accuracy_high:Q"))
    for side, place, told in (("left", (0.03, 0.95), "modest"), ("right", (0.97, 0.05), "boastful")):
        note = alt.Chart(rows_of([{"confidence": place[0], "accuracy": place[1], "told": say(told)}]))
        layers.append(note.mark_text(align=side, color=MUTED, fontSize=12, fontStyle="italic").encode(x=x, y=y, text="told:N"))
    height = alt.Y("n:Q", title=say("rows"), axis=alt.Axis(labels=False, grid=False))
    blocks = bins.mark_rect(color=QUIET, stroke=PAPER)
    blocks = blocks.encode(x=alt.X("low:Q", scale=share, axis=None), x2="high:Q", y=height, y2="ground:Q")
    named_bins = [one for one in bins_of(evidence) if one["high"] - one["low"] > 0.05]  # beside narrow bars there is no room
    numbers = alt.Chart(rows_of(named_bins)).mark_text(dy=-7, color=MUTED, fontSize=11)
    numbers = numbers.encode(x=alt.X("middle:Q", scale=share, axis=None), y=height, text="n:Q")
    main = alt.layer(*layers).properties(width=WIDTH - 90, height=280)
    return alt.vconcat(main, (blocks + numbers).properties(width=WIDTH - 90, height=50), spacing=18)


def bins_of(evidence: dict[str, Any]) -> list[dict[str, Any]]:
    """The bins with where their bars stand."""
    return [{**one, "ground": 0, "middle": (one["low"] + one["high"]) / 2} for one in evidence["bins"]]


def bars(evidence: dict[str, Any], say: Say) -> Any:
    """Values with their intervals, one below the other; the first is the one that matters."""
    names = shortened([named(row, say) for row in evidence["rows"]], 34)
    rows = [
        {
            **row,
            "name": names[place],
            "told": f"{row['value']:.3f}  ({row['low']:.3f}\u2013{row['high']:.3f})" + (f"   n = {row['n']}" if "n" in row else ""),
            "fill": ACCENT if place == 0 else QUIET,
        }
        for place, row in enumerate(evidence["rows"])
    ]
    labels = 7 * min(24, max((width_of(row["name"]) for row in rows), default=0))  # pixels
    width = WIDTH - 150 - (50 if any("n" in row for row in rows) else 0) - labels
    edges = [edge for row in rows for edge in (row["low"], row["high"])]
    domain = [min(0.0, *edges), 1.0 if 0.4 < max(edges) <= 1 else max(0.0, *edges)]
    scale = alt.Scale(domain=domain, nice=not 0.4 < max(edges) <= 1)
    y = alt.Y("name:N", sort=None, title=None, axis=alt.Axis(labelColor=INK))
    base = alt.Chart(rows_of(rows)).encode(y=y)
    x = alt.X("value:Q", scale=scale, title=None, axis=alt.Axis(tickCount=5))
    blocks = base.mark_bar(height=20).encode(x=x, color=alt.Color("fill:N", scale=None))
    whiskers = base.mark_rule(color=INK, strokeWidth=1.5).encode(x=alt.X("low:Q", scale=scale), x2="high:Q")
    told = base.mark_text(align="left", dx=8, color=INK, fontSize=12).encode(x=alt.X("high:Q", scale=scale), text="told:N")
    return (blocks + whiskers + told).properties(
        width=width, height=alt.Step(36 if len(rows) < 7 else 26), title=say(evidence.get("title", ""))
    )
