"""Which method, when rows are few? Measured by cross-validation among the training rows, told, and stored with the run.

Neither the tune split nor the test split is looked at. The rule's own choice stays unless another method is ahead by more than the
standard error of the difference: with few rows the highest of several noisy figures would often be an accident.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from beside.core.defending import without_old
from beside.core.errors import BadInput, BadOption, NotEnoughData, StorageFailed
from beside.core.interfaces import Progress, Silent
from beside.core.recipe import Recipe
from beside.core.registry import load, names
from beside.core.types import Example
from beside.engine.checkpoint import Checkpoint, seal
from beside.engine.keeping import Keeping
from beside.engine.training import learn

FOLDS = 2  # each method is trained on half of the rows twice: about as long as one training on all of them
KEPT = "route.json"  # in the folder of the training, so that a resumed one goes the same way


@dataclass(frozen=True, kw_only=True)
class Route:
    """The chosen method and what the choice rests on."""

    method: str
    rule: str  # what would have been chosen unmeasured
    rows: int  # that were held out once and answered
    shares: dict[str, float]  # method -> share of them answered rightly, 0..1
    refused: dict[str, str]  # method -> why it was not measured

    def row(self) -> dict[str, float]:
        """For the run's history: `epoch` 0, the rows, and `route_METHOD`, the share that each method answered rightly."""
        return {"epoch": 0.0, "route_rows": float(self.rows), **{f"route_{name}": share for name, share in self.shares.items()}}


def routed(
    examples: Sequence[Example],
    labels: tuple[str, ...],
    task_name: str,
    recipe: Recipe,
    home: Path,
    resume: bool,
    progress: Progress,
) -> tuple[tuple[dict[str, float], ...], Recipe]:
    """What was measured, for the history, and the recipe with the chosen method. Arguments and errors as of `measured`."""
    route = measured(examples, labels, task_name, recipe, home, resume, progress)
    return (route.row(),), recipe.model_copy(update={"method": route.method})


def measured(
    examples: Sequence[Example],
    labels: tuple[str, ...],
    task_name: str,
    recipe: Recipe,
    home: Path,
    resume: bool,
    progress: Progress,
) -> Route:
    """The method that answers most held-out training rows, or the rule's own where no other is clearly ahead.

    Args:
        recipe: its other knobs hold for every method that is tried.
        home: folder of this training; the choice is kept there.
        resume: take the choice of an earlier process, when there is one.

    Raises:
        BadOption: the task's answers are not right or wrong.
        NotEnoughData: no label has two rows, so that nothing can be held out.
        BadInput, UnreadableText: the base cannot be loaded, or not read the text.
        StorageFailed: the disk does not take the choice.
    """
    if not hasattr(load("tasks", task_name), "log_probabilities"):
        raise BadOption(
            f"The task '{task_name}' has no answers that are right or wrong to choose by.", "Name a method with --method."
        )
    if resume and (found := kept(home)) is not None:
        progress.say(f"Method {found.method}, as it was chosen before.")
        return found
    parts = folds([str(example.target) for example in examples], FOLDS, recipe.seed)
    if not (parts >= 0).any():
        raise NotEnoughData("No label has two training rows, so none can be held out to choose by.", "Name a method with --method.")
    rule, right, refused = "full" if recipe.base == "scratch" else "lpft", {}, {}
    tried = dict.fromkeys([rule, *candidates()])
    for place, name in enumerate(tried):
        progress.step("route", place, len(tried), name)
        try:
            right[name], _ = held_out(examples, labels, task_name, recipe.model_copy(update={"method": name}), parts, home)
        except BadOption as error:
            if name == rule:
                raise
            refused[name] = error.message
    shares = {name: float(answers.mean()) for name, answers in right.items()}
    route = Route(method=chosen(right, rule), rule=rule, rows=len(right[rule]), shares=shares, refused=refused)
    keep(home, route)
    tell(route, progress)
    return route


def answered(
    examples: Sequence[Example], labels: tuple[str, ...], task_name: str, recipe: Recipe, home: Path
) -> tuple[np.ndarray, np.ndarray]:
    """As `held_out`, for the labelled rows of a corpus and folds of the recipe's seed.

    Raises:
        BadOption: the task does not choose one label among several.
    """
    if not hasattr(load("tasks", task_name), "log_probabilities"):
        raise BadOption(
            f"The task '{task_name}' does not choose one label among several.", "Nothing to do: label the texts by hand."
        )
    known = [example for example in examples if example.target is not None]
    return held_out(known, labels, task_name, recipe, folds([str(example.target) for example in known], FOLDS, recipe.seed), home)


