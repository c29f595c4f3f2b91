"""How far the ledger has come: whatever was kept of the records holds until something but an answer is written.

Every write adds its row to the ledger in the same transaction, so one indexed query tells whether a release, a signature, a halt or
a finding can have changed since it was read, in this process or in any other.
"""

from __future__ import annotations

import threading

from sqlalchemy import case, func, select

from beside.store import tables
from beside.store.database import Database

QUIET = ("predict", "answer")  # verbs that change nothing about any release


class Watermark:
    """Counts how often anything but an answer was written. Threads may share it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.number = self.moves = 0
        self.one = threading.Lock()

    def __call__(self) -> int:
        """A number that grows with every write that may change what a release is; ask before reading what it is kept for.

        Raises:
            StorageFailed: the database does not answer.
        """
        table = tables.Ledger
        with self.one, self.database.read() as session:
            loud = func.sum(case((table.verb.in_(QUIET), 0), else_=1))
            last, moved = session.execute(select(func.max(table.number), loud).where(table.number > self.number)).one()
            self.number, self.moves = last or self.number, self.moves + (moved or 0)
            return self.moves
