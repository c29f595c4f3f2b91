"""Requests share forward passes: whatever waits for the same model is read together, up to so many tokens.

Nothing waits for company: while one pass runs the next one gathers, so that a lone request is answered at once and a crowd in large
batches (continuous batching, as in Clipper, Crankshaw et al. 2017, without its delay). A pass holds as many tokens as this machine
reads in `TURN` seconds, by what was measured of it; a request of many texts takes several passes and lets others between
them. Where a model reads with fewer threads than there are processors, several passes run side by side, and what waits is
shared out among them. Inside a pass the model sorts texts by length, so that little is padded (`engine/rows.py`).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from beside.core.errors import DeadlinePassed

TURN = 0.25  # seconds that one pass may take: who comes meanwhile waits no longer
FEWEST, MOST = 256, 16_384  # tokens of one pass, whatever was measured
FIRST_GUESS = 4_000.0  # tokens per second until something was measured
MEMORY = 0.2  # share of the newest pass in what is known of the speed
IDLE = 10.0  # seconds without a request after which the thread ends; the next request starts another


@dataclass(eq=False)
class Job:
    """One request: texts for one model.

    Args:
        key: jobs of the same key share passes.
        texts: at least one.
        tokens: that the model reads of each text.
        until: moment of the batcher's clock after which nobody waits for the answer.
    """

    key: Hashable
    texts: Sequence[str]
    tokens: Sequence[int]
    until: float
    context: Any = None  # whatever the caller wants to find again in `done`
    future: Future[list[Any]] = field(default_factory=Future)
    answers: list[Any] = field(init=False)  # one for each text, in order
    taken: int = 0  # texts that a pass has taken
    missing: int = field(init=False)  # texts without an answer
    came: float = 0.0
    waited: float | None = None  # seconds until its first text was read

    def __post_init__(self) -> None:
        self.missing, self.answers = len(self.texts), [None] * len(self.texts)

    @property
    def left(self) -> int:
        """Tokens that no pass has taken yet."""
        return sum(self.tokens[self.taken :])


@dataclass(frozen=True)
class Pass:
    """What one forward pass told: for metrics."""

    texts: int
    tokens: int
    jobs: int
    seconds: float
    waited: Sequence[float]  # seconds that the jobs which it began had waited


class Part(NamedTuple):
    """The texts of a job, from one place up to another, that are read in one pass."""

    job: Job
    begin: int
    end: int

    @property
    def texts(self) -> Sequence[str]:
        return self.job.texts[self.begin : self.end]

    @property
    def tokens(self) -> int:
        return sum(self.job.tokens[self.begin : self.end])


class Batcher:
    """Answers jobs, several of them in a pass, in one thread or in a few side by side.

    Args:
        work: key and texts -> one answer for each text, in order.
        done: is given a job whose answers are complete, in a thread of the batcher; without it its future is settled.
        told: is told of every pass.
        lanes: how many passes may run side by side at the moment.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        work: Callable[[Any, list[str]], Sequence[Any]],
        done: Callable[[Job], None] | None = None,
        told: Callable[[Pass], None] = lambda one: None,
        lanes: Callable[[], int] = lambda: 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.work, self.told, self.lanes, self.clock = work, told, lanes, clock
        self.done = done or (lambda job: settle(job.future, job.answers))
        self.jobs: deque[Job] = deque()
        self.changed = threading.Condition()
        self.threads: set[threading.Thread] = set()
        self.resting = 0  # threads that wait for a job
        self.speed = FIRST_GUESS  # tokens per second of one lane
        self.closed = False

    def submit(self, job: Job) -> Future[list[Any]]:
        """Puts a job in the line; its future gives one answer for each text, or what went wrong with this job alone.

        A job whose future is cancelled is forgotten; one whose time has passed before it was read fails with DeadlinePassed.
        """
        job.came = self.clock()
        with self.changed:
            self.jobs.append(job)
            if self.resting < len(self.jobs) and len(self.threads) < self.lanes():
                thread = threading.Thread(target=self.run, name="beside-batcher", daemon=True)
                self.threads.add(thread)
                thread.start()
            self.changed.notify()
        return job.future

    def delay(self) -> float:
        """Seconds until a job that came now would be read, by what waits and what was measured."""
        with self.changed:
            return sum(job.left for job in self.jobs) / (self.speed * max(1, len(self.threads)))

    def close(self) -> None:
        """Answers what waits, then ends the threads."""
        with self.changed:
            self.closed, threads = True, list(self.threads)
            self.changed.notify_all()
        for thread in threads:
            thread.join()

    def run(self) -> None:
        """Takes passes until nothing came for a while."""
        while parts := self.next_pass():
            self.answer(parts)

    def next_pass(self) -> list[Part]:
        """The parts of jobs that are read together next; none when the thread that asks may end."""
        with self.changed:
            while True:
                self.forget()
                if self.jobs:
                    return self.gather()
                if self.closed or not self.rest():
                    if self.jobs:  # it came at the very moment
                        continue
                    self.threads.discard(threading.current_thread())
                    return []

    def rest(self) -> bool:
        """Waits for a job; whether one may have come. Under the lock."""
        self.resting += 1
        try:
            return self.changed.wait(IDLE)
        finally:
            self.resting -= 1

    def forget(self) -> None:
        """Drops jobs that nobody waits for any more."""
        now, waiting = self.clock(), [job for job in self.jobs if not job.future.done()]
        for job in waiting:
            if job.until <= now:
                settle(job.future, DeadlinePassed.while_waiting(now - job.came))
        self.jobs = deque(job for job in waiting if not job.future.done())

    def gather(self) -> list[Part]:
        """The first job and those that can be read with it, as far as the pass has room; what is left of a job goes to the end."""
        room, key, now = self.room(), self.jobs[0].key, self.clock()
        parts, left, later = list[Part](), deque[Job](), deque[Job]()
        for job in self.jobs:
            if job.key != key or (parts and room <= 0):
                left.append(job)
                continue
            begin = end = job.taken
            while end < len(job.texts) and (job.tokens[end] <= room or not (parts or end > begin)):
                room -= job.tokens[end]
                end += 1
            if end == begin:
                left.append(job)
                continue
            job.taken, job.waited = end, now - job.came if job.waited is None else job.waited
            parts.append(Part(job, begin, end))
            if end < len(job.texts):
                later.append(job)
        self.jobs = left + later
        if self.jobs and self.resting:
            self.changed.notify()
        return parts

    def room(self) -> int:
        """Tokens of one pass: what a lane reads in a turn, and no more than its share of what waits while others have nothing."""
        turn = int(min(max(self.speed * TURN, FEWEST), MOST))
        return min(turn, -(-sum(job.left for job in self.jobs) // (1 + self.resting)))

    def answer(self, parts: list[Part]) -> None:
        """Reads the parts together; when that fails each alone, so that a bad one fails by itself."""
        began, texts = self.clock(), [text for part in parts for text in part.texts]
        try:
            found = list(self.work(parts[0].job.key, texts))
            if len(found) != len(texts):
                raise RuntimeError(f"{len(texts)} texts got {len(found)} answers")
        except Exception as error:
            if len(parts) > 1:
                for part in parts:
                    self.answer([part])
            else:
                self.drop(parts[0].job, error)
            return
        self.note(parts, max(self.clock() - began, 1e-6))
        for part in parts:
            size = part.end - part.begin
            part.job.answers[part.begin : part.end], found = found[:size], found[size:]
            if self.whole(part) and not part.job.future.done():
                self.done(part.job)

    def whole(self, part: Part) -> bool:
        """Whether this part was the last that a job waited for."""
        with self.changed:
            part.job.missing -= part.end - part.begin
            return part.job.missing == 0

    def note(self, parts: list[Part], seconds: float) -> None:
        """Remembers how quick a pass was, and tells of it."""
        tokens, texts = sum(part.tokens for part in parts), sum(len(part.texts) for part in parts)
        fresh = [part.job.waited or 0.0 for part in parts if not part.begin]
        with self.changed:
            self.speed += MEMORY * (tokens / seconds - self.speed)
        self.told(Pass(texts, tokens, len(parts), seconds, fresh))

    def drop(self, job: Job, error: Exception) -> None:
        """Fails a job, what is left of it, too."""
        settle(job.future, error)


def settle(future: Future[Any], outcome: Any) -> None:
    """Gives a future its result or its error; one that was cancelled meanwhile stays so."""
    with suppress(InvalidStateError):
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
