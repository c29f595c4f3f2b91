"""A sealed folder tells which file is not what was sealed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil

import pytest

from beside.core.errors import Altered, BadInput, StorageFailed
from beside.store.bundle import check_bundle, read_signatures, seal_of, stamps_of, write_bundle, write_signatures

FILES = {"model/config.json": b"{}", "card.html": b"<p>", "名.txt": "支持".encode()}


@pytest.fixture
def bundle(tmp_path):
    write_bundle(tmp_path / "发布 1", FILES, {"run": "run-1", "n": 40})
    return tmp_path / "发布 1"


def test_the_seal_is_the_hash_of_the_manifest(bundle):
    seal = hashlib.sha256((bundle / "manifest.json").read_bytes()).hexdigest()
    assert seal == seal_of(bundle)
    assert check_bundle(bundle) == json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    assert check_bundle(bundle)["facts"] == {"run": "run-1", "n": 40}
    assert check_bundle(bundle)["files"]["card.html"] == hashlib.sha256(b"<p>").hexdigest()


def test_the_same_content_has_the_same_seal_wherever_it_comes_from(bundle, tmp_path):
    (tmp_path / "card").write_bytes(b"<p>")
    files = {name: FILES[name] for name in reversed(FILES)} | {"card.html": tmp_path / "card"}
    assert write_bundle(tmp_path / "other", files, {"n": 40, "run": "run-1"}) == seal_of(bundle)


def test_the_same_bundle_again_is_left_and_another_refused(bundle, tmp_path, sign):
    write_signatures(bundle, [sign("rita")])
    assert write_bundle(bundle, FILES, {"run": "run-1", "n": 40}) == seal_of(bundle)
    with pytest.raises(BadInput, match="Another bundle"):
        write_bundle(bundle, FILES, {"run": "run-2"})
    assert len(read_signatures(bundle)) == 1
    assert [path.name for path in tmp_path.iterdir()] == [bundle.name]


@pytest.mark.parametrize("name", ["model/config.json", "card.html", "名.txt", "manifest.json"])
@pytest.mark.parametrize("harm", ["change", "remove"])
def test_a_changed_or_missing_file_is_named(bundle, name, harm):
    (bundle / name).chmod(0o644)
    if harm == "change":
        (bundle / name).write_bytes(b"evil")
    else:
        (bundle / name).unlink()
    with pytest.raises(Altered, match=name):
        check_bundle(bundle)


def test_an_added_file_is_named(bundle):
    (bundle / "model" / "evil.bin").write_bytes(b"")
    with pytest.raises(Altered, match=r"model/evil\.bin.* was added"):
        check_bundle(bundle)


def test_a_link_in_place_of_a_file_is_named(bundle, tmp_path):
    (tmp_path / "card").write_bytes(b"<p>")
    (bundle / "card.html").unlink()
    (bundle / "card.html").symlink_to(tmp_path / "card")
    with pytest.raises(Altered, match=r"card\.html"):
        check_bundle(bundle)


def test_a_rewritten_manifest_has_another_seal(bundle):
    seal = seal_of(bundle)
    (bundle / "card.html").chmod(0o644)
    (bundle / "card.html").write_bytes(b"evil")
    manifest = json.loads((bundle / "manifest.json").read_bytes())
    manifest["files"]["card.html"] = hashlib.sha256(b"evil").hexdigest()
    (bundle / "manifest.json").chmod(0o644)
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    check_bundle(bundle)
    assert seal_of(bundle) != seal


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../b", "", "a//b", "./a", "a\\b", "manifest.json", "signatures.json"])
def test_a_name_that_leads_outside_or_is_taken_is_refused(tmp_path, name):
    with pytest.raises(BadInput):
        write_bundle(tmp_path / "bundle", {name: b""}, {})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "manifest", ["", "[]", "{}", '{"files": {}, "facts": {}, "more": 1}', '{"files": {"a": 1}, "facts": {}}', "\xff"]
)
def test_a_manifest_that_is_none_is_refused(bundle, manifest):
    (bundle / "manifest.json").chmod(0o644)
    (bundle / "manifest.json").write_bytes(manifest.encode("latin-1"))
    for read in (check_bundle, seal_of):
        with pytest.raises(Altered, match=r"manifest\.json"):
            read(bundle)


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path, small_disk):
    with small_disk(), pytest.raises(StorageFailed, match="bundle"):
        write_bundle(tmp_path / "bundle", {"small": b"x", "weights": os.urandom(2_000_000)}, {})
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_not_there_leaves_nothing(tmp_path):
    with pytest.raises(BadInput, match="nowhere"):
        write_bundle(tmp_path / "bundle", {"a": b"x", "b": tmp_path / "nowhere"}, {})
    assert list(tmp_path.iterdir()) == []


def test_signatures_lie_beside_the_seal(bundle, sign):
    seal = seal_of(bundle)
    assert read_signatures(bundle) == ()
    signatures = (sign("rita"), sign("王", decision="reject"))
    write_signatures(bundle, signatures)
    assert read_signatures(bundle) == signatures
    assert seal_of(bundle) == seal and check_bundle(bundle)
    (bundle / "signatures.json").write_text('[{"who": "eve"}]')
    with pytest.raises(Altered, match=r"signatures\.json"):
        read_signatures(bundle)


def test_no_bundle_is_no_bundle(tmp_path):
    with pytest.raises(BadInput, match="There is no bundle"):
        check_bundle(tmp_path / "none")


def test_stamps_tell_of_every_file_that_was_changed_added_or_taken_away(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights").write_bytes(b"1234")
    (tmp_path / "manifest.json").write_bytes(b"{}")
    before = stamps_of(tmp_path)
    assert set(before) == {"manifest.json", os.path.join("model", "weights")}
    assert stamps_of(tmp_path) == before
    (tmp_path / "model" / "weights").write_bytes(b"1235")
    assert {name for name, stamp in stamps_of(tmp_path).items() if before[name] != stamp} == {os.path.join("model", "weights")}
    (tmp_path / "model" / "more").symlink_to(tmp_path, target_is_directory=True)
    assert set(stamps_of(tmp_path)) - set(before) == {os.path.join("model", "more")}
    shutil.rmtree(tmp_path / "model")
    assert set(stamps_of(tmp_path)) == {"manifest.json"}


def test_what_is_gone_has_no_stamps(tmp_path):
    assert stamps_of(tmp_path / "gone") == {}
