"""The page of benchmarks/drift.py."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from beside.core.statistics import rate

KINDS = {
    "test": "SST-2, as trained on",
    "typos": "SST-2 with slips of typing",
    "imdb": "long film reviews (imdb)",
    "banking77": "questions to a bank (BANKING77)",
    "chnsenticorp_hotel": "Chinese hotel reviews",
}
HEAD = """# Drift

{dates}, by `benchmarks/drift.py`. The embedded model trained on 3,000 rows of SST-2, default recipe; tune rows: the official dev
split (872). Each look is that of `beside drift`, once a day, one false alarm a month allowed; windows hold rows the model never
saw. Brackets: 95 %, Wilson for shares; over windows drawn from the same rows, so they do not cover the luck of the split."""


def written(found: dict[str, dict[str, Any]]) -> str:
    """The page from what was measured, by name."""
    dates = sorted({row["date"] for row in found.values()})
    parts = {what: [row for row in found.values() if row["what"] == what] for what in ("without", "with", "accuracy")}
    lines = [HEAD.format(dates=" to ".join(dict.fromkeys((dates[0], dates[-1]))) if dates else "-")]
    if parts["without"]:
        lines += ["", "## Without drift: looks that alarm", "", "Allowed: 1 look in 30, 0.033.", "", *without(parts["without"])]
    if parts["with"]:
        lines += [
            "",
            "## With drift: looks that alarm",
            "",
            "By the texts, the share of the window that they are, and its size.",
            "",
        ]
        lines += with_drift(parts["with"])
    if parts["accuracy"]:
        lines += ["", "## Accuracy without labels", "", *accuracy(parts["accuracy"])]
    return "\n".join([*lines, ""])


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """A table in Markdown."""
    heads = list(heads)
    return [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|", *(f"| {' | '.join(cells)} |" for cells in rows)]


def share(row: dict[str, Any]) -> str:
    """The share of a row's windows that alarm, with its interval and their number."""
    found = rate(row["alarmed"], row["windows"])
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f}), n {found.n}"


def without(rows: list[dict[str, Any]]) -> list[str]:
    """By the size of the window."""
    sides = {(row["anew"], row["size"]): share(row) for row in rows}
    sizes = sorted({row["size"] for row in rows})
    cells = ([str(size), *(sides.get((anew, size), "-") for anew in (True, False))] for size in sizes)
    return table(["answers", "compared with fresh rows each time", "compared with the same tune rows"], cells)


def with_drift(rows: list[dict[str, Any]]) -> list[str]:
    """By texts and share, a column for each size."""
    sizes = sorted({row["size"] for row in rows})
    found = {(row["texts"], row["share"], row["size"]): share(row) for row in rows}
    sides = dict.fromkeys((row["texts"], row["share"]) for row in rows)
    cells = ([KINDS[kind], f"{part:.0%}", *(found.get((kind, part, size), "-") for size in sizes)] for kind, part in sides)
    return table(["other texts", "share", *(f"{size} answers" for size in sizes)], cells)


def accuracy(rows: list[dict[str, Any]]) -> list[str]:
    """Estimated against true, and in how many windows of 200 answers the interval told holds the truth."""
    cells = []
    for row in rows:
        truth, errors = row.get("truth"), row.get("errors", {})
        cell = [KINDS[row["texts"]], "no such labels" if truth is None else f"{truth:.3f}"]
        for method, value in row["estimates"].items():
            off = (
                f"; off by {errors[method][0]:+.3f} ({errors[method][1]:+.3f} to {errors[method][2]:+.3f})"
                if method in errors
                else ""
            )
            cell.append(f"{value:.3f}{off}")
        cells.append([*cell, f"{row['held']['either']} of {row['windows']}" if "held" in row else "-", f"{row['n']:,}"])
    heads = ["texts", "true accuracy", "average confidence", "ATC", "truth within what both tell, windows of 200", "n"]
    return [
        *table(heads, cells),
        "",
        "Both estimates trust that confidence means what it meant on tune rows. For texts of another kind it does not: a model of",
        "English that is shown Chinese is right about as often as a coin, and neither estimate alone says so; together they span",
        "the truth, widely.",
    ]
