"""A student begins as its teacher's layers, learns its answers, goes on after a kill, and is told apart from its teacher."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from beside.compressors.distill import compressor
from beside.core.errors import BadOption
from beside.engine import fit
from beside.engine.bench import Bench, Stock
from beside.engine.compressing import compress_model
from beside.engine.distilling import states
from beside.engine.runtime import load_subject

FEW = replace(compressor, epochs=2, learning_rate=1e-3)


def benched(stock: Stock) -> Bench:
    bench = Bench(stock, load_subject(stock.source, 1), ExitStack())
    bench.step = 1
    return bench


@pytest.mark.parametrize("layers, kept", [(0, [1, 3]), (1, [3]), (3, [0, 1, 3])])
def test_the_student_is_made_of_layers_spread_over_the_teacher_the_last_among_them(
    layers: int, kept: list[int], deep: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = benched(deep)
    layers_before = [layer.output.dense.weight.clone() for layer in bench.model.layers]
    monkeypatch.setattr(bench, "learn", lambda teacher, **how: f"{how['hidden']}")
    said = replace(FEW, layers=layers).compress(bench)
    for layer, place in zip(bench.model.layers, kept, strict=True):
        assert torch.equal(layer.output.dense.weight, layers_before[place])
    assert said.endswith(str([place + 1 for place in kept]))


def test_a_student_learns_the_answers_of_its_teacher(deep: Stock) -> None:
    far = []
    for epochs in (1, 20):
        bench = benched(replace(deep, home=deep.home / str(epochs), tune=()))
        texts = [row.text for row in deep.train]
        before = bench.subject.logits(texts)
        replace(FEW, epochs=epochs, learning_rate=3e-3).compress(bench)
        far.append(float(np.abs(bench.subject.logits(texts) - before).mean()))
    assert far[1] < 0.7 * far[0]


def test_texts_without_an_answer_are_learned_from_too(deep: Stock) -> None:
    bench = benched(replace(deep, unlabelled=("my parcel did not come", "money")))
    assert "taught by the model before on 12 rows and 2 texts without an answer" in FEW.compress(bench)


def test_a_killed_student_goes_on_and_ends_with_the_same_weights(deep: Stock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit, "CHECKPOINT_SECONDS", 0.0)  # after every step
    whole = benched(replace(deep, home=deep.home / "whole"))
    FEW.compress(whole)
    steps, step = 0, fit.Fit.one_step

    def killed(self: Any, group: Any) -> float:
        nonlocal steps
        steps += 1
        if steps == 4:
            raise RuntimeError("killed")
        return step(self, group)

    cut = replace(deep, home=deep.home / "cut")
    with monkeypatch.context() as patched:
        patched.setattr(fit.Fit, "one_step", killed)
        with pytest.raises(RuntimeError, match="killed"):
            FEW.compress(benched(cut))
    again = benched(cut)
    FEW.compress(again)
    for name, one in whole.model.state_dict().items():
        assert torch.equal(one, again.model.state_dict()[name]), name


def test_states_run_layer_by_layer_are_those_of_the_model(deep: Stock) -> None:
    model = load_subject(deep.source, 1).model
    ids_BL = torch.arange(5, 13).reshape(2, 4)
    mask_BL = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]])
    with torch.no_grad():
        found = states(model, ids_BL, mask_BL)
        assert len(found) == 5 and torch.allclose(
            found[-1][mask_BL.bool()], model.states(ids_BL, mask_BL)[mask_BL.bool()], atol=1e-6
        )


@pytest.mark.slow
def test_a_student_can_be_trimmed_before_and_quantized_after(deep: Stock, tmp_path: Path) -> None:
    from beside.core.compressing import chain_of

    (tmp_path / "made").mkdir()
    limits = ["quantize=int8_tokens", "quantize.loss=1", "quantize.flips=1", "distill.epochs=1", "trim_vocabulary.spare=0"]
    made = compress_model(tmp_path / "made", "run-toy", deep, chain_of(["trim_vocabulary", "distill", "quantize"], limits))
    assert made.told.chain == ("trim_vocabulary", "distill", "quantize") and made.told.chosen == "int8_tokens"
    assert [said.split(":")[0] for said in made.told.did] == list(made.told.chain)


def test_one_layer_has_no_smaller_student(stock: Stock, tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="would not be smaller"):
        compress_model(tmp_path, "run-toy", stock, {"distill": compressor})
