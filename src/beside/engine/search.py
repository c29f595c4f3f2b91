"""Hyper-parameter search: Optuna's study in a database, asked by one process, so that no set of values is trained twice.

What is suggested is a pure function of seed and finished trials: a search that was killed and goes on asks as if it never had
been. A trial that a kill cut short is not failed but gone on with, under its own number.
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import RLock
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.importance import FanovaImportanceEvaluator
from optuna.pruners import MedianPruner
from optuna.samplers import TPESampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from beside.core.errors import StorageFailed
from beside.core.space import Reach, Space, kinds_of, size_of, values_of
from beside.core.trials import Importance, Trial

TENTHS = 10  # a trial is compared with others at the same tenth of its steps, since epochs and rate schedules differ in length
FIRST_UNPRUNED = 4  # whole trials before any is pruned
FIRST_TENTH = 2  # no trial is pruned before
FIRST_RANDOM = 8  # trials before the model of good values is asked
FEWEST_FOR_IMPORTANCE = 8  # trials
RESAMPLES = 20
DRAWS = 200  # random sets drawn to find one that was not tried
WAITS = 60  # seconds that SQLite waits for a lock

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)


@contextmanager
def study_failures() -> Iterator[None]:
    """Turns what a study's database refuses into an error of Beside."""
    try:
        yield
    except optuna.exceptions.StorageInternalError as error:
        why = " ".join(str(error.__cause__ or error).split())
        raise StorageFailed(
            f"The database of studies does not take this: {why}.", "Free some space, then go on: same command."
        ) from error


