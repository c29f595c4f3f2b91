"""What every check promises, whatever it measures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pytest

from beside.core import registry
from beside.core.applies import metrics_of
from beside.core.errors import NotEnoughData
from beside.core.options import wanted
from beside.core.types import Better, Measurement, Splits

CHECKS = registry.names("checks")


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= char <= "\u9fff" for char in text)


@pytest.fixture(params=CHECKS)
def check(request: pytest.FixtureRequest, world: Any) -> Any:
    """The check, given the subject wherever it wants a model to compare with; skipped where it says why it does not apply."""
    found = ready(request.param, world)
    if reason := found.why_not(*world):
        pytest.skip(reason)
    return found


def ready(name: str, world: Any) -> Any:
    """A check with what it wants to be given."""
    found = registry.load("checks", name)
    given = {role: unprotected(world[1]) if role == "originals" else world[0] for role in wanted(found)}
    return replace(found, **given) if given else found


def unprotected(splits: Splits) -> Splits:
    """The rows before what stands for values in them was put there."""
    train = [row.model_copy(update={"text": row.text.replace("****", f"{place}")}) for place, row in enumerate(splits.train)]
    return splits._replace(train=train)


def measured(check: Any, subject: Any, splits: Splits) -> Iterator[Measurement]:
    """What a check measures before it says that the rows are not enough for the rest."""
    with suppress(NotEnoughData):
        yield from check.measure(subject, splits, np.random.default_rng(0))


def most(one: Measurement, rows: int) -> int:
    """How many rows a measurement may be of: those of the test split, and the texts of its own that it says it added."""
    return rows + (one.evidence or {}).get("added", 0)


@pytest.mark.parametrize("name", CHECKS)
def test_it_says_in_one_line_what_it_asks(name: str) -> None:
    assert 10 < len(registry.summary("checks", name)) < 140
    assert len(name.split("/")) == 2, "a check lies in the folder of its aspect"


def test_it_speaks_both_languages(check: Any) -> None:
    assert is_chinese(check.zh)
    for english, chinese in check.metrics.values():
        assert english.isascii()
        assert is_chinese(chinese)


def test_a_metric_of_several_checks_has_the_same_words_everywhere() -> None:
    words: dict[str, tuple[str, str]] = {}
    for name in CHECKS:
        for metric, said in registry.load("checks", name).metrics.items():
            assert words.setdefault(metric, said) == said


def test_it_measures_every_metric_that_it_declares_and_no_other(check: Any, world: Any) -> None:
    found = [one.metric for one in check.measure(*world, np.random.default_rng(0))]
    assert check.metrics
    # the subject of these tests gives answers only: what needs gradients is measured in the check's own tests
    assert set(found) == set(metrics_of(check, None)) - set(getattr(check, "of_gradients", ()))


def test_no_number_comes_alone(check: Any, world: Any) -> None:
    for one in check.measure(*world, np.random.default_rng(0)):
        assert one.low <= one.value <= one.high
        assert one.high > one.low, f"{one.metric} pretends to be certain"
        assert np.isfinite([one.value, one.low, one.high]).all()
        assert one.n > 0
        assert one.unit
        assert one.better in get_args(Better)


def test_the_same_seed_gives_the_same_result(check: Any, world: Any) -> None:
    first, second = (list(check.measure(*world, np.random.default_rng(7))) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("name", CHECKS)
def test_it_applies_to_english_or_to_chinese(name: str, make_world: Any) -> None:
    worlds = [make_world(language) for language in ("en", "zh")]
    assert None in [ready(name, world).why_not(*world) for world in worlds]


def test_it_says_why_it_does_not_apply(check: Any, world: Any, make_splits: Any) -> None:
    subject, splits = world
    assert check.why_not(subject, splits) is None
    assert "no test rows" in check.why_not(subject, make_splits([])).lower()


def test_its_evidence_is_plain_data_with_a_kind(check: Any, world: Any) -> None:
    import json

    for one in check.measure(*world, np.random.default_rng(0)):
        if one.evidence is not None:
            assert json.loads(json.dumps(one.evidence)) == one.evidence
            assert one.evidence["kind"]


def test_four_rows_are_measured_without_certainty(check: Any, world: Any) -> None:
    subject, splits = world
    few = splits._replace(test=splits.test[:4], train=splits.train[:4])
    for one in measured(check, subject, few):
        assert one.n <= most(one, 4)
        assert one.high - one.low > (0.1 if one.n <= 4 else 0)


def test_rows_without_a_label_are_left_out(check: Any, world: Any, make_splits: Any) -> None:
    subject, splits = world
    unlabelled = make_splits([("an unlabelled row", None)] * 30).test
    partly = splits._replace(test=[*splits.test, *unlabelled])
    for one in measured(check, subject, partly):
        assert one.n <= most(one, len(splits.test))
