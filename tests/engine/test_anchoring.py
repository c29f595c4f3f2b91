"""The anchor: what a base made of a text stays, while it learns to guess words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from beside.core.interfaces import Silent
from beside.core.pretraining import Pretraining
from beside.engine.anchoring import Anchor, means
from beside.engine.checkpoint import Checkpoint
from beside.engine.masked import MaskedModel, start
from beside.engine.pretraining import pretrain_model

SMALL = {"layers": 1, "width": 64, "vocabulary": 300, "epochs": 8, "learning_rate": 3e-3, "max_length": 64, "threads": 1}


@pytest.fixture
def texts(messages: Any) -> list[str]:
    return [text for text, _ in messages(120)]


@pytest.fixture
def vectors(texts: list[str], tmp_path: Path) -> Callable[..., torch.Tensor]:
    """`vectors(knobs...)`: what a base trained with these knobs makes of the texts, (N, H)."""

    def found(**knobs: Any) -> torch.Tensor:
        name = "-".join(f"{key}{value}" for key, value in knobs.items())
        recipe, folder = Pretraining(**{**SMALL, **knobs}), tmp_path / name
        pretrain_model(folder, texts, recipe, checkpoint=Checkpoint(tmp_path / f"c{name}"), resume=False, progress=Silent())
        return of(AutoModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder), texts)

    return found


def of(encoder: Any, tokenizer: Any, texts: list[str]) -> torch.Tensor:
    rows = tokenizer(texts, return_tensors="pt", padding=True)
    with torch.no_grad():
        return means(encoder(input_ids=rows["input_ids"], attention_mask=rows["attention_mask"])[0], rows["attention_mask"])


def alike(one: torch.Tensor, other: torch.Tensor) -> float:
    """How well which texts are near which agrees: correlation of the two tables of cosines."""
    tables = [torch.nn.functional.normalize(made - made.mean(0), dim=1) for made in (one, other)]
    return float(np.corrcoef(*((made @ made.T).flatten().numpy() for made in tables))[0, 1])


def test_texts_stay_as_near_to_each_other_as_their_words_made_them(texts: list[str], vectors: Any, tmp_path: Path) -> None:
    network, tokenizer = start(Pretraining(**SMALL), texts, tmp_path / "tokenizer.json")
    rows = [torch.tensor([encoding.ids]) for encoding in tokenizer.encode_batch(texts)]
    with torch.no_grad():
        before = torch.cat([network.base_model.eval()(input_ids=ids)[0].mean(dim=1) for ids in rows])
    held, free = alike(before, vectors(anchor=10.0)), alike(before, vectors(anchor=0.0))
    assert held > 0.9 and held > free + 0.05


def test_an_anchor_at_rest_pays_nothing_and_a_moved_one_does(texts: list[str], tmp_path: Path) -> None:
    network, tokenizer = start(Pretraining(**SMALL), texts, tmp_path / "tokenizer.json")
    model = MaskedModel(network)
    rows = [np.array(encoding.ids, dtype=np.int32) for encoding in tokenizer.encode_batch(texts)]
    anchor, some = Anchor(model, rows, 0, 512), np.arange(8)
    assert float(anchor.apart(some, anchor.means_NH[:8])) == pytest.approx(0, abs=1e-6)
    assert float(anchor.apart(some, anchor.means_NH[8:16])) > 0.2


def test_padding_does_not_count() -> None:
    states = torch.randn(2, 3, 4)
    mask = torch.tensor([[1, 1, 0], [1, 1, 1]])
    assert torch.allclose(means(states, mask)[0], states[0, :2].mean(0))
    assert torch.allclose(means(states, None), states.mean(1))
