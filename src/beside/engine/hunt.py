"""The trials of a search on one or several workers: who gets which, what is told on the way, what a refusal means."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path
from threading import Lock
from typing import Any

from beside.core.errors import BadInput
from beside.core.interfaces import Progress
from beside.core.recipe import Recipe
from beside.core.trials import Trial
from beside.engine.crew import Job, Outcome, Worker
from beside.engine.search import Study

TOO_MANY_REFUSALS = 3  # trials that were refused, when none was not: the rows or the base are at fault, not the values


class Hunt:
    """Trials in progress.

    Args:
        study: which trials there are.
        recipe: what stays as it is in every trial; its seed is that of all of them.
        limit: trials that are to end.
        more: trainings that follow the trials, for the time left.
        threads: of one worker.
        folder: for checkpoints.
        until: no new trial begins after this moment of `time.monotonic()`.
    """

    def __init__(
        self, study: Study, recipe: Recipe, *, limit: int, more: int, threads: int, folder: Path, progress: Progress, until: float
    ) -> None:
        self.study, self.recipe, self.limit, self.more = study, recipe, limit, more
        self.threads, self.folder, self.progress, self.until = threads, folder, progress, until
        self.far: dict[int, tuple[float, float]] = {}  # trial -> when it began, share of its steps behind it
        self.telling = Lock()

    def run(self, workers: Sequence[Worker]) -> None:
        """Until enough trials have ended, the time is up, or a countable space holds no more.

        Raises:
            KeyboardInterrupt: Ctrl-C; every worker has saved where it is.
            BadInput: the first trials were all refused.
        """
        self.workers = len(workers)
        self.tell()
        together(workers, self.one_after_the_other)

    def one_after_the_other(self, worker: Worker) -> None:
        """What one worker does."""
        while time.monotonic() < self.until and (trial := self.study.ask(self.limit)) is not None:
            self.one(worker, trial)

    def one(self, worker: Worker, trial: Trial) -> None:
        """One trial, from its values to its end in the study."""
        number, highest = trial.number, -float("inf")
        self.far[number] = (time.monotonic(), 0.0)

        def report(epoch: int, epochs: int, score: float) -> bool:
            nonlocal highest
            highest = max(highest, score)
            return self.study.report(number, epoch, epochs, highest)

        def far(share: float) -> None:
            self.far[number] = (self.far[number][0], share)
            self.tell()

        outcome = worker.train(self.job(trial.params, f"trial-{number}"), report, far)
        self.study.end(number, outcome.score, outcome.seconds, pruned=outcome.pruned, why=outcome.why)
        del self.far[number]
        if outcome.scores:
            self.study.note("metric", next(iter(outcome.scores)))
        self.progress.say(f"  trial {number}: {ending(outcome, highest)}, {outcome.seconds:.0f} s; {in_words(trial.params)}")
        self.tell()
        self.must_not_be_hopeless()

    def job(self, params: dict[str, Any], name: str, seed: int | None = None) -> Job:
        """The training of these values, with the seed of the search or another one."""
        fixed = {"threads": self.threads, "seed": self.recipe.seed if seed is None else seed}
        return Job(recipe=Recipe(**{**self.recipe.model_dump(), **params, **fixed}), folder=self.folder / name)

    def must_not_be_hopeless(self) -> None:
        """Does nothing unless the first trials were all refused. Raises as `run` tells."""
        trials = [one for one in self.study.trials() if one.state != "running"]
        if len(trials) >= TOO_MANY_REFUSALS and all(one.state == "failed" for one in trials):
            hint = "Narrow the space, or set what does not fit: --set knob=value."
            raise BadInput(f"The first {len(trials)} trials were all refused: {trials[0].why}", hint)

    def tell(self) -> None:
        """How many trials have ended, the best score, and about how long it will take."""
        with self.telling:
            trials = self.study.trials()
            ended = [one for one in trials if one.state != "running"]
            scores = [one.score for one in ended if one.state == "finished" and one.score is not None]
            notes = [f"best {max(scores):.3f}"] if scores else []
            if (left := self.seconds_left(ended)) is not None:
                notes.append(f"about {length(left)} left")
            self.progress.step("search", len(ended), max(self.limit, len(ended)), ", ".join(notes))

    def seconds_left(self, ended: Sequence[Trial]) -> float | None:
        """From the trials that have ended, or from how far the first ones are; None before anything is known."""
        now = time.monotonic()
        partial = [(now - began, share) for began, share in list(self.far.values())]
        times = [one.seconds for one in ended if one.state != "failed" and one.seconds]
        whole = [one.seconds for one in ended if one.state == "finished" and one.seconds]
        guesses = times or [spent / share for spent, share in partial if share > 0]
        if not guesses:
            return None
        mean = sum(guesses) / len(guesses)
        trials = max(0.0, self.limit - len(ended) - sum(share for _, share in partial)) * mean
        confirming = self.more * (sum(whole) / len(whole) if whole else mean)
        return (min(trials / self.workers, max(0.0, self.until - now)) if trials else 0.0) + confirming / self.workers


def together(workers: Sequence[Worker], task: Callable[[Worker], None]) -> None:
    """The same task for every worker at once; a single one works in this thread, where Ctrl-C is heard.

    Raises:
        KeyboardInterrupt, or whatever one of them raises: the others were stopped first.
    """
    if len(workers) == 1:
        task(workers[0])
        return
    with ThreadPoolExecutor(len(workers)) as pool:
        begun = [pool.submit(task, worker) for worker in workers]
        try:
            wait(begun, return_when=FIRST_EXCEPTION)
            failed = next((one for one in begun if one.done() and one.exception()), None)
            if failed is None:
                return
        except KeyboardInterrupt:
            failed = None
        for worker in workers:
            worker.stop()
    if failed is not None:
        failed.result()
    raise KeyboardInterrupt


def ending(outcome: Outcome, highest: float) -> str:
    """How a trial ended."""
    if outcome.why:
        return f"refused: {outcome.why}"
    return f"pruned at {highest:.3f}" if outcome.pruned else f"{next(iter(outcome.scores))} {outcome.score:.3f}"


def in_words(params: dict[str, Any]) -> str:
    """Values as a person reads them."""
    return ", ".join(f"{knob} {value:.3g}" if isinstance(value, float) else f"{knob} {value}" for knob, value in params.items())


def length(seconds: float) -> str:
    """A length of time."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
