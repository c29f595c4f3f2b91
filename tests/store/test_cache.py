"""The cache: what was kept comes back, and nothing else does."""

from __future__ import annotations

from pathlib import Path

import pytest

from beside.store import cache as module
from beside.store.cache import Cache, code_behind, code_of


def test_what_was_kept_comes_back_under_the_same_key_only(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    assert cache.get({"a": 1}) is None
    cache.put({"a": 1, "b": 2}, {"value": [0.1, "文字"]})
    assert Cache(tmp_path / "cache").get({"b": 2, "a": 1}) == {"value": [0.1, "文字"]}
    assert cache.get({"a": 1, "b": 3}) is None


def test_a_damaged_entry_is_as_if_it_were_not_there(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put("key", {"accuracy": 0.8})
    (file,) = tmp_path.glob("*.json")
    file.write_text(file.read_text().replace("0.8", "0.9"))
    assert cache.get("key") is None
    file.write_text("half of {")
    assert cache.get("key") is None


def test_it_may_be_deleted_and_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ENTRIES", 4)
    cache = Cache(tmp_path / "cache")
    for key in range(9):
        cache.put(key, key)
    assert len(list((tmp_path / "cache").glob("*.json"))) <= 5
    assert cache.get(8) == 8


def test_a_disk_that_takes_nothing_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    Cache(tmp_path / "cache").put("key", 1)


def test_the_code_of_two_checks_differs() -> None:
    assert code_of("utility/report") == code_of("utility/report") != code_of("calibration/ece")


def test_the_code_behind_a_capability_is_its_file_the_parts_of_its_family_and_what_they_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.registry, "HOME", tmp_path)
    monkeypatch.setattr(module.registry, "source", lambda family, name: tmp_path / family / f"{name}.py")
    for file in ("engine/graph.py", "compressors/prune.py", "compressors/quantize.py", "compressors/_int8.py", "console/page.py"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("before")
    before = code_behind("compressors", ["quantize"], ["engine"])
    for file, counts in (("engine/graph.py", 1), ("compressors/_int8.py", 1), ("compressors/prune.py", 0), ("console/page.py", 0)):
        (tmp_path / file).write_text("after")
        assert (code_behind("compressors", ["quantize"], ["engine"]) != before) == bool(counts), file
        (tmp_path / file).write_text("before")
