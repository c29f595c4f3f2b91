"""What a search leaves: every trial, the winner confirmed with seeds that no trial had, and what each knob mattered."""

from __future__ import annotations

from typing import Any, Literal

from beside.core.types import Value

TrialState = Literal["finished", "pruned", "failed", "running"]


class Trial(Value):
    """One set of knobs that was tried, or is being tried."""

    number: int
    params: dict[str, Any]
    state: TrialState
    score: float | None = None  # the best of its epochs on the tune split; of a pruned one as far as it came
    seconds: float = 0.0
    why: str = ""  # of a failed one


class Spread(Value):
    """A score over trainings that differ in their seed alone: mean and 95 % Student's t interval; `n` seeds."""

    value: float
    low: float
    high: float
    n: int
    scores: tuple[float, ...]  # in the order of the seeds


class Confirmed(Value):
    """The winner and the recipe it started from, trained with the same fresh seeds and scored on the tune split."""

    seeds: tuple[int, ...]
    winner: Spread
    default: Spread
    gap: Spread  # winner minus default, seed by seed
    verdict: Literal["winner", "default", "cannot tell"]


class Importance(Value):
    """Share of the variance of the scores that one knob explains (fANOVA, Hutter et al. 2014), with a bootstrap interval."""

    knob: str
    value: float
    low: float
    high: float
    n: int  # trials


class Search(Value):
    """A search as far as it is."""

    id: str
    corpus_id: str
    metric: str  # of the tune split; higher is better
    tune_rows: int
    asked: int  # trials
    trials: tuple[Trial, ...]
    exhausted: bool  # every set of a countable space was tried
    best: Trial | None
    confirmed: Confirmed | None
    importance: tuple[Importance, ...]
    run_id: str | None  # the winner, trained with the first fresh seed and stored
    folder: str  # of winner.toml and the pictures
    seconds: float  # of this call

    def count(self, *states: TrialState) -> int:
        """How many trials are in one of these states."""
        return sum(trial.state in states for trial in self.trials)