class Study:
    """The trials of one search. Safe for several threads of one process; another process must not use the same study at once.

    Args:
        url: of the database, SQLAlchemy's way.
        name: of the study; what is there under it is gone on with.
        space: what may be changed.
        seed: of the suggestions.
        start: values to try first, as far as they lie in the space.

    Raises:
        StorageFailed: the database holds studies of another version of Optuna.
    """

    def __init__(self, url: str, name: str, space: Space, seed: int, start: dict[str, Any]) -> None:
        self.space, self.seed, self.turn = space, seed, RLock()
        self.distributions = {knob: distribution(knob, reach) for knob, reach in space.items()}
        waits = {"connect_args": {"timeout": WAITS}} if url.startswith("sqlite") else {"pool_pre_ping": True}
        try:
            storage = optuna.storages.RDBStorage(url, engine_kwargs=waits)
        except RuntimeError as error:
            raise StorageFailed(f"The studies cannot be read: {error}", "Install the version of Optuna that wrote them.") from error
        pruner = MedianPruner(n_startup_trials=FIRST_UNPRUNED, n_warmup_steps=FIRST_TENTH)
        self.study = optuna.create_study(storage=storage, study_name=name, direction="maximize", pruner=pruner, load_if_exists=True)
        self.storage = storage
        found = self.study.get_trials(deepcopy=False)
        self.seen = {key_of(one.params) for one in found if self.counts(one)}
        self.cut_short: list[int] = []
        self.under_way: dict[int, optuna.Trial] = {}
        for one in (one for one in found if one.state == TrialState.RUNNING):
            if self.whole(one) and key_of(one.params) not in self.seen:
                self.seen.add(key_of(one.params))
                self.cut_short.append(one.number)
            else:  # killed while it was asked for: nothing was trained
                self.study.tell(one.number, state=TrialState.FAIL)
        if not found:
            fitting = {knob: value for knob, value in start.items() if lies_in(self.distributions.get(knob), value)}
            self.study.enqueue_trial(fitting)

    def whole(self, one: FrozenTrial) -> bool:
        """Whether every knob of the space has its value: the trial was asked for to the end, and is no repetition."""
        return one.params.keys() == self.space.keys() and "repeats" not in one.user_attrs and one.state == TrialState.RUNNING

    @staticmethod
    def counts(one: FrozenTrial) -> bool:
        """Whether a trial has ended by its own doing: with a score, pruned, or refused by the training."""
        return one.state in (TrialState.COMPLETE, TrialState.PRUNED) or "why" in one.user_attrs

    @property
    def ended(self) -> int:
        """How many trials count as ended."""
        return sum(self.counts(one) for one in self.study.get_trials(deepcopy=False))

    @property
    def exhausted(self) -> bool:
        """Whether every set of a countable space was given out."""
        return len(self.seen) >= size_of(self.space)

    def ask(self, limit: int) -> Trial | None:
        """The next trial, one that a kill cut short first; None when `limit` are ended or under way, or no new set is left."""
        with self.turn:
            if self.ended + len(self.under_way) >= limit:
                return None
            if self.cut_short:
                number = self.cut_short.pop(0)
                trial = optuna.Trial(self.study, self.study.get_trials(deepcopy=False)[number]._trial_id)
            elif self.exhausted:
                return None
            else:
                trial = self.fresh()
            self.under_way[trial.number] = trial
            return Trial(number=trial.number, params=dict(trial.params), state="running")

    def fresh(self) -> optuna.Trial:
        """A trial with a set of values that no other has."""
        while True:
            draw = (self.seed, len(self.seen))
            self.study.sampler = TPESampler(
                seed=int(np.random.SeedSequence(draw).generate_state(1)[0]), n_startup_trials=FIRST_RANDOM
            )
            trial = self.study.ask(self.distributions)
            if key_of(trial.params) not in self.seen:
                self.seen.add(key_of(trial.params))
                return trial
            trial.set_user_attr("repeats", True)
            self.study.tell(trial, state=TrialState.FAIL)
            self.study.enqueue_trial(self.untried(np.random.default_rng(draw)))

    def untried(self, rng: np.random.Generator) -> dict[str, Any]:
        """A random set of values that was not tried."""
        for _ in range(DRAWS):
            drawn = {knob: drawn_from(one, rng) for knob, one in self.distributions.items()}
            if key_of(drawn) not in self.seen:
                return drawn
        lists = [values_of(knob, reach) for knob, reach in self.space.items()]  # nearly all of a countable space was tried
        for place in rng.permutation(math.prod(map(len, lists))):
            drawn = {knob: plain(values[at]) for knob, values, at in zip(self.space, lists, digits(int(place), lists), strict=True)}
            if key_of(drawn) not in self.seen:
                break
        return drawn

    def report(self, number: int, epoch: int, epochs: int, score: float) -> bool:
        """Takes an epoch's score; whether the trial is hopeless: below the others' median at the same tenth of their steps."""
        with self.turn:
            trial = self.under_way[number]
            known = self.study.get_trials(deepcopy=False)[number].intermediate_values
            for tenth in range(max(known, default=0) + 1, min(TENTHS, TENTHS * epoch // epochs) + 1):
                trial.report(score, tenth)
            return epoch < epochs and bool(trial.should_prune())

    def end(self, number: int, score: float | None, seconds: float, *, pruned: bool = False, why: str = "") -> None:
        """A trial has ended; with `why` it was refused by the training."""
        with self.turn:
            trial = self.under_way[number]
            trial.set_user_attr("seconds", seconds)
            if why:
                trial.set_user_attr("why", why)
                self.study.tell(trial, state=TrialState.FAIL)
            elif pruned:
                self.study.tell(trial, state=TrialState.PRUNED)
            else:
                self.study.tell(trial, score)
            del self.under_way[number]

    def trials(self) -> list[Trial]:
        """Every trial that was trained, or is being trained, in order."""
        states = {TrialState.COMPLETE: "finished", TrialState.PRUNED: "pruned", TrialState.RUNNING: "running"}
        with self.turn:
            found = [one for one in self.study.get_trials(deepcopy=False) if self.counts(one) or self.whole(one)]
        return [
            Trial(
                number=one.number,
                params=one.params,
                state=states.get(one.state, "failed"),
                score=one.value if one.value is not None else max(one.intermediate_values.values(), default=None),
                seconds=one.user_attrs.get("seconds", 0.0),
                why=one.user_attrs.get("why", ""),
            )
            for one in found
        ]

    def note(self, key: str, value: Any) -> None:
        """Keeps plain data with the study."""
        with self.turn:
            self.study.set_user_attr(key, value)

    def noted(self, key: str) -> Any:
        """What `note` kept; None when there is nothing."""
        with self.turn:
            return self.study.user_attrs.get(key)

    def close(self) -> None:
        """Gives the connections back."""
        self.storage.remove_session()
        self.storage.engine.dispose()

    def importance(self) -> list[Importance]:
        """What each knob mattered, most first; empty with too few trials to tell. A pruned trial has the score it had come to.

        The intervals are of a bootstrap over the trials: with a dozen trials they are wide, and say so.
        """
        ended = [one for one in self.trials() if one.state in ("finished", "pruned") and one.score is not None]
        if len(ended) < FEWEST_FOR_IMPORTANCE or len({one.score for one in ended}) < 2 or len(self.space) < 2:
            return []
        whole = [create_trial(params=one.params, distributions=self.distributions, value=one.score) for one in ended]
        rng = np.random.default_rng(self.seed)
        point = weights_of(whole, self.seed)
        drawn = [weights_of([whole[at] for at in rng.integers(0, len(whole), len(whole))], self.seed) for _ in range(RESAMPLES)]
        found = []
        for knob, value in point.items():
            low, high = np.quantile([one.get(knob, 0.0) for one in drawn], [0.025, 0.975])
            found.append(Importance(knob=knob, value=value, low=min(value, low), high=max(value, high), n=len(whole)))
        return sorted(found, key=lambda one: -one.value)


def weights_of(trials: Sequence[FrozenTrial], seed: int) -> dict[str, float]:
    """fANOVA importance of each knob over these trials, adding up to 1; empty where nothing differs."""
    study = optuna.create_study(direction="maximize")
    study.add_trials(list(trials))
    if len({one.value for one in trials}) < 2:
        return {}
    return dict(optuna.importance.get_param_importances(study, evaluator=FanovaImportanceEvaluator(n_trees=32, seed=seed)))


def distribution(knob: str, reach: Reach) -> BaseDistribution:
    """A knob's reach as Optuna has it."""
    if reach.choices:
        return CategoricalDistribution(reach.choices)
    assert reach.low is not None and reach.high is not None  # a range, as `Reach` makes sure
    if float in kinds_of(knob):
        return FloatDistribution(
            float(reach.low), float(reach.high), log=reach.log, step=None if reach.step is None else float(reach.step)
        )
    return IntDistribution(int(reach.low), int(reach.high), log=reach.log, step=int(reach.step or 1))


def lies_in(one: BaseDistribution | None, value: Any) -> bool:
    """Whether a distribution can give this value."""
    if one is None or value is None:
        return False
    try:
        return bool(one._contains(one.to_internal_repr(value)))
    except ValueError:  # no such choice
        return False


def drawn_from(one: BaseDistribution, rng: np.random.Generator) -> Any:
    """A random value, even over the range or over its logarithm."""
    if isinstance(one, CategoricalDistribution):
        return one.choices[rng.integers(len(one.choices))]
    assert isinstance(one, FloatDistribution | IntDistribution)
    low, high, whole = one.low, one.high, isinstance(one, IntDistribution)
    if one.log:
        value = float(np.exp(rng.uniform(np.log(low), np.log(high))))
        return min(max(round(value), low), high) if whole else value
    if one.step is None:
        return float(rng.uniform(low, high))
    value = low + one.step * int(rng.integers(0, int((high - low) / one.step + 1e-9) + 1))
    return int(value) if whole else float(value)


def digits(place: int, lists: Sequence[Sequence[Any]]) -> list[int]:
    """The place of each list's element in the `place`-th combination."""
    found = []
    for values in lists:
        place, at = divmod(place, len(values))
        found.append(at)
    return found


def plain(value: Any) -> Any:
    """A value without numpy's types."""
    return value.item() if isinstance(value, np.generic) else value


def key_of(params: dict[str, Any]) -> str:
    """One spelling of a set of values."""
    return json.dumps(params, sort_keys=True)
