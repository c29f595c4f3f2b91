"""Where the studies of searches are kept: beside the records, never among them.

Optuna keeps the version of its tables in a table `alembic_version`, as our own migrations do: in one schema each would take the
other's number for its own. So SQLite has a second file in the state folder, PostgreSQL a schema of its own in the same database.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy import URL, make_url, text

from beside.store.database import engine_for, failures
from beside.store.files import storage_errors

FILE = "studies.sqlite"
SCHEMA = "beside_studies"


def studies_url(database: str | None, state: Path) -> str:
    """The URL of the studies, whose place is made when it is not there.

    Args:
        database: URL of the workspace's PostgreSQL database; None = SQLite in the state folder.
        state: the workspace's state folder.

    Raises:
        StorageFailed: it cannot be made.
    """
    if database is None or make_url(database).get_backend_name() == "sqlite":
        file = state / FILE
        with storage_errors(f"'{file}'"):
            try:
                with sqlite3.connect(file) as connection:
                    connection.execute("PRAGMA journal_mode=WAL")  # stays with the file: readers never wait for a writer
                connection.close()
            except sqlite3.Error as error:
                raise OSError(str(error)) from error
        return URL.create("sqlite", database=str(file)).render_as_string(hide_password=False)
    engine = engine_for(database)
    try:
        with failures(), engine.begin() as own_connection:
            own_connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
    finally:
        engine.dispose()
    own = make_url(database).update_query_dict({"options": f"-csearch_path={SCHEMA}"})
    return own.render_as_string(hide_password=False)
