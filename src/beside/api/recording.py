"""What was answered is stored before the caller hears of it: one transaction for all that wait at a time (group commit).

A commit is not flushed, so a kill loses nothing. The disk is made to keep it after `REST` seconds without another, every
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
REST = 0.1  # seconds without an answer after which it is flushed
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
        self.one = threading.Lock()  # of `unflushed`; held while something is stored
        self.thread: threading.Thread | None = None
        self.closed = self.idle = False
        self.unflushed: Written | None = None
        self.flushed_at = 0.0

    def put(self, actor: Actor, predictions: Sequence[Prediction], future: Future[list[Prediction]]) -> None:
        """Stores the answers soon; the future then gets them, or what the database says against it."""
        with self.changed:
            self.waiting.append((actor, predictions, future))
            self.wake()

    def close(self) -> None:
        """Stores what waits, then ends the thread."""
        with self.changed:
            self.closed, thread = True, self.thread
            self.changed.notify()
        if thread is not None:
            thread.join()

    def now(self, actor: Actor, predictions: Sequence[Prediction], future: Future[list[Prediction]]) -> None:
        """The same in the thread of whoever calls, which is quicker while nobody else waits for that thread."""
        self.store([(actor, predictions, future)])
        with self.changed:
            if self.thread is None or self.idle:  # else it is about to flush by itself
                self.wake()

    def wake(self) -> None:
        """Tells the thread that something came; starts it when there is none. Under the lock."""
        if self.thread is None:
            self.thread = threading.Thread(target=self.run, name="beside-recorder", daemon=True)
            self.thread.start()
        self.changed.notify()

    def run(self) -> None:
        """Stores and flushes until nothing came for a while."""
        while True:
            entries = self.taken()
            if entries:
                self.store(entries)
            if self.unflushed and (not entries or time.monotonic() - self.flushed_at >= FLUSHED):
                self.flush()
            with self.changed:
                if not self.waiting and (self.closed or not (entries or self.unflushed)):
                    self.thread = None
                    return

    def taken(self) -> list[Entry]:
        """All that waits; nothing after a rest: a short one while something is not flushed, else a long one."""
        with self.changed:
            if not (self.waiting or self.closed or self.unflushed):
                self.idle = True
                self.changed.wait(IDLE)
                self.idle = False
            if not (self.waiting or self.closed) and self.unflushed:
                self.changed.wait(REST)
            entries, self.waiting = self.waiting, []
            return entries

    def store(self, entries: list[Entry]) -> None:
        """Stores them together; when that is refused each alone, so that only those fail whose answers are at fault."""
        try:
            with self.one:
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
        with self.one:
            written, self.unflushed = self.unflushed, None
        try:
            if written:
                self.records.database.flush(written)
        except BesideError as error:
            log.warning("%s", error.message)
            with self.one:
                self.unflushed = self.unflushed or written
        self.flushed_at = time.monotonic()
