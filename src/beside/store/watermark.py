"""How far the ledger has come: whatever was kept of the records holds until something but an answer is written.

Every write adds its row to the ledger in the same transaction, so one indexed query tells whether a release, a signature, a halt or
a finding can have changed since it was read, in this process or in any other.
"""

from __future__ import annotations

import threading

from sqlalchemy import bindparam, case, func, or_, select

from beside.store import tables
from beside.store.database import Database, failures

QUIET = ("predict", "answer")  # verbs that change nothing about any release
ROWS = tables.Ledger.__table__.c
LOUD = func.sum(case((or_(*(ROWS.verb == verb for verb in QUIET)), 0), else_=1))
# made once and past the mapper: a server asks several times for each answer
NEWER = select(func.max(ROWS.number), LOUD).where(ROWS.number > bindparam("known"))


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
        with self.one, failures(), self.database.engine.connect() as connection:
            last, moved = connection.execute(NEWER, {"known": self.number}).one()
            self.number, self.moves = last or self.number, self.moves + (moved or 0)
            return self.moves
