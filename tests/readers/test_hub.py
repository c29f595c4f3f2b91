from pathlib import Path

import pytest

from beside.core.errors import BadInput
from beside.core.interfaces import RawRow
from beside.readers.hub import Address, parse, reader


@pytest.fixture(autouse=True)
def no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library's own offline switch; a folder `owner/name` in the working folder stands for the hub."""
    import datasets.config
    import huggingface_hub.constants

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("hf:imdb", Address("imdb", None, None)),
        ("hf:mteb/banking77", Address("mteb/banking77", None, None)),
        ("hf:mteb/banking77@main", Address("mteb/banking77", None, "main")),
        ("hf:nyu-mll/glue/sst2@refs/convert/parquet", Address("nyu-mll/glue", "sst2", "refs/convert/parquet")),
    ],
)
def test_addresses_are_taken_apart(source: str, address: Address) -> None:
    assert reader.takes(source)
    assert parse(source) == address


@pytest.mark.parametrize("source", ["hf:", "hf:a b", "hf:/x", "hf:a/b/c/d"])
def test_what_is_no_address_is_refused(source: str) -> None:
    with pytest.raises(BadInput, match="is not the name of a dataset"):
        reader.notes(source)


def test_every_split_is_read_with_its_name(tmp_path: Path) -> None:
    home = tmp_path / "owner" / "name"
    home.mkdir(parents=True)
    (home / "train.csv").write_text("text,label,n\nwhere is it,parcel,1.0\n我的卡丢了,card,\n")
    (home / "test.csv").write_text("text,label,n\nmy card,card,2.5\n")
    assert list(reader.rows("hf:owner/name")) == [
        RawRow(line=1, cells={"split": "train", "text": "where is it", "label": "parcel", "n": "1"}),
        RawRow(line=2, cells={"split": "train", "text": "我的卡丢了", "label": "card", "n": ""}),
        RawRow(line=3, cells={"split": "test", "text": "my card", "label": "card", "n": "2.5"}),
    ]


def test_classes_come_by_name(tmp_path: Path) -> None:
    from datasets import ClassLabel, Dataset, Features, Value

    features = Features({"text": Value("string"), "label": ClassLabel(names=["neg", "pos"])})
    (tmp_path / "owner" / "name").mkdir(parents=True)
    Dataset.from_dict({"text": ["a", "b", "c"], "label": [1, 0, -1]}, features=features).to_parquet(
        tmp_path / "owner/name/train.parquet"
    )
    assert [row.cells["label"] for row in reader.rows("hf:owner/name")] == ["pos", "neg", ""]


def test_a_dataset_that_cannot_be_had_is_refused_with_advice() -> None:
    with pytest.raises(BadInput, match="Cannot get the dataset 'owner/nothing'") as caught:
        list(reader.rows("hf:owner/nothing"))
    assert "connection" in caught.value.hint


def test_pictures_and_the_like_are_refused(tmp_path: Path) -> None:
    (tmp_path / "owner" / "name").mkdir(parents=True)
    (tmp_path / "owner" / "name" / "a.png").write_bytes(b"\x89PNG")
    with pytest.raises(BadInput, match="is not plain data"):
        list(reader.rows("hf:owner/name"))
