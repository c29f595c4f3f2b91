"""Corpus, space -> the best recipe found: trials on the tune split, and the winner confirmed with seeds that no trial had."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np
from scipy.stats import t as student

from beside import charts
from beside.core.errors import BadOption, NotEnoughData
from beside.core.interfaces import Progress
from beside.core.pairs import whole
from beside.core.recipe import Recipe
from beside.core.space import Space, default_space, must_be_open
from beside.core.trials import Confirmed, Search, Spread, Trial
from beside.core.types import Corpus, Run, Splits, content_id
from beside.engine.crew import Away, Rows, Worker
from beside.engine.hunt import Hunt, together
from beside.engine.search import Study, study_failures
from beside.store.database import failures
from beside.store.files import whole_file

CONFIRMED = "confirmed"  # where the study keeps the scores of fresh seeds
Crew = Callable[[Rows, int], Sequence[Worker]]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a search is to do."""

    recipe: Recipe  # what stays as it is in every trial
    space: Space | None = None  # None = what is usually worth trying around the recipe
    trials: int = 30
    workers: int = 1
    timeout: float | None = None  # seconds after which no new trial begins
    seeds: int = 3  # fresh ones for the winner


def search(
    corpus: Corpus,
    splits: Splits,
    asked: Asked,
    *,
    url: str,
    home: Path,
    progress: Progress,
    keep: Callable[[Recipe], Run],
    crew: Crew | None = None,
) -> Search:
    """Tries sets of values until enough trials have ended, then confirms the best; the same call again goes on.

    Args:
        url: of the database of studies.
        home: folder for what searches leave.
        keep: trains the winner and stores its run.
        crew: makes workers from rows; None = this process, or several of their own.

    Raises:
        NotEnoughData: there is no tune split to choose on.
        BadOption: a knob is fixed and searched at once, or a number is out of range.
        BadInput: the first trials were all refused.
        KeyboardInterrupt: Ctrl-C; the same call goes on from there.
    """
    began = time.monotonic()
    must_be_possible(asked)
    rows = rows_of(corpus, splits)
    home.mkdir(parents=True, exist_ok=True)
    with failures(), study_failures(), ExitStack() as opened:
        space, start = space_around(asked, rows, home)
        name = content_id("search", {"corpus": corpus.id, "recipe": asked.recipe.model_dump(), "space": plain(space)})
        study = opened.enter_context(closing(Study(url, name, space, asked.recipe.seed, start)))
        workers = [opened.enter_context(closing(one)) for one in (crew or crew_of)(rows, asked.workers)]
        (home / name).mkdir(exist_ok=True)
        hunt = hunt_for(asked, study, home / name, progress, began)
        tell_beginning(study, space, asked, progress)
        hunt.run(workers)
        best = best_of(study.trials())
        confirmed, run = confirm(hunt, best, asked, workers, keep) if best else (None, None)
        found = Search(
            id=name,
            corpus_id=corpus.id,
            metric=study.noted("metric") or "score",
            tune_rows=len(rows.tune),
            asked=asked.trials,
            trials=tuple(study.trials()),
            exhausted=study.exhausted,
            best=best,
            confirmed=confirmed,
            importance=tuple(study.importance()),
            run_id=run.id if run else None,
            folder=str(home / name),
            seconds=time.monotonic() - began,
        )
    write(found, winner(asked, best) if best else None)
    return found


