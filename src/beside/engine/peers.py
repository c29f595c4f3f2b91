"""The other processes of a training with `processes` above one: started here, and what each of them does.

Run as `python -m beside.engine.peers` a process reads one job on standard input, builds the same model from it, takes its share of
every batch, and ends with the training, or when whoever started it is gone.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, Any

import torch

from beside.core.errors import BadOption, WorkerLost
from beside.core.interfaces import Progress, Silent
from beside.core.recipe import Recipe
from beside.core.types import Example
from beside.engine.checkpoint import Checkpoint
from beside.engine.crew import named
from beside.engine.keeping import Keeping
from beside.engine.team import Alone, Team, joined

SECONDS_TO_END = 20.0  # that a process has after the last step
READY = "ready"


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a process needs to build the same model."""

    recipe: Recipe  # every automatic knob filled in
    examples: Sequence[Example]
    labels: tuple[str, ...]
    task: str
    folder: Path  # of the checkpoint
    resume: bool


@contextmanager
def together(job: Job, steps: bool, progress: Progress) -> Iterator[Alone]:
    """The processes of a training, this one first; they end with the block.

    Args:
        steps: whether anything learns by gradient steps; otherwise one process does it.

    Raises:
        BadOption: there are not as many GPUs, or GPUs of this kind do not work together.
        WorkerLost: a process ended before the training did.
    """
    size, on_gpu = job.recipe.processes, job.recipe.device == "cuda"
    must_be_enough(job.recipe)
    if size == 1 or not steps:
        if size > 1:
            progress.say("Nothing learns by gradient steps: one process does it all.")
        yield Alone()
        return
    with TemporaryDirectory(prefix="beside-team-") as place:
        meeting = Path(place) / "meeting"
        others = Others(job, meeting)
        try:
            others.await_ready()
            with joined(0, size, meeting, on_gpu) as team:
                progress.say(told(size, on_gpu))
                yield team
        except WorkerLost as error:
            raise others.lost() from error
        except BaseException:
            others.kill()
            raise
        others.end()


def told(size: int, on_gpu: bool) -> str:
    """Who works together, in a sentence."""
    where = "each with a GPU of its own (NCCL)" if on_gpu else f"{torch.get_num_threads()} threads each (gloo)"
    return f"{size} processes share the rows of every batch, {where}; dropout is drawn from seed, step and process."


def must_be_enough(recipe: Recipe) -> None:
    """Does nothing when the device can be shared by as many processes as the recipe asks for.

    Raises:
        BadOption: it cannot.
    """
    if recipe.processes == 1 or recipe.device == "cpu":
        return
    there = torch.cuda.device_count() if recipe.device == "cuda" else 1
    if recipe.processes > there:
        raise BadOption(
            f"Cannot use processes={recipe.processes} with device={recipe.device}: each needs a GPU of its own, there: {there}.",
            f"Set processes to {there} or less, or device=cpu.",
        )


class Others:
    """The processes beside this one."""

    def __init__(self, job: Job, meeting: Path) -> None:
        plain = {
            "recipe": job.recipe.model_dump(mode="json"),
            "examples": [example.model_dump(mode="json") for example in job.examples],
            "labels": job.labels,
            "task": job.task,
            "folder": str(job.folder),
            "resume": job.resume,
            "meeting": str(meeting),
        }
        self.ready = False  # whether every process has built its model
        self.errors: list[IO[str]] = []
        self.processes: list[subprocess.Popen[str]] = []
        for rank in range(1, job.recipe.processes):
            self.errors.append(TemporaryFile("w+", encoding="utf-8", errors="replace"))  # noqa: SIM115
            # -P: a file `json.py` in the folder where somebody works must not be taken for the library's; a session of its own:
            # Ctrl-C at the terminal reaches the first process alone, which ends the others when it has saved
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "beside.engine.peers"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.errors[-1],
                text=True,
                encoding="utf-8",
                start_new_session=True,
            )
            self.processes.append(process)
            with suppress(BrokenPipeError):  # it is gone already, which `await_ready` will tell
                assert process.stdin
                process.stdin.write(json.dumps({**plain, "rank": rank}) + "\n")
                process.stdin.flush()

    def await_ready(self) -> None:
        """Returns when every process has built its model.

        Raises:
            WorkerLost: one ended before.
        """
        for process in self.processes:
            assert process.stdout
            if process.stdout.readline().strip() != READY:
                raise WorkerLost("A worker process of the training did not start.")
        self.ready = True

    def lost(self) -> WorkerLost:
        """The error for a team that broke: which process ended, and how; ends the rest."""
        ended: list[str] = []
        for rank, process in enumerate(self.processes, start=1):
            with suppress(subprocess.TimeoutExpired):
                code = process.wait(2.0)
                self.errors[rank - 1].seek(0)
                last = self.errors[rank - 1].read().strip().splitlines()[-1:]
                ended.append(f"worker process {rank} ended with {named(code)}" + (f": {last[0][:300]}" if last else ""))
        self.kill()
        saved = "What was learned is saved: go on with --resume." if self.ready else "No step was taken."
        return WorkerLost(
            f"The training stopped: {'; '.join(ended) or 'a worker process does not answer'}.",
            f"{saved} SIGKILL is often the system's when memory runs out: a smaller batch_size or processes=1 needs less.",
        )

    def kill(self) -> None:
        """Ends the processes at once: they hold nothing that is not here, too."""
        for process in self.processes:
            process.kill()
        self.end()

    def end(self) -> None:
        """Waits for the processes, which end with the training."""
        for process, errors in zip(self.processes, self.errors, strict=True):
            try:
                process.wait(SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            for pipe in (process.stdin, process.stdout, errors):
                with suppress(OSError):
                    if pipe:
                        pipe.close()


class Awaited(AbstractContextManager[Team]):
    """A team that this process joins when it has built its model."""

    def __init__(self, rank: int, recipe: Recipe, meeting: Path) -> None:
        self.team = joined(rank, recipe.processes, meeting, recipe.device == "cuda")

    def __enter__(self) -> Team:
        print(READY, flush=True)
        return self.team.__enter__()

    def __exit__(self, *raised: Any) -> None:
        self.team.__exit__(*raised)
        if raised[0] is None:
            sys.exit()  # all that comes after the steps is the first process's


def follow(plain: dict[str, Any]) -> None:
    """One process's part of a training."""
    from beside.engine.training import learn

    recipe = Recipe(**plain["recipe"])
    keeping = Keeping(checkpoint=Checkpoint(Path(plain["folder"])), resume=plain["resume"], progress=Silent())
    examples = [Example(**one) for one in plain["examples"]]
    team = Awaited(plain["rank"], recipe, Path(plain["meeting"]))
    learn(examples, [], tuple(plain["labels"]), plain["task"], recipe, keeping, team)


def leave_with_the_first() -> None:
    """Ends this process when the one that started it closes its end of the pipe, however that one ended."""
    sys.stdin.read()
    os._exit(0)


def main() -> None:
    """Entry of a process; it writes one word to standard output, all else that libraries print goes to standard error."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    job = json.loads(sys.stdin.readline())
    threading.Thread(target=leave_with_the_first, daemon=True).start()
    follow(job)


if __name__ == "__main__":
    main()
