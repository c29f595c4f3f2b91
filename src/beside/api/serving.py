"""Asking releases: a place in the line, a share of a forward pass, and the answer stored before it is told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import FastAPI

from beside.api.admission import Admission
from beside.api.metrics import Metrics
from beside.api.opened import SERVER, Opened
from beside.api.recording import Recorder
from beside.api.visits import Visit
from beside.core.askable import must_be_askable
from beside.core.errors import NotReady, TextRefused
from beside.core.types import Prediction
from beside.core.writing import Decoding
from beside.engine.batching import Batcher, Job
from beside.loop import Loop
from beside.stages.serve import Served
from beside.store.workspace import Workspace

AT_ONCE = 2  # threads that answer what cannot share a pass: one computes while the other reads and writes
WRITING = 60.0  # seconds of writing in one call: then each answer ends where it is, and says so
SHORT = 2_000  # characters whose tokens are counted within a fraction of a millisecond
MARGIN = 0.8  # share of the time until a deadline that writing may take
Result = TypeVar("Result")


class Among(NamedTuple):
    """What a release that ranks is to order: candidates, or what is kept with it, and how many it shall give."""

    candidates: Sequence[str] | None
    most: int


def side_by_side() -> int:
    """Forward passes that run at the same time: as many as this machine has room for."""
    from beside.engine.devices import side_by_side as room  # loads torch, which the first release has loaded by then

    return room()


@dataclass(frozen=True)
class Asked:
    """A release as one request asks it; `tokens` of each text where the request can share passes with others."""

    served: Served
    tokens: Sequence[int] | None


class Serving:
    """The open releases and the line of requests that wait for them.

    Args:
        workspace: where releases are kept.
        metrics: is told how many wait, how they are read together, and who is refused.
        workers: processes that serve this workspace at the same address.
    """

    def __init__(self, workspace: Workspace, metrics: Metrics, workers: int = 1) -> None:
        self.workspace, self.metrics = workspace, metrics
        self.releases = Opened(workspace)
        self.recorder = Recorder(workspace.records)
        self.batcher = Batcher(self.read, self.record, metrics.passed, lambda: max(1, side_by_side() // workers))
        self.admission = Admission(workspace.settings.serving, metrics, self.batcher.delay, workers)
        self.limiter = CapacityLimiter(AT_ONCE)
        self.warming = self.ending = False

    def served(self, loop: Loop, release_id: str | None) -> Served:
        """The release of that id, or the newest approved one that is ready. Raises as `Opened.served`."""
        return self.releases.served(loop, release_id)

    async def turn(self, work: Callable[[], Result]) -> Result:
        """Does work that cannot share a pass in a thread when its turn comes.

        Raises:
            QueueFull, Overloaded, DeadlinePassed, ClientGone: it is not done.
        """
        with self.admission.place() as (visit, until):
            return await self.alone(visit, until, work)

    async def alone(self, visit: Visit, until: float, work: Callable[[], Result]) -> Result:
        """Does the work in a thread. What has begun is finished, though nobody may wait for it any more."""
        return await visit.outcome(asyncio.ensure_future(run_sync(work, limiter=self.limiter)), until)

    def asked(self, served: Served, texts: Sequence[str], view: Callable[[Served], Served]) -> Asked:
        """A release as a request asks it, and whether it can be read together with others. Raises as `predict_with`."""
        seen = view(served)
        if served.writes or seen.subject is not served.subject:
            return Asked(seen, None)
        for position, text in enumerate(texts, 1):
            must_be_askable(served.subject, text, f"Text {position} of {len(texts)}" if len(texts) > 1 else "The text")
        longest = served.subject.max_length
        return Asked(served, [min(max(count, 1), longest) for count in served.subject.token_counts(texts)])

    def at_once(self, loop: Loop, release_id: str | None, texts: Sequence[str]) -> Served | None:
        """The release, when it is found and its tokens are counted sooner than a thread for that: it is open, the texts short."""
        return self.releases.at_hand(loop.actor, release_id) if sum(map(len, texts)) <= SHORT else None

    async def together(self, loop: Loop, asked: Asked, texts: Sequence[str], visit: Visit, until: float) -> list[Prediction]:
        """The stored answers of a release, its passes shared with whoever asks at the same time."""
        job = Job(asked.served, texts, asked.tokens or [], until, context=loop.actor)
        predictions = await visit.outcome(asyncio.wrap_future(self.batcher.submit(job)), until)
        visit.told["waited"] = round(job.waited or 0.0, 4)
        return predictions

    def read(self, served: Served, texts: list[str]) -> list[Prediction]:
        """The texts of one pass; the gate is asked before it."""
        return Loop(self.workspace, SERVER).guarded(served, texts)

    def record(self, job: Job) -> None:
        """Stores the answers of one request, which then gets them."""
        store = self.recorder.put if self.batcher.jobs else self.recorder.now
        store(job.context, job.answers, job.future)

    def warm_up(self) -> None:
        """Opens the release that answers when none is named, so that the first caller need not wait for it.

        Raises:
            GateClosed, Altered: it may not answer.
        """
        if any(release.state == "approved" for release in self.workspace.records.releases(SERVER)):
            self.served(Loop(self.workspace, SERVER), None)

    def must_be_ready(self) -> None:
        """Does nothing when a load balancer may send requests.

        Raises:
            NotReady: it is still loading, or about to end.
        """
        if self.ending or self.warming:
            why = "is about to end" if self.ending else "is still loading its model"
            raise NotReady(f"This server {why}.", "Send requests elsewhere meanwhile, or try again in a few seconds.")

    def close(self) -> None:
        """Answers what waits and stores it."""
        self.batcher.close()
        self.recorder.close()


async def predict_with(
    app: FastAPI,
    loop: Loop,
    release_id: str | None,
    texts: Sequence[str],
    how: Callable[[bool], Decoding | None] = lambda writes: None,
    among: Among | None = None,
) -> list[Prediction]:
    """Answers of a release, stored and counted.

    Args:
        how: how answers are to be written, told whether this release writes any.
        among: what is to be ordered for each text, by a release that ranks.

    Raises:
        QueueFull, Overloaded, DeadlinePassed, ClientGone: there is no room or no time.
        BadInput, UnknownName, GateClosed, Altered, TextRefused: as `Opened.served`, `Served.decoding`, `Served.among` and
            `Loop.predict`.
    """
    serving: Serving = app.state.serving

    def view(until: float, served: Served) -> Served:
        seconds = min(WRITING, max((until - time.monotonic()) * MARGIN, 0.0))
        return served.among(*among) if among else served.decoding(how(served.writes), seconds)

    with serving.admission.place(texts) as (visit, until):
        look = partial(serving.asked, texts=texts, view=partial(view, until))
        here = serving.at_once(loop, release_id, texts)
        asked = look(here) if here else await run_sync(lambda: look(serving.served(loop, release_id)))
        try:
            if asked.tokens is None:
                predictions = await serving.alone(visit, until, lambda: loop.predict(asked.served, texts))
            else:
                predictions = await serving.together(loop, asked, texts, visit, until)
        except TextRefused as refused:
            app.state.metrics.flagged.labels(refused.guard, "refuse").inc()
            raise
    visit.told |= told_of(asked.served, predictions)
    app.state.metrics.predicted(predictions)
    return predictions


def told_of(served: Served, predictions: Sequence[Prediction]) -> dict[str, Any]:
    """What the log says of answers: release, seal, how many, how many cut, how sure; no text, nor a label, which may be one."""
    return {
        "release": served.release.id,
        "seal": served.release.seal,
        "texts": len(predictions),
        "truncated": sum(prediction.truncated for prediction in predictions),
        "abstained": sum(prediction.abstained for prediction in predictions),
        "predictions": [prediction.id for prediction in predictions],
        "scores": [prediction.probability for prediction in predictions],
    }
