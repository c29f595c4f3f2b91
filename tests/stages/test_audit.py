"""Audit: measured, judged, and silent about nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beside.core import registry
from beside.core.errors import BadOption, NotEnoughData, UnknownName
from beside.core.interfaces import Silent
from beside.core.policies import POLICIES, read_policy
from beside.core.recipe import Limit, Policy, Recipe
from beside.core.types import Finding, Measurement, Run, Skipped
from beside.stages.audit import Model, audit, limits_of
from beside.store.artifacts import Artifacts

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HIGHER = ("accuracy", "gain_over_tfidf", "worst_slice_accuracy", "brier_skill", "oos_auroc", "cases_passed")
OLDEST = ["calibration/ece", "robustness/typos", "utility/report"]
ROWS = [(f"please refund payment number {n}", "refund") if n % 2 else (f"my card is lost, row {n}", "lost") for n in range(60)]


@pytest.fixture
def run() -> Run:
    facts = {"scores": {}, "trainable": 1, "parameters": 1, "truncated": 0, "seed": 0, "seconds": 1.0, "versions": {}}
    return Run(id="run-1", corpus_id="corpus-1", recipe=Recipe(), model="m", made_at=NOW, **facts)


@pytest.fixture
def ask(run: Run, toy_subject: Any, make_splits: Any, tmp_path: Path) -> Callable[..., list[Finding | Skipped]]:
    """Audits a subject that is always right about ROWS, or what is given instead."""

    def asked(policy: Policy | None = None, **given: Any) -> list[Finding | Skipped]:
        subject = given.pop("subject", None) or toy_subject(lambda text: [3.0 * ("refund" in text), 1.0])
        splits = given.pop("splits", None) or make_splits(ROWS)
        options = {"artifacts": Artifacts(tmp_path), "progress": Silent(), "now": NOW, **given}
        return audit(run, Model("model", lambda: subject), splits, policy or Policy(name="none"), **options)

    return asked


@dataclass
class Stub:
    """A check that measures what it is told."""

    metrics: tuple[str, ...] = ("score",)  # a check gives words, too; their names are all that the audit asks for
    values: tuple[tuple[str, float], ...] = (("score", 0.5),)
    reason: str | None = None
    error: Exception | None = None
    drawn: list[float] = field(default_factory=list)

    def why_not(self, subject: Any, splits: Any) -> str | None:
        return self.reason

    def measure(self, subject: Any, splits: Any, rng: np.random.Generator) -> Iterator[Measurement]:
        self.drawn.append(float(rng.random()))
        for metric, value in self.values:
            yield Measurement(metric=metric, unit="share", better="higher", value=value, low=value - 0.1, high=value + 0.1, n=60)
        if self.error:
            raise self.error


@pytest.fixture
def stubs(monkeypatch: pytest.MonkeyPatch) -> dict[str, Stub]:
    """Checks of our own instead of the built-in ones."""
    checks = {"a/one": Stub(), "a/two": Stub()}
    monkeypatch.setattr(registry, "names", lambda family: list(checks))
    monkeypatch.setattr(registry, "load", lambda family, name: checks[name])
    monkeypatch.setattr(registry, "summary", lambda family, name: "stub")
    return checks


def test_without_a_policy_every_check_runs_and_nothing_is_judged(ask: Any) -> None:
    found = ask()
    assert {one.check for one in found} == set(registry.names("checks"))
    measured = [one for one in found if isinstance(one, Finding)]
    assert {one.check for one in measured} > set(OLDEST)
    assert all(one.verdict == "no limit" for one in measured)
    assert len({one.id for one in measured}) == len(measured)


def test_the_limits_of_the_policy_judge_what_was_measured(ask: Any) -> None:
    found = {one.metric: one for one in ask(read_policy("default"), checks=OLDEST) if isinstance(one, Finding)}
    assert found["accuracy"].limit == 0.8
    assert found["accuracy"].verdict == "pass"
    assert found["macro_f1"].verdict == "no limit"


def test_the_evidence_is_stored_and_named(ask: Any, tmp_path: Path) -> None:
    (flips,) = [one for one in ask(checks=["robustness/typos"]) if one.metric == "flip_rate"]
    assert Artifacts(tmp_path).read_json(flips.evidence)["kind"] == "examples"


def test_named_checks_override_those_of_the_policy(ask: Any) -> None:
    only_ece = Policy(name="ece", checks=("calibration/ece",))
    assert {one.check for one in ask(only_ece)} == {"calibration/ece"}
    assert {one.check for one in ask(only_ece, checks=["robustness/typos", "robustness/typos"])} == {"robustness/typos"}


def test_the_same_seed_gives_the_same_findings_whatever_else_runs(ask: Any) -> None:
    together = [one for one in ask(seed=5) if one.check == "robustness/typos"]
    alone = ask(seed=5, checks=["robustness/typos"])
    assert together == alone
    assert [one.value for one in ask(seed=5, checks=["calibration/ece"])] == [
        one.value for one in ask(seed=6, checks=["calibration/ece"])
    ]


def test_each_check_draws_its_own_random_numbers(ask: Any, stubs: dict[str, Stub]) -> None:
    ask(seed=1)
    ask(seed=1, checks=["a/two"])
    ask(seed=2, checks=["a/two"])
    assert stubs["a/one"].drawn[0] != stubs["a/two"].drawn[0] == stubs["a/two"].drawn[1] != stubs["a/two"].drawn[2]


def test_a_check_that_does_not_apply_is_told_with_its_reason(ask: Any, make_splits: Any) -> None:
    found = ask(splits=make_splits([]))
    assert all(isinstance(one, Skipped) for one in found)
    assert {one.why for one in found} == {"The corpus has no test rows."}


def test_too_little_data_keeps_what_was_measured_before_it(ask: Any, stubs: dict[str, Stub]) -> None:
    stubs["a/one"] = Stub(metrics=("score", "other"), error=NotEnoughData("Two rows are not enough."))
    found = ask(checks=["a/one"])
    assert [(type(one), one.check) for one in found] == [(Finding, "a/one"), (Skipped, "a/one")]
    assert found[1].why == "Two rows are not enough."


def test_an_error_in_a_check_is_not_hidden(ask: Any, stubs: dict[str, Stub]) -> None:
    stubs["a/one"] = Stub(error=ZeroDivisionError("a bug"))
    with pytest.raises(ZeroDivisionError):
        ask()


def test_a_number_that_is_none_is_refused(ask: Any, stubs: dict[str, Stub]) -> None:
    stubs["a/one"] = Stub(values=(("score", float("nan")),))
    (skipped,) = ask(checks=["a/one"])
    assert skipped.why == "score cannot be computed from these rows."


def test_a_limit_on_a_check_that_was_not_asked_for_is_noticed(ask: Any) -> None:
    found = ask(read_policy("default"), checks=["robustness/typos"])
    skipped = {one.check: one.why for one in found if isinstance(one, Skipped)}
    assert set(skipped) == {"utility/report", "calibration/ece"}
    assert "The policy limits ece: this audit ran only robustness/typos." in skipped["calibration/ece"]
    assert "accuracy" in skipped["utility/report"]
    assert "gain_over_tfidf" in skipped["utility/report"]


def test_a_limit_that_cannot_be_judged_is_noticed_beside_the_reason(ask: Any, make_splits: Any) -> None:
    digits = make_splits([("1", "refund"), ("2", "lost")])
    slips = tuple(limit for limit in read_policy("default").limits if limit.metric == "flip_rate")
    (skipped,) = ask(Policy(name="slips", limits=slips), splits=digits, checks=["robustness/typos"])
    assert skipped.check == "robustness/typos"
    assert skipped.why.startswith("None of the 2 test rows")
    assert skipped.why.endswith("The policy limits flip_rate: it cannot be judged.")


def test_a_limit_on_what_no_check_measures_is_refused_before_any_work(ask: Any) -> None:
    wrong = Limit(check="utility/report", metric="acuracy", limit=0.8, reason="misspelt")
    with pytest.raises(UnknownName, match="'acuracy'") as caught:
        ask(Policy(name="wrong", limits=(wrong,)))
    assert "Did you mean 'accuracy'?" in caught.value.hint
    with pytest.raises(UnknownName, match="robustness/typoes"):
        ask(checks=["robustness/typoes"])


def test_two_limits_on_one_metric_are_refused() -> None:
    limit = Limit(check="utility/report", metric="accuracy", limit=0.8, reason="")
    with pytest.raises(BadOption, match="twice"):
        limits_of(Policy(name="twice", limits=(limit, limit)))


def test_progress_ends_whole_and_says_how_long_it_takes(ask: Any) -> None:
    class Watching(Silent):
        steps: list[tuple[int, int, str]] = []
        said: list[str] = []

        def say(self, text: str) -> None:
            self.said.append(text)

        def step(self, stage: str, done: int, total: int, note: str = "") -> None:
            assert stage == "audit"
            self.steps.append((done, total, note))

    progress, seconds = Watching(), iter(range(1000))
    ask(checks=["calibration/ece", "robustness/typos"], progress=progress, clock=lambda: next(seconds), workers=1)
    done = [step[0] for step in progress.steps]
    assert done == sorted(done)
    assert progress.steps[-1] == (4 * 60, 4 * 60, "done")
    assert progress.steps[0] == (60, 240, "calibration/ece, about 3 s left")
    assert progress.said[0] == "2 checks ask about 240 texts: about 4 s"


def test_the_test_rows_are_asked_once_for_whatever_the_checks_want(ask: Any, toy_subject: Any) -> None:
    asked: list[int] = []

    class Counting(toy_subject):  # type: ignore[misc]
        def logits(self, texts: Any) -> Any:
            asked.append(len(texts))
            return super().logits(texts)

    ask(checks=OLDEST, subject=Counting(lambda text: [3.0 * ("refund" in text), 1.0]))
    assert sum(asked) == 2 * len(ROWS)  # as they are, and with typos


@pytest.mark.parametrize("name", sorted(file.stem for file in POLICIES.glob("*.toml")))
def test_every_built_in_policy_limits_only_what_checks_measure_and_says_why(name: str) -> None:
    policy = read_policy(name)
    limits_of(policy)
    assert policy.name == name
    assert policy.purpose
    assert all(len(limit.reason) > 20 for limit in policy.limits)


def test_strict_asks_more_than_default_and_sandbox_asks_nothing() -> None:
    default, strict, sandbox = map(read_policy, ("default", "strict", "sandbox"))
    asked = {(one.check, one.metric): one.limit for one in strict.limits}
    for one in default.limits:
        tighter = asked[one.check, one.metric]
        assert tighter > one.limit if one.metric in HIGHER else tighter < one.limit
    assert (strict.quorum, strict.block_inconclusive, strict.valid_days) == (3, True, 180)
    assert (sandbox.limits, sandbox.quorum, sandbox.valid_days) == ((), 1, 30)
