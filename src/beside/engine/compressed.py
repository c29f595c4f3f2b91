"""A compressed model opened: its graph or its narrow matrices, and whether it answers here as it did where it was made."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from beside.core.errors import BadInput, GateClosed
from beside.core.interfaces import Task
from beside.core.registry import load
from beside.engine.devices import device_of, holding
from beside.engine.graph import GRAPH, Graph, graph_of
from beside.engine.model import FACTS, Facts, Model, load_model, plain_facts, read_facts
from beside.engine.processor import processor
from beside.engine.runtime import TorchSubject
from beside.engine.tokens import Tokens, load_tokens

PROBE_ROWS, PROBE_TOKENS, PROBE_NUMBERS = 8, 16, 512
PROBE_LIMIT = 0.01  # of a probability (of a cosine's parts where there is none): more is another answer, not rounding
log = logging.getLogger("beside.engine")


class AnswersOnly(TorchSubject):
    """A model that answers and embeds, and whose gradients cannot be taken."""

    @property
    def inputs_of(self) -> Any:
        """Not there, which is how explainers are told (`Differentiable`)."""
        raise AttributeError("inputs_of")

    def quick(self) -> None:
        """It is as quick as it can be."""


def load_compressed(folder: Path, threads: int | None) -> TorchSubject:
    """A model in another form than it was trained in, once it has shown that it answers here as it did.

    Raises:
        BadInput: the folder is not one that Beside saved.
        GateClosed: it answers otherwise on this processor.
    """
    if "graph" in read_facts(folder).compression:
        subject = load_graph(folder, threads)
    else:
        model, tokens, facts = load_model(folder)
        subject = AnswersOnly(narrowed(model).to(device_of()), tokens, facts)
    must_answer_here(subject, folder.name)
    return subject


def load_graph(folder: Path, threads: int | None) -> AnswersOnly:
    """The model whose graph lies in a folder.

    Raises:
        BadInput: the folder is not one that Beside saved.
    """
    try:
        facts = read_facts(folder)
        shape = facts.compression["graph"]
        content = (folder / GRAPH).read_bytes()
        tokens = load_tokens(folder / "tokenizer.json", facts.max_length)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"Cannot load the model in '{folder.name}': {error}", "The folder must be one that Beside saved.") from error
    graph = Graph(content, int(shape["outputs"]), int(shape["width"]), threads)
    graph.per_token = load("tasks", facts.task).per_token
    return AnswersOnly(graph.eval(), tokens, facts)


def save_graph(folder: Path, model: Model, tokens: Tokens, facts: Facts, apart: bool) -> Path:
    """Writes the model as a graph, with what a model folder holds beside; the graph's file. Raises as `graph_of` does."""
    shape = {"outputs": model.head.out_features, "width": model.width}
    (folder / GRAPH).write_bytes(graph_of(model, apart, facts.max_length))
    model.encoder.config.save_pretrained(folder)
    (folder / "tokenizer.json").write_text(tokens.tokenizer.to_str(), encoding="utf-8")
    write_facts(folder, replace(facts, structure=None, compression={**facts.compression, "graph": shape}))
    return folder / GRAPH


def write_facts(folder: Path, facts: Facts) -> None:
    """What a model folder says of itself."""
    (folder / FACTS).write_text(json.dumps(plain_facts(facts), ensure_ascii=False, indent=1), encoding="utf-8")


def narrowed(model: Model) -> Model:
    """The model with the matrices of its encoder in bf16, and products in bf16; sums, norms and the head stay fp32."""
    for part in model.encoder.modules():
        if isinstance(part, nn.Linear):
            part.to(torch.bfloat16)
    model.precision = "bf16"
    return model


def probe_answers(subject: TorchSubject) -> list[Any]:
    """What a model says to a few rows of made-up ids: a fingerprint that holds no text."""
    vocabulary = subject.tokens.tokenizer.get_vocab_size()
    outputs, task = subject.model.head.out_features, subject.task
    numbers = subject.model.width if task.apart else outputs * (PROBE_TOKENS if task.per_token else 1)
    rows = max(1, min(PROBE_ROWS, PROBE_NUMBERS // max(1, numbers)))
    length = min(PROBE_TOKENS, subject.max_length)
    ids_BL = torch.from_numpy(np.random.default_rng(0).integers(0, vocabulary, (rows, length)))
    with torch.inference_mode(), subject.turn:
        asked = subject.model.vector if task.apart else subject.model
        answers: list[Any] = asked(ids_BL.to(holding(subject.model)), None).float().cpu().tolist()
    return answers


def marked(subject: TorchSubject, form: str) -> Facts:
    """Facts that say in which form a model is, for which processor, and what it answers there."""
    told = {"form": form, "processor": processor(), "answers": probe_answers(subject)}
    return replace(subject.facts, compression={**subject.facts.compression, **told})


def must_answer_here(subject: TorchSubject, name: str) -> None:
    """Does nothing when a model that depends on the processor answers here as it did where it was measured.

    On another processor that answers alike a warning is logged.

    Raises:
        GateClosed: it answers otherwise.
    """
    told = subject.facts.compression
    if "answers" not in told:
        return
    task: Task = subject.task
    then, now = np.asarray(told["answers"], dtype=np.float32), np.asarray(probe_answers(subject), dtype=np.float32)
    if then.shape == now.shape and not task.apart:
        then, now = (task.probabilities(one, subject.temperature) for one in (then, now))
    worst = float(np.abs(then - now).max()) if then.shape == now.shape else float("inf")
    here, there = processor(), told.get("processor")
    again = "Compress the run that it was made of again on this machine: beside compress RUN --with quantize."
    if not worst <= PROBE_LIMIT:  # also when it is no number
        machine = "this very kind of processor" if here == there else f"a processor with {there}, and this one has {here}"
        raise GateClosed(
            f"The compressed model '{name}' does not answer as it did when it was measured, on {machine}: "
            f"a probability differs by {worst:.2g} (limit {PROBE_LIMIT:g}).",
            again,
        )
    if here != there:
        log.warning("The model '%s' was measured on %s; this is %s. Its answers to a sample agree. %s", name, there, here, again)
