"""Every picture of the product, once: the same SVG in console, card and docs.

`draw` takes the evidence that checks emit, plain data with a `kind`, and gives one SVG string: ink on paper, no scripts, no
fonts to fetch, no inline styles (a strict content security policy lets it through). The same evidence gives the same bytes.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import altair as alt
import vl_convert

from beside.charts.bars import bars, reliability
from beside.charts.compression import compression
from beside.charts.confusion import confusion
from beside.charts.lines import curve, learning
from beside.charts.load import load
from beside.charts.paper import ACCENT, FONTS, HAIRLINE, INK, MEASURED, MUTED, PAPER, WARNING, saying
from beside.charts.scatter import scatter
from beside.charts.trials import trials
from beside.core.errors import BadInput

VEGA_LITE = "6.4"


def draw(evidence: dict[str, Any], language: str = "en") -> str:
    """One SVG string; empty for evidence that is a table (`examples`, `report`).

    Raises:
        BadInput: evidence of a kind that nothing can draw.
    """
    return _drawn(json.dumps(evidence, sort_keys=True), language)


@lru_cache(maxsize=128)  # pages show the same few charts again and again
def _drawn(evidence: str, language: str) -> str:
    fields = json.loads(evidence)
    kind = fields.get("kind")
    if kind in TABLES:
        return ""
    if kind not in CHARTS:
        raise BadInput(f"Nothing draws evidence of kind '{kind}'.", f"Kinds: {', '.join([*CHARTS, *TABLES])}.")
    chart = styled(CHARTS[kind](fields, saying(language)))
    svg = str(vl_convert.vegalite_to_svg(chart.to_dict(validate=False), vl_version=VEGA_LITE))
    return svg.replace(f'font-family="{MEASURED}"', f'font-family="{FONTS}"')


def styled(chart: Any) -> Any:
    """Ink on paper: hairlines, no frames, one font."""
    axis = alt.AxisConfig(
        domain=False,
        ticks=False,
        gridColor=HAIRLINE,
        labelColor=MUTED,
        titleColor=MUTED,
        titleFontWeight="normal",
        titleFontSize=12,
        labelFontSize=12,
        labelLimit=260,
        labelFlush=False,
        labelPadding=6,
        titlePadding=10,
    )
    title = alt.TitleConfig(anchor="start", color=INK, fontSize=13, fontWeight="normal", offset=10)
    view = alt.ViewConfig(stroke=None)
    padding = {"left": 4, "top": 4, "bottom": 4, "right": 12}
    framed = chart.properties(background=PAPER, padding=padding)
    return framed.configure(font=MEASURED, axis=axis, title=title, view=view, aria=True)


def interval(value: float, low: float, high: float, limit: float | None, better: str) -> str:
    """A finding's interval against its limit, for a table cell: a line, a dot, and a tick where the limit is."""
    ends = [low, high, value] + ([] if limit is None else [limit])
    left, right = (0.0, 1.0) if min(ends) >= 0 and max(ends) <= 1 else (min(ends), max(ends))
    room = 0.0 if (left, right) == (0.0, 1.0) else 0.1 * (right - left or 1.0)
    x = {place: 5 + 150 * (place - left + room) / (right - left + 2 * room or 1.0) for place in ends}
    good = limit is None or (low >= limit if better == "higher" else high <= limit)
    colour = ACCENT if good else WARNING
    tick = "" if limit is None else f'<path d="M{x[limit]:.1f} 2V18" stroke="{INK}" stroke-width="1.5"/>'
    words = f"{value:.3g}, {low:.3g} to {high:.3g}" + ("" if limit is None else f", limit {limit:.3g}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="160" height="20" viewBox="0 0 160 20" role="img" aria-label="{words}">'
        f'<path d="M5 10H155" stroke="{HAIRLINE}"/>'
        f'<path d="M{x[low]:.1f} 10H{x[high]:.1f}" stroke="{colour}" stroke-width="4" stroke-linecap="round"/>{tick}'
        f'<circle cx="{x[value]:.1f}" cy="10" r="4" fill="{colour}" stroke="{PAPER}" stroke-width="1.5"/></svg>'
    )


CHARTS = {
    "confusion": confusion,
    "reliability": reliability,
    "bars": bars,
    "learning": learning,
    "load": load,
    "curve": curve,
    "scatter": scatter,
    "trials": trials,
    "compression": compression,
}
TABLES = ("examples", "report")
