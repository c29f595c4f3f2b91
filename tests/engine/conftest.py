"""Tiny models and trainings: random weights, a handful of rows, built on the spot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModel, BertConfig, ElectraConfig, PreTrainedModel, RobertaConfig

from beside.core.federation import must_federate
from beside.core.interfaces import Silent
from beside.core.recipe import Recipe
from beside.core.registry import load
from beside.core.types import Example
from beside.engine.checkpoint import Checkpoint
from beside.engine.federate import Rounds, plan
from beside.engine.feed import Feed, Vectors
from beside.engine.fit import Fit, Rows
from beside.engine.keeping import Keeping
from beside.engine.model import HEAD, Model, drop_unused
from beside.engine.private import PrivateFit
from beside.engine.shared import shared
from beside.engine.site import Site

CONFIGS = {"bert": BertConfig, "roberta": RobertaConfig, "electra": ElectraConfig}
SIZE = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 32, "vocab_size": 60}
LABELS = ("no", "yes")


def encoder_of(kind: str = "bert", dropout: float = 0.0, **settings: Any) -> PreTrainedModel:
    """A random encoder of three narrow layers; `settings` override its configuration."""
    torch.manual_seed(0)
    given = {
        **SIZE,
        "max_position_embeddings": 40,
        "hidden_dropout_prob": dropout,
        "attention_probs_dropout_prob": dropout,
        **settings,
    }
    if kind == "electra":
        given.setdefault("embedding_size", given["hidden_size"])
    encoder = AutoModel.from_config(CONFIGS[kind](**given))
    drop_unused(encoder)
    return encoder


@pytest.fixture
def make_encoder() -> Callable[..., PreTrainedModel]:
    return encoder_of


@pytest.fixture
def make_model() -> Callable[..., Model]:
    """`make_model(kind, outputs=, pooling=, frozen=, dropout=)`: a tiny random model."""

    def made(kind: str = "bert", outputs: int = 2, pooling: str = "mean", frozen: int = 0, **settings: Any) -> Model:
        encoder = encoder_of(kind, **settings)
        torch.manual_seed(1)
        return Model(encoder, outputs, pooling, frozen)

    return made


@pytest.fixture
def make_fit(make_model: Callable[..., Model], tmp_path: Path) -> Callable[..., Fit]:
    """`make_fit(rows=, model=, recipe settings...)`: a training of a tiny model on rows that a glance tells apart."""

    def made(
        rows: int = 40,
        model: Model | None = None,
        evaluate: Callable[[Model], dict[str, float]] | None = None,
        weights_K: torch.Tensor | None = None,
        folder: str = "checkpoint",
        dropout: float = 0.0,
        method: str = "full",
        targets: list[str] | None = None,
        **settings: Any,
    ) -> Fit:
        trained = model or make_model(dropout=dropout)
        given = {"epochs": 2, "batch_size": 8, "learning_rate": 1e-3, "head_learning_rate": 1e-2, "threads": 1, **settings}
        torch.manual_seed(2)
        return Fit(
            trained,
            load("methods", method).attach(trained),
            rows_of(trained, rows, targets),
            task=load("tasks", "classify"),
            labels=LABELS,
            weights_K=weights_K,
            evaluate=evaluate,
            recipe=Recipe(**given),
            checkpoint=Checkpoint(tmp_path / folder),
            progress=Silent(),
        )

    return made


def rows_of(model: Model, count: int, targets: list[str] | None = None) -> Rows:
    """Rows of 4 to 12 tokens; those of `yes` hold the tokens 40 to 59, those of `no` 10 to 29."""
    rng = np.random.default_rng(3)
    ids = [
        rng.integers(40 if place % 2 else 10, 60 if place % 2 else 30, rng.integers(4, 13)).astype(np.int32)
        for place in range(count)
    ]
    return Rows(feed=Feed(model, ids, 0), targets=targets or [LABELS[place % 2] for place in range(count)])


@pytest.fixture
def mean_loss() -> Callable[[Fit], float]:
    """Mean loss of a training's model on its own rows, without dropout."""

    def measured(fit: Fit) -> float:
        fit.model.eval()
        with torch.no_grad():
            logits = fit.rows.feed.logits(np.arange(len(fit.rows.targets)))
            return float(fit.task.loss(logits, fit.targets_N, None, 0.0))

    return measured


