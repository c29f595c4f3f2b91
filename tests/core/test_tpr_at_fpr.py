"""True positives at few false ones, with an interval."""

from __future__ import annotations

import numpy as np
import pytest

from beside.core.statistics import tpr_at_fpr


def test_it_counts_what_lies_above_all_but_one_percent_of_the_negatives() -> None:
    negatives = np.arange(1000.0)
    positives = np.concatenate([np.full(30, 995.0), np.full(70, 100.0)])
    found = tpr_at_fpr(positives, negatives, np.random.default_rng(0))
    assert (found.value, found.n) == (0.3, 100)
    assert 0.15 < found.low < 0.3 < found.high < 0.45


def test_with_few_negatives_nothing_may_be_accused_falsely() -> None:
    assert tpr_at_fpr([1.0, 3.0], [2.0, 2.0, 0.0], np.random.default_rng(0)).value == 0.5
    assert tpr_at_fpr([2.0, 2.0], [2.0], np.random.default_rng(0)).value == 0


def test_one_side_alone_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        tpr_at_fpr([], [1.0], np.random.default_rng(0))