def hunt_for(asked: Asked, study: Study, folder: Path, progress: Progress, began: float) -> Hunt:
    """The trials to come; the cores are divided among the workers."""
    return Hunt(
        study,
        asked.recipe,
        limit=asked.trials,
        more=2 * asked.seeds,
        threads=asked.recipe.threads or max(1, len(os.sched_getaffinity(0)) // asked.workers),
        folder=folder,
        progress=progress,
        until=began + asked.timeout if asked.timeout else float("inf"),
    )


def must_be_possible(asked: Asked) -> None:
    """Does nothing when the numbers make sense. Raises BadOption otherwise."""
    for what, given, least in (("trials", asked.trials, 1), ("workers", asked.workers, 1), ("seeds", asked.seeds, 2)):
        if given < least:
            raise BadOption(f"Cannot search with {what}={given}.", f"Give {what} of {least} or more.")
    cores = len(os.sched_getaffinity(0))
    if asked.workers > cores:
        raise BadOption(f"There are {cores} cores for {asked.workers} workers.", f"Give workers of {cores} or less.")
    if asked.timeout is not None and not asked.timeout > 0:
        raise BadOption(f"Cannot search for {asked.timeout} seconds.", "Give a timeout above 0.")
    if asked.recipe.epsilon is not None or "epsilon" in (asked.space or {}):
        raise BadOption(
            "Cannot search with epsilon: every trial would spend it on the same rows, and so would choosing among them.",
            "Search without epsilon on rows that need no protection, then train once: beside train CORPUS --set epsilon=3.",
        )
    if asked.space is not None:
        must_be_open(asked.space, asked.recipe)


def rows_of(corpus: Corpus, splits: Splits) -> Rows:
    """What trials may see: never a test row.

    Raises:
        NotEnoughData: nothing to learn from, or nothing to choose on.
    """
    train, tune = (whole(row for row in split if row.target is not None) for split in (splits.train, splits.tune))
    if not tune:
        what = f"The corpus '{corpus.name}' has no tune split: a search would have to choose on rows it trains or is tested on."
        raise NotEnoughData(
            what, "Import it with more rows, or with a column that marks tune rows: beside import FILE --split COLUMN."
        )
    if not train:
        raise NotEnoughData(f"The corpus '{corpus.name}' has no labelled training row.", "Import it with labels.")
    return Rows(train=train, tune=tune, labels=corpus.labels, task=corpus.task)


def crew_of(rows: Rows, workers: int) -> Sequence[Worker]:
    """This process for one worker; for more, each a process of its own."""
    if workers > 1:
        return [Away(rows) for _ in range(workers)]
    from beside.engine.trial import Here  # imports torch

    return [Here(rows)]


def space_around(asked: Asked, rows: Rows, home: Path) -> tuple[Space, dict[str, Any]]:
    """What is searched, and the values to begin with: those that a training without a search would take."""
    from beside.engine.trial import survey  # imports torch

    with TemporaryDirectory(prefix="survey-", dir=home) as folder:  # in the workspace, which may be encrypted
        filled, layers = survey(asked.recipe, rows, Path(folder))
    space = asked.space if asked.space is not None else default_space(asked.recipe, filled, layers)
    if not space:
        hint = "Leave a knob open, or name what to search: --space FILE."
        raise BadOption("Every knob that is searched by default is set: there is nothing to search.", hint)
    return space, {knob: getattr(filled, knob) for knob in space}


def plain(space: Space) -> dict[str, Any]:
    """A space as plain data."""
    return {knob: reach.model_dump(mode="json") for knob, reach in space.items()}


def tell_beginning(study: Study, space: Space, asked: Asked, progress: Progress) -> None:
    """What is searched, and what is there of it already."""
    there = sum(one.state != "running" for one in study.trials())
    begun = f" Going on: {there} trials are there." if there else ""
    progress.say(f"Searching {', '.join(space)}: {asked.trials} trials on {asked.workers} worker(s).{begun}")


def best_of(trials: Sequence[Trial]) -> Trial | None:
    """The trial with the highest score; of equal ones the first."""
    scored = [one for one in trials if one.state == "finished" and one.score is not None]
    return max(scored, key=lambda one: (one.score or 0.0, -one.number), default=None)


def winner(asked: Asked, best: Trial) -> Recipe:
    """The recipe of the best trial with the first fresh seed."""
    return Recipe(**{**asked.recipe.model_dump(), **best.params, "seed": asked.recipe.seed + 1})


def confirm(
    hunt: Hunt, best: Trial, asked: Asked, workers: Sequence[Worker], keep: Callable[[Recipe], Run]
) -> tuple[Confirmed, Run]:
    """Trains winner and default with fresh seeds: the best of many trials flatters itself. What was trained before is not again."""
    seeds = tuple(asked.recipe.seed + step for step in range(1, asked.seeds + 1))
    hunt.progress.say(f"Confirming trial {best.number} with {asked.seeds} fresh seeds, against the recipe without a search.")
    run = keep(winner(asked, best))
    scores: dict[str, float] = hunt.study.noted(CONFIRMED) or {}
    sides: dict[str, dict[str, Any]] = {"winner": best.params, "default": {}}
    keys = {(side, seed): content_id(str(seed), params) for side, params in sides.items() for seed in seeds}
    scores[keys["winner", seeds[0]]] = run.scores[hunt.study.noted("metric")]
    missing: SimpleQueue[tuple[str, int, str]] = SimpleQueue()
    for (side, seed), key in keys.items():
        if key not in scores:
            missing.put((side, seed, key))
    total = len(keys)

    def work(worker: Worker) -> None:
        while True:
            try:
                side, seed, key = missing.get_nowait()
            except Empty:
                return
            hunt.progress.step("confirm", len(scores.keys() & set(keys.values())), total)
            outcome = worker.train(hunt.job(sides[side], f"confirm-{key}", seed), lambda *_: False, lambda share: None)
            if outcome.score is None:
                raise NotEnoughData(f"The {side} with seed {seed} was refused: {outcome.why}", "Search again with another space.")
            with hunt.telling:
                scores[key] = outcome.score
                hunt.study.note(CONFIRMED, scores)

    together(workers, work)
    hunt.study.note(CONFIRMED, scores)
    hunt.progress.step("confirm", total, total)
    found = {side: [scores[keys[side, seed]] for seed in seeds] for side in sides}
    gap = spread(np.subtract(found["winner"], found["default"]).tolist())
    verdict: Literal["winner", "default", "cannot tell"] = "winner" if gap.low > 0 else "default" if gap.high < 0 else "cannot tell"
    made = Confirmed(seeds=seeds, winner=spread(found["winner"]), default=spread(found["default"]), gap=gap, verdict=verdict)
    return made, run


def spread(scores: Sequence[float]) -> Spread:
    """Mean and 95 % Student's t interval of two scores or more."""
    mean, n = float(np.mean(scores)), len(scores)
    half = float(student.ppf(0.975, n - 1) * np.std(scores, ddof=1) / np.sqrt(n))
    return Spread(value=mean, low=mean - half, high=mean + half, n=n, scores=tuple(scores))


def write(found: Search, recipe: Recipe | None) -> None:
    """The winner's recipe, the pictures and the whole search as files in its folder."""
    folder = Path(found.folder)
    files = {"search.json": found.model_dump_json(indent=1)}
    if recipe is not None:
        said = f"# The winner of {found.id}: trial {found.best.number if found.best else ''} of {len(found.trials)}."
        files["winner.toml"] = recipe.as_toml(said)
    for name, evidence in pictures(found).items():
        for language in ("en", "zh"):
            files[f"{name}.svg" if language == "en" else f"{name}.zh.svg"] = charts.draw(evidence, language)
    for name, text in files.items():
        with whole_file(folder / name) as file:
            file.write_text(text, encoding="utf-8")


def pictures(found: Search) -> dict[str, dict[str, Any]]:
    """Evidence of the pictures that there is something to draw for."""
    tried = [one.model_dump(include={"number", "state", "score"}) for one in found.trials if one.score is not None]
    drawn: dict[str, dict[str, Any]] = {}
    if tried:
        drawn["history"] = {"kind": "trials", "metric": found.metric, "rows": tried}
        for side in ("winner", "default") if found.confirmed else ():
            drawn["history"][side] = getattr(found.confirmed, side).model_dump(include={"value", "n"})
    if found.importance:
        rows = [{"name": one.knob, **one.model_dump(include={"value", "low", "high"})} for one in found.importance]
        drawn["importance"] = {"kind": "bars", "title": "importance of each knob", "unit": "share", "rows": rows}
    return drawn
