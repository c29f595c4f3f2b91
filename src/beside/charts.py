"""Every picture of the product, once: the same SVG in console, card and docs.

`draw` takes the evidence that checks emit, plain data with a `kind`, and gives one SVG string: ink on paper, no scripts, no
fonts to fetch, no inline styles (a strict content security policy lets it through). The same evidence gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any
from unicodedata import east_asian_width

import altair as alt
import vl_convert

from beside.core.errors import BadInput

PAPER, INK, MUTED, HAIRLINE, ACCENT, WARNING = "#fbfaf6", "#1c1c1a", "#6b6b66", "#dedcd4", "#0f766e", "#b45309"
QUIET = "#b9b6aa"  # bars that are only there to compare with
MEASURED = "Liberation Sans"  # text is laid out with its widths, which Arial and Helvetica share
# as written into the SVG
FONTS = "Arial, Helvetica, 'Liberation Sans', 'PingFang SC', 'Noto Sans CJK SC', 'Microsoft YaHei', sans-serif"
WIDTH = 640  # pixels, whole picture
MOST_LABELS = 20  # from which on a confusion matrix shows pairs and shades instead of numbers
MOST_PAIRS = 12
VEGA_LITE = "6.4"

WORDS = {  # language -> what our own checks and charts say
    "zh": {
        "accuracy": "准确率",
        "this model": "本模型",
        "TF-IDF + logistic regression": "TF-IDF + 逻辑回归",
        "most frequent label": "最常见类别",
        "right answer": "正确答案",
        "model's answer": "模型的回答",
        "most confused": "最常混淆（正确答案 → 模型的回答）",
        "of": "{hits} / {support} 条",
        "all labels": "全部 {labels} 个类别：每行一个正确答案，每列一个回答；绿色答对，棕色答错",
        "no mistakes": "测试数据中没有答错的行",
        "confidence": "置信度（答案的概率）",
        "share right": "实际答对的比例",
        "rows": "行数",
        "modest": "比自称的更准",
        "boastful": "不如自称的准",
        "epoch": "轮次",
        "loss": "训练损失",
        "score": "调优得分",
    },
    "en": {
        "most confused": "most confused (right answer → model's answer)",
        "of": "{hits} of {support}",
        "all labels": "all {labels} labels: a row per right answer, a column per answer; green is right, brown is wrong",
        "no mistakes": "no row of the test data was answered wrongly",
        "confidence": "confidence (probability of the answer)",
        "modest": "right more often than it says",
        "boastful": "right less often than it says",
        "loss": "training loss",
        "score": "tune score",
    },
}


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
    say = WORDS.get(language, WORDS["en"])
    chart = styled(CHARTS[kind](fields, lambda text: say.get(text, text)))
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


def rows_of(rows: Sequence[dict[str, Any]]) -> Any:
    return alt.Data(values=list(rows))


def confusion(evidence: dict[str, Any], say: Callable[[str], str]) -> Any:
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


def pairs(cells: Sequence[dict[str, Any]], say: Callable[[str], str]) -> Any:
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


def shades(labels: Sequence[str], cells: Sequence[dict[str, Any]], say: Callable[[str], str]) -> Any:
    """The whole matrix as shades, for its pattern."""
    step = (WIDTH - 40) / len(labels)
    base = alt.Chart(rows_of(cells), title=say("all labels").format(labels=len(labels)))
    tiles = base.mark_rect(aria=False).encode(
        x=alt.X("answer:N", axis=None, scale=alt.Scale(domain=labels)),
        y=alt.Y("truth:N", axis=None, scale=alt.Scale(domain=labels)),
        color=alt.Color("fill:N", scale=None),
    )
    return tiles.properties(width=alt.Step(step), height=alt.Step(step), view=alt.ViewBackground(stroke=HAIRLINE))


def shortened(labels: Sequence[str], longest: int) -> list[str]:
    """Labels with their middle left out where they are too long, since beginnings are often alike; still all different."""
    short = [cut(label, longest) for label in labels]
    return [one if short.count(one) == 1 else label for one, label in zip(short, labels, strict=True)]


def cut(label: str, longest: int) -> str:
    """The label's two ends around an ellipsis; a Chinese character is as wide as two letters."""
    widths = [2 if east_asian_width(char) in "WF" else 1 for char in label]
    if sum(widths) <= longest:
        return label
    head = tail = 0
    while sum(widths[: head + 1]) + sum(widths[len(label) - tail :]) < longest:
        head += 1
        if sum(widths[:head]) + sum(widths[len(label) - tail - 1 :]) < longest:
            tail += 1
    return f"{label[:head]}…{label[len(label) - tail :]}"


