"""The trials of a search on workers: shared out, told, refused, stopped. The workers here compute a score instead of training."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from beside.core.errors import BadInput
from beside.core.recipe import Recipe
from beside.core.space import Reach, Space
from beside.engine.crew import Job, Outcome
from beside.engine.hunt import Hunt, length
from beside.engine.search import Study

SPACE: Space = {"learning_rate": Reach(low=1e-5, high=1e-2, log=True), "epochs": Reach(low=2, high=6)}


@dataclass
class Quick:
    """A worker that knows the score of a recipe; `act` may do something else with a job."""

    act: Callable[[Job], Outcome | None] = lambda job: None
    jobs: list[Job] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def train(self, job: Job, report: Any, far: Any) -> Outcome:
        self.jobs.append(job)
        if (special := self.act(job)) is not None:
            return special
        epochs, score = int(job.recipe.epochs or 1), 1.0 - float(job.recipe.learning_rate or 0) * 50
        for epoch in range(1, epochs + 1):
            far(epoch / epochs)
            if report(epoch, epochs, score * epoch / epochs):
                return Outcome(pruned=True, seconds=1.0)
        return Outcome(scores={"macro_f1": score, "accuracy": 0.0}, seconds=2.0)

    def stop(self) -> None:
        self.stopped.set()

    def close(self) -> None:
        pass


class Heard:
    """Progress that is remembered."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.notes: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def step(self, stage: str, done: int, total: int, note: str = "") -> None:
        self.notes.append(f"{stage} {done}/{total} {note}")


@pytest.fixture
def hunt(tmp_path: Path) -> Iterator[Callable[..., tuple[Hunt, Heard]]]:
    """Opens the study anew and makes a hunt of it."""
    opened: list[Study] = []

    def made(limit: int = 12, **given: Any) -> tuple[Hunt, Heard]:
        heard = Heard()
        opened.append(Study(f"sqlite:///{tmp_path / 'studies.sqlite'}", "a", SPACE, 0, {}))
        rest = {"more": 4, "threads": 1, "folder": tmp_path, "until": float("inf"), **given}
        return Hunt(opened[-1], Recipe(seed=7), limit=limit, progress=heard, **rest), heard

    yield made
    for study in opened:
        study.close()


def keys(workers: Sequence[Quick]) -> list[str]:
    return [job.recipe.model_dump_json() for worker in workers for job in worker.jobs]


def test_several_workers_share_one_study_and_train_nothing_twice(hunt: Any) -> None:
    workers = [Quick() for _ in range(3)]
    found, _ = hunt(limit=24)
    found.run(workers)
    trials = found.study.trials()
    assert [trial.number for trial in trials] == list(range(24)) and len(set(keys(workers))) == len(keys(workers)) == 24
    assert Counter(trial.state for trial in trials).keys() <= {"finished", "pruned"} and any(t.state == "pruned" for t in trials)
    assert all(job.recipe.seed == 7 and job.recipe.threads == 1 for worker in workers for job in worker.jobs)
    assert found.study.noted("metric") == "macro_f1"
    assert len({job.folder for worker in workers for job in worker.jobs}) == 24


def test_how_long_it_will_take_is_told_early(hunt: Any) -> None:
    found, heard = hunt(limit=3)
    found.run([Quick()])
    assert any(note.startswith("search 0/3") and " left" in note for note in heard.notes), "before the first trial has ended"
    assert any(note.startswith("search 1/3 best 0.") and " left" in note for note in heard.notes)
    assert sum("trial " in line and "learning_rate" in line for line in heard.said) == 3
    assert [length(seconds) for seconds in (5, 600, 36_000)] == ["5 s", "10 min", "10.0 h"]


def test_when_the_time_is_up_no_trial_begins_and_the_next_call_goes_on(hunt: Any) -> None:
    found, _ = hunt(until=0.0)
    found.run([Quick()])
    assert found.study.trials() == []
    found, _ = hunt()
    found.run([Quick()])
    assert len(found.study.trials()) == 12


def test_a_refused_trial_is_told_and_the_search_goes_on(hunt: Any) -> None:
    refuse = Quick(lambda job: Outcome(why="The loss became nan.", seconds=0.1) if job.folder.name == "trial-1" else None)
    found, heard = hunt(limit=4)
    found.run([refuse])
    assert [trial.state for trial in found.study.trials()].count("failed") == 1 and len(refuse.jobs) == 4
    assert any("trial 1: refused: The loss became nan." in line for line in heard.said)


def test_when_the_first_trials_are_all_refused_the_search_ends_in_words(hunt: Any) -> None:
    found, _ = hunt()
    with pytest.raises(BadInput, match="first 3 trials were all refused: It has no layer to freeze") as refused:
        found.run([Quick(lambda job: Outcome(why="It has no layer to freeze.", seconds=0.1))])
    assert "Narrow the space" in refused.value.hint


@pytest.mark.parametrize("error", [KeyboardInterrupt, BadInput])
def test_when_one_worker_stops_all_are_stopped(hunt: Any, error: type[BaseException]) -> None:
    slow = Quick()
    slow.act = lambda job: None if not slow.stopped.wait(20) else Outcome(why="stopped", seconds=0.1)

    def fails(job: Job) -> Outcome:
        raise error("no more")

    found, _ = hunt(limit=2)
    with pytest.raises(error):
        found.run([slow, Quick(fails)])
    assert slow.stopped.is_set()


def test_ctrl_c_in_a_trial_leaves_it_to_be_gone_on_with(hunt: Any) -> None:
    def interrupted(job: Job) -> Outcome | None:
        if job.folder.name == "trial-2":
            raise KeyboardInterrupt
        return None

    found, _ = hunt(limit=5)
    with pytest.raises(KeyboardInterrupt):
        found.run([Quick(interrupted)])
    again, worker = hunt(limit=5)[0], Quick()
    again.run([worker])
    assert [job.folder.name for job in worker.jobs] == ["trial-2", "trial-3", "trial-4"]
    assert len(again.study.trials()) == 5
