"""Can it be told whose text it was trained on? Two membership attacks on training rows and on rows it never saw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from beside.checks._rows import measured, never_flat, no_labelled_rows
from beside.checks.privacy._attacks import SHADOWS, area, confidence, likelihood_ratio, roc
from beside.checks.utility._floor import vectorizer_for
from beside.core.errors import NotEnoughData
from beside.core.interfaces import Subject
from beside.core.statistics import bootstrap, tpr_at_fpr
from beside.core.types import Example, Measurement, Splits

FALSE_POSITIVES = 0.01
FEWEST = 2  # members, to have one on either side of the choice between the attacks
NAMES = {"loss": "loss threshold (Yeom et al. 2018)", "ratio": "likelihood ratio (LiRA, Carlini et al. 2022)"}


@dataclass(frozen=True, kw_only=True)
class Membership:
    """How well an outsider who can ask the model tells its training rows from test rows; `n` counts the members asked about.

    `membership_auc` is the area under the ROC curve, 0..1: 0.5 = the attacker guesses, 1 = every member is known.
    `membership_tpr` is the share of members found while at most 1 % of the others are accused (Carlini et al. 2022): a few
    people who are surely known matter more than the average. Lower is better for both. The stronger of a loss threshold and a
    likelihood-ratio attack is chosen, for each of the two figures, on one half of the rows and reported on the other. Training and
    test rows must come from the same source, or the attack tells the sources apart; a test row that is also a training row is left
    out.
    """

    rows: int = field(default=1000, metadata={"unit": "members at most", "reason": "1 % false positives need some hundred rows"})
    shadows: int = field(default=SHADOWS, metadata={"unit": "shadow models", "reason": "more gain little (Carlini et al. 2022)"})
    base: Subject | None = field(default=None, metadata={"given": True})

    zh: ClassVar[str] = "能看出它是用谁的文本训练的吗？对训练行和它没见过的行做两种成员推断攻击。"
    metrics: ClassVar[dict[str, tuple[str, str]]] = {
        "membership_auc": ("membership attack: area under the ROC curve", "成员推断攻击的 ROC 曲线下面积"),
        "membership_tpr": ("membership attack: members found at 1 % false alarms", "成员推断攻击：误报率 1 % 时识破的成员比例"),
    }
    pairs: ClassVar[bool] = True
    passes: ClassVar[int] = 2

    def why_not(self, subject: Subject, splits: Splits) -> str | None:
        if reason := no_labelled_rows(subject, splits):
            return reason
        inside, outside = known(splits.train, subject), strangers(splits, subject)
        if min(len(inside), len(outside)) < FEWEST:
            return "A membership attack needs at least 2 training rows and 2 other test rows with labels that the model knows."
        return None

    def measure(self, subject: Subject, splits: Splits, rng: np.random.Generator) -> Iterator[Measurement]:
        """Raises NotEnoughData when fewer than two rows of one kind are there."""
        inside, outside = known(splits.train, subject), strangers(splits, subject)
        n = min(self.rows, len(inside), len(outside))
        if n < FEWEST:
            raise NotEnoughData(f"{n} rows of each kind are too few for a membership attack.", "Give more labelled rows.")
        members, others = drawn(inside, n, rng), drawn(outside, n, rng)
        scores = self.attacks(subject, [*members, *others], rng)
        cut = n // 2  # both lists are in random order
        halves = {name: (both[:cut], both[n : n + cut], both[cut:n], both[n + cut :]) for name, both in scores.items()}
        chosen = max(halves, key=lambda name: area(*halves[name][:2]))
        yes, no = halves[chosen][2:]
        auc = bootstrap(lambda rows: area(yes[rows], no[rows]), len(yes), rng)
        yield measured("membership_auc", "share", "lower", never_flat(auc), curve(chosen, yes, no))
        surest = max(halves, key=lambda name: found_at_once(*halves[name][:2]))  # the best on average may be poor at the few surest
        yield measured("membership_tpr", "share", "lower", never_flat(tpr_at_fpr(*halves[surest][2:], rng, FALSE_POSITIVES)))

    def attacks(self, subject: Subject, rows: list[Example], rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Scores of both attacks, one per row; the higher, the likelier a member."""
        texts = [row.text for row in rows]
        targets = np.array([subject.labels.index(str(row.target)) for row in rows])
        sure = confidence(np.asarray(subject.logits(texts)), targets)
        features = self.base.embed(texts) if self.base is not None else counted(texts)
        return {"loss": sure, "ratio": likelihood_ratio(sure, features, targets, rng, self.shadows)}


def known(rows: list[Example], subject: Subject) -> list[Example]:
    """The rows whose label the model can answer."""
    return [row for row in rows if row.target in subject.labels]


def strangers(splits: Splits, subject: Subject) -> list[Example]:
    """Test rows that are not training or tune rows as well."""
    seen = {row.text for row in (*splits.train, *splits.tune)}
    return [row for row in known(splits.test, subject) if row.text not in seen]


def drawn(rows: list[Example], n: int, rng: np.random.Generator) -> list[Example]:
    """`n` of the rows in random order."""
    return [rows[place] for place in rng.permutation(len(rows))[:n]]


def counted(texts: list[str]) -> Any:
    """TF-IDF vectors, for a model whose base knew nothing; a single column of ones when no text holds a word."""
    try:
        return vectorizer_for(texts).fit_transform(texts)
    except ValueError:
        return np.ones((len(texts), 1))


def found_at_once(inside: np.ndarray, outside: np.ndarray) -> float:
    """Share of members found, averaged over every line with at most 1 % false alarms: less subject to chance than a single one."""
    ranked = np.sort(outside)[::-1]
    return float(np.mean([(inside > line).mean() for line in ranked[: 1 + int(FALSE_POSITIVES * len(ranked))]]))


def curve(chosen: str, yes: np.ndarray, no: np.ndarray) -> dict[str, Any]:
    """The ROC curve of the chosen attack beside that of guessing."""
    lines = [{"name": NAMES[chosen], "points": roc(yes, no)}, {"name": "guessing", "points": [[0.0, 0.0], [1.0, 1.0]]}]
    axes = {"x": "false alarms among rows it never saw", "y": "training rows found"}
    return {"kind": "curve", "title": "Membership attack", **axes, "lines": lines, "marks": []}


check = Membership()
