"""The Protocols of what is learned and how: tasks and methods. `core/interfaces.py` has them too, with those of all families."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, Protocol

import numpy as np

from beside.core.answers import Metric, Reading, Said
from beside.core.labels import LabelBook
from beside.core.recipe import Recipe
from beside.core.replacing import Replaced
from beside.core.types import Example


class Task(Protocol):
    """What a model is asked for: how targets become numbers and numbers become answers.

    A target and an answer are text in one canonical form: a label, a set of labels, a number, spans as JSON. Members inherit from
    `tasks/_task.py`, which answers everything here as it is for one label per text.
    """

    example: Sequence[Mapping[str, str]]  # a worked example: rows as a reader gives them, with the columns text, label and pair
    metrics: Mapping[str, Metric]  # what `score` gives, the main one first
    single: bool  # one label per row, chosen by softmax: checks about labels and their probabilities apply
    per_token: bool  # the head answers for each token instead of for the text
    writes: bool  # the model writes its answer token by token (engine/writer.py): nothing is asked here of heads and their logits
    pairs: Literal["may", "must", "never"]  # whether rows are pairs of texts
    several: bool  # whether labels may stand in columns of their own
    exact: bool  # whether an answer equal to the target is what is wanted; otherwise near is good as well
    fewest: int  # labels that there must be to learn
    pipeline: str  # what Hugging Face's hub calls it
    ranks: bool  # whether candidates are ordered for a query: scored query by query, over all candidates at once (core/ranking.py)
    apart: bool  # whether the model reads the two texts of a pair one by one, without a head; their cosine is the score

    def configured(self, recipe: Recipe) -> Task:
        """The task with the knobs of a recipe that are its own."""

    def learned(self, examples: Sequence[Example], recipe: Recipe) -> list[Example]:
        """The rows to learn from: those of the corpus, and what the task adds to them."""

    def book(self) -> LabelBook:
        """An empty book that reads the cells of the label column."""

    def labels(self, targets: Iterable[str]) -> tuple[str, ...]:
        """The label set, in the order of the model's outputs."""

    def members(self, target: str) -> list[str]:
        """The labels in a target."""

    def checked(self, said: str, labels: Sequence[str]) -> str:
        """What a person says is right, as a target. Raises ValueError, a sentence, when it is none."""

    def protected(self, target: str, edits: Replaced, reword: Callable[[str], str]) -> tuple[str, int]:
        """The target once personal data in its text was replaced, and how many of its parts are gone with the text they stood on.

        Args:
            edits: where what stood in the text stands now.
            reword: takes the personal data out of a text, for a target that is one.
        """

    def outputs(self, labels: Sequence[str]) -> int:
        """How many numbers the head puts out, for the text or for each token."""

    def ready(self, targets: Sequence[str], labels: Sequence[str]) -> Task:
        """The task once it has seen the training targets, for example their mean and spread."""

    def tuned(self, logits: np.ndarray, targets: Sequence[str], labels: Sequence[str]) -> Task:
        """The task once it has seen the trained model on the tune split, for example with a threshold per label."""

    def temperature(self, logits: np.ndarray, targets: Sequence[str], labels: Sequence[str]) -> float | None:
        """What logits are to be divided by, from the tune split; None = as for softmax over labels."""

    def settings(self) -> dict[str, Any]:
        """What `ready` and `tuned` found, as plain data, to be kept with the model."""

    def restored(self, settings: Mapping[str, Any]) -> Task:
        """The task with what `settings` gave."""

    def encode(self, targets: Sequence[str], labels: Sequence[str], read: Sequence[Reading] = ()) -> Any:
        """Targets as a tensor, first dimension len(targets); `read` tells each text's tokens, for a head that answers per token."""

    def loss(self, logits: Any, targets: Any, weights: Any | None, smoothing: float) -> Any:
        """Mean loss of a batch; logits (batch, outputs), or (batch, tokens, outputs)."""

    def fit_head(
        self, vectors: np.ndarray, targets: Sequence[str], labels: Sequence[str], *, strength: float, balanced: bool
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """Weights (outputs, hidden) and biases of a head fitted on frozen embeddings; None = as for softmax over labels.

        Raises ValueError, a sentence, when this task has no such head.
        """

    def probabilities(self, logits: np.ndarray, temperature: float) -> np.ndarray:
        """What raw scores mean, same shape: what two models must agree in to be the same model."""

    def decode(self, logits: np.ndarray, labels: Sequence[str], read: Sequence[Reading] = ()) -> list[str]:
        """Answers from raw scores, shape (n, outputs) or (n, tokens, outputs)."""

    def answers(self, logits: np.ndarray, temperature: float, labels: Sequence[str], read: Sequence[Reading] = ()) -> list[Said]:
        """Answers with their probabilities, as they are served."""

    def scorer(
        self, answers: Sequence[str], targets: Sequence[str], labels: Sequence[str]
    ) -> Callable[[np.ndarray], dict[str, float]]:
        """A function from row numbers to the scores of those rows, quick enough to be called for a thousand resamples."""

    def score(self, answers: Sequence[str], targets: Sequence[str], labels: Sequence[str]) -> dict[str, float]:
        """Named scores of all rows, the first one the task's main score; of that one higher is better."""

    def floor(self, targets: Sequence[str], labels: Sequence[str]) -> str:
        """The one answer that is best given to everything, from the training targets."""

    def report(self, answers: Sequence[str], targets: Sequence[str]) -> str:
        """The task's usual table of scores, for a person."""


class Trainable(Protocol):
    """A model as a method sees it."""

    encoder: Any  # the Hugging Face model inside
    frozen: int  # bottom layers that the recipe keeps as pre-trained

    @property
    def layers(self) -> Sequence[Any]:
        """The stacked layers of the encoder; empty when they cannot be told apart."""

    def named_parameters(self) -> Iterator[tuple[str, Any]]:
        """Every parameter with its name."""

    def frozen_names(self) -> set[str]:
        """Parameters that the recipe keeps as pre-trained."""


class Guide(Protocol):
    """What a method does beside the gradient while the steps go by. Tensors are torch's, called Any here."""

    def penalty(self) -> Any:
        """A scalar, added to the mean loss of each batch."""

    def after(self, step: int) -> None:
        """Called after each optimiser step, its gradients still there; `step` counts from 1."""

    def settled(self, step: int) -> bool:
        """Whether the weights after this step are such as the method promises; others are not kept, however good they are."""

    def told(self) -> str:
        """The outcome, in a sentence for a person."""

    def state(self) -> dict[str, Any]:
        """Tensors by name: what a training that was killed needs to go on with the same weights."""

    def put_back(self, tensors: dict[str, Any]) -> None:
        """What `state` gave."""


class Method(Protocol):
    """What is trained.

    A method may have more, and `engine/attaching.py` asks for it: `knobs`, the values of its own for knobs that a recipe leaves
    open; `configured(recipe)`, the method with the knobs of a recipe; `guide(steps)`, a `Guide` of the training that follows;
    `finish(model)`, called on the trained model, which leaves a plain one, or else returns as plain data what must be stored to
    put its parts back in; and `rebuild(model, structure)`, which does that.

    For few rows: `for_few = True`, a candidate when the method is chosen by measurement; `by_pairs = True`, its gradient steps
    compare rows with each other, and the head is fitted again when they are over; `masked = True`, it fills a blank
    (`engine/blank.py`).

    `writes = True`: it fits a model that writes its answers, too, which has no head and no layers that can be run one by one.
    """

    probe_first: bool  # whether the head is fitted on frozen embeddings before anything else

    def attach(self, model: Trainable) -> list[str]:
        """Freezes or adds to the model; names of the parameters that gradient steps may change (none: the probe is all)."""
