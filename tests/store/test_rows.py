"""Rows come back as they were written, and any number of them fits in memory."""

from __future__ import annotations

import os
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beside.core.errors import BadInput, StorageFailed
from beside.core.types import Example
from beside.store.rows import read_rows, read_splits, write_rows

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
examples = st.builds(
    Example,
    id=texts,
    text=texts,
    pair=st.none() | texts,
    target=st.none() | texts,
    groups=st.dictionaries(texts, texts, max_size=2),
    person=st.none() | texts,
    origin=texts,
)
rows = st.lists(st.tuples(st.sampled_from(["train", "tune", "test"]), examples), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(rows=rows)
def test_any_rows_come_back_in_order_and_in_their_split(tmp_path, rows):
    file = tmp_path / "行 rows.parquet"
    write_rows(file, rows)
    assert list(read_rows(file)) == [example for _, example in rows]
    for name, found in zip(("train", "tune", "test"), read_splits(file), strict=True):
        assert found == [example for split, example in rows if split == name] == list(read_rows(file, name))


def test_the_same_rows_give_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        write_rows(tmp_path / name, (("train", Example(id=str(k), text="t" * k)) for k in range(50)))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_an_error_half_way_leaves_the_earlier_file(tmp_path):
    file = tmp_path / "rows"
    write_rows(file, [("train", Example(id="1", text="earlier"))])

    def broken():
        yield from (("train", Example(id=str(k), text="t")) for k in range(25_000))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_rows(file, broken())
    assert [example.text for example in read_rows(file)] == ["earlier"]
    assert [path.name for path in tmp_path.iterdir()] == ["rows"]


def test_a_full_disk_is_told_and_leaves_the_earlier_file(tmp_path, small_disk):
    file = tmp_path / "rows"
    write_rows(file, [("train", Example(id="1", text="earlier"))])
    many = (("train", Example(id=str(k), text=os.urandom(150).hex())) for k in range(12_000))
    with small_disk(), pytest.raises(StorageFailed, match="What was there before is untouched"):
        write_rows(file, many)
    assert [example.text for example in read_rows(file)] == ["earlier"]
    assert [path.name for path in tmp_path.iterdir()] == ["rows"]


def test_what_is_not_the_rows_of_a_corpus_is_refused(tmp_path):
    (tmp_path / "text").write_text("no parquet")
    pq.write_table(pa.table({"text": ["a"]}), tmp_path / "columns")
    write_rows(tmp_path / "cut", [("train", Example(id="1", text="t"))])
    (tmp_path / "cut").write_bytes((tmp_path / "cut").read_bytes()[:-20])
    for name in ("text", "columns", "cut", "missing"):
        with pytest.raises(BadInput, match=name):
            list(read_rows(tmp_path / name))


def test_an_unknown_split_in_a_file_is_refused(tmp_path):
    write_rows(tmp_path / "rows", [("dev", Example(id="1", text="t"))])
    with pytest.raises(BadInput, match="'dev'"):
        list(read_rows(tmp_path / "rows"))


@pytest.mark.slow
def test_a_hundred_thousand_rows_pass_through_little_memory(tmp_path):
    script = """
import resource, sys
from pathlib import Path
from beside.core.types import Example
from beside.store.rows import read_rows, write_rows

def pass_through(n):
    file = Path(sys.argv[1])
    text = "a long text of a hundred characters, more or less, that says " * 16
    write_rows(file, (("train", Example(id=str(k), text=f"{k} {text}", groups={"g": "a"})) for k in range(n)))
    assert sum(1 for _ in read_rows(file, "train")) == n
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

print(pass_through(10_000), pass_through(100_000))
"""
    told = subprocess.run([sys.executable, "-c", script, str(tmp_path / "rows")], capture_output=True, text=True, check=True)
    before, after = map(float, told.stdout.split())
    assert after - before < 60, f"peak grew from {before:.0f} to {after:.0f} MiB for 90 MB more text"