def candidates() -> list[str]:
    """Methods that say of themselves that they suit few rows."""
    return [name for name in names("methods") if getattr(load("methods", name), "for_few", False)]


def folds(targets: Sequence[str], count: int, seed: int) -> np.ndarray:
    """Part of each row, 0..count-1, labels dealt evenly; -1 = never held out: the only row of its label. Shape (rows,)."""
    rng, parts = np.random.default_rng(seed), np.full(len(targets), -1)
    named, start = np.asarray(targets), 0
    for label in sorted(set(targets)):
        rows = rng.permutation(np.flatnonzero(named == label))
        if len(rows) > 1:
            parts[rows] = (start + np.arange(len(rows))) % count
            start += len(rows)  # the odd rows of labels go to each part in turn
    return parts


def held_out(
    examples: Sequence[Example], labels: tuple[str, ...], task_name: str, recipe: Recipe, parts: np.ndarray, home: Path
) -> tuple[np.ndarray, np.ndarray]:
    """What models that did not learn a row say of it, for each row that can be held out, in the order of the rows.

    Returns:
        Whether the answer was right, bool, and the probability that it was given, 0..1; both (rows held out,).
    """
    recipe, right, sure = without_old(recipe), np.zeros(len(examples), dtype=bool), np.zeros(len(examples))
    home.mkdir(parents=True, exist_ok=True)
    for part in range(FOLDS):
        asked = [example for example, own in zip(examples, parts, strict=True) if own == part]
        rest = [example for example, own in zip(examples, parts, strict=True) if own != part]
        with TemporaryDirectory(prefix="route-", dir=home, ignore_cleanup_errors=True) as folder:
            keeping = Keeping(checkpoint=Checkpoint(Path(folder)), progress=Silent())
            subject = learn(rest, [], labels, task_name, recipe, keeping).subject
        probabilities = subject.probabilities([example.text for example in asked])
        said = subject.task.decode(probabilities, subject.labels)
        right[parts == part] = [answer == example.target for answer, example in zip(said, asked, strict=True)]
        sure[parts == part] = probabilities.max(axis=1)
    return right[parts >= 0], sure[parts >= 0]


def chosen(right: dict[str, np.ndarray], rule: str) -> str:
    """The method furthest ahead of the rule's on the same rows by more than the standard error of the difference, or the rule's.

    The error is McNemar's: were both equally good, the difference of the rows that only one of them answers rightly would spread by
    the root of their number.
    """
    best, ahead = rule, 0.0
    for name, answers in right.items():
        gaps = answers.astype(float) - right[rule]
        error = np.sqrt((gaps**2).sum()) / len(gaps)
        if gaps.mean() > max(ahead, error):
            best, ahead = name, float(gaps.mean())
    return best


def tell(route: Route, progress: Progress) -> None:
    """Says what was measured, what was not, and what follows."""
    shown = ", ".join(f"{name} {share:.3f}" for name, share in sorted(route.shares.items(), key=lambda pair: -pair[1]))
    progress.say(f"Measured on {route.rows} training rows, each held out once: {shown} answered rightly.")
    for name, why in route.refused.items():
        progress.say(f"Not measured: {name}. {why}")
    why = "no other is ahead by more than the error of the difference" if route.method == route.rule else "clearly ahead"
    progress.say(f"Method {route.method}: {why}.")


def keep(home: Path, route: Route) -> None:
    """Writes the choice, whole or not at all."""
    content = {key: getattr(route, key) for key in ("method", "rule", "rows", "shares", "refused")}
    half = home / f"{KEPT}.partial"
    try:
        home.mkdir(parents=True, exist_ok=True)
        half.write_text(json.dumps({"route": content, "seal": seal(content)}), encoding="utf-8")
        half.replace(home / KEPT)
    except OSError as error:
        raise StorageFailed(
            f"Cannot write '{home / KEPT}': {error.strerror or error}.", "Free disk space, then try again."
        ) from error


def kept(home: Path) -> Route | None:
    """What `keep` wrote, or None when nothing was.

    Raises:
        BadInput: it is not what was written.
    """
    if not (home / KEPT).exists():
        return None
    try:
        note = json.loads((home / KEPT).read_text(encoding="utf-8"))
        if note["seal"] != seal(note["route"]):
            raise ValueError("it was altered after it was written")
        return Route(**note["route"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(
            f"The file {KEPT} cannot be read: {error}.", f"Delete the folder {home}, then train from the beginning."
        ) from error
