"""The training rows nearest to a text: found by embedding, computed once, and made again when what was kept is damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beside.core.errors import NotEnoughData
from beside.core.interfaces import Silent
from beside.core.types import Example
from beside.stages import neighbours as stage
from beside.stages.neighbours import Kept, neighbours
from beside.store.artifacts import Artifacts

ROWS = [
    Example(id=str(place), text=text, target=target)
    for place, (text, target) in enumerate(
        [("aaaa", "a"), ("aaab", "a"), ("bbbb", "b"), ("abab", None), ("cccc", "c"), ("dddd", "d")]
    )
]


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(model="model-1", corpus="rows-1", artifacts=Artifacts(tmp_path / "artifacts"), home=tmp_path / "neighbours")


@pytest.fixture
def subject(toy_subject: Any) -> Any:
    """Embeds a text as counts of its letters, and counts the texts that it was asked about."""

    class Counting(toy_subject):  # type: ignore[misc]
        asked = 0

        def embed(self, texts: Any) -> np.ndarray:
            self.asked += len(texts)
            return super().embed(texts)

    return Counting(lambda text: [0.0, 0.0])


def near(subject: Any, kept: Kept, text: str = "aaaa", count: int = 3, rows: Any = ROWS) -> Any:
    return neighbours(subject, text, rows, kept, count=count, progress=Silent())


def test_the_nearest_come_first_with_label_and_cosine(subject: Any, kept: Kept) -> None:
    found = near(subject, kept, count=4)
    assert [row.text for row in found.rows] == ["aaaa", "aaab", "abab", "bbbb"]
    assert [row.label for row in found.rows] == ["a", "a", None, "b"]
    assert [row.similarity for row in found.rows] == pytest.approx([1.0, 3 / 10**0.5, 0.5**0.5, 0.0], abs=1e-6)
    assert (found.of, found.total) == (6, 6)


def test_rows_are_embedded_once_for_a_model_and_a_corpus(subject: Any, kept: Kept) -> None:
    first = near(subject, kept)
    assert subject.asked == 6 + 1
    assert near(subject, kept) == first
    assert subject.asked == 6 + 2
    other = Kept(model="model-2", corpus=kept.corpus, artifacts=kept.artifacts, home=kept.home)
    near(subject, other)
    assert subject.asked == 12 + 3, "another model sees other neighbours"


@pytest.mark.parametrize("damage", ["pointer", "artifact"])
def test_what_was_damaged_is_computed_again(subject: Any, kept: Kept, damage: str) -> None:
    first = near(subject, kept)
    if damage == "pointer":
        kept.pointer.write_text("not json")
    else:
        [file] = [path for path in kept.artifacts.home.rglob("*") if path.is_file()]
        file.chmod(0o644)
        file.write_bytes(b"x" + file.read_bytes()[1:])
    assert near(subject, kept) == first
    assert subject.asked == 12 + 2
    assert near(subject, kept) == first
    assert subject.asked == 12 + 3


def test_of_a_large_corpus_a_part_is_compared_and_said(subject: Any, kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "MOST_ROWS", 3)
    found = near(subject, kept)
    assert (found.of, found.total, len(found.rows)) == (3, 6, 3)


def test_a_corpus_without_training_rows_is_told_so(subject: Any, kept: Kept) -> None:
    with pytest.raises(NotEnoughData, match="no training rows"):
        near(subject, kept, rows=[])
