"""A workspace with a trained run that has tune rows: what compression needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from beside.core.interfaces import Silent
from beside.core.recipe import Recipe
from beside.core.types import Actor, Corpus, Example, Run
from beside.engine.bench import Stock
from beside.loop import Loop
from beside.store.workspace import Workspace

LABELS = ("cancel", "deliver", "refund")
TEXTS = {
    "cancel": ["please cancel my order", "i want to cancel it", "cancel the subscription now", "stop and cancel everything"],
    "deliver": ["where is my parcel", "the parcel did not arrive", "when will my parcel come", "my parcel is late"],
    "refund": ["i want my money back", "give me a refund of the money", "refund the money please", "money back for this"],
}
ROWS = [Example(id=f"row-{text}", text=text, target=label) for label in LABELS for text in TEXTS[label]]
TUNE = [Example(id=f"tune-{text}", text=f"please, {text}", target=label) for label in LABELS for text in TEXTS[label]]
RECIPE = Recipe(base="scratch", method="full", epochs=1, batch_size=4, learning_rate=1e-3, max_length=16, threads=1)


@contextmanager
def room(name: str) -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture
def stock(toy_model: Path, tmp_path: Path) -> Stock:
    """The toy model with its rows, ready for a bench."""
    return Stock(
        source=toy_model, train=ROWS, tune=TUNE, unlabelled=(), recipe=RECIPE, private=False, home=tmp_path / "home", room=room,
        threads=1, progress=Silent(),
    )  # fmt: skip


@pytest.fixture
def deep(stock: Stock, toy_model: Path, tmp_path: Path) -> Stock:
    """The same rows with a random model of four layers, four heads and 96 neurons each."""
    import torch
    from transformers import BertConfig, BertModel

    from beside.engine.model import Model, drop_unused, load_model, save_model

    _, tokens, facts = load_model(toy_model)
    torch.manual_seed(1)
    words = tokens.tokenizer.get_vocab_size()
    size = {"hidden_size": 32, "num_hidden_layers": 4, "num_attention_heads": 4, "intermediate_size": 96}
    encoder = BertModel(BertConfig(vocab_size=words, max_position_embeddings=20, pad_token_id=0, **size))
    drop_unused(encoder)
    save_model(tmp_path / "deep", Model(encoder, 3, "mean"), tokens, facts)
    return replace(stock, source=tmp_path / "deep")


@pytest.fixture(scope="session")
def make_loop(toy_model: Path) -> Callable[[Path], tuple[Loop, Run]]:
    """A loop over a workspace of its own, and a run in it."""
    from beside.store.rows import write_rows

    def made(folder: Path) -> tuple[Loop, Run]:
        workspace, now = Workspace.open(folder), datetime.now(UTC)
        loop = Loop(workspace, Actor(name="olga", roles=("admin",)))
        with workspace.artifacts.new_file() as new:
            test = [Example(id=f"test-{row.text}", text=f"{row.text} now", target=row.target) for row in ROWS]
            write_rows(
                new.path, [*(("train", row) for row in ROWS), *(("tune", row) for row in TUNE), *(("test", row) for row in test)]
            )
        corpus = Corpus(
            id="corpus-toy", name="toy", task="classify", labels=LABELS, splits={"train": 12, "tune": 12, "test": 12},
            examples=new.id, made_at=now,
        )  # fmt: skip
        run = Run(
            id="run-toy", corpus_id=corpus.id, recipe=RECIPE, model=workspace.artifacts.put_folder(toy_model), scores={},
            trainable=99, parameters=9999, truncated=0, seed=0, seconds=1.0, versions={}, made_at=now,
        )  # fmt: skip
        workspace.records.add_corpus(loop.actor, corpus)
        workspace.records.add_run(loop.actor, run)
        return loop, run

    return made
