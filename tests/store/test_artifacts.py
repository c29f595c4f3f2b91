"""What is stored is what is read, or it is refused by name."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beside.core.errors import Altered, BadInput, StorageFailed, UnknownName
from beside.store.artifacts import Artifacts


@pytest.fixture
def artifacts(tmp_path):
    return Artifacts(tmp_path / "工件 store")


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(content=st.binary(max_size=2000))
def test_any_bytes_come_back_under_their_hash(artifacts, content):
    id = artifacts.put_bytes(content)
    assert id == hashlib.sha256(content).hexdigest() == artifacts.put_bytes(content)
    assert artifacts.read_bytes(id) == content


def test_equal_data_has_one_id(artifacts):
    first = artifacts.put_json({"b": [1, None], "a": "支持"})
    assert first == artifacts.put_json({"a": "支持", "b": [1, None]})
    assert artifacts.read_json(first) == {"a": "支持", "b": [1, None]}


def test_a_stored_file_lies_in_its_place_and_cannot_be_written_to(artifacts, tmp_path):
    (tmp_path / "model.bin").write_bytes(b"weights")
    path = artifacts.path(artifacts.put_file(tmp_path / "model.bin"))
    assert path.parent.name == path.name[:2] and path.parent.parent == artifacts.home
    assert path.stat().st_mode & 0o222 == 0


def test_altered_bytes_are_refused_by_name(artifacts):
    id = artifacts.put_bytes(b"true")
    path = artifacts.path(id)
    path.chmod(0o644)
    path.write_bytes(b"fals")
    for read in (artifacts.path, artifacts.read_bytes, artifacts.read_json):
        with pytest.raises(Altered, match=id):
            read(id)


def test_storing_again_what_was_altered_heals_it(artifacts):
    id = artifacts.put_bytes(b"true")
    artifacts.path(id).chmod(0o644)
    artifacts.path(id).write_bytes(b"fals")
    assert artifacts.put_bytes(b"true") == id
    assert artifacts.read_bytes(id) == b"true"


@pytest.mark.parametrize("id", ["", "ab", "../../etc/passwd", "A" * 64, "a" * 63 + "/", "a" * 64])
def test_an_id_that_is_not_there_or_leads_outside_is_refused(artifacts, id):
    with pytest.raises(UnknownName):
        artifacts.path(id)


def test_a_folder_comes_back_with_its_names(artifacts, tmp_path):
    model = tmp_path / "model"
    (model / "深").mkdir(parents=True)
    (model / "config.json").write_text("{}")
    (model / "深" / "weights").write_bytes(b"w" * 10_000)
    id = artifacts.put_folder(model)
    assert id == artifacts.put_folder(model)
    assert everything(artifacts.folder(id)) == everything(model) == everything(artifacts.folder(id))


def test_a_disk_without_hard_links_gets_copies(artifacts, tmp_path, monkeypatch):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights").write_bytes(b"w")

    def refuse(source, target):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    folder = artifacts.folder(artifacts.put_folder(tmp_path / "model"))
    assert (folder / "weights").read_bytes() == b"w" and (folder / "weights").stat().st_nlink == 1


@pytest.mark.parametrize("harm", ["change", "replace", "add", "remove", "link"])
def test_a_harmed_folder_is_refused_and_names_the_file(artifacts, tmp_path, harm):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    (tmp_path / "model" / "weights").write_bytes(b"w")
    id = artifacts.put_folder(tmp_path / "model")
    file = artifacts.folder(id) / "weights"
    if harm == "change":
        file.chmod(0o644)
        file.write_bytes(b"v")
    elif harm == "replace":
        file.unlink()
        file.write_bytes(b"v")
    elif harm == "add":
        file = file.with_name("extra")
        file.write_bytes(b"")
    elif harm == "remove":
        file.unlink()
    else:
        file.unlink()
        file.symlink_to(tmp_path / "model" / "weights")
    with pytest.raises(Altered, match=file.name):
        artifacts.folder(id)


def test_an_empty_or_missing_folder_or_file_is_refused(artifacts, tmp_path):
    (tmp_path / "empty").mkdir()
    for put, path in [(artifacts.put_folder, "empty"), (artifacts.put_folder, "none"), (artifacts.put_file, "none")]:
        with pytest.raises(BadInput, match=path):
            put(tmp_path / path)


def test_a_stored_tree_that_leads_outside_is_not_laid_out(artifacts):
    evil = artifacts.put_json({"../evil": artifacts.put_bytes(b"x")})
    with pytest.raises(BadInput, match="evil"):
        artifacts.folder(evil)
    assert not list(artifacts.home.rglob("evil"))


def test_a_new_file_has_its_id_when_the_block_ends(artifacts):
    with artifacts.new_file() as new:
        new.path.write_bytes(b"rows")
    assert artifacts.read_bytes(new.id) == b"rows"


def test_an_error_half_way_leaves_nothing(artifacts):
    artifacts.put_bytes(b"earlier")
    before = everything(artifacts.home)

    def broken():
        with artifacts.new_file() as new:
            new.path.write_bytes(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken()
    assert everything(artifacts.home) == before


def test_a_full_disk_is_told_and_leaves_nothing(artifacts, tmp_path, small_disk):
    earlier = artifacts.put_bytes(b"earlier")
    before = everything(artifacts.home)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights").write_bytes(os.urandom(3_000_000))
    with small_disk():
        for put, content in [
            (artifacts.put_bytes, b"x" * 3_000_000),
            (artifacts.put_file, tmp_path / "model" / "weights"),
            (artifacts.put_folder, tmp_path / "model"),
        ]:
            with pytest.raises(StorageFailed, match="What was there before is untouched") as failure:
                put(content)
            assert "Free some space" in failure.value.hint
    assert everything(artifacts.home) == before
    assert artifacts.read_bytes(earlier) == b"earlier"


def test_what_a_killed_writer_left_is_swept_away(tmp_path):
    script = """
import sys, time
from pathlib import Path
from beside.store.artifacts import Artifacts
with Artifacts(Path(sys.argv[1])).new_file() as new:
    new.path.write_bytes(b"half")
    print("writing", flush=True)
    time.sleep(60)
"""
    writer = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE)
    assert writer.stdout is not None and writer.stdout.readline() == b"writing\n"
    Artifacts(tmp_path)
    assert len(everything(tmp_path)) == 1  # a living writer is left alone
    writer.send_signal(signal.SIGKILL)
    writer.communicate()
    Artifacts(tmp_path)
    assert everything(tmp_path) == {}
