"""The study of a search: kills change nothing, no set of values comes twice, hopeless trials are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beside.core.space import Reach, Space
from beside.core.trials import Trial
from beside.engine.search import Study, key_of

WIDE: Space = {
    "learning_rate": Reach(low=1e-5, high=1e-2, log=True),
    "epochs": Reach(low=2, high=8),
    "method": Reach(choices=("lpft", "full")),
    "warmup": Reach(low=0.0, high=0.2, step=0.05),
}
SMALL: Space = {"epochs": Reach(low=1, high=3), "method": Reach(choices=("lpft", "full", "probe"))}


def quality(params: dict[str, Any]) -> float:
    """Best at a learning rate of 3e-4; nothing else matters."""
    return 0.9 - 0.1 * abs(float(np.log10(params["learning_rate"])) + 3.5)


@pytest.fixture
def open_study(tmp_path: Path) -> Iterator[Callable[..., Study]]:
    """Opens the study of a name anew, as a new process would."""
    opened: list[Study] = []

    def new(name: str = "a", space: Space = WIDE, **start: Any) -> Study:
        opened.append(Study(f"sqlite:///{tmp_path / 'studies.sqlite'}", name, space, 0, start))
        return opened[-1]

    yield new
    for study in opened:
        study.close()


def train(study: Study, trial: Trial) -> None:
    """A training whose scores grow towards the quality of its values."""
    epochs, best = trial.params["epochs"], 0.0
    for epoch in range(1, epochs + 1):
        best = quality(trial.params) * epoch / epochs
        if study.report(trial.number, epoch, epochs, best):
            study.end(trial.number, None, 1.0, pruned=True)
            return
    study.end(trial.number, best, 1.0)


def test_killed_at_any_moment_it_asks_as_if_it_never_had_been(open_study: Any) -> None:
    quiet = open_study("quiet")
    for _ in range(20):
        train(quiet, quiet.ask(20))
    assert quiet.ask(20) is None
    killed = open_study("killed")
    for place in range(20):
        trial = killed.ask(20)
        if place % 3 == 1:  # killed after it was asked for, before it was trained
            killed = open_study("killed")
            assert killed.ask(20) == trial
        if place % 5 == 2:  # killed after the first epoch
            killed.report(trial.number, 1, trial.params["epochs"], quality(trial.params) / trial.params["epochs"])
            killed = open_study("killed")
            assert killed.ask(20).params == trial.params
        train(killed, trial)
    assert killed.ask(20) is None
    assert killed.trials() == quiet.trials()
    assert len({key_of(trial.params) for trial in killed.trials()}) == 20
    assert {trial.state for trial in killed.trials()} == {"finished", "pruned"}


def test_a_trial_half_asked_for_when_the_kill_came_is_not_counted(open_study: Any) -> None:
    study = open_study()
    study.study.ask({"epochs": study.distributions["epochs"]})
    again = open_study()
    assert again.trials() == [] and again.ended == 0
    for _ in range(3):
        train(again, again.ask(3))
    assert again.ask(3) is None and [trial.state for trial in again.trials()] == ["finished"] * 3


def test_a_countable_space_is_tried_whole_and_no_set_twice(open_study: Any) -> None:
    study, given = open_study("small", SMALL, epochs=2, method="full"), []
    while (trial := study.ask(50)) is not None:
        given.append(trial.params)
        study.end(trial.number, 0.5, 1.0)
    assert given[0] == {"epochs": 2, "method": "full"}, "the values of a training without a search come first"
    assert len(given) == len({key_of(params) for params in given}) == 9 and study.exhausted
    again = open_study("small", SMALL)
    assert again.ask(50) is None and again.exhausted and len(again.trials()) == 9


def test_a_set_that_was_asked_for_twice_by_a_kill_is_given_out_once(open_study: Any) -> None:
    study = open_study("small", SMALL)
    first = study.ask(9)
    study.end(first.number, 0.5, 1.0)
    study.study.enqueue_trial(first.params)
    study.study.ask(study.distributions)  # and the process dies before it sees that this is a repetition
    again = open_study("small", SMALL)
    assert again.ask(9).params != first.params
    assert len(again.trials()) == 2


def test_values_out_of_the_space_are_no_beginning(open_study: Any) -> None:
    first = open_study(learning_rate=0.5, epochs=None, method="full", warmup=0.1).ask(3)
    assert first.params["method"] == "full" and first.params["warmup"] == pytest.approx(0.1)
    assert 1e-5 <= first.params["learning_rate"] <= 1e-2


def test_a_trial_far_below_the_others_is_hopeless_but_not_at_its_end(open_study: Any) -> None:
    study = open_study()
    for _ in range(5):
        trial = study.ask(9)
        for epoch in (1, 2, 3, 4):
            assert not study.report(trial.number, epoch, 4, 0.8)
        study.end(trial.number, 0.8, 1.0)
    poor = study.ask(9)
    assert study.report(poor.number, 2, 4, 0.1), "the others had 0.8 at half of their steps"
    assert not study.report(poor.number, 4, 4, 0.2), "at its end nothing would be saved"
    study.end(poor.number, None, 1.0, pruned=True)
    last = study.trials()[-1]
    assert (last.state, last.score) == ("pruned", pytest.approx(0.2))


def test_trials_of_other_lengths_are_compared_at_the_same_share_of_their_steps(open_study: Any) -> None:
    study = open_study()
    for _ in range(5):
        trial = study.ask(9)
        for epoch in range(1, 9):
            study.report(trial.number, epoch, 8, epoch / 10)
        study.end(trial.number, 0.8, 1.0)
    short = study.ask(9)
    assert not study.report(short.number, 1, 2, 0.45), "half of two epochs against half of eight, 0.4"


def test_refused_trials_count_as_ended_and_keep_their_reason(open_study: Any) -> None:
    study = open_study()
    study.end(study.ask(2).number, None, 0.1, why="The loss became nan.")
    train(study, study.ask(2))
    assert study.ask(2) is None
    assert [(trial.state, trial.why) for trial in open_study().trials()] == [("failed", "The loss became nan."), ("finished", "")]


def test_what_mattered_is_found_and_comes_with_its_interval(open_study: Any) -> None:
    study = open_study()
    assert study.importance() == []
    for _ in range(24):
        trial = study.ask(24)
        study.end(trial.number, quality(trial.params), 1.0)
    found = study.importance()
    assert found[0].knob == "learning_rate" and found[0].value > 0.7
    assert sum(one.value for one in found) == pytest.approx(1.0)
    assert all(one.low <= one.value <= one.high and one.n == 24 for one in found)
    assert study.importance() == found


def test_notes_stay_with_the_study(open_study: Any) -> None:
    open_study().note("scores", {"a": 0.5})
    with closing(open_study()) as again:
        assert again.noted("scores") == {"a": 0.5} and again.noted("nothing") is None
