"""Does it notice texts that are none of its business? The best of four scores, chosen on half of them, measured on the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from beside.checks._rows import bar, labelled, measured, no_labelled_rows
from beside.checks.scope._texts import built_in, main_language, read
from beside.core.interfaces import Subject
from beside.core.scope import KEPT, MOST, SCORES, known
from beside.core.statistics import RESAMPLES, Estimate, auc
from beside.core.types import FEWEST_ROWS, Measurement, Splits

POINTS = 100  # of the drawn curve

Halves = tuple[np.ndarray, np.ndarray]  # scores of texts within scope, of texts out of it


@dataclass(frozen=True, kw_only=True)
class OutOfScope:
    """AUROC of telling test rows from texts that no label fits, 0..1, 0.5 = guessing, higher is better; and their share that is
    let through where 95 % of the test rows are (FPR at 95 % TPR), 0..1, lower is better.

    Four scores compete: energy (Liu et al. 2020), maximum softmax (Hendrycks & Gimpel 2017), Mahalanobis distance (Lee et al.
    2018) and the k-th nearest training row (Sun et al. 2022). Which is kept is decided on one half of the texts out of scope and
    on tune rows (half of the test rows where tune rows are fewer than 30); the figures are of the rest. `n` is the smaller side.
    The built-in texts are small talk and other people's business as a bank's inbox sees them; for another inbox give your own.
    """

    texts: str = field(
        default="", metadata={"unit": "file", "reason": "texts out of scope, one per line or a column `text`; empty = built in"}
    )

    zh: ClassVar[str] = "遇到与它无关的文本，它察觉得到吗？四种分数取最佳：一半用来挑选，另一半用来测量。"
    metrics: ClassVar[dict[str, tuple[str, str]]] = {
        "oos_auroc": ("AUROC of noticing texts out of scope", "识别范围外文本的 AUROC"),
        "oos_fpr95": ("texts out of scope let through at 95 % TPR", "真阳性率 95 % 时放过的范围外文本"),
    }
    passes: ClassVar[int] = 4

    def why_not(self, subject: Subject, splits: Splits) -> str | None:
        if reason := no_labelled_rows(subject, splits):
            return reason
        if not any(example.target is not None for example in splits.train):
            return "No training row has a label, so nothing says what is within scope."
        language = main_language([text for text, _ in labelled(splits)])
        if not self.texts and built_in(language) is None:
            return f"No texts out of scope are built in for the language '{language}'; give a file of them by the option texts."
        return None

    def measure(self, subject: Subject, splits: Splits, rng: np.random.Generator) -> Iterator[Measurement]:
        """Raises BadInput when the file of texts cannot be read or holds too few."""
        test = sample([text for text, _ in labelled(splits)], rng)
        tune = sample([row.text for row in splits.tune if row.target is not None], rng)
        language = main_language([text for text, _ in labelled(splits)])
        file = Path(self.texts) if self.texts else built_in(language)
        rows = [row for row in splits.train if row.target is not None]
        seen = {row.text for row in (*splits.train, *splits.tune, *splits.test)}
        outside = read(file, seen) if file else []
        outside = [outside[place] for place in rng.permutation(len(outside))]

        train = [rows[place] for place in picked(len(rows), rng)]
        reference = known(np.asarray(subject.embed([row.text for row in train])), [str(row.target) for row in train])

        def scores(texts: Sequence[str]) -> dict[str, np.ndarray]:
            logits, vectors = (np.asarray(ask(texts), dtype=float) for ask in (subject.logits, subject.embed))
            return {name: reference.score(name, logits, vectors) for name in SCORES}

        half = len(outside) // 2
        choosing, rest = scores(outside[:half]), scores(outside[half:])
        if len(tune) >= FEWEST_ROWS or len(test) < 2:
            trial, judged = scores(tune or test), scores(test)
        else:
            mixed = [test[place] for place in rng.permutation(len(test))]
            trial, judged = scores(mixed[: len(mixed) // 2]), scores(mixed[len(mixed) // 2 :])
        kept = max(SCORES, key=lambda name: auc(trial[name], choosing[name]).value)
        halves = {name: (judged[name], rest[name]) for name in (kept, *(one for one in SCORES if one != kept))}
        source = {
            "kept": kept,
            "of": len(outside),
            "notes": ["The first score is the one that is kept; other texts than these chose it."],
        }
        yield measured("oos_auroc", "share", "higher", auc(*halves[kept]), {**roc(halves), **source})
        found = {name: let_through(*pair, rng) for name, pair in halves.items()}
        bars = [bar(name, one) for name, one in found.items()]
        evidence = {"kind": "bars", "title": "let through of texts out of scope", "unit": "share", "rows": bars, **source}
        yield measured("oos_fpr95", "share", "lower", found[kept], evidence)


def picked(n: int, rng: np.random.Generator) -> list[int]:
    """At most MOST of n places, in order."""
    return [int(place) for place in (np.sort(rng.choice(n, MOST, replace=False)) if n > MOST else np.arange(n))]


def sample(texts: Sequence[str], rng: np.random.Generator) -> list[str]:
    """At most MOST of the texts, in order."""
    return [texts[place] for place in picked(len(texts), rng)]


def let_through(inside: np.ndarray, outside: np.ndarray, rng: np.random.Generator) -> Estimate:
    """Share of texts out of scope that score above the level which 95 % of those within reach; n is the smaller side.

    The interval mixes what is uncertain on both sides. How many of n rows lie below the true level is binomial, so that level
    lies between two neighbouring rows (distribution-free, Conover 1999, section 3.2): the lower bound takes the upper of them, the
    upper bound the lower; below the lowest row nothing is known, so fewer than 72 rows leave the upper bound at 1. The share at a
    level is drawn from its Jeffreys posterior, so it is never of width 0.
    """
    levels, n, m = np.sort(inside), len(inside), len(outside)
    ordered = np.concatenate([[-np.inf], levels])

    def hits(level: np.ndarray) -> np.ndarray:
        return np.asarray(m - np.searchsorted(np.sort(outside), level, side="left"))

    below = rng.binomial(n, 1 - KEPT, RESAMPLES)
    shares = [hits(ordered[np.minimum(below + up, n)]) for up in (0, 1)]
    most, least = (rng.beta(count + 0.5, m - count + 0.5) for count in shares)
    value = float(hits(levels[int((1 - KEPT) * n) :][:1])[0] / m)
    low, high = float(np.quantile(least, 0.025)), float(np.quantile(most, 0.975))
    return Estimate(value=value, low=min(value, low), high=max(value, high), n=min(n, m))


def roc(halves: dict[str, Halves]) -> dict[str, Any]:
    """The curves of all four scores, the kept one first, each with its AUROC."""
    lines = []
    for name, (inside, outside) in halves.items():
        levels = np.quantile(np.concatenate([inside, outside]), np.linspace(1, 0, POINTS))
        told = [[float((outside >= level).mean()), float((inside >= level).mean())] for level in levels]
        points = [list(point) for point in dict.fromkeys(map(tuple, [[0.0, 0.0], *told, [1.0, 1.0]]))]
        lines.append({"name": name, "points": points, **vars(auc(inside, outside))})
    lines.append({"name": "by chance", "points": [[0.0, 0.0], [1.0, 1.0]]})
    named = {"title": "ROC curves, with AUROC", "x": "texts out of scope let through", "y": "texts within scope let through"}
    return {"kind": "curve", **named, "lines": lines, "marks": []}


check = OutOfScope()
