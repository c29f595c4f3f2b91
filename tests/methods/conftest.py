"""A tiny encoder with attached parts, and whole trainings of a tiny base."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModel, BertConfig, DistilBertConfig, MPNetConfig, RobertaConfig

from beside.core.recipe import Recipe
from beside.core.types import Example
from beside.engine import truth
from beside.engine.checkpoint import Checkpoint
from beside.engine.keeping import Keeping
from beside.engine.model import Model, drop_unused
from beside.engine.runtime import load_subject
from beside.engine.training import Trained, train_model

CONFIGS = {"bert": BertConfig, "roberta": RobertaConfig, "mpnet": MPNetConfig}
LABELS = ("cancel", "deliver", "refund")


class Heard:
    """Progress that remembers what it was told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    def step(self, stage: str, done: int, total: int, note: str = "") -> None:
        pass


def model_of(kind: str = "bert", frozen: int = 0, outputs: int = 3) -> Model:
    torch.manual_seed(0)
    if kind == "distilbert":
        config: Any = DistilBertConfig(vocab_size=60, max_position_embeddings=40, dim=16, n_layers=2, n_heads=2, hidden_dim=32)
    else:
        size = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32, "vocab_size": 60}
        config = CONFIGS[kind](max_position_embeddings=40, **size)
    encoder = AutoModel.from_config(config)
    drop_unused(encoder)
    return Model(encoder, outputs, "mean", frozen).eval()


@pytest.fixture
def make_model() -> Callable[..., Model]:
    """`make_model(kind, frozen=, outputs=)`: a random encoder of two narrow layers, in evaluation mode."""
    return model_of


@pytest.fixture
def batch() -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and mask of four rows, two of them padded."""
    ids = torch.from_numpy(np.random.default_rng(0).integers(5, 60, (4, 9)))
    mask = torch.ones_like(ids)
    mask[1, 6:], mask[3, 3:] = 0, 0
    return ids, mask


@pytest.fixture
def train(tmp_path: Path, messages: Any, tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """`train(recipe settings..., rows=, name=, resume=)`: what a training leaves, what it said, and its model folder."""
    # the truth test without the seconds of a fresh process; `test_saved_and_loaded.py` takes the real one
    monkeypatch.setattr(truth, "fresh_logits", lambda folders, texts: [load_subject(folder).logits(texts) for folder in folders])

    def trained(rows: int = 45, name: str = "m", resume: bool = False, **settings: Any) -> tuple[Trained, Heard, Path]:
        both = [*messages(rows, 0), *messages(rows, 1)]
        examples = [Example(id=str(place), text=text, target=label) for place, (text, label) in enumerate(both)]
        given = {"base": str(tiny_base), "epochs": 2, "pooling": "mean", "threads": 1, **settings}
        heard = Heard()
        keeping = Keeping(checkpoint=Checkpoint(tmp_path / f"checkpoint-{name}"), resume=resume, progress=heard)
        found = train_model(tmp_path / name, examples[:rows], examples[rows:], LABELS, "classify", Recipe(**given), keeping)
        return found, heard, tmp_path / name

    return trained
