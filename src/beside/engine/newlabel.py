"""One more label for a trained model, without training: a row of the head from the mean of its texts.

The direction of the new row is the class mean, as in prototypical networks (Snell et al. 2017) and imprinting (Qi et al. 2018).
Its steepness and bias are solved so that it neither drowns the other labels nor drowns among them. What the model says of the
other labels does not change: their scores stay as they were.

Suffixes: N rows, M texts of the new label, H hidden size, K labels so far.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from scipy.optimize import minimize
from scipy.special import expit, logsumexp
from torch import nn

from beside.core.errors import BadInput
from beside.core.interfaces import Progress
from beside.core.types import Example
from beside.engine.model import save_model
from beside.engine.runtime import TRUTH_TEXTS, TorchSubject, load_subject
from beside.engine.truth import prove

ROWS_PER_LABEL = 50  # training rows of each label that the new one is weighed against: enough for two numbers
PRIOR = 1.0  # standard deviation of the log steepness around the head's own


def widen(
    source: Path, target: Path, label: str, texts: Sequence[str], known: Sequence[Example], threads: int | None, progress: Progress
) -> TorchSubject:
    """The model in `source` with one more label, saved in `target` and proved to reload.

    Args:
        label: its place among the labels is the alphabetical one.
        texts: of the new label, two at least.
        known: training rows of the other labels.
        threads: as in the training.

    Raises:
        BadInput: the model does not choose one label among several.
        GateClosed: the saved model does not answer like the one in memory.
        StorageFailed: the disk does not take it.
    """
    subject = load_subject(source, threads)
    if subject.facts.compression.get("form"):
        raise BadInput("The model was compressed to a form that is final.", "Add the label to its parent, then compress that run.")
    if not hasattr(subject.task, "log_probabilities") or subject.model.head.out_features != len(subject.labels):
        raise BadInput(f"The task '{subject.facts.task}' does not choose one label among several.", "Train it anew with the label.")
    rows = sample(known)
    progress.say(f"Placing '{label}' by {len(texts)} texts among {len(rows)} training rows of {len(subject.labels)} labels.")
    asked = [example.text for example in rows]
    weight_H, bias = new_row(
        subject.embed(texts), subject.embed(asked), subject.logits(texts), subject.logits(asked), typical(subject.model.head)
    )
    labels = tuple(sorted([*subject.labels, label]))
    put(subject.model.head, labels.index(label), weight_H, bias)
    subject.facts = replace(subject.facts, labels=labels)
    subject.labels = labels
    save_model(target, subject.model, subject.tokens, subject.facts)
    prove(target, subject, [*texts, *asked][:TRUTH_TEXTS], progress)
    return subject


def sample(known: Sequence[Example]) -> list[Example]:
    """The first rows of each label, so that frequent ones do not speak for all."""
    seen: dict[str, int] = {}
    chosen = []
    for example in known:
        seen[str(example.target)] = seen.get(str(example.target), 0) + 1
        if seen[str(example.target)] <= ROWS_PER_LABEL:
            chosen.append(example)
    return chosen


def typical(head: nn.Linear) -> float:
    """The mean length of the head's rows."""
    return float(head.weight.detach().norm(dim=1).mean())


def new_row(
    own_MH: np.ndarray, others_NH: np.ndarray, own_MK: np.ndarray, others_NK: np.ndarray, steepness: float
) -> tuple[np.ndarray, float]:
    """Weight (H,) and bias of the new label's row.

    Two numbers are solved, steepness and bias, by the likelihood of new and known rows, each kind weighing half; a text of the new
    label is measured against the mean of the others of its label, not against a mean that it is part of.

    Args:
        own_MH: embeddings of the new label's texts; own_MK their scores so far.
        others_NH: embeddings of known rows; others_NK their scores so far.
        steepness: length of a row that is usual in this head.
    """
    towards_H = unit(own_MH.mean(axis=0))
    without = unit((own_MH.sum(axis=0) - own_MH) / max(1, len(own_MH) - 1)) if len(own_MH) > 1 else own_MH
    own_M, others_N = (own_MH * without).sum(axis=1), others_NH @ towards_H
    rest_M, rest_N = logsumexp(own_MK, axis=1), logsumexp(others_NK, axis=1)

    def loss(point: np.ndarray) -> tuple[float, np.ndarray]:
        scale = np.exp(point[0]) * steepness
        margin_M, margin_N = scale * own_M + point[1] - rest_M, scale * others_N + point[1] - rest_N
        wrong_M, wrong_N = -expit(-margin_M), expit(margin_N)
        value = np.logaddexp(0, -margin_M).mean() + np.logaddexp(0, margin_N).mean() + (point[0] / PRIOR) ** 2 / 2 / len(own_M)
        steeper = scale * ((wrong_M * own_M).mean() + (wrong_N * others_N).mean()) + point[0] / PRIOR**2 / len(own_M)
        return float(value), np.array([steeper, wrong_M.mean() + wrong_N.mean()])

    found = minimize(loss, np.zeros(2), jac=True, method="L-BFGS-B", bounds=[(-4, 4), (None, None)]).x
    return (np.exp(found[0]) * steepness * towards_H).astype(np.float32), float(found[1])


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors at unit length, along the last axis."""
    shortest: np.ndarray = np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
    return vectors / shortest


def put(head: nn.Linear, place: int, weight_H: np.ndarray, bias: float) -> None:
    """Inserts a row into a linear head, in place."""
    row, one = torch.from_numpy(weight_H)[None].to(head.weight), torch.tensor([bias]).to(head.bias)
    with torch.no_grad():
        weight, biases = head.weight, head.bias
        head.weight = nn.Parameter(torch.cat([weight[:place], row, weight[place:]]))
        head.bias = nn.Parameter(torch.cat([biases[:place], one, biases[place:]]))
    head.out_features += 1
