"""int8 forms answer like the model within their promise, are chosen by measurement, and refused when they cost answers."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

from beside.compressors._onnx_by_token import by_token
from beside.compressors._onnx_int8 import channels_of, int8, ranges_of, read_graph, write_graph
from beside.compressors.quantize import AUTO, compressor
from beside.core.compressing import Interval, Measured
from beside.core.errors import BadOption, GateClosed
from beside.engine import bench as benches
from beside.engine.bench import Bench, Stock, refusal
from beside.engine.compressing import compress_model
from beside.engine.graph import GRAPH, Graph
from beside.engine.model import save_model
from beside.engine.runtime import load_subject

ASKED = ["where is my parcel", "cancel", "i want the refund of my money back", "stop it now please"]


def made(stock: Stock, form: str, folder: Path) -> Graph:
    """The toy in one form, as a graph."""
    with ExitStack() as rooms:
        bench = Bench(stock, load_subject(stock.source, 1), rooms)
        folder.mkdir(exist_ok=True)
        compressor.make(bench, form, folder)
    return Graph((folder / GRAPH).read_bytes(), 3, 32, threads=1)


@pytest.mark.parametrize("form", [form for form in AUTO if form.startswith("int8")])
def test_an_int8_form_answers_like_the_model(form: str, stock: Stock, tmp_path: Path) -> None:
    subject = load_subject(stock.source, 1)
    before = subject.logits(ASKED)
    subject.model = made(stock, form, tmp_path)  # type: ignore[assignment]
    spread = float(np.ptp(before))
    assert np.abs(subject.logits(ASKED) - before).max() < (0.25 if "static" in form or "reduced" in form else 0.1) * spread
    assert any(one.data_type == onnx.TensorProto.INT8 for one in onnx.load(tmp_path / GRAPH).graph.initializer)


def test_answers_with_a_scale_per_token_do_not_depend_on_what_else_is_asked(stock: Stock, tmp_path: Path) -> None:
    subject = load_subject(stock.source, 1)
    subject.model = made(stock, "int8_tokens", tmp_path)  # type: ignore[assignment]
    alone = np.concatenate([subject.logits([text]) for text in ASKED])
    assert np.abs(subject.logits(ASKED) - alone).max() < 1e-5


def test_smoothed_channels_bring_answers_nearer_where_one_channel_lies_far_out(stock: Stock, tmp_path: Path) -> None:
    subject = load_subject(stock.source, 1)
    norm = subject.model.layers[0].attention.output.LayerNorm
    with torch.no_grad():  # one channel of what the next products read is fifty times as wide, as in models that were trained long
        norm.weight[3] *= 50
    source = tmp_path / "wide"
    save_model(source, subject.model, subject.tokens, subject.facts)
    before, far = subject.logits(ASKED), {}
    for form in ("int8_tokens", "int8_tokens_smooth"):
        subject.model = made(replace(stock, source=source), form, tmp_path / form)  # type: ignore[assignment]
        far[form] = float(np.square(subject.logits(ASKED) - before).mean())
    assert far["int8_tokens_smooth"] < far["int8_tokens"] / 2


def test_values_of_one_side_use_the_whole_byte(stock: Stock, tmp_path: Path) -> None:
    made(stock, "onnx", tmp_path)
    graph = read_graph(tmp_path / GRAPH)
    seen = {name: (np.ones_like(channels), -0.1) for name, (channels, _) in channels_of(graph, batches()).items()}
    lifted = {node.op_type for node in by_token(graph, seen=seen).graph.node if "int8.low" in node.input}
    assert lifted == {"MatMulIntegerToFloat"}
    assert not any("int8.low" in node.input for node in by_token(graph).graph.node)


def batches() -> list[tuple[np.ndarray, np.ndarray]]:
    return [(np.full((2, 6), 5, dtype=np.int64), np.ones((2, 6), dtype=np.int64))]


def test_a_range_that_is_measured_over_a_batch_does_depend_on_it(stock: Stock, tmp_path: Path) -> None:
    subject = load_subject(stock.source, 1)
    subject.model = made(stock, "int8_dynamic", tmp_path)  # type: ignore[assignment]
    alone = np.concatenate([subject.logits([text]) for text in ASKED])
    assert np.abs(subject.logits(ASKED) - alone).max() > 1e-5  # which is why it is measured, and refused when answers change


def test_ranges_are_those_of_real_tokens(stock: Stock, tmp_path: Path) -> None:
    made(stock, "onnx", tmp_path)
    graph = read_graph(tmp_path / GRAPH)
    ids, mask = np.full((2, 6), 5, dtype=np.int64), np.ones((2, 6), dtype=np.int64)
    padded, shorter = ids.copy(), mask.copy()
    padded[:, 3:], shorter[:, 3:] = 0, 0
    whole, cut = (ranges_of(graph, [batch], 0.0) for batch in ((ids[:, :3], mask[:, :3]), (padded, shorter)))
    for name, (low, high) in whole.items():
        assert np.allclose([low, high], cut[name], atol=1e-4), name


def test_static_forms_need_their_ranges_and_dynamic_ones_none(stock: Stock, tmp_path: Path) -> None:
    made(stock, "onnx", tmp_path)
    graph = read_graph(tmp_path / GRAPH)
    write_graph(int8(graph, ranges=None), tmp_path / "dynamic.onnx")
    kinds = {node.op_type for node in onnx.load(tmp_path / "dynamic.onnx").graph.node}
    assert "DynamicQuantizeLinear" in kinds and "QLinearMatMul" not in kinds


def measured(form: str, *, faster: float = 2.0, gap: float = 0.0, flips: float = 0.0, company: float = 0.0) -> Measured:
    def around(value: float) -> Interval:
        return Interval(value=value, low=value, high=value, n=100)

    return Measured(
        form=form, size=1, speed=1.0, faster=around(faster), score=around(0.9), gap=around(gap), flips=around(flips),
        company=around(company),
    )  # fmt: skip


@pytest.mark.parametrize(
    "one, told",
    [
        (measured("a"), ""),
        (measured("a", gap=-0.02), "loses 0.02"),
        (measured("a", gap=0.02), ""),
        (measured("a", flips=0.02), "2.00% of rows"),
        (measured("a", company=0.02), "depend on what else"),
    ],
)
def test_a_form_is_refused_for_what_it_costs(one: Measured, told: str) -> None:
    assert (told in refusal(one, 0.01, 0.01)) if told else not refusal(one, 0.01, 0.01)


class Stopwatch:
    """Measurements that are known beforehand."""

    found: list[Measured] = []

    def __init__(self, *given: Any) -> None:
        pass

    def measure(self, *given: Any) -> list[Measured]:
        return self.found


def test_the_fastest_form_that_keeps_the_limits_is_taken(stock: Stock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benches, "Yardstick", Stopwatch)
    Stopwatch.found = [measured("torch", faster=1), measured("onnx"), measured("int8_tokens", faster=9, flips=0.5)]
    with ExitStack() as rooms:
        bench = Bench(stock, load_subject(stock.source, 1), rooms)
        forms = ("torch", "onnx", "int8_tokens")
        bench.forms({form: partial(compressor.make, bench, form) for form in forms}, 0.01, 0.01)
        assert bench.chosen and bench.chosen[0] == "onnx"
        assert [bool(one.why_not) for one in bench.candidates] == [False, False, True]


def test_when_none_keeps_the_limits_it_is_said_by_how_much(stock: Stock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benches, "Yardstick", Stopwatch)
    Stopwatch.found = [measured("int8_tokens", flips=0.5)]
    with ExitStack() as rooms:
        bench = Bench(stock, load_subject(stock.source, 1), rooms)
        with pytest.raises(GateClosed) as refused:
            replace(compressor, form="int8_tokens").compress(bench)
    assert "50.00% of rows" in refused.value.message and "quantize.flips" in refused.value.hint


def test_a_private_model_shows_no_row_to_fix_ranges_by(stock: Stock, tmp_path: Path) -> None:
    private = replace(stock, private=True)
    with pytest.raises(BadOption, match="promise of privacy"):
        compress_model(tmp_path, "run-toy", private, {"quantize": replace(compressor, form="int8_static")})
