"""Who trains the trials: this process, or several that are talked to in JSON lines. Loads without torch."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from beside.core.errors import StorageFailed
from beside.core.recipe import Recipe
from beside.core.types import Example

Report = Callable[[int, int, float], bool]  # epoch, epochs, main score -> whether to end the trial
Far = Callable[[float], None]  # share of the steps that is behind us
SECONDS_TO_SAVE = 60  # that a worker has to write its checkpoint after Ctrl-C


@dataclass(frozen=True, kw_only=True)
class Rows:
    """What is trained on and scored on; never a test row."""

    train: list[Example]
    tune: list[Example]
    labels: tuple[str, ...]
    task: str


@dataclass(frozen=True, kw_only=True)
class Job:
    """One training."""

    recipe: Recipe
    folder: Path  # of its checkpoint


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a training ended: with scores (main one first), pruned, or refused because of `why`."""

    scores: dict[str, float] = field(default_factory=dict)
    pruned: bool = False
    why: str = ""
    seconds: float = 0.0

    @property
    def score(self) -> float | None:
        """The main score."""
        return next(iter(self.scores.values()), None)


class Worker(Protocol):
    """Somebody who trains, one job at a time."""

    def train(self, job: Job, report: Report, far: Far) -> Outcome:
        """A training to its end; `report` may end it earlier."""

    def stop(self) -> None:
        """Save what is under way and end."""

    def close(self) -> None:
        """End."""


class Away:
    """Trains in a process of its own, started at the first job, and again after it died."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.process: subprocess.Popen[str] | None = None
        self.stopped = False

    def train(self, job: Job, report: Report, far: Far) -> Outcome:
        """A training to its end; the death of the process is an outcome: what kills it once kills it again.

        Raises:
            KeyboardInterrupt: it was told to stop.
            StorageFailed: the disk does not take the checkpoint.
        """
        if self.stopped:
            raise KeyboardInterrupt
        try:
            self.say({"recipe": job.recipe.model_dump(mode="json"), "folder": str(job.folder)})
            while True:
                told = self.hear()
                if "far" in told:
                    far(told["far"])
                elif "epoch" in told:
                    self.say({"hopeless": report(told["epoch"], told["epochs"], told["score"])})
                elif "broken" in told:
                    raise StorageFailed(told["broken"]["message"], told["broken"]["hint"])
                else:
                    return Outcome(**told["outcome"])
        except (OSError, EOFError):
            code = self.end()
            if self.stopped or code == 130:
                raise KeyboardInterrupt from None
            return Outcome(why=f"Its process died ({named(code)}).")

    def say(self, what: dict[str, Any]) -> None:
        """One line to the worker, which is started when it is not there."""
        if self.process is None:
            # -P: a file `json.py` in the folder where somebody works must not be taken for the library's; a session of its own:
            # Ctrl-C at the terminal reaches it through `stop` alone, once
            command = [sys.executable, "-P", "-m", "beside.engine.trial"]
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", start_new_session=True
            )
            plain = {split: [one.model_dump() for one in getattr(self.rows, split)] for split in ("train", "tune")}
            self.say({**plain, "labels": self.rows.labels, "task": self.rows.task})
        assert self.process.stdin
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        """One line from the worker."""
        assert self.process and self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise EOFError
        heard: dict[str, Any] = json.loads(line)
        return heard

    def stop(self) -> None:
        """Ctrl-C for the worker: it ends its step, saves and leaves; for any thread."""
        self.stopped = True
        if (process := self.process) is not None:
            with suppress(OSError):
                process.send_signal(signal.SIGINT)

    def close(self) -> None:
        """Ends the process, if there is one."""
        if self.process is not None:
            self.end()

    def end(self) -> int:
        """Waits for the process, which leaves when its input ends; its exit code."""
        assert self.process
        process, self.process = self.process, None
        if not self.stopped and process.stdin:
            with suppress(OSError):
                process.stdin.close()
        try:
            return process.wait(SECONDS_TO_SAVE)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()
        finally:
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):
                    if pipe:
                        pipe.close()


def named(code: int) -> str:
    """An exit code in words."""
    try:
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"
    except ValueError:
        return f"exit code {code}"
