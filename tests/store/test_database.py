"""The schema, the transactions and what a database's refusal becomes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from beside.core.errors import BadInput, BadOption, Busy, StorageFailed
from beside.store import database, tables
from beside.store.database import Database
from beside.store.migrations import config
from beside.store.records import Records


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request, tmp_path):
    return request.getfixturevalue("empty_postgres") if request.param == "postgresql" else f"sqlite:///{tmp_path}/new.sqlite"


def test_the_migrated_schema_is_that_of_the_tables(empty_url):
    opened = Database(empty_url)
    with opened.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), tables.Table.metadata)
    assert differences == []
    assert database.version(opened.engine) == database.HEAD
    opened.close()


def test_head_is_the_newest_migration():
    assert ScriptDirectory.from_config(config()).get_current_head() == database.HEAD


def test_a_migration_that_fails_leaves_an_empty_database(empty_url, monkeypatch):
    monkeypatch.setattr("beside.store.migrations.command.upgrade", broken_half_way)
    with pytest.raises(RuntimeError):
        Database(empty_url)
    monkeypatch.undo()
    Database(empty_url).close()


def broken_half_way(settings, target):
    settings.attributes["connection"].execute(text("CREATE TABLE corpora (id TEXT)"))
    raise RuntimeError("killed between two steps")


def test_a_database_of_a_newer_version_is_refused(url):
    opened = Database(url)
    with opened.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    try:
        with pytest.raises(BadInput, match="newer Beside"):
            Database(url)
    finally:
        with opened.engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :head"), {"head": database.HEAD})
        opened.close()


def test_processes_that_open_a_new_database_at_once_all_succeed(empty_url):
    script = "import sys; from beside.store.database import Database; Database(sys.argv[1]).close()"
    processes = [subprocess.Popen([sys.executable, "-c", script, empty_url], stderr=subprocess.PIPE) for _ in range(2)]
    for process in processes:
        _, errors = process.communicate()
        assert process.returncode == 0, errors.decode()


@pytest.mark.parametrize("given", ["mysql://root@host/x", "no url", "oracle://x"])
def test_another_kind_of_database_is_refused(given):
    with pytest.raises(BadOption):
        Database(given)


def test_a_database_that_does_not_answer_is_told_without_its_password():
    with pytest.raises(StorageFailed) as failure:
        Database("postgresql://beside:secret@127.0.0.1:9/none")
    assert "secret" not in failure.value.message + failure.value.hint


def test_a_file_that_is_no_database_is_told(tmp_path):
    (tmp_path / "records.sqlite").write_text("no database at all, but a text that is long enough to be one" * 20)
    with pytest.raises(StorageFailed, match="not a database"):
        Database(f"sqlite:///{tmp_path}/records.sqlite")


def test_sqlite_is_set_up_to_lose_nothing(tmp_path):
    opened = Database(f"sqlite:///{tmp_path}/records.sqlite")
    with opened.read() as session:
        told = {name: session.execute(text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "synchronous", "foreign_keys")}
    assert told == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    opened.close()


def test_a_writer_that_waits_too_long_is_told_that_another_writes(url, monkeypatch, fill):
    monkeypatch.setattr(database, "PATIENCE", 0.1)
    records, other = Records(url), Records(url)
    with other.database.write(), pytest.raises(Busy, match="Another process is writing"):
        fill(records)
    fill(records)
    records.close()
    other.close()


def test_a_full_disk_is_told_and_keeps_what_was_there(tmp_path, fill, owner, loop, small_disk):
    records = Records(f"sqlite:///{tmp_path}/records.sqlite")
    fill(records)
    big = [loop.prediction.model_copy(update={"id": f"p{k}", "text": "x" * 20_000}) for k in range(200)]
    with small_disk(), pytest.raises(StorageFailed, match="untouched"):
        records.add_predictions(owner, big)
    assert records.predictions(owner, "release-1") == [loop.prediction]
    records.add_predictions(owner, big[:2])
    assert len(records.predictions(owner, "release-1")) == 3
    records.close()


def test_an_answer_survives_the_kill_of_its_writer(tmp_path, fill, owner, loop):
    url = f"sqlite:///{tmp_path}/records.sqlite"
    records = Records(url)
    fill(records)
    records.close()
    script = """
import sys, time
from beside.core.types import Actor, Answer
from beside.store.records import Records
Records(sys.argv[1]).add_answer(Actor(name="rita", roles=("annotator",)), Answer.model_validate_json(sys.argv[2]))
print("thank you", flush=True)
time.sleep(60)
"""
    answer = loop.answer.model_copy(update={"id": "answer-2", "who": "rita"})
    writer = subprocess.Popen([sys.executable, "-c", script, url, answer.model_dump_json()], stdout=subprocess.PIPE)
    assert writer.stdout is not None and writer.stdout.readline() == b"thank you\n"
    os.kill(writer.pid, signal.SIGKILL)
    writer.communicate()
    records = Records(url)
    assert [said.id for _, said in records.answers(owner)] == ["answer-1", "answer-2"]
    records.close()


def test_opening_what_is_up_to_date_is_quick_and_needs_no_alembic(tmp_path):
    url = f"sqlite:///{tmp_path}/records.sqlite"
    Database(url).close()
    started = time.perf_counter()
    Database(url).close()
    assert time.perf_counter() - started < 0.3
    script = "import sys; from beside.store.database import Database; Database(sys.argv[1]); print('alembic' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", script, url], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
