import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from beside.core.labels import LabelBook
from beside.core.report import lengths_of


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=60))
def test_every_row_is_in_one_bin(lengths: list[int]) -> None:
    found = lengths_of(lengths, "characters")
    assert sum(bin.rows for bin in found.bins) == len(lengths)
    for bin in found.bins:
        assert bin.rows == sum(bin.low <= length <= bin.high for length in lengths)
    assert (found.least, found.most) == (min(lengths), max(lengths))
    assert found.least <= found.median <= found.p95 <= found.most


def test_quantiles_are_those_of_the_rows() -> None:
    found = lengths_of(np.arange(1, 101), "tokens")
    assert (found.median, found.p95, found.mean, found.unit) == (50, 96, 50.5, "tokens")


def test_the_commonest_spelling_of_a_label_wins_and_the_first_of_equals() -> None:
    book = LabelBook()
    numbers = [book.add(label) for label in ("Lost Card", "lost card", "ｌｏｓｔ  card", "lost card", "B", "b")]
    assert numbers == [0, 0, 0, 0, 1, 1]
    assert book.names() == ["lost card", "B"]
    assert book.spellings()[0] == {"Lost Card": 1, "lost card": 2, "ｌｏｓｔ  card": 1}
