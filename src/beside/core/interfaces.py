"""One Protocol per capability family, and Subject: a model that can be asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from beside.core.types import Example, Explanation, Measurement, Splits


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
    """A model that can be asked, as checks, explainers and the server see it."""

    labels: tuple[str, ...]
    max_length: int  # tokens
    temperature: float  # fitted on the tune split; 1 = untouched

    def logits(self, texts: Sequence[str]) -> np.ndarray:
        """Raw scores, float32, shape (len(texts), len(labels))."""

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """Calibrated probabilities, float32, shape (len(texts), len(labels)), rows sum to 1."""

    def predict(self, texts: Sequence[str]) -> list[str]:
        """The most probable label of each text."""

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
    """What a model is asked for: how targets become numbers and numbers become answers."""

    def labels(self, examples: Iterable[Example]) -> tuple[str, ...]:
        """The label set, in the order of the model's outputs."""

    def outputs(self, labels: Sequence[str]) -> int:
        """How many numbers the head puts out."""

    def encode(self, targets: Sequence[str], labels: Sequence[str]) -> Any:
        """Targets as a tensor, first dimension len(targets)."""

    def loss(self, logits: Any, targets: Any, weights: Any | None, smoothing: float) -> Any:
        """Mean loss of a batch; logits (batch, outputs)."""

    def decode(self, logits: np.ndarray, labels: Sequence[str]) -> list[str]:
        """Answers from raw scores, shape (n, outputs)."""

    def score(self, answers: Sequence[str], targets: Sequence[str], labels: Sequence[str]) -> dict[str, float]:
        """Named scores, the first one the task's main score; higher is better."""

    def report(self, answers: Sequence[str], targets: Sequence[str]) -> str:
        """The task's usual table of scores, for a person."""


class Trainable(Protocol):
    """A model as a method sees it."""

    encoder: Any  # the Hugging Face encoder inside
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
    """

    probe_first: bool  # whether the head is fitted on frozen embeddings before anything else

    def attach(self, model: Trainable) -> list[str]:
        """Freezes or adds to the model; names of the parameters that gradient steps may change (none: the probe is all)."""


class Tracking(Protocol):
    """One training as a tracker shows it."""

    def epoch(self, row: Mapping[str, float]) -> None:
        """One epoch's numbers: `epoch`, `loss`, tune scores."""

    def end(self, recipe: Mapping[str, Any], scores: Mapping[str, float]) -> None:
        """The recipe with every knob filled in, and the scores of what is kept; nothing more comes."""

    def fail(self) -> None:
        """The training did not come to its end; nothing more comes, but the same name may be opened again."""


class Tracker(Protocol):
    """Where training curves go. On this machine unless the user's own environment names another place."""

    def open(self, home: Path, name: str, about: Mapping[str, Any]) -> Tracking:
        """Begins a run, or goes on with the one of that name; what is kept locally lies in `home`.

        Raises:
            BadOption: its package is not installed; the hint says how to.
        """


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
