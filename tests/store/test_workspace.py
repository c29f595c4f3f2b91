"""A folder opened for work: alone, quickly, or with a reason why not."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from beside.core.errors import BadInput, BadOption, BesideError, Busy, StorageFailed
from beside.store.workspace import Settings, Workspace

HOLD = """
import sys, time
from pathlib import Path
from beside.store.workspace import Workspace
workspace = Workspace.open(Path(sys.argv[1]))
with workspace.lock("train"):
    workspace.report_progress({"stage": "train", "done": 3, "total": 9})
    print("working", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "客户 支持 #1? 50%"


@pytest.fixture
def workspace(folder):
    opened = Workspace.open(folder)
    yield opened
    opened.close()


@pytest.fixture
def worker(workspace):
    """Another process at work in the workspace."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(workspace.folder)], stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == b"working\n"
    yield process
    process.kill()
    process.communicate()


def test_a_workspace_is_made_private_and_found_again(folder, fill, owner, loop):
    first = Workspace.open(folder)
    assert first.state == folder / ".beside" and first.state.stat().st_mode & 0o777 == 0o700
    assert first.bundles.is_dir() and first.checkpoints.is_dir()
    fill(first.records)
    id = first.artifacts.put_bytes(b"kept")
    key = first.people.add(owner, "rita", ["reviewer"])
    first.close()
    again = Workspace.open(folder, create=False)
    assert again.records.runs(owner) == [loop.run]
    assert again.artifacts.read_bytes(id) == b"kept"
    assert again.people.by_key(key).name == "rita"
    again.close()


def test_opening_again_is_quick(workspace):
    started = time.perf_counter()
    Workspace.open(workspace.folder).close()
    assert time.perf_counter() - started < 0.3


def test_opening_loads_nothing_heavy(workspace):
    script = """
import sys
from pathlib import Path
from beside.store.workspace import Workspace
Workspace.open(Path(sys.argv[1]))
import beside.store.rows, beside.store.bundle
print([name for name in ("torch", "transformers", "pandas", "alembic", "fastapi") if name in sys.modules])
"""
    told = subprocess.run([sys.executable, "-c", script, str(workspace.folder)], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_a_second_process_is_told_who_works_on_what_since_when(workspace, worker):
    with pytest.raises(Busy) as refusal, workspace.lock("audit"):
        pass
    expected = rf"is busy: `beside train` \(process {worker.pid}\) since \d\d:\d\d\.$"
    assert re.search(expected, refusal.value.message)
    assert refusal.value.hint == "Wait for it, or use another --workspace."


def test_a_killed_worker_holds_nothing(workspace, worker):
    assert workspace.progress() == {"stage": "train", "done": 3, "total": 9}
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    assert workspace.progress() is None
    with workspace.lock("audit"):
        pass


def test_the_lock_is_free_again_after_an_error(workspace):
    with pytest.raises(RuntimeError), workspace.lock("train"):
        raise RuntimeError
    with workspace.lock("audit"):
        assert '"verb": "audit"' in (workspace.state / "lock").read_text()


def test_whoever_holds_the_lock_may_take_it_again_but_no_other_thread(workspace):
    refused: list[BesideError] = []

    def other() -> None:
        try:
            with workspace.lock("audit"):
                pass
        except Busy as error:
            refused.append(error)

    with workspace.lock("improve"):
        with workspace.lock("train"):
            pass
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert "`beside improve`" in refused[0].message
    other()
    assert len(refused) == 1


def test_progress_comes_and_goes(workspace):
    assert workspace.progress() is None
    workspace.report_progress({"note": "第一"})
    workspace.report_progress({"note": "第二"})
    assert workspace.progress() == {"note": "第二"}
    workspace.report_progress(None)
    workspace.report_progress(None)
    assert workspace.progress() is None
    assert not list(workspace.state.glob(".new-*"))


def test_settings_are_read_and_closed(folder):
    folder.mkdir()
    file = folder / "beside.toml"
    file.write_text('[workspace]\napplication = "support"\nlanguage = "zh"\n', encoding="utf-8")
    opened = Workspace.open(folder)
    assert opened.settings == Settings(application="support", language="zh")
    opened.close()
    for content, named in [
        ('[workspace]\nlangauge = "zh"', "langauge"),
        ('[workspace]\nlanguage = "fr"', "language"),
        ('[worksapce]\nlanguage = "zh"', "worksapce"),
        ('language = "zh"', "language"),
        ("workspace = 3", "workspace"),
        ("[workspace", "beside.toml"),
        ('[workspace]\ndatabase = "mysql://x"', "mysql"),
    ]:
        file.write_text(content, encoding="utf-8")
        with pytest.raises(BadOption, match=named):
            Workspace.open(folder)


def test_a_mistake_in_the_settings_makes_no_workspace(folder):
    folder.mkdir()
    (folder / "beside.toml").write_text("[workspace]\nx = 1")
    with pytest.raises(BadOption):
        Workspace.open(folder)
    assert not (folder / ".beside").exists()


def test_a_workspace_can_keep_its_records_in_postgresql(folder, clean_postgres, fill, owner, loop):
    folder.mkdir()
    (folder / "beside.toml").write_text(f'[workspace]\ndatabase = "{clean_postgres}"')
    opened = Workspace.open(folder)
    fill(opened.records)
    assert opened.records.runs(owner) == [loop.run]
    assert not list(opened.state.glob("*.sqlite"))
    opened.close()


def test_a_file_or_a_missing_workspace_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="is a file, not a folder"):
        Workspace.open(tmp_path / "file")
    with pytest.raises((BadInput, StorageFailed), match="file"):
        Workspace.open(tmp_path / "file" / "below")
    with pytest.raises(BadInput, match="no workspace in"):
        Workspace.open(tmp_path, create=False)
    assert not (tmp_path / ".beside").exists()


@pytest.mark.parametrize(("existing", "mode"), [(True, 0o555), (False, 0o555), (True, 0o600), (False, 0o600)])
def test_a_folder_without_permission_is_refused(existing, mode):
    script = """
import os, sys
from pathlib import Path
from beside.core.errors import StorageFailed
from beside.store.workspace import Workspace
if os.getuid() == 0:
    os.setuid(65534)  # root may write anywhere
try:
    Workspace.open(Path(sys.argv[1]))
except StorageFailed as error:
    print(error.message)
"""
    folder = Path(tempfile.mkdtemp())
    try:
        if existing:
            Workspace.open(folder).close()
            (folder / ".beside").chmod(0o555)
        folder.chmod(mode)
        told = subprocess.run([sys.executable, "-c", script, str(folder)], capture_output=True, text=True, env=dict(os.environ))
        assert str(folder) in told.stdout, told.stderr
        assert "annot" in told.stdout
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder, ignore_errors=True)


def test_a_workspace_with_a_key_source_opens_and_an_odd_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "beside.toml").write_text('[encryption]\nkey = "env:TEAM_KEY"\n')
    Workspace.open(tmp_path).close()
    for odd in ("encryption = 1\n", "[encryption]\n", '[encryption]\nkey = "env:A"\nkeys = 2\n'):
        (tmp_path / "beside.toml").write_text(odd)
        with pytest.raises(BadOption):
            Workspace.open(tmp_path)
