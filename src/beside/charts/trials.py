"""Trials of a search in their order: what each scored, and the best so far."""

from __future__ import annotations

from typing import Any

import altair as alt

from beside.charts.paper import ACCENT, INK, MUTED, PAPER, QUIET, WIDTH, Say, rows_of


def trials(evidence: dict[str, Any], say: Say) -> Any:
    """A dot per trial, hollow where it was pruned; the line is the best so far, the dashes are means over fresh seeds."""
    rows, best = [], float("-inf")
    for row in evidence["rows"]:
        best = max(best, row["score"]) if row["state"] == "finished" else best
        fill = PAPER if row["state"] == "pruned" else QUIET
        rows.append({**row, "best": best if best > float("-inf") else None, "fill": fill})
    first, last = rows[0]["number"] - 0.5, rows[-1]["number"] + 0.5
    axis = alt.Axis(tickMinStep=1, format="d", grid=False, tickCount=min(10, len(rows)))
    x = alt.X("number:Q", title=say("trial"), axis=axis, scale=alt.Scale(domain=[first, last], nice=False))
    y = alt.Y("score:Q", title=None, scale=alt.Scale(zero=False, padding=12))
    dots = alt.Chart(rows_of(rows)).mark_circle(size=60, opacity=1, stroke=MUTED, strokeWidth=1.25)
    layers = [dots.encode(x=x, y=y, fill=alt.Fill("fill:N", scale=None))]
    led = [row for row in rows if row["best"] is not None]
    if led:
        line = alt.Chart(rows_of(led)).mark_line(color=ACCENT, strokeWidth=2, interpolate="step-after")
        layers.append(line.encode(x=x, y=alt.Y("best:Q", title=None)))
        layers.append(named_at((last, led[-1]["best"]), "right", f"{say('best so far')} {led[-1]['best']:.3f}", ACCENT, -9, x))
    for side, told, colour, place, align, dy in (
        ("winner", "its recipe, mean of {n} fresh seeds", ACCENT, first, "left", -9),
        ("default", "without a search, mean of {n} seeds", INK, last, "right", 12),
    ):
        if mean := evidence.get(side):
            ends = [{"number": first, "score": mean["value"]}, {"number": last, "score": mean["value"]}]
            rule = alt.Chart(rows_of(ends)).mark_line(color=colour, strokeWidth=1, strokeDash=[4, 4])
            words = f"{say(told).format(n=mean['n'])} {mean['value']:.3f}"
            layers += [rule.encode(x=x, y=y), named_at((place, mean["value"]), align, words, colour, dy, x)]
    title = say("{metric} on the tune split").format(metric=say(evidence["metric"]))
    if any(row["state"] == "pruned" for row in rows):
        title += "  ·  " + say("hollow: pruned")
    return alt.layer(*layers).properties(width=WIDTH - 90, height=240, title=title)


def named_at(at: tuple[float, float], align: str, told: str, colour: str, dy: int, x: Any) -> Any:
    """The name of a line above or below one of its ends, towards the middle."""
    place = alt.Chart(rows_of([{"number": at[0], "score": at[1], "told": told}]))
    return place.mark_text(align=align, dy=dy, color=colour, fontSize=12).encode(x=x, y=alt.Y("score:Q"), text="told:N")
