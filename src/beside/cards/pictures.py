"""The pictures of a card, as SVG files and as parts of its page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any

from markupsafe import Markup

from beside import charts
from beside.cards.facts import DRAWN, Facts
from beside.cards.numbers import count
from beside.cards.words import Words
from beside.charts.paper import saying
from beside.core.types import Run

IDENTITY = re.compile(r'(\bid="|url\(#|href="#)')


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One picture: where its file lies in the bundle, what it shows."""

    file: str
    svg: str
    title: str
    caption: str

    @property
    def inline(self) -> Markup:
        """The SVG as part of a page; its ids get a prefix, since several pictures share one page."""
        prefix = re.sub(r"\W", "-", self.file) + "-"
        return Markup(IDENTITY.sub(lambda found: found[1] + prefix, self.svg[self.svg.find("<svg") :]))


def pictures(facts: Facts, words: Words) -> list[Picture]:
    """Everything that can be drawn, each evidence once."""
    made = {picture.file: picture for picture in (*of_findings(facts, words), *of_training(facts, words))}
    return list(made.values())


def of_findings(facts: Facts, words: Words) -> Iterator[Picture]:
    """Confusion matrix, reliability diagrams, bars against floors: one per finding that has such evidence."""
    for finding in facts.findings:
        evidence = facts.evidence.get(finding.evidence or "", {})
        if evidence.get("kind") not in DRAWN:
            continue
        metric = words.name("metrics", finding.metric)
        compared = saying(words.language)(str(evidence.get("title", "")))
        caption = words(f"picture_{evidence['kind']}", metric=metric, title=compared, n=count(finding.n))
        name = re.sub(r"\W|_", "-", f"{finding.check}-{finding.metric}")
        yield from picture(name, evidence, words(f"title_{evidence['kind']}"), caption, words)


def of_training(facts: Facts, words: Words) -> Iterator[Picture]:
    """The learning curve; a method without gradient steps has none."""
    rows = learning(facts.run)
    if rows:
        score = words.name("metrics", score_name(facts.run))
        caption = words("picture_learning", score=score, n=count(facts.corpus.splits.get("tune", 0)))
        yield from picture("training-learning", {"kind": "learning", "rows": rows}, words("learning"), caption, words)


def picture(name: str, evidence: dict[str, Any], title: str, caption: str, words: Words) -> Iterator[Picture]:
    """The drawn evidence; nothing when there is nothing to draw."""
    svg = charts.draw(evidence, words.language)
    if svg:
        ending = "" if words.language == "en" else f".{words.language}"
        yield Picture(file=f"pictures/{name}{ending}.svg", svg=svg, title=title, caption=caption)


def learning(run: Run) -> list[dict[str, float]]:
    """Epoch, loss and main tune score of each epoch; what is missing or no finite number is left out."""
    keys = {"epoch": "epoch", "loss": "loss", "score": f"tune_{score_name(run)}"}
    rows = ({name: row[key] for name, key in keys.items() if isfinite(row.get(key, nan))} for row in run.history)
    return [row for row in rows if "epoch" in row and len(row) > 1]


def score_name(run: Run) -> str:
    """The task's main score, the first of the run's scores."""
    return next((name for name in run.scores if name != "loss"), "score")
