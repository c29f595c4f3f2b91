"""The model that coordinator and sites have in common: built alike at each, and what of it learns and travels."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from beside.core.defending import must_defend
from beside.core.errors import BadInput, BadOption
from beside.core.interfaces import Method, Progress, Task
from beside.core.pairs import is_pair
from beside.core.recipe import Recipe
from beside.core.registry import load
from beside.engine.attaching import chosen
from beside.engine.building import build
from beside.engine.devices import device_of
from beside.engine.model import Facts, Model
from beside.engine.runtime import TorchSubject

Update = dict[str, np.ndarray]
HEAD = ("head.weight", "head.bias")
OWN = {"threads": None, "device": "auto", "precision": None, "gradient_checkpointing": None}  # each site's machine has its own


@dataclass(frozen=True, kw_only=True)
class Added:
    """What a round gave."""

    update: Update  # the mean of the sites' updates by their weights: the step of the common model, before noise
    sites: tuple[str, ...]  # whose updates are in it
    rows: int
    loss: float | None  # mean per row on the way, in nats; None where sites promise their privacy
    weight: float  # sum of the weights


@dataclass(frozen=True, kw_only=True)
class Shared:
    """A model before its first round."""

    subject: TorchSubject
    method: Method
    names: tuple[str, ...]  # of what learns: this, and nothing else of the model, travels
    recipe: Recipe  # every automatic knob filled in
    task: Task
    truncated: int  # rows that lose their end
    base: str  # SHA-256 of what does not travel: it must be the same everywhere


def shared(
    texts: list[str],
    targets: Sequence[str],
    labels: tuple[str, ...],
    task_name: str,
    recipe: Recipe,
    folder: Path,
    progress: Progress,
) -> Shared:
    """The model of a recipe, untrained.

    Args:
        texts: of this place: open knobs are chosen from them. At a site none is open but those of its machine.
        folder: of this training.

    Raises:
        BadInput, BadOption, UnreadableText: as `engine/building.py` tells; or the task fits something to the rows beforehand.
    """
    task: Task = load("tasks", task_name)
    if task.writes or task.ranks or task.ready(targets, labels).settings():
        raise BadOption(
            f"Cannot train the task '{task_name}' in a federation: it fits the answers' scale, or words, to the rows of one place.",
            "Tasks whose answers are labels can.",
        )
    model, tokens, filled, cut = build(recipe, texts, labels, folder, progress, task.outputs(labels), task)
    facts = Facts(
        task=task_name, labels=labels, pooling=model.pooling, max_length=tokens.max_length, pairs=any(map(is_pair, texts))
    )
    method = chosen(filled)
    must_defend(filled, task, task_name, steps=True, by_pairs=False)
    learning = set(method.attach(model)) or set(HEAD)
    names = tuple(name for name, _ in model.named_parameters() if name in learning and not is_vocabulary(model, name))
    model.to(device_of(filled.device))
    subject = TorchSubject(model, tokens, facts)
    return Shared(
        subject=subject, method=method, names=names, recipe=filled, task=task, truncated=cut, base=fingerprint(model, names)
    )


def is_vocabulary(model: Model, name: str) -> bool:
    """Whether a parameter is the table of word vectors: which of them moved would tell which words a site's text has."""
    table = model.encoder.get_input_embeddings()
    return any(own is dict(model.named_parameters())[name] for own in table.parameters())


def fingerprint(model: Model, names: Sequence[str]) -> str:
    """SHA-256 of every tensor that does not travel."""
    found, travels = hashlib.sha256(), set(names)
    for name, tensor in sorted(model.state_dict().items()):
        if name not in travels:
            found.update(name.encode())
            found.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()


def numbers(model: Model, names: Sequence[str]) -> dict[str, np.ndarray]:
    """A copy of the named parameters, float32."""
    there = dict(model.named_parameters())
    return {name: there[name].detach().cpu().float().numpy().copy() for name in names}


@torch.no_grad()
def put(model: Model, values: Mapping[str, np.ndarray]) -> None:
    """Sets the named parameters."""
    there = dict(model.named_parameters())
    for name, value in values.items():
        there[name].copy_(torch.from_numpy(value))


def checked(tensors: Mapping[str, np.ndarray], like: Mapping[str, np.ndarray], whose: str) -> dict[str, np.ndarray]:
    """The tensors in the order of `like`.

    Raises:
        BadInput: names, shapes or kinds differ, or a number is none.
    """
    if set(tensors) != set(like):
        odd = sorted(set(tensors) ^ set(like))[:3]
        raise BadInput(f"What {whose} sent does not fit the model: {', '.join(odd)}.", "Both ends must run the same version.")
    for name, tensor in tensors.items():
        if tensor.shape != like[name].shape or tensor.dtype != like[name].dtype or not np.isfinite(tensor).all():
            raise BadInput(f"What {whose} sent as {name} does not fit the model.", "Lower learning_rate, or look at that site.")
    return {name: tensors[name] for name in like}


def for_sites(recipe: Recipe) -> Recipe:
    """The recipe as it travels: what each site's machine chooses for itself is left open."""
    return recipe.model_copy(update=OWN)


def of_round(recipe: Recipe, number: int, site: str) -> Recipe:
    """What a site trains in a round, counted from 0: the step size of the round, an order of rows of its own.

    With schedule=linear the step size falls from round to round; within one it stays, after a short warm-up for Adam's moments.
    """
    left = 1 - number / recipe.rounds if recipe.schedule == "linear" else 1.0
    assert recipe.learning_rate is not None and recipe.head_learning_rate is not None  # filled in by the coordinator
    seed = int.from_bytes(hashlib.sha256(f"{recipe.seed}/{number}/{site}".encode()).digest()[:4], "big")
    rates = {"learning_rate": recipe.learning_rate * left, "head_learning_rate": recipe.head_learning_rate * left}
    return recipe.model_copy(update={"epochs": recipe.local_epochs, "schedule": "constant", "seed": seed, **rates})
