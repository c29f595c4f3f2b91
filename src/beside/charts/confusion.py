"""Confusion: which answer was given for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from beside.charts.paper import ACCENT, HAIRLINE, INK, MUTED, PAPER, WARNING, WIDTH, Say, mixed, rows_of, shortened

MOST_LABELS = 20  # from which on a confusion matrix shows pairs and shades instead of numbers
MOST_PAIRS = 12


def confusion(evidence: dict[str, Any], say: Say) -> Any:
    """A matrix of counts; beyond twenty labels the most confused pairs over a shaded matrix."""
    labels = shortened(evidence["labels"], 24 if len(evidence["labels"]) > MOST_LABELS else 21)
    if len(labels) > MOST_LABELS:
        cells = cells_of(labels, evidence["matrix"], palest=0.3)
        return alt.vconcat(pairs(cells, say), shades(labels, cells, say), spacing=24)
    across = (WIDTH - 260) / len(labels)
    axis = alt.Axis(orient="top", labelAngle=0 if across > 90 else -40 if across > 30 else -75, grid=False)
    base = alt.Chart(rows_of(cells_of(labels, evidence["matrix"], palest=0.1))).encode(
        x=alt.X("answer:N", title=say("model's answer"), axis=axis, scale=alt.Scale(domain=labels)),
        y=alt.Y("truth:N", title=say("right answer"), axis=alt.Axis(grid=False), scale=alt.Scale(domain=labels)),
    )
    tiles = base.mark_rect(stroke=PAPER, strokeWidth=1).encode(color=alt.Color("fill:N", scale=None))
    numbers = base.mark_text(fontSize=12 if across > 24 else 10).encode(text="count:Q", color=alt.Color("ink:N", scale=None))
    return (tiles + numbers).properties(width=alt.Step(min(130, across)), height=alt.Step(max(22, min(44, across))))


def cells_of(labels: Sequence[str], matrix: Sequence[Sequence[int]], palest: float) -> list[dict[str, Any]]:
    """Cells that hold rows, coloured by their share of the right answer's rows: teal where right, brown where wrong."""
    cells: list[dict[str, Any]] = []
    for truth, counts in zip(labels, matrix, strict=True):
        support = sum(counts)
        for answer, count in zip(labels, counts, strict=True):
            if not count:
                continue
            strength = palest + (1 - palest) * count / support
            fill, ink = mixed(ACCENT if truth == answer else WARNING, strength), PAPER if strength > 0.55 else INK
            cells.append({"truth": truth, "answer": answer, "count": count, "support": support, "fill": fill, "ink": ink})
    return cells


def pairs(cells: Sequence[dict[str, Any]], say: Say) -> Any:
    """The pairs of labels that are most often taken for each other, as bars; x is in pixels."""
    wrong = sorted((cell for cell in cells if cell["truth"] != cell["answer"]), key=lambda cell: -cell["count"])[:MOST_PAIRS]
    longest = max((cell["count"] for cell in wrong), default=1)
    rows = [
        {
            "pair": f"{cell['truth']}  →  {cell['answer']}",
            "place": place,
            "start": 340,
            "end": 340 + 190 * cell["count"] / longest,
            "told": say("of").format(hits=cell["count"], support=cell["support"]),
        }
        for place, cell in enumerate(wrong)
    ]
    scale = alt.Scale(domain=[0, WIDTH - 40], nice=False)
    base = alt.Chart(rows_of(rows)).encode(y=alt.Y("place:O", axis=None))
    end = alt.X("end:Q", scale=scale, axis=None)
    named = base.mark_text(align="right", x=330, color=INK, fontSize=12).encode(text="pair:N")
    bars = base.mark_bar(color=WARNING, height=10).encode(x=end, x2="start:Q")
    told = base.mark_text(align="left", dx=6, color=MUTED, fontSize=12).encode(x=end, text="told:N")
    title = say("most confused") if rows else say("no mistakes")
    return (named + bars + told).properties(width=WIDTH - 40, height=alt.Step(22), title=title)


def shades(labels: Sequence[str], cells: Sequence[dict[str, Any]], say: Say) -> Any:
    """The whole matrix as shades, for its pattern."""
    step = (WIDTH - 40) / len(labels)
    base = alt.Chart(rows_of(cells), title=say("all labels").format(labels=len(labels)))
    tiles = base.mark_rect(aria=False).encode(
        x=alt.X("answer:N", axis=None, scale=alt.Scale(domain=labels)),
        y=alt.Y("truth:N", axis=None, scale=alt.Scale(domain=labels)),
        color=alt.Color("fill:N", scale=None),
    )
    return tiles.properties(width=alt.Step(step), height=alt.Step(step), view=alt.ViewBackground(stroke=HAIRLINE))
