"""Privacy on the card: what was promised, what that means for an attacker, and what an attack measured, side by side."""

from __future__ import annotations

from math import exp
from typing import Any

from beside.cards.facts import Facts
from beside.cards.numbers import count, interval, number
from beside.cards.words import Words
from beside.core.types import Finding

ATTACK = "membership_tpr"  # members found while so many others are accused:
FALSE_ALARMS = 0.01
MEASURED = {  # metric -> its row on the card
    ATTACK: "leaked",
    "canary_exposure": "remembered",
    "canary_epsilon": "proven",
    "canary_answers": "blurted",
    "reconstruction_auc": "restored",
}


def privacy(facts: Facts, words: Words) -> list[tuple[str, str]]:
    """The rows about privacy: the budget of the training, the bound that follows from it, and what attacks found."""
    budget = facts.run.spent
    pairs = [(words("privacy"), spent(budget, words))]
    if budget and {"epsilon", "delta"} <= budget.keys():
        bound = most_found(float(budget["epsilon"]), float(budget["delta"]))
        pairs.append((words("promised"), words("promised_value", bound=number(bound))))
    for metric, row in MEASURED.items():
        found = next((one for one in facts.findings if one.metric == metric), None)
        if found is not None:
            pairs.append((words(row), words(f"{row}_value", **shown(found, words))))
        elif budget and metric == ATTACK:
            pairs.append((words(row), words("not_measured")))
    return pairs


def shown(found: Finding, words: Words) -> dict[str, str]:
    """A measurement as a row of the card tells it."""
    between = interval(found.low, found.high, words("no_interval"))
    return {"value": number(found.value), "low": number(found.low), "interval": between, "n": count(found.n)}


def most_found(epsilon: float, delta: float, false_alarms: float = FALSE_ALARMS) -> float:
    """The largest share of members that any attack finds at this share of false alarms (Kairouz et al. 2015, theorem 2.1)."""
    return max(0.0, min(1.0, exp(min(epsilon, 700.0)) * false_alarms + delta, 1 - exp(-epsilon) * (1 - delta - false_alarms)))


def spent(budget: dict[str, Any] | None, words: Words) -> str:
    """The privacy budget of the training, or that there was none."""
    if not budget:
        return words("no_privacy")
    named = {key: budget.get(key, words("unknown")) for key in ("epsilon", "delta", "unit", "accountant")}
    named["unit"] = words.known("privacy_units", str(named["unit"])) or named["unit"]
    told = words("spent", **{key: number(value) if isinstance(value, float) else value for key, value in named.items()})
    if not {"units", "steps", "rate", "noise", "clip"} <= budget.keys():
        return told
    how = {key: number(float(budget[key])) for key in ("rate", "noise", "clip")}
    return told + words("spent_how", units=count(budget["units"]), steps=count(budget["steps"]), **how)
