"""A workspace that encrypts: nothing planted in it is found in any file, all of it works, and every altered byte is refused."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from beside.core.errors import Altered, BadInput, KeyUnusable, NotPermitted
from beside.core.interfaces import Silent
from beside.core.types import Actor
from beside.engine.runtime import load_subject
from beside.loop import Loop
from beside.store.bundle import check_bundle
from beside.store.cache import Cache
from beside.store.carry import opened, pack
from beside.store.conversion import content_files, rotate, standing, switch_off, switch_on
from beside.store.key_source import environment
from beside.store.rows import read_rows, write_rows
from beside.store.sealer import SEALERS
from beside.store.workspace import Workspace

PLANTED = "Zhang-Qiuyue-8830-planted"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def found(folder: Path, *words: str) -> list[str]:
    """Files below a folder with any of the words in their bytes."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return [path.name for path in files if any(word.encode() in path.read_bytes() for word in words)]


def encrypted(workspace: Workspace, owner: Actor, key: Path) -> None:
    switch_on(workspace, owner, f"file:{key}", environment, Silent())


def reopened(workspace: Workspace) -> Workspace:
    """The workspace as another process would open it."""
    workspace.close()
    SEALERS.clear()
    return Workspace.open(workspace.folder, create=False)


@pytest.fixture
def made(make_approved: Callable[..., Any], tmp_path: Path) -> Any:
    """An approved release that was asked and corrected before anything was encrypted."""
    approved = make_approved(tmp_path / "work")
    said(approved.workspace, approved.owner, approved.release.id)
    return approved


def said(workspace: Workspace, owner: Actor, release_id: str) -> str:
    loop = Loop(workspace, owner)
    (prediction,) = loop.predict(loop.serve(release_id), [f"{PLANTED} wants a refund"])
    loop.listen(prediction.id, True, prediction.label, f"{PLANTED} called again")
    Cache(workspace.state / "cache").put("a", {"text": PLANTED})
    return str(prediction.id)


def test_turning_it_on_leaves_nothing_plain_and_changes_no_hash(made: Any, tmp_path: Path) -> None:
    workspace, owner = made.workspace, made.owner
    artifact = workspace.artifacts.put_bytes(f"rows of {PLANTED}".encode())
    before = {path.relative_to(workspace.state) for path in content_files(workspace.state)}
    assert found(workspace.state, PLANTED)
    encrypted(workspace, owner, tmp_path / "master.key")
    assert found(workspace.state, PLANTED) == []
    now = standing(workspace)
    assert (now.content, now.plain_files, now.plain_values) == ("on", 0, 0) and now.sealed_files and now.sealed_values
    workspace = reopened(workspace)
    assert {path.relative_to(workspace.state) for path in content_files(workspace.state)} == before
    assert workspace.artifacts.read_bytes(artifact).decode() == f"rows of {PLANTED}"
    assert workspace.records.release(owner, made.release.id) == made.release
    check_bundle(Path(made.release.bundle))
    assert workspace.check_ledger().trusted
    ((prediction, answer),) = workspace.records.answers(owner)
    assert PLANTED in prediction.text and PLANTED in answer.note
    workspace.close()


def test_everything_goes_on_in_it_and_is_stored_encrypted(made: Any, tmp_path: Path) -> None:
    encrypted(made.workspace, made.owner, tmp_path / "master.key")
    workspace = reopened(made.workspace)
    assert len(said(workspace, made.owner, made.release.id)) > 1
    assert Cache(workspace.state / "cache").get("a") == {"text": PLANTED}
    run = workspace.records.run(made.owner, made.release.run_id)
    folder = workspace.artifacts.folder(run.model)
    texts = ["please refund my card"]
    assert (load_subject(folder).logits(texts) == Loop(workspace, made.owner).serve(made.release.id).subject.logits(texts)).all()
    assert found(workspace.state, PLANTED) == []
    assert found(workspace.state, '"architectures"', "[UNK]") == []  # the model's own files
    workspace.close()
    assert not list((workspace.state / "artifacts" / "folders").glob(".new-*"))


def test_rows_are_written_and_read_without_touching_the_disk(made: Any, tmp_path: Path, make_splits: Any) -> None:
    encrypted(made.workspace, made.owner, tmp_path / "master.key")
    artifacts = made.workspace.artifacts
    examples = make_splits([(f"{PLANTED} {number}", "refund") for number in range(3)]).test
    with artifacts.new_file() as new:
        write_rows(new.path, (("train", example) for example in examples))
        assert found(made.workspace.state, PLANTED, "PAR1") == []
    assert list(read_rows(artifacts.path(new.id))) == examples
    assert found(made.workspace.state, PLANTED, "PAR1") == []


def test_every_altered_byte_of_a_sealed_artifact_is_refused(made: Any, tmp_path: Path) -> None:
    encrypted(made.workspace, made.owner, tmp_path / "master.key")
    artifacts = made.workspace.artifacts
    id = artifacts.put_bytes(PLANTED.encode())
    file = artifacts.home / id[:2] / id
    content = file.read_bytes()
    file.chmod(0o644)
    for at in range(len(content)):
        file.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        with pytest.raises((Altered, KeyUnusable)):
            artifacts.read_bytes(id)
    for cut in (0, 3, 60, len(content) - 1):
        file.write_bytes(content[:cut])
        with pytest.raises(Altered):
            artifacts.path(id)
    file.write_bytes(content)
    assert artifacts.path(id).read_bytes() == PLANTED.encode()


