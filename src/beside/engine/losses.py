"""What a batch costs: the task's own loss, or one that minds rare or wrong labels.

The losses here are functions of the log probability that the model gives the right answer, so they fit every task that has one
(`log_probabilities`). Suffixes: B batch, K answers.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from beside.core.defending import names_of
from beside.core.errors import BadOption
from beside.core.interfaces import Task
from beside.core.recipe import Recipe
from beside.core.registry import load

OWN_KNOB = {"focal_gamma": "focal", "gce_q": "generalized_cross_entropy"}  # knob -> the loss that it belongs to
WRITTEN = ("prompt", "max_new_tokens", "decoding", "temperature", "top_p", "top_k", "beams")  # knobs of written answers


class Criterion:
    """The loss of a batch, as a recipe wants it.

    Args:
        task: what is learned.
        recipe: its loss and label smoothing.
        weights_K: weight per label, or None.

    Raises:
        BadOption: the task has no such loss.
    """

    def __init__(self, task: Task, recipe: Recipe, weights_K: Tensor | None) -> None:
        self.task, self.recipe, self.weights_K = task, recipe, weights_K
        asked = {"loss": recipe.loss, "sampling": recipe.sampling}
        for knob, value in asked.items():
            if value != Recipe.model_fields[knob].default and not hasattr(task, "log_probabilities"):
                name = type(task).__name__.lower()
                raise BadOption(
                    f"Cannot set {knob}={value} for the task '{name}': its answers are no choice among labels.",
                    f"Leave {knob} at {Recipe.model_fields[knob].default}.",
                )

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Mean loss of a batch after one forward pass, in nats; targets as the task encodes them."""
        if self.recipe.loss == "cross_entropy":
            return self.task.loss(logits, targets, self.weights_K, self.recipe.label_smoothing)
        right = self.log_probabilities(logits).gather(-1, targets.long().unsqueeze(-1)).squeeze(-1)
        losses = focal(right, self.recipe.focal_gamma) if self.recipe.loss == "focal" else generalized(right, self.recipe.gce_q)
        if self.weights_K is not None:
            losses = losses * (self.weights_K[targets] if targets.ndim == 1 else self.weights_K)
        return losses.mean()

    def log_probabilities(self, logits: Tensor) -> Tensor:
        """The task's log probability of every answer; the last dimension is a distribution."""
        task: Any = self.task
        return task.log_probabilities(logits)


def focal(right: Tensor, gamma: float) -> Tensor:
    """Focal loss: rows that are answered rightly and surely count less (Lin et al. 2017).

    Args:
        right: log probability of the right answer, any shape.
        gamma: 0 = cross-entropy; 2 is the paper's.

    Returns:
        Losses in nats, same shape.
    """
    # 1 - p as expm1: exact where p is near 1, and never quite 0, where a power below 1 has no gradient
    wrong = (-right.expm1()).clamp_min(1e-12)
    return -right * wrong**gamma


def generalized(right: Tensor, q: float) -> Tensor:
    """Generalised cross-entropy (1 - p^q) / q: bounded, so that a wrongly labelled row cannot pull without end.

    Zhang & Sabuncu 2018. Towards q = 0 it is cross-entropy, at q = 1 the mean absolute error.

    Args:
        right: log probability of the right answer, any shape.
        q: 0 < q <= 1; 0.7 is the paper's.

    Returns:
        Losses, 0..1/q, same shape.
    """
    return -(q * right).expm1() / q


def divergence(first: Tensor, second: Tensor) -> Tensor:
    """Mean of both Kullback-Leibler divergences between two sets of distributions, in nats (R-Drop, Liang et al. 2021).

    Args:
        first, second: log probabilities, the last dimension a distribution.
    """
    return ((first.exp() - second.exp()) * (first - second)).sum(dim=-1).mean() / 2


def must_agree(recipe: Recipe) -> None:
    """Does nothing when the recipe's knobs of loss and sampling go together.

    Raises:
        BadOption: two of them would undo or double each other, or one would have no effect.
    """
    if recipe.loss != "cross_entropy" and recipe.label_smoothing:
        raise BadOption(
            f"Cannot set label_smoothing={recipe.label_smoothing} with loss={recipe.loss}: both change what a sure answer costs.",
            "Set label_smoothing=0, or loss=cross_entropy.",
        )
    if recipe.sampling == "balanced" and recipe.class_weights == "balanced":
        raise BadOption(
            "Cannot set both sampling=balanced and class_weights=balanced: rare labels would count twice.",
            "Choose one: sampling shows rare rows more often, class_weights makes each of them count more.",
        )
    for knob, loss in OWN_KNOB.items():
        if getattr(recipe, knob) != Recipe.model_fields[knob].default and recipe.loss != loss:
            raise BadOption(f"Setting {knob} has no effect with loss={recipe.loss}.", f"Set loss={loss} as well.")


def must_have_effect(recipe: Recipe, steps: bool, dropout: bool) -> None:
    """Does nothing when a training like this one can heed the recipe's loss and its R-Drop.

    Args:
        recipe: with the method filled in.
        steps: whether the method takes gradient steps towards the right answers.
        dropout: whether anything that learns drops a part of its numbers.

    Raises:
        BadOption: it cannot.
    """
    for knob in ("loss", "label_smoothing"):
        if not steps and getattr(recipe, knob) != Recipe.model_fields[knob].default:
            raise BadOption(
                f"Setting {knob} has no effect with method={recipe.method}: no gradient step of it looks at answers.",
                "Choose another method, for example --method lpft.",
            )
    if "rdrop" in names_of(recipe) and not dropout:
        raise BadOption(
            "Cannot defend with rdrop: nothing that learns has dropout, so two passes would not differ.",
            "Set dropout=0.1, or leave rdrop out.",
        )


def must_have_weights(recipe: Recipe, task: Task) -> None:
    """Does nothing when what the recipe asks of classes can be had.

    Raises:
        BadOption: rows of this task do not belong to one class each.
    """
    method = load("methods", recipe.method) if recipe.method else None
    by_class = getattr(method, "by_pairs", False) or getattr(method, "masked", False)
    for asked, is_asked in (("class_weights", recipe.class_weights != "none"), (f"method {recipe.method}", by_class)):
        if is_asked and not task.single:
            raise BadOption(f"{asked} is for tasks with one label per row, and this is another.", f"Leave {asked} out.")


def must_not_write(recipe: Recipe, task_name: str) -> None:
    """Does nothing when the recipe sets no knob of written answers: for any other task they have no effect.

    Raises:
        BadOption: it does.
    """
    for knob in WRITTEN:
        if getattr(recipe, knob) != Recipe.model_fields[knob].default:
            raise BadOption(
                f"Setting {knob} has no effect with the task '{task_name}': it writes no answers.", f"Leave {knob} out."
            )