def reliability(evidence: dict[str, Any], say: Callable[[str], str]) -> Any:
    """Accuracy against confidence: on the diagonal, probabilities mean what they say; below, the rows per bin."""
    share = alt.Scale(domain=[0, 1])
    axis = alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1])
    x = alt.X("confidence:Q", scale=share, axis=axis, title=say("confidence"))
    y = alt.Y("accuracy:Q", scale=share, axis=axis, title=say("share right"))
    bins = alt.Chart(rows_of([{**one, "ground": 0, "middle": (one["low"] + one["high"]) / 2} for one in evidence["bins"]]))
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
    numbers = bins.mark_text(dy=-7, color=MUTED, fontSize=11)
    numbers = numbers.encode(x=alt.X("middle:Q", scale=share, axis=None), y=height, text="n:Q")
    main = alt.layer(*layers).properties(width=WIDTH - 90, height=280)
    return alt.vconcat(main, (blocks + numbers).properties(width=WIDTH - 90, height=50), spacing=18)


def bars(evidence: dict[str, Any], say: Callable[[str], str]) -> Any:
    """Values with their intervals, one below the other; the first is the one that matters."""
    rows = [
        {
            **row,
            "name": say(row["name"]),
            "told": f"{row['value']:.3f}  ({row['low']:.3f}\u2013{row['high']:.3f})",
            "fill": ACCENT if place == 0 else QUIET,
        }
        for place, row in enumerate(evidence["rows"])
    ]
    edges = [edge for row in rows for edge in (row["low"], row["high"])]
    domain = [min(0.0, *edges), 1.0 if 0.4 < max(edges) <= 1 else max(0.0, *edges)]
    scale = alt.Scale(domain=domain, nice=not 0.4 < max(edges) <= 1)
    y = alt.Y("name:N", sort=None, title=None, axis=alt.Axis(labelColor=INK))
    base = alt.Chart(rows_of(rows)).encode(y=y)
    x = alt.X("value:Q", scale=scale, title=None, axis=alt.Axis(tickCount=5))
    blocks = base.mark_bar(height=20).encode(x=x, color=alt.Color("fill:N", scale=None))
    whiskers = base.mark_rule(color=INK, strokeWidth=1.5).encode(x=alt.X("low:Q", scale=scale), x2="high:Q")
    told = base.mark_text(align="left", dx=8, color=INK, fontSize=12).encode(x=alt.X("high:Q", scale=scale), text="told:N")
    return (blocks + whiskers + told).properties(width=WIDTH - 330, height=alt.Step(36), title=say(evidence.get("title", "")))


def learning(evidence: dict[str, Any], say: Callable[[str], str]) -> Any:
    """Loss and score by epoch, side by side: two scales, two pictures."""
    panels = [
        panel([row for row in evidence["rows"] if row.get(name) is not None], name, colour, say)
        for name, colour in (("loss", MUTED), ("score", ACCENT))
        if any(row.get(name) is not None for row in evidence["rows"])
    ]
    return alt.hconcat(*panels, spacing=40)


def panel(rows: Sequence[dict[str, Any]], name: str, colour: str, say: Callable[[str], str]) -> Any:
    """One line over epochs, its last value written at its end."""
    axis = alt.Axis(tickMinStep=1, format="d", grid=False, tickCount=min(8, len(rows)))
    x = alt.X("epoch:Q", title=say("epoch"), axis=axis, scale=alt.Scale(nice=False, zero=False, padding=8))
    base = alt.Chart(rows_of(rows)).encode(x=x, y=alt.Y(f"{name}:Q", title=None, scale=alt.Scale(zero=name == "loss")))
    line = base.mark_line(color=colour, strokeWidth=2, point=alt.OverlayMarkDef(color=colour, size=30))
    last = alt.Chart(rows_of(rows[-1:])).mark_text(align="left", dx=8, color=colour, fontSize=12, fontWeight="bold")
    last = last.encode(x=x, y=alt.Y(f"{name}:Q"), text=alt.Text(f"{name}:Q", format=".3f"))
    return (line + last).properties(width=230, height=170, title=say(name))


def mixed(colour: str, strength: float) -> str:
    """A colour thinned with paper; strength 0..1."""
    parts = [(int(PAPER[i : i + 2], 16), int(colour[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(paper + (ink - paper) * strength):02x}" for paper, ink in parts)


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


CHARTS = {"confusion": confusion, "reliability": reliability, "bars": bars, "learning": learning}
TABLES = ("examples", "report")