def test_a_sealed_value_that_was_altered_or_moved_to_another_column_is_refused(made: Any, tmp_path: Path) -> None:
    encrypted(made.workspace, made.owner, tmp_path / "master.key")
    connection = made.workspace.records.database.engine.raw_connection()
    (kept,) = connection.execute("SELECT text FROM predictions").fetchone()
    for change in ("UPDATE answers SET note = ?", "UPDATE predictions SET text = substr(?, 1, length(text) - 8)"):
        connection.execute(change, (kept,))
        connection.commit()
        with pytest.raises(Altered):
            made.workspace.records.answers(made.owner)
    connection.close()


def test_a_lost_key_and_another_key_are_told_before_any_work(made: Any, tmp_path: Path) -> None:
    key = tmp_path / "master.key"
    encrypted(made.workspace, made.owner, key)
    kept = key.read_bytes()
    key.unlink()
    with pytest.raises(KeyUnusable, match="is lost"):
        reopened(made.workspace)
    key.write_text(os.urandom(32).hex())
    key.chmod(0o600)
    with pytest.raises(KeyUnusable, match="is not the one that encrypted"):
        reopened(made.workspace)
    key.write_bytes(kept)
    reopened(made.workspace).close()


def test_another_key_is_given_while_a_server_goes_on(made: Any, tmp_path: Path) -> None:
    old, new = tmp_path / "old.key", tmp_path / "new.key"
    encrypted(made.workspace, made.owner, old)
    files = {file: file.read_bytes() for file in content_files(made.workspace.state)}
    server = Loop(made.workspace, made.owner)
    served = server.serve(made.release.id)
    command = [sys.executable, "-P", "-m", "beside", "encrypt", "rotate", "--key-file", new, "--fresh", "-w", made.workspace.folder]
    other = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    assert other.returncode == 0, other.stderr
    old.unlink()
    assert files == {file: file.read_bytes() for file in content_files(made.workspace.state)}
    (prediction,) = server.predict(served, [f"{PLANTED} after the change"])
    assert server.records.prediction(made.owner, prediction.id).text == f"{PLANTED} after the change"
    workspace = reopened(made.workspace)
    assert workspace.records.prediction(made.owner, prediction.id) == prediction
    with pytest.raises(BadInput, match="is the one"):
        rotate(workspace, made.owner, f"file:{new}", environment, environment)
    assert found(workspace.state, PLANTED) == []
    workspace.close()


def test_off_makes_it_as_it_was(made: Any, tmp_path: Path) -> None:
    before = {file: file.read_bytes() for file in content_files(made.workspace.state)}
    encrypted(made.workspace, made.owner, tmp_path / "master.key")
    switch_off(made.workspace, made.owner, environment, Silent())
    assert before == {file: file.read_bytes() for file in content_files(made.workspace.state)}
    now = standing(made.workspace)
    assert (now.content, now.sealed_files, now.sealed_values) == ("off", 0, 0)
    workspace = reopened(made.workspace)
    assert PLANTED in workspace.records.answers(made.owner)[0][0].text
    workspace.close()


def test_only_an_admin_switches_it(made: Any, tmp_path: Path) -> None:
    for change in (switch_on, rotate):
        with pytest.raises(NotPermitted):
            change(made.workspace, Actor(name="ben", roles=("builder",)), f"file:{tmp_path / 'k'}", environment, Silent())
    assert not (tmp_path / "k").exists()


@pytest.mark.parametrize("after", [1, 3, 6])
def test_a_kill_in_the_middle_is_gone_on_from(made: Any, tmp_path: Path, after: int) -> None:
    key, folder = tmp_path / "master.key", made.workspace.folder
    made.workspace.close()
    script = f"""
import os, signal, sys
from pathlib import Path
from beside.store import conversion
count, real = 0, conversion.convert_file
def killing(*args):
    global count
    count += 1
    if count > {after}:
        os.kill(os.getpid(), signal.SIGKILL)
    real(*args)
conversion.convert_file = killing
from beside.core.interfaces import Silent
from beside.core.types import Actor
from beside.store.key_source import environment
from beside.store.workspace import Workspace
owner = Actor(name="owner", roles=("admin",))
conversion.switch_on(Workspace.open(Path({str(folder)!r})), owner, "file:{key}", environment, Silent())
"""
    killed = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=False)
    assert killed.returncode == -9, killed.stderr
    SEALERS.clear()
    workspace = Workspace.open(folder)
    assert standing(workspace).content == "turning on"
    assert PLANTED in workspace.records.answers(made.owner)[0][0].text
    Loop(workspace, made.owner).serve(made.release.id)
    encrypted(workspace, made.owner, key)
    assert found(workspace.state, PLANTED) == [] and standing(workspace).plain_files == 0
    workspace.close()


def test_a_bundle_that_was_copied_without_its_workspace_says_what_is_missing(made: Any, tmp_path: Path) -> None:
    encrypted(made.workspace, made.owner, tmp_path / "master.key")
    shutil.copytree(made.release.bundle, tmp_path / "copy")
    with pytest.raises(KeyUnusable, match="no key for it here") as refused:
        check_bundle(tmp_path / "copy")
    assert "beside export" in refused.value.hint


def test_an_exported_bundle_is_plain_and_whole_on_another_machine(made: Any, tmp_path: Path) -> None:
    encrypted(made.workspace, made.owner, tmp_path / "master.key")
    pack(Path(made.release.bundle), tmp_path / "bundle.zip")
    with opened(tmp_path / "bundle.zip") as folder:
        check_bundle(folder)
        assert load_subject(folder / "model").predict(["please refund my card"])
