"""The Protocol of defences, what they see of a training, and which of them a recipe asks for. Tensors are torch's, called Any here.

B rows of a batch, L tokens, H hidden size, K answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Literal, Protocol

from beside.core.defence_knobs import OWN
from beside.core.errors import BadOption
from beside.core.learning import Task
from beside.core.progress import Progress
from beside.core.recipe import BEST, Recipe
from beside.core.registry import load, source
from beside.core.types import Example

if TYPE_CHECKING:  # it names the defences' Protocol in turn
    from beside.core.interfaces import Subject


class Batch(Protocol):
    """Some rows of a training with their answers, as a defence sees them; it can pass them through the model again and again.

    What is moved are word vectors before positions are added, or the states that frozen bottom layers make of them: the numbers
    that go into the first layer that learns. Tables may be frozen; the gradient is that of the vectors, not of the table.
    """

    size: int  # B

    def logits(self, shift: Any | None = None) -> Any:
        """One pass through the model, (B, K) or (B, L, K); `shift` (B, L, H) is added to the vectors."""

    def vectors(self) -> Any:
        """What the head reads, (B, H)."""

    def scores(self, vectors: Any) -> Any:
        """Logits of such vectors, (B, K)."""

    def loss(self, logits: Any, order: Any | None = None) -> Any:
        """Mean loss of the rows, in nats; `order` (B,) gives each row the answer of another."""

    def log_probabilities(self, logits: Any) -> Any:
        """Log probability of every answer, in nats; the last dimension is a distribution."""

    def apart(self, first: Any, second: Any) -> Any:
        """How far two sets of logits differ in what they mean, in nats: the mean of both Kullback-Leibler divergences."""

    def still(self) -> Any:
        """A shift of nothing, (B, L, H), of which gradients can be taken."""

    def real(self) -> Any:
        """1 for each real token, 0 for padding, (B, L, 1)."""

    def lengths(self) -> Any:
        """Length of each row's vectors taken together, (B, 1, 1): what a share of it is a share of."""

    def gradient(self, loss: Any, shift: Any) -> Any:
        """The gradient of a loss in a shift, up to a positive factor, (B, L, H); no other gradient is touched."""

    def same_dropout(self) -> AbstractContextManager[None]:
        """While the block lasts, every pass drops the same numbers."""

    def texts(self) -> list[str]:
        """The rows as people read them."""

    def reading(self, texts: Sequence[str]) -> Batch:
        """These rows with other texts and their own answers."""


class Training(Protocol):
    """A training before its first step, as a defence sees it."""

    recipe: Recipe

    def examples(self) -> Sequence[Example]:
        """The rows with their texts and answers."""

    def subject(self) -> Subject:
        """The model in training, as anybody asks it; before the first step it is what the training began with."""

    def learning(self) -> Sequence[Any]:
        """The parameters that learn."""

    def with_weights(self, weights: Sequence[Any]) -> AbstractContextManager[None]:
        """While the block lasts, the parameters that learn have other numbers; no gradients may be taken."""

    def without_dropout(self) -> AbstractContextManager[None]:
        """While the block lasts, nothing is dropped."""

    def old(self, count: int) -> Iterator[Batch]:
        """So many rows of the run that this training goes on from, drawn by the seed, each as a batch of its own."""


class Defending(Protocol):
    """A defence in one training. `defences/_defence.py` keeps every promise as for one that does nothing."""

    def start(self) -> None:
        """Called before the first step of a process, when all of them have the same weights and `put_back` is over."""

    def losses(self, batch: Batch) -> Iterator[Any]:
        """What a batch costs, in summands; each is backpropagated before the next is asked for, and so a shift has its gradient."""

    def penalty(self) -> Any | None:
        """A scalar, added to the mean loss of each batch; None = nothing."""

    def after(self, step: int) -> None:
        """Called after each optimiser step; `step` counts from 1."""

    def state(self) -> dict[str, Any]:
        """Tensors by name: what a training that was killed needs to go on with the same weights."""

    def put_back(self, tensors: dict[str, Any]) -> None:
        """What `state` gave."""


class Defence(Protocol):
    """What a training withstands. A frozen dataclass, its fields are its options; the recipe's knobs set them."""

    zh: str  # the file's first docstring line, said in Chinese
    touches: Literal["loss", "weights", "rows"]  # of those that touch the loss a training has one
    row_by_row: int  # passes that the loss of each row is made of, whatever other rows do: as privacy needs it; 0 = it is otherwise
    of_old: bool  # whether it needs the rows of a run that the training goes on from
    of_head: bool  # and its head, so that labels must be the same
    attacks: bool  # whether it makes rows anew before each epoch, from the weights as they are (engine/attacked.py)
    local: bool  # whether a site of a federation can do it in a round, knowing nothing of other rounds

    def configured(self, recipe: Recipe) -> Defence:
        """The defence with the knobs of a recipe."""

    def why_not(self, task: Task, recipe: Recipe) -> str | None:
        """Why it does not suit a task or a recipe, a clause; None when it does."""

    def rows(
        self, new: Sequence[Example], old: Sequence[Example], labels: Sequence[str], task: Task, progress: Progress
    ) -> list[Example]:
        """The rows to learn from, given those of the corpus and those of the run that the training goes on from."""

    def begin(self, training: Training) -> Defending:
        """What it does in a training that begins, or goes on."""


