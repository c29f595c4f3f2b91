"""One trial of a search: a training of which only the scores are kept. As a process it is a worker that talks in JSON lines."""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from beside.core.errors import BadInput, BadOption, BesideError, NotEnoughData, UnreadableText
from beside.core.interfaces import Silent
from beside.core.recipe import Recipe
from beside.core.types import Example
from beside.engine.building import build
from beside.engine.checkpoint import Checkpoint
from beside.engine.crew import Job, Outcome, Report, Rows
from beside.engine.keeping import Keeping
from beside.engine.model import layers_of
from beside.engine.training import train_model

REFUSALS = (BadInput, BadOption, NotEnoughData, UnreadableText)  # of one recipe: the search goes on without it
SECONDS_BETWEEN_STEPS = 0.5  # that are told


class Hopeless(Exception):
    """Ends a training from within: the trial is pruned."""


class Here:
    """Trains in this process."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows

    def train(self, job: Job, report: Report, far: Callable[[float], None] = lambda share: None) -> Outcome:
        """A training to its end, or until `report` calls it hopeless; a killed one goes on from its checkpoint.

        Args:
            report: takes epoch, epochs and main score; true ends the training.
            far: told which share of the steps is behind us.

        Raises:
            KeyboardInterrupt: Ctrl-C; it has saved where it is.
            StorageFailed, Altered: the checkpoint cannot be written, or is not what was written.
        """
        began, best = time.perf_counter(), [-float("inf")]
        checkpoint = Checkpoint(job.folder)

        def watch(row: dict[str, float], recipe: Recipe) -> None:
            score = next((value for name, value in row.items() if name.startswith("tune_")), None)
            if score is not None and report(int(row["epoch"]), int(recipe.epochs or 1), score):
                best[0] = score
                raise Hopeless

        try:
            trained = train_model(
                None,
                self.rows.train,
                self.rows.tune,
                self.rows.labels,
                self.rows.task,
                job.recipe,
                Keeping(checkpoint=checkpoint, resume=checkpoint.index.exists(), progress=Far(far), watch=watch),
            )
        except Hopeless:
            outcome = Outcome(pruned=True, seconds=time.perf_counter() - began)
        except REFUSALS as error:
            outcome = Outcome(why=error.message, seconds=time.perf_counter() - began)
        else:
            seconds = trained.seconds_before + time.perf_counter() - began
            outcome = Outcome(scores=trained.scores, seconds=seconds)
        checkpoint.clear()
        return outcome

    def stop(self) -> None:
        """Nothing to do: Ctrl-C reaches this very process."""

    def close(self) -> None:
        """Nothing to give back."""


class Far(Silent):
    """Progress of one training as a share."""

    def __init__(self, told: Callable[[float], None]) -> None:
        self.told, self.last = told, 0.0

    def step(self, stage: str, done: int, total: int, note: str = "") -> None:
        if stage == "train" and total and time.monotonic() - self.last > SECONDS_BETWEEN_STEPS:
            self.last = time.monotonic()
            self.told(done / total)


def survey(recipe: Recipe, rows: Rows, folder: Path) -> tuple[Recipe, int]:
    """The recipe with every automatic knob filled in, dropout from the base, and how many layers of the base can be frozen.

    Raises:
        BadInput, BadOption, UnreadableText: the base cannot be loaded, or not read these rows.
    """
    model, _, filled, _ = build(recipe, [example.text for example in rows.train], rows.labels, folder, Silent())
    if filled.dropout is None:
        filled = filled.model_copy(update={"dropout": getattr(model.encoder.config, "hidden_dropout_prob", None)})
    return filled, len(layers_of(model.encoder))


def work(lines: queue.SimpleQueue[dict[str, Any]], say: Callable[[dict[str, Any]], None]) -> None:
    """A worker's life: rows first, then one job after the other until standard input ends."""
    here = Here(rows_from(lines.get()))

    def report(epoch: int, epochs: int, score: float) -> bool:
        say({"epoch": epoch, "epochs": epochs, "score": score})
        return bool(lines.get()["hopeless"])

    while True:
        asked = lines.get()
        job = Job(recipe=Recipe(**asked["recipe"]), folder=Path(asked["folder"]))
        try:
            outcome = here.train(job, report, lambda share: say({"far": share}))
            say({"outcome": {"scores": outcome.scores, "pruned": outcome.pruned, "why": outcome.why, "seconds": outcome.seconds}})
        except BesideError as error:
            say({"broken": error.as_json()["error"]})


def rows_from(plain: dict[str, Any]) -> Rows:
    """Rows as `crew.Away` sends them."""
    both: list[Sequence[Example]] = [[Example(**one) for one in plain[split]] for split in ("train", "tune")]
    return Rows(train=list(both[0]), tune=list(both[1]), labels=tuple(plain["labels"]), task=plain["task"])


def listen(lines: queue.SimpleQueue[dict[str, Any]]) -> None:
    """Puts each line of standard input into the queue; whoever started this worker is gone when it ends, and so is the worker."""
    for line in sys.stdin:
        lines.put(json.loads(line))
    os._exit(0)


def main() -> None:
    """Entry of a worker process: what libraries print goes to standard error, for standard output carries the answers."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(answer: dict[str, Any]) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    lines: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=listen, args=(lines,), daemon=True).start()
    try:
        work(lines, say)
    except (KeyboardInterrupt, BrokenPipeError):
        os._exit(130)


if __name__ == "__main__":
    main()
