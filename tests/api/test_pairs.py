"""Two texts in one call: `pair` beside `text`, `pairs` beside `texts`, as many of the one as of the other."""

from __future__ import annotations

import pytest

from beside.api.bodies import LONGEST_TEXT, PredictBody
from beside.core.errors import BadInput
from beside.core.pairs import joined


def test_both_texts_of_a_pair_are_asked_together() -> None:
    assert PredictBody(text="a").asked() == ["a"]
    assert PredictBody(text="a", pair="b").asked() == [joined("a", "b")]
    assert PredictBody(texts=["a", "b"], pairs=["c", "d"]).asked() == [joined("a", "c"), joined("b", "d")]


@pytest.mark.parametrize(
    "given",
    [
        {"texts": ["a", "b"], "pairs": ["c"]}, {"texts": ["a"], "pair": "c"}, {"text": "a", "pairs": ["c"]},
        {"text": "a", "pair": "x" * (LONGEST_TEXT + 1)},
    ],
)  # fmt: skip
def test_what_does_not_belong_together_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        PredictBody(**given).asked()