def names_of(recipe: Recipe) -> list[str]:
    """The defences that a recipe asks for, as they are written."""
    return [name.strip() for name in (recipe.defence or "").split(",") if name.strip()]


def asked(recipe: Recipe) -> dict[str, Defence]:
    """The defences of a recipe with their knobs, by name.

    Raises:
        UnknownName: there is no such defence.
    """
    return {name: load("defences", name).configured(recipe) for name in names_of(recipe)}


def must_go_together(recipe: Recipe) -> None:
    """Does nothing when the defences of a recipe go with each other and with its other knobs.

    Raises:
        UnknownName: there is no such defence.
        BadOption: they do not, or a knob would have no effect.
    """
    names = names_of(recipe)
    for name in names:
        source("defences", name)
    for knob, defences in OWN.items():
        if getattr(recipe, knob) != Recipe.model_fields[knob].default and not set(defences) & set(names):
            raise BadOption(
                f"Setting {knob} has no effect without its defence.", f"Set defence to {' or '.join(defences)} as well."
            )
    if recipe.defence is None:
        return
    if not names:
        raise BadOption("The knob defence names nothing.", "Set defence=none, or a name, for example defence=fgm.")
    if len(set(names)) < len(names):
        raise BadOption(f"A defence is named twice: {recipe.defence}.", "Name each once.")
    members = asked(recipe)
    if len(losses := [name for name, one in members.items() if one.touches == "loss"]) > 1:
        raise BadOption(
            f"The defences {' and '.join(losses)} do not go together: each makes the loss of a batch.", "Choose one of them."
        )
    if recipe.method == BEST:
        raise BadOption(
            "Cannot set a defence with method=best: it compares ways of training, and each would need its own.",
            "Name a method, for example --method full.",
        )
    for name, one in members.items():
        if recipe.epsilon is not None and not one.row_by_row:
            raise BadOption(
                f"Cannot set epsilon with the defence {name}: some of what it does with the rows cannot be clipped and noised.",
                "Leave out one of them, or take the defence rdrop.",
            )


def of_old(recipe: Recipe) -> bool:
    """Whether a defence of the recipe needs the rows of the run that it goes on from."""
    return any(one.of_old for one in asked(recipe).values())


def without_old(recipe: Recipe) -> Recipe:
    """The recipe without defences that need rows of an earlier run, where those are not at hand."""
    kept = [name for name, one in asked(recipe).items() if not one.of_old]
    return recipe.model_copy(update={"defence": ",".join(kept) or None})


def rows_to_learn(
    recipe: Recipe, new: Sequence[Example], old: Sequence[Example], labels: Sequence[str], task: Task, progress: Progress
) -> list[Example]:
    """The rows of a training as its defences want them.

    Args:
        old: rows of the run that it goes on from; empty for any other base.

    Raises:
        BadOption: there are none, and a defence needs them.
    """
    found = list(new)
    for name, one in asked(recipe).items():
        if one.of_old and not old:
            raise BadOption(
                f"The defence {name} needs an earlier run whose rows are here, and the base '{recipe.base}' is none.",
                "Go on from a run: --base RUN; `beside list runs` shows them.",
            )
        found = one.rows(found, old, labels, task, progress)
    return found


def must_have_kept(recipe: Recipe, kept: bool) -> None:
    """Does nothing when the head of an earlier run was kept, or no defence needs it.

    Raises:
        BadOption: one does: what old rows depend on can be measured with the same answers only.
    """
    for name, one in asked(recipe).items():
        if one.of_head and not kept:
            raise BadOption(
                f"The defence {name} needs an earlier run with the very same task and labels.", "Take the defence replay, or none."
            )


def must_defend(recipe: Recipe, task: Task, task_name: str, *, steps: bool, by_pairs: bool) -> None:
    """Does nothing when the defences of a recipe suit the task and the method.

    Args:
        recipe: with the method filled in.
        steps: whether the method takes gradient steps.
        by_pairs: whether those compare rows with each other.

    Raises:
        BadOption: one does not.
    """
    for name, one in asked(recipe).items():
        why = one.why_not(task, recipe)
        if not steps and (one.touches != "rows" or one.attacks):
            why = f"the method {recipe.method} takes no gradient step"
        elif one.touches == "loss" and (by_pairs or task.apart):
            why = "its loss compares rows with each other, and a defence moves each for itself"
        elif one.touches == "loss" and task.writes:
            why = "a model that writes is not moved word by word here"
        if why:
            given = f"Cannot defend with {name} (task {task_name}, method {recipe.method}): {why}."
            raise BadOption(given, "Leave defence out, or set another.")
