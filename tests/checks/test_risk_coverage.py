"""Handing over: where the model knows when it errs, the threshold finds it; where it does not, nothing is saved."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np
import pytest

from beside.checks.selective._costs import Costs
from beside.checks.selective.risk_coverage import check
from beside.core.errors import BadOption, NotEnoughData
from beside.core.options import with_options
from beside.core.types import Splits


def measure(subject: Any, splits: Any, with_check: Any = check, seed: int = 0) -> dict[str, Any]:
    return {one.metric: one for one in with_check.measure(subject, splits, np.random.default_rng(seed))}


@pytest.fixture
def knowing(toy_subject: Any) -> Any:
    """Right and sure on four rows in five, wrong and unsure on the fifth."""
    return toy_subject(lambda text: [0.0, 0.4] if int(text.split()[1]) % 5 == 0 else [6.0, 0.0])


@pytest.fixture
def rows() -> list[tuple[str, str]]:
    return [(f"row {place}", "refund") for place in range(200)]


@pytest.fixture
def tuned(rows: Any, make_splits: Any) -> Splits:
    splits = make_splits(rows)
    return Splits(train=splits.train, tune=splits.test, test=splits.test)


def test_a_model_that_knows_when_it_errs_pays_for_the_hand_overs_only(knowing: Any, tuned: Splits) -> None:
    found = measure(knowing, tuned)
    assert found["coverage_at_risk"].value == pytest.approx(0.8)  # the 40 unsure rows cannot be told apart
    assert found["coverage_at_threshold"].value == pytest.approx(0.8)
    assert (found["risk_when_answered"].value, found["risk_when_answered"].n) == (0, 160)
    assert found["aurc"].value == pytest.approx(0.2 * 0.2)  # risk 0 up to 80 %, then 20 % for the last fifth
    assert found["cost_saving"].value == pytest.approx(0.8 - 0.2)  # answering all costs 4 * 0.2, handing over a fifth 0.2
    assert found["cost_saving"].low > 0.3
    told = found["aurc"].evidence
    assert told["chosen_on"] == "tune"
    assert 0.6 < told["threshold"] < 0.99
    assert told["marks"] == [{"name": "threshold", "x": 0.8, "y": 0.0}]


def test_a_model_whose_errors_look_like_the_rest_saves_nothing(toy_subject: Any, rows: Any, make_splits: Any) -> None:
    luck = np.random.default_rng(1)
    noise = {text: luck.random() for text, _ in rows}
    subject = toy_subject(lambda text: [1 + noise[text], 0] if int(text.split()[1]) % 5 else [0, 1 + noise[text]])
    found = measure(subject, make_splits(rows))
    assert found["cost_saving"].low < 0 < found["cost_saving"].high + 0.1
    assert found["aurc"].low < 0.2 < found["aurc"].high
    assert found["aurc"].evidence["chosen_on"] == "test"
    assert "only 0 labelled tune rows" in found["aurc"].evidence["notes"][1]


def test_the_threshold_follows_the_costs(knowing: Any, tuned: Splits) -> None:
    cheap, dear = replace(check, cost_wrong=0.5), replace(check, cost_wrong=1000.0)
    assert measure(knowing, tuned, cheap)["coverage_at_threshold"].value == 1  # an error costs less than a person's time
    assert measure(knowing, tuned, dear)["coverage_at_threshold"].value == pytest.approx(0.8)


def test_the_test_rows_do_not_choose_their_own_threshold(knowing: Any, tuned: Splits) -> None:
    unlike = [row.model_copy(update={"target": "lost"}) for row in tuned.tune]  # on the tune split every sure answer is wrong
    found = []
    with pytest.raises(NotEnoughData, match="no test row is answered"):
        found += check.measure(knowing, tuned._replace(tune=unlike), np.random.default_rng(0))
    found = {one.metric: one for one in _until_it_ends(knowing, tuned._replace(tune=unlike))}
    assert found["coverage_at_threshold"].value == 0
    assert found["cost_saving"].value == pytest.approx(0.8 - 1)  # handing everything over, where always answering costs 0.8


def _until_it_ends(subject: Any, splits: Splits) -> Any:
    try:
        yield from check.measure(subject, splits, np.random.default_rng(0))
    except NotEnoughData:
        return


def test_in_calibrated_probabilities_the_threshold_is_that_of_chow() -> None:
    luck = np.random.default_rng(0)
    sure = luck.uniform(0.3, 1, 20_000)
    wrong = (luck.random(20_000) > sure).astype(float)
    assert Costs(4.0, 1.0).threshold(sure, wrong) == pytest.approx(0.75, abs=0.05)


def test_rows_of_one_probability_are_answered_together_or_not_at_all() -> None:
    sure, wrong = np.array([0.9, 0.9, 0.5, 0.5]), np.array([0.0, 0.0, 1.0, 0.0])
    assert Costs(4.0, 1.0).threshold(sure, wrong) == pytest.approx(0.7)
    assert Costs(1.0, 1.0).threshold(sure, wrong) == 0
    assert Costs(4.0, 1.0).threshold(sure[2:], wrong[2:]) == 1


@pytest.mark.parametrize("given", [{"cost_wrong": 0}, {"cost_hand_over": -1.0}, {"risk": 1.5}])
def test_costs_and_risks_that_mean_nothing_are_refused(given: dict[str, float]) -> None:
    with pytest.raises(BadOption):
        with_options("selective/risk_coverage", check, given)


def test_3000_rows_take_less_than_two_seconds(toy_subject: Any, make_splits: Any) -> None:
    luck = np.random.default_rng(0)
    rows = [(f"row {place}", "refund") for place in range(3000)]
    known = {text: luck.normal(1, 1) for text, _ in rows}
    subject, splits = toy_subject(lambda text: [known[text], 0]), make_splits(rows)
    began = perf_counter()
    measure(subject, splits)
    assert perf_counter() - began < 4  # also on a busy machine
