"""Promised and measured privacy stand side by side, and the bound is the one that holds for every attack."""

from __future__ import annotations

from dataclasses import replace
from math import exp

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from beside.cards.details import training
from beside.cards.facts import Facts
from beside.cards.promise import most_found, privacy
from beside.cards.words import Words

SPENT = {
    "epsilon": 3.0, "delta": 1e-5, "unit": "person", "accountant": "pld",
    "units": 4000, "steps": 160, "rate": 0.0625, "noise": 0.97, "clip": 0.1,
}  # fmt: skip


def with_attack(facts: Facts, spent: dict[str, object] | None, value: float | None = 0.012) -> dict[str, str]:
    attack = [
        facts.findings[0].model_copy(update={"metric": "membership_tpr", "value": value, "low": 0.004, "high": 0.023, "n": 500})
        for _ in range(value is not None)
    ]
    run = facts.run.model_copy(update={"spent": spent})
    return dict(privacy(replace(facts, run=run, findings=tuple(attack)), Words("en")))


def test_promised_and_measured_stand_side_by_side(facts: Facts) -> None:
    told = with_attack(facts, SPENT)
    assert told["Differential privacy"].startswith("epsilon 3.000, delta 1e-05, unit person, pld; 4,000 units, 160 steps")
    assert "tune and test rows" in told["Differential privacy"]
    assert told["Promised: members that any attack finds at 1 % false alarms"] == "at most 0.201 of them"
    assert told["Measured: members that the attack found at 1 % false alarms"] == "0.012 of them (0.004 – 0.023), n 500"


def test_without_a_promise_what_was_measured_is_still_told(facts: Facts) -> None:
    told = with_attack(facts, None)
    assert len(told) == 2 and told["Measured: members that the attack found at 1 % false alarms"].startswith("0.012")


def with_all(facts: Facts, language: str) -> dict[str, str]:
    kept = {"low": 0.25, "high": 0.75, "n": 60}
    found = [
        facts.findings[0].model_copy(update={"metric": metric, "value": 0.5, **kept})
        for metric in ("membership_tpr", "canary_exposure", "canary_epsilon", "canary_answers", "reconstruction_auc")
    ]
    run = facts.run.model_copy(update={"spent": SPENT})
    return dict(privacy(replace(facts, run=run, findings=tuple(found)), Words(language)))


def test_every_attack_that_was_measured_stands_beside_the_promise(facts: Facts) -> None:
    told = with_all(facts, "en")
    assert told["Measured: bits by which a planted row is easier to guess"].startswith("0.500 (0.250 – 0.750), n 60 canaries")
    assert told["Measured: epsilon that planted rows prove"].startswith("at least 0.250, n 60 guesses")
    assert told["Measured: how often a replaced value beats another when it is guessed with the model"].endswith("0.5 = chance")
    assert len(told) == len(with_all(facts, "zh")) == 7
    assert all(value.isascii() or "–" in value for value in told.values())
    assert not any("{" in value or value.isascii() for value in with_all(facts, "zh").values())


def test_a_promise_that_nobody_measured_says_so(facts: Facts) -> None:
    assert with_attack(facts, SPENT, None)["Measured: members that the attack found at 1 % false alarms"] == "not measured"


@pytest.mark.parametrize("epsilon, delta", [(0.0, 0.0), (1.0, 1e-5), (8.0, 1e-5), (100.0, 0.1), (1e5, 1e-5)])
def test_the_bound_is_a_share(epsilon: float, delta: float) -> None:
    assert 0.01 <= most_found(epsilon, delta) <= 1


def test_the_best_attack_on_a_gaussian_mechanism_stays_below_the_bound() -> None:
    # its trade-off is known exactly: members found = Phi(Phi^-1(false alarms) + mu) (Dong et al. 2022)
    for mu in (0.2, 1.0, 3.0):
        found = float(ndtr(ndtri(0.01) + mu))
        for epsilon in np.linspace(0, 10, 21):
            delta = float(ndtr(mu / 2 - epsilon / mu) - exp(epsilon) * ndtr(-mu / 2 - epsilon / mu))
            assert found <= most_found(float(epsilon), delta) + 1e-12


@pytest.mark.parametrize("language, words", [("en", "3 rounds, up to 4 sites"), ("zh", "3 轮，至多 4 个站点")])
def test_a_model_trained_across_sites_says_that_this_corpus_was_not_learned_from(facts: Facts, language: str, words: str) -> None:
    recipe = facts.run.recipe.model_copy(update={"rounds": 3})
    run = facts.run.model_copy(update={"recipe": recipe, "history": ({"epoch": 1.0, "sites": 4.0}, {"epoch": 2.0, "sites": 3.0})})
    told = dict(training(replace(facts, run=run), Words(language)))
    assert any(value.startswith(words) for value in told.values())
    assert not any(value.startswith(words) for value in dict(training(facts, Words(language))).values())
