"""Whether new texts are unlike the tune rows of a release, and how often its answers may be right while nobody labels them.

Every test is a permutation test: had both sets one origin, whoever is in which set would be chance, so the p-value is exact at any
size and whatever the statistic (Phipson & Smyth 2010). N rows of both sets, the B + 1 first masks of `masks` say who is new.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import numpy as np
from pydantic import computed_field

from beside.core.moved import Moved
from beside.core.types import Value

MONTH = 30.0  # days
MOST_DRAWS = 9_999  # of a test: seconds for 2,000 rows
LARGEST = 0.05  # alpha of one test at one look, however long nobody looked
PIECE = 500  # draws worked at a time: memory
RESAMPLES = 1_000

Way = Literal["webhook", "email"]  # that an alarm is sent by
WAYS: tuple[Way, ...] = ("webhook", "email")
Aspect = Literal["predictions", "confidence", "embeddings", "vocabulary", "language", "length"]


class Shift(Value):
    """One test of new texts against those they are compared with."""

    aspect: Aspect
    measure: str  # what `value` is
    value: float  # size of the difference, 0 = none
    p: float
    alpha: float  # p at or below it is an alarm
    moved: tuple[Moved, ...] = ()  # what changed, in figures that people can picture

    @computed_field  # type: ignore[prop-decorator]
    @property
    def alarm(self) -> bool:
        """Whether chance alone would hardly do this."""
        return self.p <= self.alpha


class Estimated(Value):
    """Accuracy without labels, 0..1, higher is better."""

    method: Literal["average confidence", "ATC"]
    value: float
    low: float
    high: float
    n: int


class Told(Value):
    """Whom an alarm was sent to, and whether it left this machine."""

    way: Way
    sent: bool
    why: str = ""  # not sent


class Look(Value):
    """One look at what a release was asked. Holds figures alone, no word of a text."""

    release_id: str
    at: datetime
    since: datetime  # when the oldest of the new texts was asked
    n: int  # new texts
    tune: int  # tune rows; they are compared with these unless people accepted a drift
    days: float  # that this look may spend of the budget
    budget: float  # false alarms per 30 days, all tests together
    shifts: tuple[Shift, ...]
    accuracy: tuple[Estimated, ...] = ()
    tune_accuracy: float | None = None  # of the same model on the tune rows, which have labels
    skipped: dict[str, str] = {}  # aspect -> why it was not looked at
    told: tuple[Told, ...] = ()
    suspended: bool = False  # whether this look took the approval away
    news: tuple[Aspect, ...] = ()  # of which alarms people were told at this look
    begun: dict[Aspect, datetime] = {}  # of each alarm: the first of the looks in a row that had it
    accepted: datetime | None = None  # when people let it answer again after a drift
    accepted_n: int | None = None  # answers right after that, which the new texts are then compared with

    @computed_field  # type: ignore[prop-decorator]
    @property
    def alarms(self) -> tuple[Aspect, ...]:
        """The aspects in which the texts drifted."""
        return tuple(one.aspect for one in self.shifts if one.alarm)


def allowance(budget: float, days: float, tests: int) -> float:
    """Alpha of each test of one look, so that false alarms stay within `budget` per 30 days however often somebody looks.

    A look may spend what has gathered since the one before: budget * days / 30, shared by its tests. The expected number of false
    alarms is at most the sum of the alphas whatever depends on what (linearity of expectation), so overlapping windows, many tests
    and any number of looks keep the promise. Nothing gathers for longer than 30 days, and no test has more than 5 %.
    """
    return min(LARGEST, budget * min(max(days, 0.0), MONTH) / MONTH / max(tests, 1))


def draws_for(alpha: float) -> int | None:
    """How many permutations decide at this level; None when it is so small that no number we draw could be an alarm."""
    wanted = int(np.ceil(10 / alpha)) if alpha > 0 else MOST_DRAWS + 1
    if alpha * (MOST_DRAWS + 1) < 1:
        return None
    return min(max(wanted, 999), MOST_DRAWS)


def masks(old: int, new: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Who is new: as it is in the first row, by chance in the others; bool, (draws + 1, old + new), `new` of each row True."""
    found = np.zeros((draws + 1, old + new), dtype=bool)
    found[0, old:] = True
    for start in range(1, draws + 1, PIECE):
        piece = found[start : start + PIECE]
        chosen = rng.random(piece.shape).argpartition(new - 1, axis=1)[:, :new]
        np.put_along_axis(piece, chosen, True, axis=1)
    return found


