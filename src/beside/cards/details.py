"""How the model came about, as rows of the card: data, training, recipe, who decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from beside.cards.facts import Facts
from beside.cards.numbers import count
from beside.cards.promise import privacy
from beside.cards.words import Words
from beside.core.recipe import Recipe
from beside.core.registry import load
from beside.core.types import SPLITS

FIGURES = (
    "rows_read",
    "kept",
    "refused",
    "cleaned",
    "repeated",
    "contradicted",
    "conflicting_texts",
    "held_back",
    "near_rows",
    "near_groups",
    "near_conflicts",
    "persons",
    "persons_across",
)
PLAIN = ("name", "number", "yes/no")  # units of knobs that say nothing more
Pair = tuple[str, str]  # what, value: both text for a person


@dataclass(frozen=True, kw_only=True)
class Knob:
    """One knob of the recipe as it was trained."""

    name: str
    value: str
    unit: str
    reason: str


def label_rows(facts: Facts) -> list[tuple[str, list[str]]]:
    """Each label with its rows in train, tune, test and in all."""
    rows = []
    for label in facts.corpus.labels:
        found = facts.counts.get(label, {})
        rows.append((label, [count(found.get(split, 0)) for split in SPLITS] + [count(sum(found.values()))]))
    return rows


def split_sums(facts: Facts) -> list[str]:
    """Rows in train, tune, test and in all, unlabelled ones included."""
    splits = facts.corpus.splits
    return [count(splits.get(split, 0)) for split in SPLITS] + [count(sum(splits.values()))]


def key_figures(report: dict[str, Any] | None) -> dict[str, int]:
    """The counts of an intake report that the card tells; nothing else of it leaves the workspace."""
    found = {key: report.get(key) for key in FIGURES} if report else {}
    return {key: value for key, value in found.items() if isinstance(value, int)}


def key_leaks(report: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Per pair of splits that the source named: how many rows of one stand in the other as well, without the rows."""
    return [{key: leak[key] for key in ("inside", "source", "same", "near", "rows")} for leak in (report or {}).get("leaks", ())]


def figures(report: dict[str, Any] | None, words: Words) -> list[Pair]:
    """Key figures and leaks of the intake report in words; empty without a report."""
    if not report:
        return []
    rows = [(words.name("intake", key), count(value)) for key, value in key_figures(report).items()]
    for leak in key_leaks(report):
        numbers = {key: count(leak[key]) for key in ("same", "near", "rows")}
        rows.append((words("leak", inside=words(leak["inside"]), source=words(leak["source"])), words("leak_rows", **numbers)))
    if not key_leaks(report):
        rows.append((words("leaks"), words("no_leaks")))
    languages = " · ".join(f"{words.name('languages', name)} {count(rows)}" for name, rows in report.get("languages", {}).items())
    return [*rows, (words("languages"), languages or words("unknown"))]


def training(facts: Facts, words: Words) -> list[Pair]:
    """What was trained, from what, for how long."""
    run, sizes = facts.run, facts.corpus.splits
    pairs = [
        (words("base"), run.recipe.base),
        (words("method"), told(run.recipe.method, words)),
        (words("trainable"), words("share_of", part=count(run.trainable), whole=count(run.parameters))),
        (words("epochs"), told(run.recipe.epochs, words)),
        (words("truncated"), words("share_of", part=count(run.truncated), whole=count(sizes.get("train", 0)))),
        *privacy(facts, words),
        (words("duration"), words("seconds", n=f"{run.seconds:,.1f}")),
    ]
    if load("tasks", facts.corpus.task).ranks:
        pairs.append((words("candidates"), words("candidates_kept" if run.recipe.keep_candidates else "candidates_not_kept")))
    if made := sum(int(row.get("augmented", 0)) for row in run.history):
        pairs.append((words("augmented"), words("augmented_value", n=count(made), by=run.recipe.augment)))
    if run.recipe.rounds:
        most = max((row.get("sites", 0.0) for row in run.history), default=0.0)
        pairs.append((words("sites"), words("sites_value", rounds=count(run.recipe.rounds), most=count(int(most)))))
    return [*pairs, *([(words("parent_run"), run.parent)] if run.parent else []), *smaller(facts, words)]


def smaller(facts: Facts, words: Words) -> list[Pair]:
    """What compression did to the model and what it cost on the tune rows; nothing for a model as it was trained."""
    told = facts.compression
    if told is None:
        return []
    now, apart = told.against_parent, told.against_parent.flips
    pairs = [
        (words("compressed"), f"{', '.join(told.chain)} ({told.chosen})"),
        (words("compressed_size"), f"{told.parent_size / 1e6:.1f} MB → {now.size / 1e6:.1f} MB"),
        (words("compressed_speed"), f"{now.faster.value:.2f} ({now.faster.low:.2f}–{now.faster.high:.2f})"),
        (words("compressed_processor"), told.processor),
    ]
    if apart is not None:
        pairs.append((words("compressed_flips"), f"{apart.value:.2%} ({apart.low:.2%}–{apart.high:.2%}), n = {apart.n}"))
    return pairs


def knobs(recipe: Recipe, words: Words) -> list[Knob]:
    """Every knob with its value, unit and the reason for its default."""
    rows = []
    for name, field in Recipe.model_fields.items():
        extra = field.json_schema_extra
        unit = str(extra.get("unit", "")) if isinstance(extra, dict) else ""
        rows.append(
            Knob(
                name=name,
                value=told(getattr(recipe, name), words),
                unit="" if unit in PLAIN else words.name("knob_units", unit),
                reason=words.known("knobs", name) or field.description or "",
            )
        )
    return rows


def told(value: object, words: Words) -> str:
    """A knob's value for a person."""
    if isinstance(value, bool):
        return words("yes" if value else "no")
    return words("untouched") if value is None else str(value)


def deciding(facts: Facts, words: Words) -> list[Pair]:
    """What the policy asks of people."""
    policy = facts.policy
    return [
        (words("policy"), policy.name),
        (words("quorum"), count(policy.quorum)),
        (words("roles"), ", ".join(words.name("roles", role) for role in policy.roles)),
        (words("separation"), told(policy.separation, words)),
        (words("valid"), words("valid_value", n=policy.valid_days)),
        (words("inconclusive_blocks"), words("blocks" if policy.block_inconclusive else "blocks_not")),
    ]
