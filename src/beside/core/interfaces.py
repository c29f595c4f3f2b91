"""One Protocol per capability family, and Subject: a model that can be asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from beside.core.answers import Said
from beside.core.compressing import Compressor as Compressor
from beside.core.compressing import Workbench as Workbench
from beside.core.defending import Defence as Defence
from beside.core.drawing import Draw
from beside.core.guarding import Action, Reason
from beside.core.learning import Guide as Guide
from beside.core.learning import Method as Method
from beside.core.learning import Task as Task
from beside.core.learning import Trainable as Trainable
from beside.core.personal import Found
from beside.core.progress import Progress as Progress
from beside.core.progress import Silent as Silent
from beside.core.types import Explanation, Measurement, Splits


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


class Filler(Protocol):
    """A masked language model that guesses hidden words."""

    def fill(self, texts: Sequence[str], places: Sequence[tuple[int, int]], most: int) -> list[list[str]]:
        """Guesses for one place (start, end in characters) of each text, the likeliest first, at most so many."""


class Recognizer(Protocol):
    """Text -> stretches of one kind of personal data; the kind is the file's name. A frozen dataclass, its fields are its options.

    It reads a plain text (core/personal.py) in time linear in its length, and no value it finds is longer than LONGEST characters.
    """

    zh: str  # the file's first docstring line, said in Chinese
    examples: tuple[str, ...]  # texts in which [[what it finds]] is marked, and nothing else is found
    misses: tuple[str, ...]  # texts with what looks like it and is none

    def find(self, text: str) -> Iterator[Found]:
        """Places in the text, in any order; they may overlap."""


class Surrogate(Protocol):
    """A value of one kind of personal data -> another that looks like it and belongs to nobody, as far as that can be had.

    The file's name is the recognizer's. The same value under the same secret gives the same surrogate, however it is written.
    """

    zh: str  # the file's first docstring line, said in Chinese

    def make(self, value: str, draw: Draw) -> str:
        """Another value in the same form; `value` in its plain form (core/personal.py)."""


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
    corpus name), `base` (subject of the base model before any training; only `embed` and `token_counts` of it mean anything),
    `originals` (no subject but the splits of the corpus before personal data was taken out of it),
    `filler` (a `Filler`: the base as a masked language model, where its weights hold one).
    """

    zh: str  # the file's first docstring line, said in Chinese
    metrics: Mapping[str, tuple[str, str]]  # metric -> its words in English and in Chinese; of those that need the gradients of
    # a `Differentiable` (attribute `of_gradients`, a tuple of names) there is nothing to be had from other subjects

    def why_not(self, subject: Subject, splits: Splits) -> str | None:
        """Why the check does not apply to this model and data; None when it does."""

    def measure(self, subject: Subject, splits: Splits, rng: np.random.Generator) -> Iterator[Measurement]:
        """Measured statements with interval and n; every metric comes at least once."""


class Guard(Protocol):
    """What serving notices about a text before the answer goes out. What is then done is the workspace's to say (core/guarding.py).

    A reason holds none of the text's own words: it is stored and shown where the text may not be.
    """

    zh: str  # the file's first docstring line, said in Chinese
    default: Action  # what is done where beside.toml does not say

    def applies(self, subject: Subject) -> bool:
        """Whether it means anything for a model of this kind; silence is right where it does not."""

    def why_not(self, subject: Subject) -> Reason | None:
        """Why it cannot look, though it applies; None when it can."""

    def judge(self, subject: Subject, texts: Sequence[str]) -> list[Reason | None]:
        """For each text, or two as core/pairs.py joins them, what there is to say against it; None = nothing."""


class Application(Protocol):
    """A job people recognise: sample data, a task, what a person sees for an answer."""

    task: str
    examples: tuple[str, ...]  # texts shown on the page, also its smoke test

    def data(self, language: str) -> str:
        """Path of the built-in data file in that language, `en` or `zh`."""

    def reply(self, label: str, language: str) -> str | None:
        """The text a person may send for that answer."""
