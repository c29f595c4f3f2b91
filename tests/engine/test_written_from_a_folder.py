"""A pretrained language model from a folder: training starts from its weights, and what it learned is there after a reload."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

from beside.core.interfaces import Silent
from beside.core.recipe import Recipe
from beside.core.types import Example
from beside.engine import truth
from beside.engine.checkpoint import Checkpoint
from beside.engine.keeping import Keeping
from beside.engine.runtime import load_subject
from beside.engine.training import Trained, train_model
from beside.engine.writer_bases import END, PAD, train_bytes

ROWS = [
    Example(id=f"{thing}-{told}", text=f"where is my {thing} {told}", target=f"the {thing} is {answer}")
    for thing, answer in (("card", "in the post"), ("loan", "granted"), ("parcel", "at the door"))
    for told in ("please", "now", "今天")
]


@pytest.fixture(params=["gpt2", "t5"])
def base(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder as the library saves it; its weights are larger than fresh ones, to be told from them."""
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=train_bytes([part for row in ROWS for part in (row.text, str(row.target))]), eos_token=END, pad_token=PAD
    )
    torch.manual_seed(0)
    if request.param == "gpt2":
        known = {"bos_token_id": tokenizer.eos_token_id, "eos_token_id": tokenizer.eos_token_id, "initializer_range": 0.1}
        model = GPT2LMHeadModel(GPT2Config(vocab_size=len(tokenizer), n_positions=64, n_embd=32, n_layer=2, n_head=2, **known))
    else:
        size = {"d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 2, "num_heads": 2, "decoder_start_token_id": 0}
        ids = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
        model = T5ForConditionalGeneration(T5Config(vocab_size=len(tokenizer), **size, **ids))
    model.save_pretrained(tmp_path / "base")
    tokenizer.save_pretrained(tmp_path / "base")
    return tmp_path / "base"


def trained(folder: Path, base: Path, **given: object) -> Trained:
    """A training with the truth test, from the folder."""
    recipe = Recipe(base=str(base), threads=1, batch_size=3, precision="fp32", **given)
    keeping = Keeping(checkpoint=Checkpoint(folder.with_suffix(".checkpoint")), progress=Silent())
    return train_model(folder, ROWS, ROWS[:3], (), "generate", recipe, keeping)


def test_one_step_moves_the_weights_of_the_folder_a_little(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # the process of the truth test takes longer than all the rest, and the next test runs it
    monkeypatch.setattr(truth, "fresh_logits", lambda folders, texts: [load_subject(one).logits(texts) for one in folders])
    trained(tmp_path / "model", base, method="full", epochs=1, learning_rate=1e-6)
    before, after = load_file(base / "model.safetensors"), load_file(tmp_path / "model" / "model.safetensors")
    moved = []
    for name, was in before.items():
        same = [now for now in after if now.endswith(name) and after[now].shape == was.shape]
        assert same, f"{name} of the folder is not in the saved model"
        moved.append((after[same[0]] - was).abs().max().item())
    assert 0 < max(moved) < 1e-4, "trained from the folder's weights, not from fresh ones"


@pytest.mark.slow
@pytest.mark.parametrize(("method", "rate", "most"), [("full", 5e-3, 0.5), ("lora", 3e-2, 0.8)])
def test_it_learns_to_answer_and_answers_so_after_a_reload(
    base: Path, tmp_path: Path, method: str, rate: float, most: float
) -> None:
    found = trained(tmp_path / "model", base, method=method, epochs=20, learning_rate=rate)
    losses = [row["loss"] for row in found.history]
    assert losses[-1] < most * losses[0], losses  # LoRA has random weights to work on here, and learns less
    answered = load_subject(tmp_path / "model", 1).predict([row.text for row in ROWS])
    if method == "full":
        assert found.scores["rouge_l"] > 0.5, found.scores
        assert answered[0].split()[0] == "the"
