"""One trial, here or in a process of its own: scores alone are kept, a hopeless one ends early, a killed one goes on."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from beside.core.errors import BadOption
from beside.core.recipe import Recipe
from beside.core.types import Example
from beside.engine.crew import Away, Job, Outcome, Rows, named
from beside.engine.fit import Fit
from beside.engine.trial import Here, survey

Seen = list[tuple[int, int, float]]


@pytest.fixture(scope="module")
def rows(messages: Any) -> Rows:
    made = [Example(id=str(place), text=text, target=label) for place, (text, label) in enumerate(messages(90))]
    return Rows(train=made[:60], tune=made[60:], labels=("cancel", "deliver", "refund"), task="classify")


@pytest.fixture
def job(tiny_base: Path, tmp_path: Path) -> Callable[..., Job]:
    def made(name: str = "trial-0", **knobs: Any) -> Job:
        given = {"base": str(tiny_base), "epochs": 3, "learning_rate": 3e-3, "pooling": "mean", "threads": 1, **knobs}
        return Job(recipe=Recipe(**given), folder=tmp_path / name)

    return made


@pytest.fixture
def away(rows: Rows) -> Iterator[Away]:
    worker = Away(rows)
    yield worker
    worker.close()


def never(epoch: int, epochs: int, score: float) -> bool:
    return False


def nowhere(share: float) -> None: ...


def test_every_epoch_is_reported_and_scores_alone_are_kept(rows: Rows, job: Any) -> None:
    seen: Seen = []
    outcome = Here(rows).train(job(), lambda *told: bool(seen.append(told)))
    assert [(epoch, epochs) for epoch, epochs, _ in seen] == [(1, 3), (2, 3), (3, 3)]
    assert list(outcome.scores) == ["macro_f1", "accuracy", "loss"] and outcome.score == outcome.scores["macro_f1"]
    assert outcome.score == max(score for _, _, score in seen) and outcome.seconds > 0 and not outcome.why
    assert not job().folder.exists(), "nothing is left of a trial that has ended"


def test_a_hopeless_trial_ends_at_once(rows: Rows, job: Any) -> None:
    seen: Seen = []
    outcome = Here(rows).train(job(epochs=50), lambda *told: not seen.append(told))
    assert outcome.pruned and outcome.scores == {} and len(seen) == 1
    assert not job().folder.exists()


def test_a_trial_that_was_stopped_goes_on_with_the_same_scores(rows: Rows, job: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Here(rows).train(job("whole"), never)
    step = Fit.one_step

    def interrupted(fit: Fit, group: Any) -> float:
        if fit.step == 5:
            signal.raise_signal(signal.SIGINT)
        return step(fit, group)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Fit, "one_step", interrupted)
        Here(rows).train(job(), never)
    seen: Seen = []
    assert Here(rows).train(job(), lambda *told: bool(seen.append(told))).scores == whole.scores
    assert [epoch for epoch, _, _ in seen] == [2, 3]


def test_what_a_recipe_cannot_do_is_an_outcome_with_its_reason(rows: Rows, job: Any) -> None:
    assert Here(rows).train(job(frozen_layers=9), never).why.startswith("Cannot freeze 9 layers")


def test_what_a_training_would_choose_by_itself_is_known_beforehand(rows: Rows, job: Any, tmp_path: Path) -> None:
    filled, layers = survey(Recipe(base=job().recipe.base), rows, tmp_path)
    assert filled.epochs and filled.batch_size and filled.learning_rate and filled.method == "lpft" and layers == 2
    assert filled.dropout == 0.1, "what the base was pre-trained with"
    with pytest.raises(BadOption):
        survey(Recipe(base=job().recipe.base, frozen_layers=9), rows, tmp_path)


@pytest.mark.slow
def test_another_process_gives_the_same_outcome_and_prunes_and_outlives_a_death(rows: Rows, job: Any, away: Away) -> None:
    seen: Seen = []
    shares: list[float] = []
    outcome = away.train(job(), lambda *told: bool(seen.append(told)), shares.append)
    assert outcome.scores == Here(rows).train(job("here"), never).scores and len(seen) == 3 and shares
    assert away.train(job(epochs=50), lambda *told: True, nowhere) == Outcome(pruned=True, seconds=pytest.approx(1, abs=60))
    assert away.train(job(frozen_layers=9), never, nowhere).why.startswith("Cannot freeze 9 layers")
    assert away.process

    def killed(epoch: int, epochs: int, score: float) -> bool:
        os.kill(away.process.pid, signal.SIGKILL)  # type: ignore[union-attr]
        return False

    assert away.train(job(epochs=50), killed, nowhere).why == "Its process died (SIGKILL)."
    assert away.train(job("after"), never, nowhere).scores == outcome.scores


@pytest.mark.slow
def test_a_process_that_is_told_to_stop_saves_where_it_is(job: Any, away: Away, rows: Rows) -> None:
    def enough(epoch: int, epochs: int, score: float) -> bool:
        away.stop()
        return False

    with pytest.raises(KeyboardInterrupt):
        away.train(job(epochs=500), enough, nowhere)
    assert (job().folder / "state.json").exists() and away.process is None
    with pytest.raises(KeyboardInterrupt):
        away.train(job(), never, nowhere)


def test_exit_codes_are_named() -> None:
    assert [named(code) for code in (-9, 1, -1000)] == ["SIGKILL", "exit code 1", "exit code -1000"]
