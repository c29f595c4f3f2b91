"""Pruned parts are those that matter least, the matrices are really smaller, and what is left reloads."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import MPNetConfig, MPNetModel

from beside.compressors.prune import STEP, chosen, compressor, importance
from beside.core.errors import BadOption
from beside.engine.bench import Bench, Stock
from beside.engine.compressing import compress_model
from beside.engine.model import Model, drop_unused, load_model, save_model
from beside.engine.runtime import load_subject

ASKED = ["where is my parcel", "cancel it", "refund the money"]


def other(toy: Path, folder: Path, kind: Any, config: Any) -> Path:
    """A random model of that kind, in a folder, over the toy's tokenizer."""
    _, tokens, facts = load_model(toy)
    torch.manual_seed(1)
    size = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 96}
    encoder = kind(config(vocab_size=tokens.tokenizer.get_vocab_size(), max_position_embeddings=20, pad_token_id=0, **size))
    drop_unused(encoder)
    save_model(folder, Model(encoder, 3, "mean"), tokens, facts)
    return folder


def benched(stock: Stock) -> Bench:
    bench = Bench(stock, load_subject(stock.source, 1), ExitStack())
    bench.step = 1
    return bench


def test_importance_is_the_change_of_the_loss_to_first_order(deep: Stock) -> None:
    bench = benched(replace(deep, train=deep.train[:1]))
    heads, neurons, layers = importance(bench, 1)
    assert [len(one) for one in heads] == [4] * 4 and [len(one) for one in neurons] == [96] * 4 and len(layers) == 4
    layer, at = bench.model.layers[1], int(np.argmax(neurons[1]))
    with torch.no_grad():
        before = float(next(iter(bench.losses(1))))
        layer.output.dense.weight[:, at] *= 1 - 1e-2  # a hundredth of the neuron taken out
        after = float(next(iter(bench.losses(1))))
    assert abs(abs(after - before) / 1e-2 - neurons[1][at]) < 0.1 * neurons[1][at] + 1e-4


@given(
    st.lists(st.lists(st.floats(0, 9), min_size=64, max_size=64), min_size=1, max_size=4),
    st.floats(0, 0.95),
    st.sampled_from([1, STEP]),
)
def test_what_stays_is_the_most_important_of_each_layer_and_never_nothing(
    found: list[list[float]], share: float, step: int
) -> None:
    kept = chosen([np.array(one) for one in found], share, step)
    for one, some in zip(found, kept, strict=True):
        assert some == sorted(set(some)) and len(some) % step == 0 and some
        gone = [one[at] for at in range(64) if at not in some]
        assert not gone or min(one[at] for at in some) >= max(gone)


def test_without_a_share_everything_stays(deep: Stock) -> None:
    bench = benched(deep)
    before = bench.subject.logits(ASKED)
    replace(compressor, neurons=0, heads=0, epochs=0).compress(bench)
    assert np.array_equal(bench.subject.logits(ASKED), before) and not bench.subject.facts.compression


def test_parts_that_do_nothing_go_first_and_no_answer_changes(deep: Stock) -> None:
    bench = benched(deep)
    with torch.no_grad():
        for layer in bench.model.layers:
            layer.output.dense.weight[:, 32:] = 0  # these neurons speak to nobody
            layer.attention.output.dense.weight[:, :8] = 0  # nor does the first head
    before = bench.subject.logits(ASKED)
    said = replace(compressor, neurons=2 / 3, heads=0.25, epochs=0).compress(bench)
    shapes = bench.subject.facts.compression["layers"]
    assert shapes == [{"heads": 3, "neurons": 32}] * 4 and "without recovery" in said
    assert np.abs(bench.subject.logits(ASKED) - before).max() < 1e-5


@pytest.mark.slow
def test_a_pruned_model_is_smaller_and_reloads_with_its_shapes(deep: Stock, tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    chain = {"prune": replace(compressor, neurons=0.5, heads=0.5, layers=1, epochs=1)}
    made = compress_model(tmp_path / "made", "run-toy", deep, chain)  # the truth test is inside
    model, _, facts = load_model(tmp_path / "made")
    assert len(model.layers) == 3 == len(facts.compression["layers"])
    assert made.parameters == sum(one.numel() for one in model.parameters())
    assert made.told.against_parent.size < made.told.parent_size and "taught by the model before" in made.told.did[0]


def test_a_base_whose_layers_are_not_known_is_refused(stock: Stock, tmp_path: Path) -> None:
    unknown = replace(stock, source=other(stock.source, tmp_path / "mpnet", MPNetModel, MPNetConfig))
    with pytest.raises(BadOption, match="its layers are not known"):
        compress_model(tmp_path, "run-toy", unknown, {"prune": compressor})


def test_a_private_model_is_not_shown_its_rows_again(stock: Stock, tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="promise of privacy"):
        compress_model(tmp_path, "run-toy", replace(stock, private=True), {"prune": compressor})


def test_more_layers_than_there_are_cannot_be_taken_out(stock: Stock, tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="it has 1 layers, and 1 would be taken out"):
        compress_model(tmp_path, "run-toy", stock, {"prune": replace(compressor, layers=1)})