def p_value(statistics: np.ndarray) -> float:
    """Share of draws at least as far as what was found, that itself counted; rounding makes no difference."""
    return float((statistics >= statistics[0] - 1e-9 * abs(statistics[0])).mean())


def chi_square(indicators: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Chi-square of how often each column is set among new and old rows; indicators (N, columns), shape (draws + 1,)."""
    set_ = np.asarray(indicators[:, indicators.any(axis=0)], dtype=np.float32)
    total, share = set_.sum(axis=0), float(drawn[0].mean())
    found = np.zeros(len(drawn))
    for start in range(0, len(drawn), PIECE):
        apart = drawn[start : start + PIECE].astype(np.float32) @ set_ - share * total
        found[start : start + PIECE] = (apart**2 / total).sum(axis=1) / (share * (1 - share))
    return found


def mmd(vectors: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Squared maximum mean discrepancy (Gretton et al. 2012), biased form, Gaussian kernel of the median distance; (draws + 1,)."""
    rows = np.asarray(vectors, dtype=np.float64)
    lengths = (rows**2).sum(axis=1)
    squared = np.maximum(lengths[:, None] + lengths - 2 * rows @ rows.T, 0)
    middle = float(np.median(squared[np.triu_indices(len(rows), 1)])) or 1.0
    kernel = np.exp(-squared / middle).astype(np.float32)
    new = int(drawn[0].sum())
    found = np.zeros(len(drawn))
    for start in range(0, len(drawn), PIECE):
        weights = np.where(drawn[start : start + PIECE], 1 / new, -1 / (len(rows) - new)).astype(np.float32)
        found[start : start + PIECE] = ((weights @ kernel) * weights).sum(axis=1)
    return found


def kolmogorov(values: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Largest gap between the distributions of a number among new and old rows (Kolmogorov-Smirnov), 0..1, shape (draws + 1,)."""
    order = np.argsort(values, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(values[order]) > 0, True))
    new = int(drawn[0].sum())
    found = np.zeros(len(drawn))
    for start in range(0, len(drawn), PIECE):
        steps = np.where(drawn[start : start + PIECE][:, order], 1 / new, -1 / (len(values) - new))
        found[start : start + PIECE] = np.abs(np.cumsum(steps, axis=1)[:, ends]).max(axis=1)
    return found


def psi(indicators: np.ndarray, new: np.ndarray) -> float:
    """Population stability index of how often each column is set; half a row is added to each, so that none is empty.

    Below 0.1 is taken for stable and above 0.25 for a shift where credit scores are watched (Siddiqi 2006).
    """
    counts = np.stack([indicators[~new].sum(axis=0), indicators[new].sum(axis=0)]) + 0.5
    old, now = counts / counts.sum(axis=1, keepdims=True)
    return float(((now - old) * np.log(now / old)).sum())


def estimates(sure: np.ndarray, right: np.ndarray, now: np.ndarray, rng: np.random.Generator) -> tuple[Estimated, ...]:
    """Accuracy on new texts without labels, by two methods, with 95 % bootstrap intervals over both sets.

    Average confidence is what calibrated probabilities say themselves. ATC (Garg et al. 2022) takes the confidence above which as
    many tune rows lie as are right, and counts new ones above it. Both assume that confidence means what it meant on tune rows:
    where the same words come to mean something else, neither can know.

    Args:
        sure: probability of the answer of each tune row, shape (tune,).
        right: 1.0 where it is right, shape (tune,).
        now: probability of each new answer, shape (n,).
    """
    drawn = []
    for _ in range(RESAMPLES):
        tune, new = rng.integers(0, len(sure), len(sure)), rng.integers(0, len(now), len(now))
        drawn.append((now[new].mean(), atc(sure[tune], right[tune], now[new])))
    lows, highs = np.quantile(drawn, [0.025, 0.975], axis=0)
    found = []
    for place, value in enumerate((float(now.mean()), atc(sure, right, now))):
        method: Literal["average confidence", "ATC"] = "ATC" if place else "average confidence"
        low, high = min(value, float(lows[place])), max(value, float(highs[place]))
        found.append(Estimated(method=method, value=value, low=low, high=high, n=len(now)))
    return tuple(found)


def atc(sure: np.ndarray, right: np.ndarray, now: np.ndarray) -> float:
    """Share of new answers at least as sure as the tune row that separates as many rows as are right."""
    hits = round(float(right.sum()))
    return float((now >= np.sort(sure)[::-1][hits - 1]).mean()) if hits else 0.0
