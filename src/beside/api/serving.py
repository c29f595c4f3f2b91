"""The releases that are open for answers, and the line of requests that wait for them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import FastAPI

from beside.api.metrics import Metrics
from beside.core.errors import Overloaded, TextRefused
from beside.core.types import Actor, Prediction
from beside.core.writing import Decoding
from beside.loop import Loop
from beside.stages.serve import Served, newest_approved
from beside.store.workspace import Workspace

WAITING = 64  # requests that may wait or be answered at a time
AT_ONCE = 2  # threads that answer: one computes while the other reads and writes
OPEN = 3  # models kept in memory
DEADLINE = 60.0  # seconds of writing in one call: then each answer ends where it is, and says so
Result = TypeVar("Result")


class Among(NamedTuple):
    """What a release that ranks is to order: candidates, or what is kept with it, and how many it shall give."""

    candidates: Sequence[str] | None
    most: int


class Serving:
    """Opened releases by id, the least used one closed first.

    Args:
        workspace: where releases are kept.
        metrics: is told how many wait.
    """

    def __init__(self, workspace: Workspace, metrics: Metrics) -> None:
        self.workspace = workspace
        self.metrics = metrics
        self.opened: OrderedDict[str, Served] = OrderedDict()
        self.lock = threading.Lock()  # of `opened`; a model is opened once, whoever asks meanwhile waits
        self.limiter = CapacityLimiter(AT_ONCE)
        self.waiting = 0

    async def turn(self, work: Callable[[], Result]) -> Result:
        """Does the work in a thread when its turn comes.

        Raises:
            Overloaded: too many wait already.
        """
        if self.waiting >= WAITING:
            hint = "Try again in a second; several texts in one call are quicker than several calls."
            raise Overloaded(f"{self.waiting} requests are waiting already.", hint)
        self.waiting += 1
        self.metrics.waiting.set(self.waiting)
        try:
            return await run_sync(work, limiter=self.limiter)
        finally:
            self.waiting -= 1
            self.metrics.waiting.set(self.waiting)

    def served(self, loop: Loop, release_id: str | None) -> Served:
        """The release of that id, or the newest approved one, open and unaltered.

        Raises:
            UnknownName: there is no such release.
            GateClosed, Altered: it may not answer.
        """
        records, actor = self.workspace.records, loop.actor
        release = records.release(actor, release_id) if release_id else newest_approved(records.releases(actor))
        with self.lock:
            served = self.opened.pop(release.id, None)
            if served is None or served.release != release:  # a signature came or went since it was opened
                served = loop.serve(release.id)
            self.opened[release.id] = served
            while len(self.opened) > OPEN:
                self.opened.popitem(last=False)
        return served

    def warm_up(self) -> None:
        """Opens the release that answers when none is named, so that the first caller need not wait for it."""
        actor = Actor(name="server", roles=("user",))
        if any(release.state == "approved" for release in self.workspace.records.releases(actor)):
            self.served(Loop(self.workspace, actor), None)


async def predict_with(
    app: FastAPI,
    loop: Loop,
    release_id: str | None,
    texts: Sequence[str],
    how: Callable[[bool], Decoding | None] = lambda writes: None,
    among: Among | None = None,
) -> list[Prediction]:
    """Answers of a release, stored and counted. Raises as `Serving`, `Served.decoding`, `Served.among` and `Loop.predict`.

    Args:
        how: how answers are to be written, told whether this release writes any.
        among: what is to be ordered for each text, by a release that ranks.
    """
    serving: Serving = app.state.serving

    def work() -> list[Prediction]:
        served = serving.served(loop, release_id)
        asked = served.among(*among) if among else served.decoding(how(served.writes), DEADLINE)
        return loop.predict(asked, texts)

    try:
        predictions = await serving.turn(work)
    except TextRefused as refused:
        app.state.metrics.flagged.labels(refused.guard, "refuse").inc()
        raise
    app.state.metrics.predicted(predictions)
    return predictions
