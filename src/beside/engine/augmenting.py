"""More rows to learn from: edited copies of training rows, made by perturbations, each with the label of its row.

A copy says the same in other letters or other words, as a perturbation means it, so that the answer is to stay (as in easy data
augmentation, Wei & Zou 2019, and unsupervised data augmentation, Xie et al. 2020). Tune and test rows are never copied. Copies are
kept beside the checkpoint, so that a training that is gone on with learns from the very same.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from beside.core.at_rest import read_text, write_text
from beside.core.cleaning import BETWEEN
from beside.core.errors import Altered, BadOption, StorageFailed
from beside.core.interfaces import Progress, Task
from beside.core.recipe import Recipe
from beside.core.registry import load, names
from beside.core.types import Example

KEPT = "augmented.json"  # in the folder of the training
TOGETHER = 64  # rows that a perturbation edits at once
STREAM = 11  # of random numbers, apart from those of the steps


def augmented(
    examples: Sequence[Example], recipe: Recipe, task: Task, folder: Path, resume: bool, progress: Progress
) -> tuple[list[Example], tuple[dict[str, float], ...]]:
    """The rows and their edited copies, and a line for the run's history that counts them; nothing of either without `augment`.

    Args:
        folder: of this training's checkpoint.
        resume: take the copies of an earlier process, when there are some.

    Raises:
        UnknownName: there is no such perturbation.
        BadOption: the task's targets do not fit edited texts, a promise of epsilon does not hold for copies, or a perturbation
            lacks what it takes, a thesaurus or a model.
        BadInput: what a perturbation takes cannot be read.
        StorageFailed: the disk does not take the copies.
        Altered: the kept copies are not those of these rows.
    """
    kinds = kinds_of(recipe)
    if not kinds:
        return list(examples), ()
    must_suit(recipe, task, kinds)
    file = folder / KEPT
    copies = kept(file, examples) if resume and file.exists() else None
    if copies is None:
        copies = edited(examples, kinds, recipe, progress)
        keep(file, copies)
    found = Counter(kind for _, kind, _ in copies)
    told = ", ".join(f"{found[kind]} by {kind}" for kind in kinds)
    progress.say(
        f"Augmented: {len(copies)} edited copies ({told}) join {len(examples)} training rows; no tune or test row is copied."
    )
    if not copies:
        raise BadOption(
            f"No training row was changed by {', '.join(kinds)}, so there is nothing to augment with.",
            "Some take more than the text: synonyms a thesaurus (BESIDE_SYNONYMS), back_translation a model. Or leave augment out.",
        )
    rows = [
        examples[place].model_copy(update={"id": f"{examples[place].id}-{kind}", "text": text, "origin": f"augment:{kind}"})
        for place, kind, text in copies
    ]
    line = {"epoch": 0.0, "rows": float(len(examples)), "augmented": float(len(copies))}
    return [*examples, *rows], ({**line, **{f"augmented_{kind}": float(count) for kind, count in found.items()}},)


def kinds_of(recipe: Recipe) -> list[str]:
    """The perturbations that the recipe names, each once."""
    return list(dict.fromkeys(filter(None, map(str.strip, (recipe.augment or "").split(",")))))


def must_suit(recipe: Recipe, task: Task, kinds: Sequence[str]) -> None:
    """Does nothing when edited copies may be learned from. Raises as `augmented` tells."""
    for kind in kinds:
        reason = getattr(load("perturbations", kind), "why_not", lambda: None)()
        if reason:
            raise BadOption(f"Cannot augment with {kind}: {reason}", f"Perturbations: {', '.join(names('perturbations'))}.")
    if task.per_token or task.ranks:
        why = "its targets are places in the text" if task.per_token else "a copy of a candidate would be one more candidate"
        raise BadOption(f"Cannot set augment for this task: {why}.", "Leave augment out.")
    if recipe.rounds:
        raise BadOption("Cannot set augment for a training across sites: their rows are not here.", "Leave augment out.")
    if recipe.epsilon is not None and recipe.privacy_unit == "row":
        raise BadOption(
            "Cannot set augment with epsilon for rows: a copy tells of its row, and the promise would count them as two.",
            "Set privacy_unit=person, which counts a person's rows and their copies as one; or leave augment out.",
        )


def edited(examples: Sequence[Example], kinds: Sequence[str], recipe: Recipe, progress: Progress) -> list[tuple[int, str, str]]:
    """Row, perturbation and text of each copy that differs from its row; which rows and which perturbation is chance."""
    rng = np.random.default_rng([recipe.seed, STREAM])
    chosen = np.sort(rng.permutation(len(examples))[: round(recipe.augment_share * len(examples))])
    turns = rng.integers(len(kinds), size=len(chosen))
    found = []
    for at, kind in enumerate(kinds):
        places = [int(place) for place in chosen[turns == at]]
        for start in range(0, len(places), TOGETHER):
            progress.step("augment", start, len(places), kind)
            some = places[start : start + TOGETHER]
            texts = edit(load("perturbations", kind), [examples[place].text for place in some], [recipe.seed, STREAM, at, start])
            found += [(place, kind, text) for place, text in zip(some, texts, strict=True) if text != examples[place].text]
        progress.step("augment", len(places), len(places), kind)
    return sorted(found)


def edit(perturbation: Any, texts: Sequence[str], seed: Sequence[int]) -> list[str]:
    """Edited copies; of two texts that are asked about together each by itself, and only in its own words."""
    halves = [half for text in texts for half in text.split(BETWEEN)]
    rng = np.random.default_rng(list(seed))
    many = getattr(perturbation, "edits", None)  # for what is quicker for many texts at once
    edits = iter(many(halves, rng) if many else [perturbation.edit(half, rng) for half in halves])
    return [BETWEEN.join(next(edits).replace(BETWEEN, " ") for _ in text.split(BETWEEN)) for text in texts]


def keep(file: Path, copies: Sequence[tuple[int, str, str]]) -> None:
    """Writes the copies, whole or not at all."""
    half = file.with_suffix(".partial")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_text(half, json.dumps(copies, ensure_ascii=False))
        half.replace(file)
    except OSError as error:
        raise StorageFailed(f"Cannot write '{file}': {error.strerror or error}.", "Free some space and try again.") from error


def kept(file: Path, examples: Sequence[Example]) -> list[tuple[int, str, str]]:
    """What `keep` wrote."""
    try:
        copies = [(int(place), str(kind), str(text)) for place, kind, text in json.loads(read_text(file))]
    except (OSError, ValueError, TypeError) as error:
        raise altered(file) from error
    if any(not 0 <= place < len(examples) for place, _, _ in copies):
        raise altered(file)
    return copies


def altered(file: Path) -> Altered:
    """The error for copies that are not those of this training."""
    return Altered(
        f"'{file.name}' does not hold the edited copies of this training.", f"Delete the folder {file.parent}, then train again."
    )
