"""The facts of a small release: three labels, one of them hostile, six findings, every kind of evidence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from beside.cards.dossier import render
from beside.cards.facts import Facts
from beside.core.policies import read_policy
from beside.core.recipe import Policy, Recipe
from beside.core.types import Corpus, Finding, Run, Skipped

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LABELS = ("card_lost", "refund|late", "<script>alert(1)</script>")
LIMITS = {"accuracy": 0.8, "gain_over_tfidf": -0.02, "ece": 0.1, "flip_rate": 0.15}
NUMBERS = {
    "utility/report accuracy": (0.900, 0.821, 0.946, 90),
    "utility/report macro_f1": (0.899, 0.828, 0.957, 90),
    "utility/report tfidf_accuracy": (0.800, 0.706, 0.870, 90),
    "utility/report gain_over_tfidf": (0.1, -0.033, 0.233, 90),
    "calibration/ece ece": (0.131, 0.104, 0.197, 90),
    "robustness/typos flip_rate": (0.05, 0.009, 0.236, 20),
}


@pytest.fixture(scope="session")
def facts() -> Facts:
    report: dict[str, Any] = {
        "rows_read": 170, "kept": 159, "refused": 4, "repeated": 7, "persons": None, "languages": {"English": 159},
        "leaks": [{"inside": "test", "source": "train", "same": 2, "near": 1, "rows": 90, "examples": []}],
    }  # fmt: skip
    return Facts(
        release_id="release-1",
        run=a_run(),
        corpus=Corpus(
            id="corpus-1", name="Support mail", task="classify", labels=LABELS, splits={"train": 60, "tune": 9, "test": 90},
            examples="e" * 64, report="r" * 64, made_at=NOON,
        ),
        findings=tuple(a_finding(*name.split(), *values) for name, values in NUMBERS.items()),
        skipped=(Skipped(run_id="run-1", check="fairness/groups", why="The corpus has no column of groups."),),
        policy=read_policy("default"),
        counts={label: {"train": 20, "tune": 3, "test": 30} for label in LABELS},
        report=report,
        evidence={f"evidence-{metric}": content for metric, content in the_evidence().items()},
        test_uses=17,
        truth_texts=9,
        truth_limit=1e-5,
    )  # fmt: skip


@pytest.fixture(scope="session")
def card(facts: Facts) -> dict[str, str]:
    """Every file of the card of `facts`, as text."""
    return {name: content.decode() for name, content in render(facts).items()}


@pytest.fixture(scope="session")
def own_policy() -> Policy:
    return Policy.model_validate(
        {"name": "own", "limits": [{"check": "utility/report", "metric": "accuracy", "limit": 0.95, "reason": "because | <b>"}]}
    )


def a_run() -> Run:
    recipe = Recipe(method="lpft", epochs=4, learning_rate=3e-05, max_length=64, threads=2)
    history = tuple({"epoch": float(i), "loss": 2.1 / i, "tune_macro_f1": 0.5 + i / 20, "tune_loss": 1.0} for i in range(1, 5))
    return Run(
        id="run-1", corpus_id="corpus-1", recipe=recipe, model="m" * 64, scores={"macro_f1": 0.7, "loss": 0.9}, history=history,
        trainable=22_600_000, parameters=22_700_000, truncated=5, seed=0, seconds=81.25, versions={"torch": "2.9", "beside": "0.1"},
        made_at=NOON - timedelta(days=2),
    )  # fmt: skip


def a_finding(check: str, metric: str, value: float, low: float, high: float, n: int) -> Finding:
    return Finding(
        id=f"finding-{metric}", run_id="run-1", check=check, metric=metric, unit="share", value=value, low=low, high=high, n=n,
        better="lower" if metric in ("ece", "flip_rate") else "higher", limit=LIMITS.get(metric), seed=0,
        evidence=f"evidence-{metric}", made_at=NOON - timedelta(days=1),
    )  # fmt: skip


def the_evidence() -> dict[str, dict[str, Any]]:
    one_bin = {"low": 0.5, "high": 0.6, "confidence": 0.55, "accuracy": 0.5, "accuracy_low": 0.3, "accuracy_high": 0.7, "n": 30}
    scores = {f"{name}{end}": 0.8 for name in ("precision", "recall", "f1") for end in ("", "_low", "_high")}
    rows = [{"name": name, "value": 0.9, "low": 0.82, "high": 0.95} for name in ("this model", "TF-IDF + logistic regression")]
    return {
        "accuracy": {"kind": "confusion", "labels": list(LABELS), "matrix": [[27, 2, 1], [1, 28, 1], [3, 1, 26]]},
        "macro_f1": {"kind": "report", "rows": [{"label": label, "support": 30, "answered": 31, **scores} for label in LABELS]},
        "ece": {"kind": "reliability", "bins": [one_bin]},
        "tfidf_accuracy": {"kind": "bars", "title": "accuracy", "unit": "share", "rows": rows},
    }
