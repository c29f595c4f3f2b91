"""What a method may have beside `attach`, asked for in one place: its knobs, its guide, how it ends and how it is put back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from beside.core.errors import BadOption, GateClosed
from beside.core.interfaces import Guide, Method, Progress, Task
from beside.core.recipe import Recipe
from beside.core.registry import load
from beside.engine.model import HEAD, Facts, Model
from beside.engine.runtime import TRUTH_TEXTS, TorchSubject

FINISH_TOLERANCE = 1e-3  # logits; adding an update to the weights rounds otherwise than adding it to the states


def chosen(recipe: Recipe) -> Method:
    """The method of a recipe, with its knobs."""
    method: Method = load("methods", str(recipe.method))
    configured: Callable[[Recipe], Method] | None = getattr(method, "configured", None)
    return configured(recipe) if configured else method


def by_pairs(method: Method) -> bool:
    """Whether a method's gradient steps compare rows with each other and leave the head for afterwards."""
    return bool(getattr(method, "by_pairs", False))


def has_head(method: Method, names: Sequence[str], task: Task, progress: Progress) -> bool:
    """Whether there is a head to fit before the steps; where cosines are the scores there is none, and that is said.

    Raises:
        BadOption: the method would train nothing else.
    """
    if not task.apart:
        return True
    if not names:
        raise BadOption("A bi-encoder has no head, so this method would train nothing.", "Use --method full, or lora.")
    progress.say("Cosines are the scores, so there is no head to fit first.")
    return False


def steps_of(method: Method, model: Model, recipe: Recipe) -> list[str]:
    """Names of the parameters that gradient steps change; where privacy is promised the head alone learns by steps, too."""
    return method.attach(model) or (list(HEAD) if recipe.epsilon is not None else [])


def head_first(method: Method, task: Task) -> bool:
    """Whether the head is fitted before the steps; one that answers per token learns by them, beside the parts a method adds.

    Without such parts a method that fits the head first has nothing else to offer, and `engine/probe.py` refuses it.
    """
    return method.probe_first and not (task.per_token and hasattr(method, "finish"))


def guide_of(method: Method) -> Callable[[int], Guide | None]:
    """What makes the guide of a training, given how many steps it has."""
    found: Callable[[int], Guide | None] | None = getattr(method, "guide", None)
    return found or (lambda steps: None)


def report_added(method: Method, recipe: Recipe, progress: Progress) -> None:
    """Warns of a base that has nothing to adapt."""
    if hasattr(method, "finish") and recipe.base == "scratch":
        progress.say(
            f"The base `scratch` has learned nothing before, and with the method {recipe.method} most of it stays random: "
            "expect little. --method full trains all of it."
        )


def completed(method: Method, subject: TorchSubject, texts: Sequence[str], progress: Progress) -> Facts:
    """The trained model made ready to be saved, its answers compared with those from before; its facts.

    Raises:
        GateClosed: it does not answer as it did.
    """
    finish = getattr(method, "finish", None)
    if finish is None:
        return subject.facts
    asked = list(texts)[:TRUTH_TEXTS]
    before = subject.logits(asked)
    structure = finish(subject.model)
    worst = float(np.abs(subject.logits(asked) - before).max())
    if not worst <= FINISH_TOLERANCE:  # also when it is no number
        raise GateClosed(
            f"Truth test failed: made ready to be saved, the model's logits differ by {worst:.2g} (limit {FINISH_TOLERANCE:g}).",
            "Nothing was stored. Train again with another seed or a lower learning_rate.",
        )
    how = "merged into the base weights: a plain model is saved" if structure is None else "saved with the parts that it added"
    progress.say(f"What was learned is {how}; largest difference of logits {worst:.1e} on {len(asked)} rows.")
    return replace(subject.facts, structure=structure)
