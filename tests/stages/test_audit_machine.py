"""The machine behind an audit: options, models to compare with, the cache, checks side by side."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from beside.core import registry
from beside.core.errors import BadOption, UnknownName
from beside.core.interfaces import Silent
from beside.core.recipe import Limit, Policy, Recipe
from beside.core.types import Finding, Measurement, Run, Skipped
from beside.stages import audit as stage
from beside.stages.audit import Model, audit
from beside.store.artifacts import Artifacts
from beside.store.cache import Cache

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CHECKS = ["calibration/ece", "robustness/typos", "utility/report"]
ROWS = [(f"please refund payment number {n}", "refund") if n % 2 else (f"my card is lost, row {n}", "lost") for n in range(300)]


def values(found: list[Any]) -> list[tuple[Any, ...]]:
    return [(one.check, one.metric, one.value, one.low, one.high, one.n) for one in found if isinstance(one, Finding)]


@dataclass
class Watching(Silent):
    """Progress that remembers what was said."""

    said: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        self.said.append(text)


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A check that compares two models on the test rows, with an option of each kind."""

    share: float = field(default=0.5, metadata={"unit": "share", "reason": "half"})
    table: Path | None = field(default=None, metadata={"unit": "file", "reason": "none"})
    words: tuple[str, ...] = field(default=("a",), metadata={"unit": "words", "reason": "one"})
    parent: Any = field(default=None, metadata={"given": True})
    zh: str = field(default="比较", init=False)

    metrics = {"gap": ("gap", "差")}

    def why_not(self, subject: Any, splits: Any) -> str | None:
        return None if self.parent else "There is no parent."

    def measure(self, subject: Any, splits: Any, rng: np.random.Generator) -> Iterator[Measurement]:
        texts = [row.text for row in splits.test]
        gap = float((subject.logits(texts) - self.parent.logits(texts)).mean())
        yield Measurement(metric="gap", unit="score", better="lower", value=gap, low=gap - 1, high=gap + 1, n=len(texts))


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Compared:
    """One more check in the registry."""
    check, load, source = Compared(), registry.load, registry.source
    file = tmp_path / "compared.py"
    file.write_text("# a check")
    monkeypatch.setattr(registry, "load", lambda family, name: check if name == "a/compared" else load(family, name))
    monkeypatch.setattr(registry, "source", lambda family, name: file if name == "a/compared" else source(family, name))
    monkeypatch.setattr(registry, "summary", lambda family, name: name)
    return check


@pytest.fixture
def ask(toy_subject: Any, make_splits: Any, tmp_path: Path) -> Callable[..., list[Finding | Skipped]]:
    facts = {"scores": {}, "trainable": 1, "parameters": 1, "truncated": 0, "seed": 0, "seconds": 1.0, "versions": {}}
    run = Run(id="run-1", corpus_id="corpus-1", recipe=Recipe(), model="m", made_at=NOW, **facts)

    def asked(policy: Policy | None = None, **given: Any) -> list[Finding | Skipped]:
        subject = given.pop("subject", None) or Model("m", lambda: toy_subject(lambda text: [3.0 * ("refund" in text), 1.0]))
        options = {"checks": CHECKS, "artifacts": Artifacts(tmp_path), "progress": Silent(), "now": NOW, **given}
        return audit(run, subject, make_splits(ROWS), policy or Policy(name="none"), rows="rows-1", **options)

    return asked


def test_options_come_from_the_policy_and_settings_win(ask: Any, tmp_path: Path) -> None:
    def shown(*, policy: int | None = None, setting: int | None = None) -> int:
        rules = Policy(name="p", options={"robustness/typos": {"shown": policy}} if policy else {})
        set_ = {"robustness/typos": {"shown": setting}} if setting else {}
        found = next(one for one in ask(rules, checks=["robustness/typos"], settings=set_) if one.metric == "flip_rate")
        return len(Artifacts(tmp_path).read_json(found.evidence)["rows"])

    assert [shown(policy=1), shown(setting=1), shown(policy=7, setting=1), shown(policy=1, setting=2)] == [1, 1, 1, 2]


def test_an_unknown_check_option_or_type_is_refused_with_a_close_name(ask: Any) -> None:
    with pytest.raises(BadOption, match="no option 'bin'") as caught:
        ask(settings={"calibration/ece": {"bin": 3}})
    assert "Did you mean 'bins'?" in caught.value.hint
    with pytest.raises(BadOption, match="cannot be 'many'") as caught:
        ask(settings={"calibration/ece": {"bins": "many"}})
    assert "as in Guo et al. 2017" in caught.value.hint
    with pytest.raises(UnknownName, match="calibration/eec") as unknown:
        ask(Policy(name="p", options={"calibration/eec": {"bins": 3}}))
    assert "calibration/ece" in unknown.value.hint


