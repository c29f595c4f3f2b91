"""The workbench of compressors: a trained model, its training rows, and what can be done with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from beside.core.compressing import Measured
from beside.core.errors import BadInput, BadOption, GateClosed
from beside.core.interfaces import Progress
from beside.core.pairs import whole
from beside.core.recipe import Recipe
from beside.core.types import Example
from beside.engine.comparing import Yardstick, size_of
from beside.engine.compressed import load_graph, marked, narrowed, save_graph, write_facts
from beside.engine.devices import holding, onto
from beside.engine.distilling import taught
from beside.engine.graph import is_there
from beside.engine.losses import Criterion
from beside.engine.model import load_model, save_model
from beside.engine.rows import by_length, collate
from beside.engine.runtime import TorchSubject, load_subject
from beside.engine.shapes import cut, shapes_of

GRAPH_TOLERANCE = 1e-4  # logits; the same sums in another order
ROWS_PER_BATCH = 16  # with gradients
PROVED = 64  # texts that a graph is proved on

Room = Callable[[str], AbstractContextManager[Path]]  # an empty folder that is gone after the block


@dataclass(frozen=True, kw_only=True)
class Stock:
    """What a compression starts from.

    Args:
        source: folder of the parent's model.
        train, tune: rows with known answers.
        unlabelled: texts without an answer.
        recipe: the parent's, as trained.
        private: whether it keeps a promise of differential privacy.
        home: folder of checkpoints.
        room: gives folders for what is in the making, in memory alone where the workspace encrypts.
        threads: of every measurement.
    """

    source: Path
    train: Sequence[Example]
    tune: Sequence[Example]
    unlabelled: Sequence[str]
    recipe: Recipe
    private: bool
    home: Path
    room: Room
    threads: int
    progress: Progress


class Bench:
    """See `Workbench` (core/compressing.py)."""

    def __init__(self, stock: Stock, subject: TorchSubject, rooms: ExitStack) -> None:
        self.stock, self.subject, self.rooms = stock, subject, rooms
        self.train, self.unlabelled = whole(stock.train), list(stock.unlabelled)
        self.texts, self.tune = [row.text for row in self.train], [row.text for row in whole(stock.tune)]
        self.private, self.seed = stock.private, stock.recipe.seed
        self.apart, self.say = subject.task.apart, stock.progress.say
        self.step = 0
        self.candidates: list[Measured] = []
        self.chosen: tuple[str, Path] | None = None  # form and folder, once a form was chosen

    @property
    def model(self) -> Any:
        """Encoder, pooling and head."""
        return self.subject.model

    @model.setter
    def model(self, model: Any) -> None:
        self.subject.model = model.eval()

    @property
    def tokens(self) -> Any:
        """How it reads."""
        return self.subject.tokens

    @property
    def plain(self) -> bool:
        """Whether its layers run one by one and hold nothing that a method added."""
        return bool(len(self.model.layers)) and self.subject.facts.structure is None

    @property
    def folder(self) -> Path:
        """For files in the making, this step's own."""
        return self.stock.home / f"step-{self.step}"

    def ids(self, texts: Sequence[str]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Token ids and mask of the texts in batches of similar length, int64 (B, L)."""
        rows = self.tokens.encode(texts)
        for batch in by_length([len(row) for row in rows], ROWS_PER_BATCH * self.tokens.max_length):
            ids_BL, mask_BL = collate([rows[at] for at in batch], self.tokens.pad_id)
            yield ids_BL.numpy(), np.ones_like(ids_BL.numpy()) if mask_BL is None else mask_BL.numpy()

    def losses(self, rows: int) -> Iterator[torch.Tensor]:
        """The task's mean loss of batches of training rows, gradients on and nothing dropped."""
        order = np.random.default_rng(self.seed).permutation(len(self.train))[:rows]
        subject, device = self.subject, holding(self.model)
        criterion = Criterion(subject.task, Recipe(), None)
        for start in range(0, len(order), ROWS_PER_BATCH):
            batch = [self.train[at] for at in order[start : start + ROWS_PER_BATCH]]
            texts, targets = [row.text for row in batch], [str(row.target) for row in batch]
            ids_BL, mask_BL = collate(self.tokens.encode(texts), self.tokens.pad_id)
            mask = None if mask_BL is None else onto(device, mask_BL)
            encoded = subject.task.encode(targets, subject.labels, subject.read(texts)).to(device)
            yield criterion(self.model(onto(device, ids_BL), mask), encoded)
            self.stock.progress.step("importance", min(start + ROWS_PER_BATCH, len(order)), len(order))

    # other sizes

    def cut(self, heads: Sequence[Sequence[int]], neurons: Sequence[Sequence[int]]) -> None:
        """Leaves in each layer those heads and those feed-forward neurons."""
        for layer, some, others in zip(self.model.layers, heads, neurons, strict=True):
            size = layer.attention.self.attention_head_size
            cut(layer, [head * size + place for head in some for place in range(size)], others, len(some))
        self.note_shapes()

    def keep_layers(self, kept: Sequence[int]) -> None:
        """Leaves those layers, in their order."""
        encoder = self.model.encoder
        encoder.encoder.layer = nn.ModuleList([encoder.encoder.layer[at] for at in kept])
        encoder.config.num_hidden_layers = len(kept)
        self.note_shapes()

    def note_shapes(self) -> None:
        """Sets down how large the layers are, for whoever loads the model, unless all are as the configuration says."""
        config, shapes = self.model.encoder.config, shapes_of(self.model.layers)
        usual = {"heads": config.num_attention_heads, "neurons": config.intermediate_size}
        facts = {name: value for name, value in self.subject.facts.compression.items() if name != "layers"}
        if any(shape != usual for shape in shapes):
            facts["layers"] = shapes
        self.subject.facts = replace(self.subject.facts, compression=facts)

    def learn(self, teacher: Any, *, epochs: int, learning_rate: float, hidden: Sequence[int] = ()) -> str:
        """Trains the model on the answers of a teacher; after a kill it goes on."""
        rates = {"learning_rate": learning_rate, "head_learning_rate": learning_rate}
        recipe = self.stock.recipe.model_copy(update={"epochs": epochs, "threads": self.stock.threads, **rates})
        tune = whole(self.stock.tune)
        return taught(self.subject, teacher, self.train, self.unlabelled, tune, recipe, self.folder, self.stock.progress, hidden)

    # forms

    def whole(self, folder: Path) -> None:
        """Writes the model as it is."""
        save_model(folder, self.model, self.tokens, self.subject.facts)

    def half(self, folder: Path) -> None:
        """Writes the model with its matrices in bf16."""
        self.whole(folder)
        model, tokens, facts = load_model(folder)
        subject = TorchSubject(narrowed(model), tokens, facts)
        save_model(folder, subject.model, tokens, marked(subject, "torch_bf16"))

    def graph(self, folder: Path) -> Path:
        """Writes the model as an ONNX graph and proves that it answers alike.

        Raises:
            BadInput: its architecture cannot be written so.
            GateClosed: the graph answers otherwise.
        """
        file = save_graph(folder, self.model, self.tokens, self.subject.facts, self.apart)
        texts = (self.texts or self.tune)[:PROVED]
        graph = load_graph(folder, self.stock.threads)
        ask = "vectors" if self.apart else "logits"
        worst = float(np.abs(getattr(graph, ask)(texts) - getattr(self.subject, ask)(texts)).max())
        if not worst <= GRAPH_TOLERANCE:
            raise GateClosed(
                f"Truth test failed: the ONNX graph's {ask} differ by {worst:.2g} (limit {GRAPH_TOLERANCE:g}).",
                "This base cannot be written as a graph; use quantize=torch_bf16.",
            )
        return file

    def forms(self, makers: Mapping[str, Callable[[Path], None]], loss: float, flips: float) -> None:
        """Saves the model in several forms, measures each, and goes on with the fastest that keeps both limits."""
        folders, subjects = {}, {}
        for number, (form, make) in enumerate(makers.items()):
            self.stock.progress.step("form", number, len(makers), form)
            folder = self.rooms.enter_context(self.stock.room(form))
            try:
                make(folder)
                subjects[form] = self.opened(folder, form)
                folders[form] = folder
            except (BadInput, GateClosed, BadOption) as error:
                if len(makers) == 1:
                    raise
                self.say(f"Left out: {form}. {error.message}")
        self.stock.progress.step("form", len(makers), len(makers))
        task, tune = self.subject.task, self.stock.tune
        self.say(f"Measuring {', '.join(subjects)} on {len(tune)} tune rows, {self.stock.threads} threads.")
        yardstick = Yardstick(task, self.subject.labels, self.subject, tune, self.seed)
        found = yardstick.measure(subjects, {form: size_of(folder) for form, folder in folders.items()}, self.stock.progress)
        self.candidates = [one.model_copy(update={"why_not": refusal(one, loss, flips)}) for one in found]
        fit = [one for one in self.candidates if not one.why_not]
        if not fit:
            told = "; ".join(f"{one.form}: {one.why_not}" for one in self.candidates)
            raise GateClosed(
                f"No form keeps the limits. {told}.", "Raise --set quantize.loss or quantize.flips, or use another form."
            )
        best = max(fit, key=lambda one: one.faster.value).form
        self.chosen = best, folders[best]
        self.subject = subjects[best]

    def opened(self, folder: Path, form: str) -> TorchSubject:
        """A form as it is loaded to answer; a graph is marked with what it answers here."""
        if is_there(folder):
            write_facts(folder, marked(load_graph(folder, self.stock.threads), form))
        return load_subject(folder, self.stock.threads)


def refusal(one: Measured, loss: float, flips: float) -> str:
    """Why a form may not be taken; empty when it may."""
    reasons = []
    if -one.gap.value > loss:
        reasons.append(f"it loses {-one.gap.value:.3g} of the score (limit {loss:g})")
    for share, what in (
        (one.flips, "rows are answered otherwise"),
        (one.company, "answers depend on what else is asked with them"),
    ):
        if share is not None and share.value > flips:
            reasons.append(f"{share.value:.2%} of {what} (limit {flips:.2%})")
    return "; ".join(reasons)
