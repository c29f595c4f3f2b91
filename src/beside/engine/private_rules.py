"""What a private training may not do, because it would tell of a row in a way that no noise covers; each is refused in words."""

from __future__ import annotations

from collections.abc import Sequence

from beside.core.errors import BadInput, BadOption
from beside.core.interfaces import Method, Task
from beside.core.recipe import Recipe
from beside.engine.loading import facts_at, origin_of

LARGEST_DELTA = 1e-5
SHARE_OF_DELTA = 0.1  # of one unit's share of the rows: a promise that may fail for one in n would allow to publish one of n
METHODS = ("full", "lora", "adapter", "probe")  # whose every step is clipped and noised here
KNOBS = ("delta", "privacy_unit", "clip", "accountant")  # that mean something only with epsilon
# knob -> why it does not go together with epsilon
TELLING = {
    "sampling": "it shows some rows more often than the promise counts",
    "class_weights": "the weights are counted from the rows",
    "label_names": "a label's name would be one more row to protect",
    "head_start": "it fits the head on the rows without noise",
    "accumulation": "each step draws its rows anew; batch_size is how many it draws, and memory does not grow with it",
    "processes": "the noise is that of one process",
    "compile": "compiled layers do not tell of single rows",
    "clip_norm": "gradients are clipped unit by unit; the knob for that is clip",
}
AS_DEFAULT = {"label_names": (None, False), "compile": (None, False)}  # values that ask for nothing


def must_be_private(recipe: Recipe, writes: bool) -> None:
    """Does nothing when every knob of the recipe goes together with its epsilon, or it has none.

    Args:
        writes: whether the task writes its answers.

    Raises:
        BadOption: one does not, or means something only with epsilon.
    """
    if recipe.epsilon is None:
        for knob in KNOBS:
            if getattr(recipe, knob) != Recipe.model_fields[knob].default:
                raise BadOption(f"Setting {knob} has no effect without epsilon.", "Set epsilon as well, for example epsilon=3.")
        return
    if writes:
        raise BadOption("Cannot set epsilon for a task that writes: its training is not clipped row by row.", "Leave epsilon out.")
    if recipe.method is not None and recipe.method not in METHODS:
        raise BadOption(
            f"Cannot set epsilon with method={recipe.method}: some of what it does with the rows cannot be clipped and noised.",
            f"Take one of: {', '.join(METHODS)}.",
        )
    for knob, why in TELLING.items():
        default = Recipe.model_fields[knob].default
        if getattr(recipe, knob) not in AS_DEFAULT.get(knob, (default,)):
            raise BadOption(f"Cannot set {knob}={getattr(recipe, knob)} with epsilon: {why}.", f"Leave {knob} out, or epsilon.")
    if recipe.precision == "fp16":
        raise BadOption("Cannot set precision=fp16 with epsilon: it scales the loss.", "Set precision to bf16 or fp32.")
    if recipe.base == "scratch":
        raise BadOption(
            "Cannot set epsilon with the base `scratch`: its words are learned from the rows, and the words tell of them.",
            "Take a base that was trained on other text: embedded, or for example --base bert-base-chinese.",
        )
    if origin_of(recipe.base) is not None or facts_at(recipe.base) is not None:
        raise BadOption(
            "Cannot set epsilon with a base that went on learning here: it read its text without any such promise.",
            "Take a base that was trained on other text: embedded, or for example --base bert-base-chinese.",
        )


def must_stay_private(recipe: Recipe, task: Task, method: Method) -> None:
    """Does nothing when the task and the method learn nothing of the rows outside the noised steps.

    Args:
        task: made ready with the training targets.

    Raises:
        BadOption: they do.
    """
    if recipe.epsilon is None:
        return
    if task.ranks:
        raise BadOption(
            "Cannot set epsilon for a task that ranks: every row learns from the candidates of others.", "Leave epsilon out."
        )
    if task.settings():
        found = ", ".join(task.settings())
        raise BadOption(
            f"Cannot set epsilon for this task: it keeps numbers counted from the training targets ({found}).", "Leave epsilon out."
        )
    if hasattr(method, "guide"):
        raise BadOption(
            "Cannot set epsilon with this method: it changes more than noise covers.", f"Take a method of: {', '.join(METHODS)}."
        )


def delta_of(recipe: Recipe, units: int) -> float:
    """The probability with which the promise may fail, by the recipe or by the number of units."""
    return recipe.delta or min(LARGEST_DELTA, SHARE_OF_DELTA / units)


def units_of(persons: Sequence[str | None] | None, rows: int, unit: str) -> list[list[int]]:
    """The rows of each unit that is protected, in the order in which units first come.

    Raises:
        BadInput: persons are to be protected, and rows are nobody's.
    """
    if unit == "row":
        return [[row] for row in range(rows)]
    nobody = sum(person is None for person in persons or [None] * rows)
    if persons is None or nobody:
        raise BadInput(
            f"Cannot protect persons: {nobody} of {rows} training rows name none.",
            "Import the corpus with --person COLUMN, without rows that leave it empty; or set privacy_unit=row.",
        )
    found: dict[str | None, list[int]] = {}
    for row, person in enumerate(persons):
        found.setdefault(person, []).append(row)
    return list(found.values())
