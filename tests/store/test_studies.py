"""Studies and records never share a schema: each keeps the version of its tables in a table of the same name."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from beside.core.errors import StorageFailed
from beside.core.space import Reach, Space
from beside.engine.search import Study
from beside.store.database import HEAD
from beside.store.records import Records
from beside.store.studies import SCHEMA, studies_url

SPACE: Space = {"epochs": Reach(low=1, high=9)}


def tried(url: str) -> list[int]:
    """One more trial; the values of all."""
    study = Study(url, "a", SPACE, 0, {})
    study.end(study.ask(99).number, 0.5, 1.0)  # type: ignore[union-attr]
    found = [trial.params["epochs"] for trial in study.trials()]
    study.close()
    return found


def test_sqlite_has_a_second_file_that_readers_do_not_wait_for(tmp_path: Path) -> None:
    Records(f"sqlite:///{tmp_path / 'records.sqlite'}").close()
    url = studies_url(None, tmp_path)
    assert url == f"sqlite:///{tmp_path / 'studies.sqlite'}" == studies_url(f"sqlite:///{tmp_path / 'x'}", tmp_path)
    assert len(tried(url)) == 1 and len(tried(url)) == 2
    with sqlite3.connect(tmp_path / "studies.sqlite") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    Records(f"sqlite:///{tmp_path / 'records.sqlite'}").close()


def test_a_place_that_cannot_be_written_to_is_said(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed, match="studies"):
        studies_url(None, tmp_path / "nowhere")


def test_postgresql_has_a_schema_of_its_own_in_the_same_database(empty_postgres: str, tmp_path: Path) -> None:
    Records(empty_postgres).close()
    assert len(tried(studies_url(empty_postgres, tmp_path))) == 1
    assert len(tried(studies_url(empty_postgres, tmp_path))) == 2
    engine = create_engine(empty_postgres)
    assert "trials" in inspect(engine).get_table_names(SCHEMA) and "trials" not in inspect(engine).get_table_names("public")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM public.alembic_version")).scalar() == HEAD
    engine.dispose()
    Records(empty_postgres).close()
    assert not (tmp_path / "studies.sqlite").exists()
