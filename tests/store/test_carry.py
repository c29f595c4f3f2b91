"""A bundle goes into a zip file and comes out the same; what a stranger may have packed cannot harm."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from beside.core.errors import BadInput
from beside.store import carry
from beside.store.bundle import check_bundle, seal_of, write_bundle
from beside.store.carry import opened, pack


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    write_bundle(tmp_path / "bundle", {"model/weights.safetensors": bytes(5000), "名.txt": "支持".encode()}, {"run": "run-1"})
    return tmp_path / "bundle"


def made(file: Path, fill: Callable[[zipfile.ZipFile], object]) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        fill(packed)
    return file


def test_what_is_packed_comes_out_the_same_and_leaves_nothing_behind(bundle: Path, tmp_path: Path) -> None:
    assert pack(bundle, tmp_path / "far" / "a.zip") == 3 and pack(bundle, tmp_path / "b.zip") == 3
    assert (tmp_path / "far" / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes(), "the same bundle is the same file"
    with opened(tmp_path / "b.zip") as folder:
        assert check_bundle(folder) and seal_of(folder) == seal_of(bundle)
    assert not folder.exists()
    with opened(bundle) as folder:
        assert folder == bundle


def test_a_zip_file_is_not_written_into_the_bundle_itself(bundle: Path) -> None:
    with pytest.raises(BadInput, match="inside the bundle"):
        pack(bundle, bundle / "model" / "a.zip")
    assert check_bundle(bundle)


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", "a\\..\\evil", "./a", "a//b", "C:/../evil", "x/../y"])
def test_a_name_that_leads_outside_is_refused(tmp_path: Path, name: str) -> None:
    file = made(tmp_path / "x.zip", lambda packed: packed.writestr(zipfile.ZipInfo(name), b"evil"))
    with pytest.raises(BadInput, match="not a plain relative file name"), opened(file):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["x.zip"]


def test_a_link_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("model")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with (
        pytest.raises(BadInput, match="no plain file"),
        opened(made(tmp_path / "x.zip", lambda packed: packed.writestr(link, "/etc"))),
    ):
        pass


def test_a_name_that_comes_twice_is_refused(tmp_path: Path) -> None:
    def twice(packed: zipfile.ZipFile) -> None:
        packed.writestr("manifest.json", b"{}")
        packed.writestr("Manifest.json", b"[]")

    with pytest.raises(BadInput, match="twice"), opened(made(tmp_path / "x.zip", twice)):
        pass


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    file = made(tmp_path / "x.zip", lambda packed: packed.writestr("zeros", bytes(20_000_000)))
    assert file.stat().st_size < 100_000
    with pytest.raises(BadInput, match="more tightly"), opened(file):
        pass


def test_a_file_that_is_longer_than_it_says_is_refused(tmp_path: Path) -> None:
    file = made(tmp_path / "x.zip", lambda packed: packed.writestr("text", b"abc" * 500))
    content = file.read_bytes()
    file.write_bytes(content.replace((1500).to_bytes(4, "little"), (20).to_bytes(4, "little")))
    with pytest.raises(BadInput), opened(file):
        pass


def test_too_many_files_or_bytes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = made(tmp_path / "x.zip", lambda packed: [packed.writestr(f"{place}", b"x" * 10) for place in range(5)])
    for name, limit in (("MOST_FILES", 4), ("MOST_BYTES", 49)):
        with monkeypatch.context() as changed:
            changed.setattr(carry, name, limit)
            with pytest.raises(BadInput, match="holds more than"), opened(file):
                pass


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 broken"])
def test_another_file_is_no_zip_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(BadInput, match="cannot be unpacked"), opened(tmp_path / "x.zip"):
        pass
    with pytest.raises(BadInput, match="no bundle"), opened(tmp_path / "nowhere"):
        pass


def test_a_zip_file_damaged_on_the_way_is_refused(bundle: Path, tmp_path: Path) -> None:
    pack(bundle, tmp_path / "x.zip")
    content = bytearray((tmp_path / "x.zip").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "x.zip").write_bytes(bytes(content))
    with pytest.raises(BadInput, match="cannot be unpacked"), opened(tmp_path / "x.zip"):
        pass
