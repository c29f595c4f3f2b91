"""The releases that are open for answers: several at a time, and a newly approved one takes over without anybody waiting for it."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from contextlib import suppress

from beside.core.committee import News
from beside.core.errors import BesideError
from beside.core.types import Actor, Release
from beside.loop import Loop
from beside.stages.serve import Served, newest_approved
from beside.store import stops
from beside.store.watermark import Watermark
from beside.store.workspace import Workspace

OPEN = 3  # models kept in memory
KEPT = 1_000  # questions "which release is that, for this person" whose answer is kept
WARM = "The first words that a model reads after it was loaded take the longest. " * 8
SERVER = Actor(name="server", roles=("user",))
log = logging.getLogger("beside.api")


class Opened:
    """Opened releases by id, the least used one closed first. Threads may share it.

    When nobody names a release the newest approved one answers. Until a newly approved one is loaded and warm the one before it
    goes on answering, as long as the gate lets it.

    Args:
        workspace: where releases are kept.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.moved = Watermark(workspace.records.database)
        self.local = workspace.records.database.engine.dialect.name == "sqlite"
        self.opened: OrderedDict[str, Served] = OrderedDict()
        self.known: tuple[int, dict[tuple[Actor, str | None], Release]] = (0, {})
        self.lock = threading.Lock()  # of the fields here; never held while a model loads
        self.opening: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)  # a model is opened once
        self.unnamed: Served | None = None  # what answered last when none was named
        self.taking_over: set[str] = set()
        self.swaps = 0
        self.settled: Callable[[], object] = lambda: None  # told when another model is in memory

    def chosen(self, actor: Actor, release_id: str | None) -> Release:
        """The release of that id, or the newest approved one, as this person may know it.

        Raises:
            UnknownName: there is no such release.
            GateClosed: none is approved.
        """
        moves, records = self.moved(), self.workspace.records
        with self.lock:
            if self.known[0] != moves:
                self.known = (moves, {})
            there = self.known[1].get((actor, release_id))
        if there is None:
            there = records.release(actor, release_id) if release_id else newest_approved(records.releases(actor))
            with self.lock:
                if self.known[0] == moves and len(self.known[1]) < KEPT:
                    self.known[1][actor, release_id] = there
        return there

    def served(self, loop: Loop, release_id: str | None) -> Served:
        """The release of that id, or the newest approved one that is ready, open and unaltered.

        Raises:
            UnknownName: there is no such release.
            GateClosed, Altered: it may not answer.
        """
        chosen = self.chosen(loop.actor, release_id)
        if release_id is not None:
            return self.open(loop, chosen)
        if (ready := self.ready(chosen)) is None and (before := self.still_good(loop, chosen)) is not None:
            self.take_over(chosen)
            return before
        self.unnamed = ready or self.open(loop, chosen)
        return self.unnamed

    def at_hand(self, actor: Actor, release_id: str | None) -> Served | None:
        """What `served` gives, when that takes no more than a look into a database on this machine; it may take seconds else."""
        if not self.local:
            return None
        moves = self.moved()
        with self.lock:
            there = self.known[1].get((actor, release_id)) if self.known[0] == moves else None
        if there is None or (served := self.ready(there)) is None:
            return None
        if release_id is None:
            self.unnamed = served
        return served

    def ready(self, chosen: Release) -> Served | None:
        """The release, when it is open as it is now."""
        with self.lock:
            served = self.opened.get(chosen.id)
            if served is None or served.release != chosen:  # a signature came or went since it was opened
                return None
            self.opened.move_to_end(chosen.id)
            return served

    def open(self, loop: Loop, chosen: Release) -> Served:
        """The release, opened if it is not. Raises as `Loop.serve`."""
        if served := self.ready(chosen):
            return served
        with self.opening[chosen.id]:
            if served := self.ready(chosen):
                return served
            with self.lock:
                there = self.opened.get(chosen.id)
            if there is not None:  # a signature came or went: the bundle is looked at again, the model need not be loaded again
                there.check(loop.clock())
                return there
            served = loop.serve(chosen.id)
            if served.news is not None:
                served.news = Remembered(Loop(self.workspace, loop.actor), served.release, self.moved)
            warm(served)
            self.settled()
            with self.lock:
                self.opened[chosen.id] = served
                self.opened.move_to_end(chosen.id)
                while len(self.opened) > OPEN:
                    self.opening.pop(self.opened.popitem(last=False)[0], None)
        return served

    def still_good(self, loop: Loop, chosen: Release) -> Served | None:
        """What answered before, while a newer release than that is approved and may load; else nothing."""
        before = self.unnamed
        if (
            before is None
            or before.release.id == chosen.id
            or chosen.state != "approved"
            or before.release.made_at > chosen.made_at
        ):
            return None
        with suppress(BesideError):
            before.check(loop.clock())
            return before
        return None

    def take_over(self, chosen: Release) -> None:
        """Loads a release in the background; the requests after that go to it."""
        with self.lock:
            there = self.opened.get(chosen.id)
            if chosen.id in self.taking_over or (there is not None and there.release == chosen):  # the last: it is done by now
                return
            self.taking_over.add(chosen.id)
        threading.Thread(target=self.load, args=(chosen,), name="beside-takeover", daemon=True).start()

    def load(self, chosen: Release) -> None:
        """Opens a release that is to take over. When it cannot, nothing answers any more in its place: whoever asks is told why."""
        try:
            self.unnamed = self.open(Loop(self.workspace, SERVER), chosen)
            self.swaps += 1
        except BesideError as error:
            log.warning("%s", error.message)
            self.unnamed = None
        finally:
            with self.lock:
                self.taking_over.discard(chosen.id)


class Remembered:
    """What the records say of a release, read again only when something but answers was written since.

    Args:
        loop: reads it.
        release: as it was opened.
        moved: tells whether anything was written.
    """

    def __init__(self, loop: Loop, release: Release, moved: Watermark) -> None:
        self.loop, self.id, self.moved = loop, release.id, moved
        self.told: tuple[int, News] | None = None

    def __call__(self) -> News:
        """As `Loop.news`. A stop that lies beside the database is looked for every time."""
        if stops.pending(self.loop.workspace.state, self.id) is not None:
            return self.loop.news(self.id)
        moves, told = self.moved(), self.told
        if told is None or told[0] != moves:
            self.told = told = (moves, self.loop.news(self.id))
        return told[1]


def warm(served: Served) -> None:
    """Lets a model that reads single texts read one of its full length, so that the first caller need not wait for it."""
    if not served.pairs and not served.writes:
        with suppress(BesideError):
            served.subject.answers([WARM])
