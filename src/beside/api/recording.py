"""What was answered is stored before the caller hears of it: one transaction for all that wait at a time (group commit).

A commit is not flushed, so a kill loses nothing, and the disk is made to keep it at once when nothing else waits, every
`FLUSHED` seconds at the latest. What a person says of an answer is always flushed, and with it every answer before.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future

from beside.core.errors import BesideError, Busy, StorageFailed
from beside.core.types import Actor, Prediction
from beside.engine.batching import settle
from beside.store.answered import Written
from beside.store.records import Records

FLUSHED = 0.5  # seconds between two flushes while there is no rest
IDLE = 10.0  # seconds without an answer after which the thread ends; the next answer starts another
Entry = tuple[Actor, Sequence[Prediction], Future[list[Prediction]]]
log = logging.getLogger("beside.api")


class Recorder:
    """Stores answers in one thread and settles the futures of those who asked.

    Args:
        records: where they go.
    """

    def __init__(self, records: Records) -> None:
        self.records = records
        self.waiting: list[Entry] = []
        self.changed = threading.Condition()
        self.thread: threading.Thread | None = None
        self.closed = False
        self.unflushed: Written | None = None
        self.flushed_at = 0.0

    def put(self, actor: Actor, predictions: Sequence[Prediction], future: Future[list[Prediction]]) -> None:
        """Stores the answers soon; the future then gets them, or what the database says against it."""
        with self.changed:
            self.waiting.append((actor, predictions, future))
            if self.thread is None:
                self.thread = threading.Thread(target=self.run, name="beside-recorder", daemon=True)
                self.thread.start()
            self.changed.notify()

    def close(self) -> None:
        """Stores what waits, then ends the thread."""
        with self.changed:
            self.closed, thread = True, self.thread
            self.changed.notify()
        if thread is not None:
            thread.join()

    def run(self) -> None:
        """Stores until nothing came for a while."""
        while entries := self.taken():
            self.store(entries)
            with self.changed:
                rest = not self.waiting
            if self.unflushed and (rest or time.monotonic() - self.flushed_at >= FLUSHED):
                self.flush()

    def taken(self) -> list[Entry]:
        """All that waits; nothing when the thread may end."""
        with self.changed:
            while not self.waiting:
                if self.closed or (not self.changed.wait(IDLE) and not self.waiting):
                    self.thread = None
                    break
            entries, self.waiting = self.waiting, []
            return entries

    def store(self, entries: list[Entry]) -> None:
        """Stores them together; when that is refused each alone, so that only those fail whose answers are at fault."""
        try:
            written = self.records.add_answered([(actor, predictions) for actor, predictions, _ in entries])
            self.unflushed = written or self.unflushed
        except Exception as error:
            if len(entries) > 1 and not isinstance(error, Busy | StorageFailed):
                for entry in entries:
                    self.store([entry])
                return
            for _, _, future in entries:
                settle(future, error)
            return
        for _, predictions, future in entries:
            settle(future, list(predictions))

    def flush(self) -> None:
        """Makes the disk keep what was stored; when it does not, the next flush tries again."""
        assert self.unflushed
        try:
            self.records.database.flush(self.unflushed)
            self.unflushed = None
        except BesideError as error:
            log.warning("%s", error.message)
        self.flushed_at = time.monotonic()