@pytest.fixture
def make_private(make_model: Callable[..., Model], tmp_path: Path) -> Callable[..., PrivateFit]:
    """`make_private(rows=, method=, kind=, persons=, recipe settings...)`: a private training of a tiny model."""

    def made(
        rows: int = 40,
        method: str = "full",
        kind: str = "bert",
        frozen: int = 0,
        dropout: float = 0.0,
        folder: str = "checkpoint",
        persons: list[str | None] | None = None,
        evaluate: Callable[[Model], dict[str, float]] | None = None,
        **settings: Any,
    ) -> PrivateFit:
        model, rng = make_model(kind, frozen=frozen, dropout=dropout), np.random.default_rng(3)
        given = {"epochs": 2, "batch_size": 8, "learning_rate": 1e-3, "head_learning_rate": 1e-2, "threads": 1, "epsilon": 4.0}
        recipe = Recipe(**{**given, "method": method, "precision": "fp32", **settings})
        attach = load("methods", method)
        names = (attach.configured(recipe) if hasattr(attach, "configured") else attach).attach(model) or list(HEAD)
        # few words, so that many come twice in a row
        ids = [
            rng.integers(5 + 20 * (place % 2), 20 + 20 * (place % 2), rng.integers(4, 13)).astype(np.int32) for place in range(rows)
        ]
        feed = Feed(model, ids, 0)
        torch.manual_seed(2)
        return PrivateFit(
            model,
            names,
            Rows(feed=Vectors(feed) if method == "probe" else feed, targets=[LABELS[p % 2] for p in range(rows)], persons=persons),
            task=load("tasks", "classify"),
            labels=LABELS,
            weights_K=None,
            evaluate=evaluate,
            recipe=recipe,
            checkpoint=Checkpoint(tmp_path / folder),
            progress=Silent(),
        )

    return made


INTENTS = ("cancel", "deliver", "refund")


class Here:
    """Sites in this process; `lost` are gone before they answer."""

    def __init__(self, folder: Path, parts: Mapping[str, Sequence[Example]]) -> None:
        self.folder, self.parts = folder, parts
        self.sites: dict[str, Site] = {}
        self.lost: set[str] = set()
        self.asked: list[bytes] = []
        self.said: list[bytes] = []
        self.change: Callable[[str, bytes], bytes] = lambda name, answer: answer

    def open(self, plan: bytes, limit: int) -> None:
        self.sites = {name: Site(name, plan, rows, self.folder / name, Silent()) for name, rows in self.parts.items()}

    def gathered(self, fewest: int) -> list[str]:
        return sorted(self.parts)

    def ask(self, messages: Mapping[str, bytes]) -> dict[str, bytes]:
        found = {name: self.sites[name].answer(message) for name, message in messages.items() if name not in self.lost}
        self.asked += messages.values()
        self.said += found.values()
        return {name: self.change(name, answer) for name, answer in found.items()}


@pytest.fixture
def labelled(messages: Any) -> list[Example]:
    return [Example(id=str(place), text=text, target=label) for place, (text, label) in enumerate(messages(90))]


@pytest.fixture
def federated_recipe(tiny_base: Path) -> Recipe:
    given = {"base": str(tiny_base), "method": "full", "rounds": 3, "batch_size": 8, "learning_rate": 3e-3, "threads": 1}
    return Recipe(
        **{
            **given,
            "head_learning_rate": 1e-2,
            "precision": "fp32",
            "device": "cpu",
            "dropout": 0.0,
            "max_length": 24,
            "pooling": "mean",
        }
    )


@pytest.fixture
def federated(tmp_path: Path, labelled: list[Example], federated_recipe: Recipe) -> Callable[..., tuple[Rounds, Here]]:
    """`federated({"a": rows, ...}, recipe settings..., resume=)`: a federation before its rounds."""

    def made(
        parts: Mapping[str, Sequence[Example]], folder: str = "state", fewest: int = 1, resume: bool = False, **settings: Any
    ) -> tuple[Rounds, Here]:
        asked = must_federate(federated_recipe.model_copy(update=settings))
        texts, targets = [row.text for row in labelled], [str(row.target) for row in labelled]
        common = shared(texts, targets, INTENTS, "classify", asked, tmp_path, Silent())
        sites = Here(tmp_path, parts)
        sites.open(plan(common, INTENTS, "classify"), 0)
        keeping = Keeping(checkpoint=Checkpoint(tmp_path / folder), resume=resume, progress=Silent())
        return Rounds(common, sites, [], len(parts), fewest, keeping), sites

    return made
