"""One Protocol per capability family, and Subject: a model that can be asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from beside.core.answers import Metric, Reading, Said
from beside.core.labels import LabelBook
from beside.core.types import Explanation, Measurement, Splits


class Progress(Protocol):
    """Where long work tells how far it is."""

    def say(self, text: str) -> None:
        """One line for a person."""

    def step(self, stage: str, done: int, total: int, note: str = "") -> None:
        """`done` of `total` units of `stage` are behind us; `total` 0 when it is unknown."""


class Silent:
    """Progress that nobody watches."""

    def say(self, text: str) -> None:
        pass

    def step(self, stage: str, done: int, total: int, note: str = "") -> None:
        pass


class Subject(Protocol):
    """A model that can be asked, as checks, explainers and the server see it.

    A text is a string; two texts that are asked about together are one, as core/pairs.py joins them. A subject may have `task`, the
    loaded `Task`, and `pairs`, whether it reads two texts.
    """

    labels: tuple[str, ...]
    max_length: int  # tokens
    temperature: float  # fitted on the tune split; 1 = untouched

    def logits(self, texts: Sequence[str]) -> np.ndarray:
        """Raw scores, float32, shape (len(texts), len(labels))."""

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """Calibrated probabilities, float32, shape (len(texts), len(labels)), rows sum to 1."""

    def predict(self, texts: Sequence[str]) -> list[str]:
        """The answer to each text: the most probable label, or whatever its task answers with."""

    def answers(self, texts: Sequence[str]) -> list[Said]:
        """The answer to each text with its probabilities, as it is served."""

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text before any truncation."""

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """One vector per text, before the head; float32, shape (len(texts), hidden size)."""


class Inputs(Protocol):
    """What one text looks like on its way into a model whose gradients can be taken. Tensors are torch's, called Any here.

    B batch, L tokens, H hidden size, K labels.
    """

    embeddings: Any  # (1, L, H): the rows of the word-embedding table, before positions are added
    spans: Sequence[tuple[int, int]]  # characters of each token, start and end; (0, 0) for [CLS], [SEP] and their like

    def baseline(self, places: Sequence[bool]) -> Any:
        """The embeddings with padding's own row in the given places, (1, L, H)."""

    def probabilities(self, embeddings: Any) -> Any:
        """Calibrated probabilities, (B, K), from embeddings (B, L, H); gradients flow back to them."""


class Differentiable(Subject, Protocol):
    """A subject that lets gradients be taken, for one text at a time."""

    def inputs_of(self, text: str) -> AbstractContextManager[Inputs]:
        """The text's inputs; while the block lasts the model is this thread's alone, so keep it short."""


@dataclass(frozen=True, kw_only=True)
class RawRow:
    """One row as a reader found it: where it stood and its named cells, values as text."""

    line: int  # 1-based line or row number in the source
    cells: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A row that could not be read, where it stood and why."""

    line: int
    why: str


class Reader(Protocol):
    """Source -> rows, streamed: memory does not grow with the source."""

    def takes(self, source: str) -> bool:
        """Whether this reader is for that path or name."""

    def notes(self, source: str) -> tuple[str, ...]:
        """What was found out about the source before its rows: encoding, delimiter, sheet; sentences for a person."""

    def rows(self, source: str) -> Iterator[RawRow | Refused]:
        """Rows in order; a row that cannot be read comes as Refused.

        Raises:
            BadInput: the source as a whole cannot be read.
        """


class Perturbation(Protocol):
    """Text -> edited texts that a person would answer alike."""

    def edit(self, text: str, rng: np.random.Generator) -> str:
        """One edited copy; the text itself when nothing in it can be edited."""


class Task(Protocol):
    """What a model is asked for: how targets become numbers and numbers become answers.

    A target and an answer are text in one canonical form: a label, a set of labels, a number, spans as JSON. Members inherit from
    `tasks/_task.py`, which answers everything here as it is for one label per text.
    """

    example: Sequence[Mapping[str, str]]  # a worked example: rows as a reader gives them, with the columns text, label and pair
    metrics: Mapping[str, Metric]  # what `score` gives, the main one first
    single: bool  # one label per row, chosen by softmax: checks about labels and their probabilities apply
    per_token: bool  # the head answers for each token instead of for the text
    pairs: Literal["may", "must", "never"]  # whether rows are pairs of texts
    several: bool  # whether labels may stand in columns of their own
    exact: bool  # whether an answer equal to the target is what is wanted; otherwise near is good as well
    fewest: int  # labels that there must be to learn
    pipeline: str  # what Hugging Face's hub calls it

    def book(self) -> LabelBook:
        """An empty book that reads the cells of the label column."""

    def labels(self, targets: Iterable[str]) -> tuple[str, ...]:
        """The label set, in the order of the model's outputs."""

    def members(self, target: str) -> list[str]:
        """The labels in a target."""

    def checked(self, said: str, labels: Sequence[str]) -> str:
        """What a person says is right, as a target. Raises ValueError, a sentence, when it is none."""

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

    def named_parameters(self) -> Iterator[tuple[str, Any]]:
        """Every parameter with its name."""

    def frozen_names(self) -> set[str]:
        """Parameters that the recipe keeps as pre-trained."""


class Method(Protocol):
    """What is trained."""

    probe_first: bool  # whether the head is fitted on frozen embeddings before anything else

    def attach(self, model: Trainable) -> list[str]:
        """Freezes or adds to the model; names of the parameters that gradient steps may change (none: the probe is all)."""


class Explainer(Protocol):
    """Weight per word."""

    asks_per_word: bool  # whether it asks the model once for each word, which takes long for a long text

    def why_not(self, subject: Subject) -> str | None:
        """Why it cannot explain this model; None when it can."""

    def explain(self, subject: Subject, text: str) -> Explanation:
        """How much each word spoke for the answer."""


class Check(Protocol):
    """What an audit measures. A check measures, the audit stage judges.

    A check is a frozen dataclass. Its fields are its options (unit and reason in the metadata); a policy sets them in its table
    `[options."aspect/name"]`. A field whose metadata says `given` is no option: the audit puts the thing of that name there, or
    leaves its None: `parent` (subject of the run's parent), `champion` (subject of the newest approved release of the same
    corpus name), `base` (subject of the base model before any training; only `embed` and `token_counts` of it mean anything).
    """

    zh: str  # the file's first docstring line, said in Chinese
    metrics: Mapping[str, tuple[str, str]]  # metric -> its words in English and in Chinese; of those that need the gradients of
    # a `Differentiable` (attribute `of_gradients`, a tuple of names) there is nothing to be had from other subjects

    def why_not(self, subject: Subject, splits: Splits) -> str | None:
        """Why the check does not apply to this model and data; None when it does."""

    def measure(self, subject: Subject, splits: Splits, rng: np.random.Generator) -> Iterator[Measurement]:
        """Measured statements with interval and n; every metric comes at least once."""


class Application(Protocol):
    """A job people recognise: sample data, a task, what a person sees for an answer."""

    task: str
    examples: tuple[str, ...]  # texts shown on the page, also its smoke test

    def data(self, language: str) -> str:
        """Path of the built-in data file in that language, `en` or `zh`."""

    def reply(self, label: str, language: str) -> str | None:
        """The text a person may send for that answer."""
