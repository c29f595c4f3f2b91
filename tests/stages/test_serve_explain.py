"""The most faithful explainer by measurement explains; each explanation carries its own verdict."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from beside.core.faithfulness import ranked_explainers
from beside.core.types import Finding
from beside.engine.runtime import load_subject
from beside.stages.serve import Served

NOW = datetime.now(UTC)


def measured(name: str, value: float, check: str = "explanation/faithfulness") -> Finding:
    return Finding(
        id=f"finding-{name}", run_id="run-toy", check=check, metric=f"faithfulness_{name}", unit="difference of probability",
        better="higher", value=value, low=value - 0.1, high=value + 0.1, n=32, seed=0, made_at=NOW,
    )  # fmt: skip


@pytest.fixture
def served(toy_model: Path, approved: Any) -> Callable[..., Served]:
    """A release whose signed findings say how faithful each explainer is; whether it may answer is tested elsewhere."""

    def opened(**values: float) -> Served:
        class Open(Served):
            def check(self, now: datetime) -> None:
                pass

        findings = [measured(name, value) for name, value in values.items()]
        made: Any = Open.__new__(Open)
        made.release, made.findings, made.subject = approved.release, tuple(findings), load_subject(toy_model)
        return made  # type: ignore[no-any-return]

    return opened


@pytest.mark.parametrize(
    "values, name",
    [
        ({"integrated_gradients": 0.3, "occlusion": 0.2, "gradient_x_input": 0.1}, "integrated_gradients"),
        ({"integrated_gradients": 0.1, "gradient_x_input": 0.2}, "gradient_x_input"),
        ({"integrated_gradients": 0.2, "occlusion": 0.3}, "occlusion"),
        ({"integrated_gradients": -0.1}, "occlusion"),
        ({}, "occlusion"),
    ],
)
def test_the_explainer_that_was_measured_as_the_most_faithful_explains(
    served: Callable[..., Served], values: dict[str, float], name: str
) -> None:
    assert served(**values).explain("where is my parcel", NOW).method == name


def test_a_long_text_goes_to_the_best_that_does_not_ask_once_per_word(served: Callable[..., Served]) -> None:
    found = served(occlusion=0.4, integrated_gradients=0.3, gradient_x_input=0.1).explain("where is my parcel " * 12, NOW)
    assert found.method.startswith("integrated_gradients")
    assert served(occlusion=0.4).explain("where is my parcel " * 12, NOW).method == "occlusion"


def test_every_explanation_carries_its_verdict_and_the_same_text_the_same_one(served: Callable[..., Served]) -> None:
    release = served(integrated_gradients=0.3)
    first, second = (release.explain("could you tell me where my parcel is today", NOW) for _ in range(2))
    assert first == second
    assert first.faithfulness is not None
    assert first.faithfulness.draws == 5
    assert first.delta is not None


def test_a_text_without_words_is_answered_without_reasons(served: Callable[..., Served]) -> None:
    found = served(integrated_gradients=0.3).explain("?!", NOW)
    assert (found.words, found.faithfulness) == ((), None)


def test_only_findings_of_that_check_and_better_than_chance_count() -> None:
    findings = [measured("occlusion", 0.2), measured("gradient_x_input", -0.1), measured("unheard_of", 0.9)]
    assert ranked_explainers([*findings, measured("integrated_gradients", 0.9, check="else/where")]) == ["occlusion"]
