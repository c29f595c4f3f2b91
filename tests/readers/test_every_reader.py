"""What holds for every reader."""

from pathlib import Path

import pytest

from beside.core import registry
from beside.core.errors import BadInput

NAMES = registry.names("readers")
SOURCES = {
    "delimited": ("a.csv", "A.TSV", "b.csv.gz", "c.txt"),
    "jsonl": ("a.jsonl", "b.json", "c.ndjson.gz"),
    "parquet": ("a.parquet", "b.pq"),
    "spreadsheet": ("a.xlsx", "B.XLS", "c.ods#Sheet 1"),
    "hub": ("hf:owner/name", "hf:name@main"),
}


@pytest.mark.parametrize("name", NAMES)
def test_it_says_in_a_line_what_it_reads(name: str) -> None:
    assert 20 < len(registry.summary("readers", name)) <= 132


@pytest.mark.parametrize("name", NAMES)
def test_it_takes_its_own_sources_and_no_others(name: str) -> None:
    reader = registry.load("readers", name)
    for owner, sources in SOURCES.items():
        assert all(reader.takes(source) == (owner == name) for source in sources)
    assert not reader.takes("picture.png")


@pytest.mark.parametrize("name", [name for name in NAMES if name != "hub"])
def test_a_source_that_is_not_there_is_bad_input_with_a_hint(name: str, tmp_path: Path) -> None:
    reader = registry.load("readers", name)
    source = str(tmp_path if name == "folder" else tmp_path / SOURCES[name][0])
    for ask in (lambda: list(reader.rows(source)), lambda: reader.notes(source)):
        with pytest.raises(BadInput) as caught:
            ask()
        assert caught.value.hint