def test_what_is_given_is_no_option(ask: Any, compared: Any) -> None:
    with pytest.raises(BadOption, match="no option 'parent'"):
        ask(checks=["a/compared"], settings={"a/compared": {"parent": "run-2"}})


def test_a_given_model_is_opened_only_when_a_check_wants_it(ask: Any, compared: Any, toy_subject: Any) -> None:
    opened: list[str] = []

    def parent() -> Any:
        opened.append("parent")
        return toy_subject(lambda text: [1.0, 1.0])

    ask(given={"parent": Model("p", parent)})
    assert not opened
    (found,) = ask(checks=["a/compared"], given={"parent": Model("p", parent)})
    assert found.value == pytest.approx(0.25)  # (3 / 2 - 1) / 2
    assert opened == ["parent"]
    (skipped,) = ask(checks=["a/compared"])
    assert skipped.why == "There is no parent."


def test_what_was_measured_before_is_not_measured_again(ask: Any, tmp_path: Path) -> None:
    looks: list[int] = []
    options = {"cache": Cache(tmp_path / "cache"), "look": lambda: looks.append(1)}
    first, progress = ask(**options), Watching()

    def closed() -> Any:
        raise AssertionError("the model was opened")

    again = ask(**options, subject=Model("m", closed), progress=progress)
    assert values(first) == values(again)
    assert first == again  # evidence, too
    assert len(looks) == 1, "an audit that looks at no test row is not counted"
    assert progress.said == [f"from cache, measured before on the same model and rows: {', '.join(CHECKS)}"]
    ask(**options, fresh=True)
    assert len(looks) == 2


@pytest.mark.parametrize(
    "changed", [{"seed": 1}, {"settings": {"calibration/ece": {"bins": 3}}}, {"subject": "other"}], ids=["seed", "options", "model"]
)
def test_another_situation_is_measured(ask: Any, tmp_path: Path, toy_subject: Any, changed: dict[str, Any]) -> None:
    looks: list[int] = []
    options = {"cache": Cache(tmp_path / "cache"), "look": lambda: looks.append(1), "checks": ["calibration/ece"]}
    ask(**options)
    if "subject" in changed:
        changed = {"subject": Model("other", lambda: toy_subject(lambda text: [1.0, 0.0]))}
    ask(**options, **changed)
    assert len(looks) == 2


def test_a_file_that_an_option_names_and_a_given_model_are_part_of_the_situation(
    ask: Any, compared: Any, toy_subject: Any, tmp_path: Path
) -> None:
    looks: list[int] = []
    options = {"cache": Cache(tmp_path / "cache"), "look": lambda: looks.append(1), "checks": ["a/compared"], "folder": tmp_path}
    (tmp_path / "cases.csv").write_text("one")
    set_ = {"a/compared": {"table": "cases.csv"}}
    for key, content in (("p", "one"), ("p", "one"), ("p", "two"), ("q", "two")):
        (tmp_path / "cases.csv").write_text(content)
        ask(**options, settings=set_, given={"parent": Model(key, lambda: toy_subject(lambda text: [1.0, 1.0]))})
    assert len(looks) == 3


def test_side_by_side_finds_the_very_same_as_one_after_the_other(ask: Any) -> None:
    assert ask(workers=3) == ask(workers=1) == [*ask(checks=CHECKS, workers=2)]


def test_an_error_stops_the_other_checks(ask: Any, compared: Any, toy_subject: Any) -> None:
    def broken(text: str) -> list[float]:
        raise ZeroDivisionError

    before = threading.active_count()
    with pytest.raises(ZeroDivisionError):
        ask(checks=["a/compared", *CHECKS], given={"parent": Model("p", lambda: toy_subject(broken))})
    assert threading.active_count() == before


def test_ctrl_c_ends_the_audit_and_keeps_what_was_measured(ask: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache, plain = Cache(tmp_path / "cache"), stage.Bench.measure

    def pressed(self: Any, name: str, check: Any) -> Any:
        if name == "utility/report":
            raise KeyboardInterrupt
        return plain(self, name, check)

    monkeypatch.setattr(stage.Bench, "measure", pressed)
    with pytest.raises(KeyboardInterrupt):
        ask(cache=cache, workers=1)
    assert len(list((tmp_path / "cache").glob("*.json"))) == 2


def test_a_limit_that_holds_only_where_the_check_applies_is_not_told_as_missing(ask: Any, compared: Any) -> None:
    limit = Limit(check="a/compared", metric="gap", limit=0.1, reason="only with a parent", if_applicable=True)
    (skipped,) = ask(Policy(name="p", limits=(limit,)), checks=["a/compared"])
    assert skipped.why == "There is no parent."
    assert all(isinstance(one, Finding) for one in ask(Policy(name="p", limits=(limit,))))
