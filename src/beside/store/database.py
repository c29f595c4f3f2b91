"""One database behind one engine: SQLite in the workspace or PostgreSQL by URL, at the newest schema, written by one at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, OperationalError, ProgrammingError, StatementError
from sqlalchemy.orm import Session

from beside.core.errors import BadInput, BadOption, BesideError, Busy, StorageFailed
from beside.store.columns import sealer_of_dialect
from beside.store.files import storage_errors
from beside.store.sealer import Sealer

HEAD = "0012"  # the newest file in migrations/versions; told here so that opening need not load Alembic
PATIENCE = 10.0  # seconds a writer waits for another one
WRITTEN = "ledger"  # where a session notes its ledger rows: number of the first, hash before it, number and hash of the last
LEDGER_LOCK = 0x626573696465  # PostgreSQL advisory lock of whoever writes; any fixed number does


def now() -> datetime:
    """The present, in UTC."""
    return datetime.now(UTC)


class Database:
    """An engine at the newest schema, and the two ways to use it: `read` and `write`.

    Args:
        url: `sqlite:///...` or `postgresql://...`.
        clock: tells the time of what is written.

    Raises:
        BadOption: not the URL of such a database.
        BadInput: the database was written by a newer Beside.
        StorageFailed: the database does not answer.
    """

    def __init__(self, url: str | URL, clock: Callable[[], datetime] = now) -> None:
        self.engine = engine_for(url)
        self.clock = clock
        self.state: Path | None = None  # folder that the paths of bundles are told from
        self.noted: Callable[[tuple[int, str, int, str]], None] | None = None  # told which ledger rows a transaction added
        with failures():
            bring_up_to_date(self.engine)

    @property
    def sealer(self) -> Sealer:
        """What the columns of secrets ask (columns.py)."""
        return sealer_of_dialect(self.engine.dialect)

    @sealer.setter
    def sealer(self, sealer: Sealer) -> None:
        self.engine.dialect.beside_sealer = sealer  # type: ignore[attr-defined]

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one state of the database from its first query on."""
        with failures(), Session(self.engine, info={"state": self.state}) as session:
            yield session

    @contextmanager
    def write(self, flushed: bool = True) -> Iterator[Session]:
        """A session that alone may write; all of it is on the disk at the end of the block, or nothing is.

        Args:
            flushed: without it the write outlives the process whatever happens to that, but a power cut may undo it until `flush`
                or the next flushed write; the head of the ledger is signed then, too, so that it never knows more than the disk.

        Raises:
            Busy: another process wrote for longer than `PATIENCE`.
            StorageFailed: the disk is full, or the database does not answer.
        """
        with failures(), self._writer(flushed) as session, session.begin():
            session.connection()  # takes the lock now, not at the first query
            yield session
        if self.noted is not None and flushed and (written := session.info.get(WRITTEN)):
            self.noted(written)

    def _writer(self, flushed: bool) -> Session:
        return Session(self.engine.execution_options(writes=True, flushed=flushed), info={"state": self.state})

    def flush(self, written: tuple[int, str, int, str]) -> None:
        """Brings to the disk what was written without `flushed`, and tells which ledger rows those were."""
        with failures(), storage_errors("the database"):
            if self.engine.dialect.name == "sqlite":
                log = f"{self.engine.url.database}-wal"
                if os.path.exists(log):  # else a checkpoint has brought it into the database, and flushed both
                    handle = os.open(log, os.O_RDONLY)
                    try:
                        os.fsync(handle)
                    finally:
                        os.close(handle)
            else:  # a flushed commit brings all earlier ones along
                with self._writer(True) as session, session.begin():
                    session.execute(text("SELECT txid_current()"))
        if self.noted is not None:
            self.noted(written)

    def close(self) -> None:
        """Gives the connections back."""
        self.engine.dispose()


def engine_for(url: str | URL) -> Engine:
    """An engine that begins its own transactions, so that a writer holds the database from its first query on."""
    try:
        address = make_url(url)
        backend = address.get_backend_name()
        if backend not in ("sqlite", "postgresql"):
            raise BadOption(f"Cannot keep records in '{backend}'.", "Give sqlite:///FILE or postgresql://USER@HOST/NAME.")
        waits: dict[str, Any] = {"timeout": PATIENCE} if backend == "sqlite" else {"connect_timeout": int(PATIENCE)}
        engine = create_engine(address, connect_args=waits, pool_pre_ping=backend == "postgresql", hide_parameters=True)
    except ArgumentError as error:  # the URL may hold a password: it is not repeated
        hint = "Write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME."
        raise BadOption("The database URL cannot be read.", hint) from error
    except ModuleNotFoundError as error:
        raise BadOption(f"The database driver '{error.name}' is not installed.", "Run: pip install 'psycopg[binary]'.") from error
    if backend == "sqlite":
        event.listen(engine, "connect", prepare_sqlite)
    event.listen(engine, "begin", begin)
    return engine


def prepare_sqlite(connection: Any, record: Any) -> None:
    """Readers never wait for a writer (WAL), a commit is on the disk when it returns (FULL), references hold, deleted is zeroed."""
    connection.isolation_level = None  # Python's module would begin transactions late; `begin` does it instead
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def begin(connection: Connection) -> None:
    """Begins a transaction; a writer takes the write lock at once, so the ledger's last row cannot change under it."""
    options = connection.get_execution_options()
    writes, flushed = options.get("writes", False), options.get("flushed", True)
    if connection.dialect.name == "sqlite":
        if writes:
            connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if flushed else 'NORMAL'}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
    elif writes:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {int(PATIENCE * 1000)}")
        if not flushed:
            connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LEDGER_LOCK})


def bring_up_to_date(engine: Engine) -> None:
    """Migrates to `HEAD` unless the database says it is there."""
    if version(engine) == HEAD:
        return
    # loading Alembic takes longer than all else that opening does, and only a first or an updated start needs it
    from beside.store.migrations import upgrade

    with engine.execution_options(writes=True).begin() as connection:
        upgrade(connection)


def version(engine: Engine) -> str | None:
    """The migration that the database is at; None when there is none yet."""
    try:
        with engine.connect() as connection:
            found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
            return found
    except (OperationalError, ProgrammingError) as error:
        if "alembic_version" in str(error.orig):  # there is no such table: a new database
            return None
        raise


@contextmanager
def failures() -> Iterator[None]:
    """Turns what a database may answer into the errors of Beside."""
    try:
        yield
    except StatementError as error:
        raise explained(error) from error


def explained(error: StatementError) -> BesideError:
    """What a database's refusal means for a person."""
    if isinstance(error.orig, BesideError):
        return error.orig
    why = " ".join(str(error.orig).split())
    if isinstance(error, DataError | IntegrityError) or not isinstance(error, DBAPIError):
        hint = "Text must not hold the character NUL; whole numbers have 64 bits at most."
        return BadInput(f"The database refuses this content: {why}.", hint)
    if "locked" in why or "lock timeout" in why:
        return Busy("Another process is writing to the database.", f"Try again; a writer is waited for {PATIENCE:.0f} seconds.")
    full = "full" in why or "No space" in why
    hint = "Free some space and try again." if full else "Check that the database is there and may be written to, then try again."
    return StorageFailed(f"The database does not take this: {why}. What was there before is untouched.", hint)
