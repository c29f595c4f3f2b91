"""A model written as an ONNX graph answers like torch's, and a graph that needs more than itself is not run."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from transformers import BertConfig, BertModel, RobertaConfig, RobertaModel

from beside.core.errors import BadInput, GateClosed
from beside.engine.compressed import load_graph, marked, must_answer_here, narrowed, save_graph, write_facts
from beside.engine.graph import GRAPH, Graph, graph_of
from beside.engine.model import Model, drop_unused, load_model, read_facts, save_model
from beside.engine.runtime import TorchSubject, load_subject

TEXTS = ["where is my parcel", "refund", "i want to cancel my order and the money back now please", ""]


def bert(pooling: str, kind: str = "bert") -> Model:
    torch.manual_seed(0)
    size = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
    where = {"vocab_size": 50, "max_position_embeddings": 40}
    made = {"bert": (BertModel, BertConfig), "roberta": (RobertaModel, RobertaConfig)}[kind]
    encoder = made[0](made[1](**where, **size))
    drop_unused(encoder)
    return Model(encoder, 3, pooling).eval()


def asked(lengths: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
    longest = max(lengths)
    ids_BL = torch.from_numpy(np.random.default_rng(1).integers(5, 50, (len(lengths), longest)))
    mask_BL = torch.tensor([[place < length for place in range(longest)] for length in lengths]).long()
    return torch.where(mask_BL.bool(), ids_BL, 0), mask_BL


@pytest.mark.parametrize("kind", ["bert", "roberta"])
@pytest.mark.parametrize("pooling", ["mean", "unit", "cls", "at 2"])
@pytest.mark.parametrize("lengths", [[4], [5, 3, 9], [30, 4]])
def test_a_graph_gives_the_logits_and_vectors_of_the_model(kind: str, pooling: str, lengths: list[int]) -> None:
    model = bert(pooling, kind)
    graph = Graph(graph_of(model, False), 3, 16, threads=1)
    ids_BL, mask_BL = asked(lengths)
    with torch.no_grad():
        assert (graph(ids_BL, mask_BL) - model(ids_BL, mask_BL)).abs().max() < 1e-4
        assert (graph.vector(ids_BL, mask_BL) - model.vector(ids_BL, mask_BL)).abs().max() < 1e-4


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_positions_that_no_text_reaches_are_left_out(kind: str) -> None:
    model = bert("mean", kind)
    content = graph_of(model, False, longest=12)
    assert len(content) < len(graph_of(model, False))
    ids_BL, mask_BL = asked([12, 3])
    with torch.no_grad():
        assert (Graph(content, 3, 16, threads=1)(ids_BL, mask_BL) - model(ids_BL, mask_BL)).abs().max() < 1e-4


@pytest.mark.parametrize("changes", [{"per_token": True}, {"border": 7}])
def test_so_does_one_of_a_model_that_answers_per_token_or_reads_pairs(changes: dict[str, int]) -> None:
    model = bert("mean")
    for name, value in changes.items():
        setattr(model, name, value)
    graph, (ids_BL, mask_BL) = Graph(graph_of(model, False), 3, 16, threads=1), asked([9, 6])
    ids_BL[:, 3] = 7
    with torch.no_grad():
        assert (graph(ids_BL, mask_BL) - model(ids_BL, mask_BL)).abs().max() < 1e-4


def test_writing_it_changes_neither_the_model_nor_its_mode() -> None:
    model = bert("mean")
    graph_of(model, False)
    assert not any(part.training for part in model.modules())


@pytest.fixture
def folder(toy_model: Path, tmp_path: Path) -> Path:
    """The toy model as a graph, marked with what it answers here."""
    model, tokens, facts = load_model(toy_model)
    save_graph(tmp_path, model, tokens, facts, False)
    write_facts(tmp_path, marked(load_graph(tmp_path, 1), "onnx"))
    return tmp_path


def test_a_folder_with_a_graph_opens_as_the_same_subject(folder: Path, toy_model: Path) -> None:
    graph, whole = load_subject(folder, 1), load_subject(toy_model, 1)
    assert np.abs(graph.logits(TEXTS) - whole.logits(TEXTS)).max() < 1e-4
    assert np.abs(graph.embed(TEXTS) - whole.embed(TEXTS)).max() < 1e-4
    assert graph.predict(TEXTS) == whole.predict(TEXTS)
    assert graph.token_counts(TEXTS) == whole.token_counts(TEXTS)
    assert (graph.labels, graph.temperature, graph.max_length) == (whole.labels, whole.temperature, whole.max_length)
    assert not hasattr(graph, "inputs_of") and hasattr(whole, "inputs_of")  # gradients cannot be taken, and that is told


def test_narrow_matrices_are_kept_narrow_and_answer_alike(toy_model: Path, tmp_path: Path) -> None:
    model, tokens, facts = load_model(toy_model)
    subject = TorchSubject(narrowed(model), tokens, facts)
    save_model(tmp_path, subject.model, tokens, marked(subject, "torch_bf16"))
    again = load_subject(tmp_path, 1)
    assert np.array_equal(again.logits(TEXTS), subject.logits(TEXTS))
    assert np.abs(again.probabilities(TEXTS) - load_subject(toy_model, 1).probabilities(TEXTS)).max() < 0.05
    assert (tmp_path / "model.safetensors").stat().st_size < 0.9 * (toy_model / "model.safetensors").stat().st_size


def test_a_graph_whose_weights_were_changed_is_refused(folder: Path) -> None:
    read = onnx.load(folder / GRAPH)
    for one in read.graph.initializer:
        if one.data_type == TensorProto.FLOAT and len(one.raw_data) > 400:
            one.raw_data = np.float32(3 * np.frombuffer(one.raw_data, np.float32)).tobytes()
    (folder / GRAPH).write_bytes(read.SerializeToString())
    with pytest.raises(GateClosed, match="does not answer as it did"):
        load_subject(folder, 1)


def test_another_processor_that_answers_otherwise_is_refused_with_what_to_do(folder: Path) -> None:
    facts = read_facts(folder)
    changed = {**facts.compression, "processor": "x86_64 sse2", "answers": np.negative(facts.compression["answers"]).tolist()}
    write_facts(folder, dataclasses.replace(facts, compression=changed))
    with pytest.raises(GateClosed) as refused:
        load_subject(folder, 1)
    assert "a processor with x86_64 sse2" in refused.value.message and "beside compress RUN" in refused.value.hint


def test_another_processor_that_answers_alike_is_told(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    facts = read_facts(folder)
    write_facts(folder, dataclasses.replace(facts, compression={**facts.compression, "processor": "x86_64 sse2"}))
    with caplog.at_level(logging.WARNING):
        load_subject(folder, 1)
    assert "was measured on x86_64 sse2" in caplog.text


def test_answers_that_are_no_numbers_are_refused(folder: Path) -> None:
    subject = load_graph(folder, 1)
    told = {**subject.facts.compression, "answers": np.full_like(subject.facts.compression["answers"], np.nan).tolist()}
    subject.facts = dataclasses.replace(subject.facts, compression=told)
    with pytest.raises(GateClosed):
        must_answer_here(subject, "toy")


def tiny(*, domain: str = "", outside: bool = False) -> bytes:
    """A graph of one node: x + 1."""
    one = helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0])
    if outside:
        one.ClearField("float_data")
        one.data_location = TensorProto.EXTERNAL
        one.external_data.add(key="location", value="weights.bin")
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Add", ["x", "one"], ["y"], domain=domain)], "g", ends[:1], ends[1:], [one])
    return bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString())


@pytest.mark.parametrize(
    "content, told",
    [
        (tiny(outside=True), "weights in another file"),
        (tiny(domain="their.own"), "operators of their.own"),
        (b"no graph at all", "cannot be loaded"),
        (b"", "empty"),
    ],
)
def test_a_graph_that_needs_more_than_itself_is_not_run(content: bytes, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        Graph(content, 1, 1, threads=1)


def test_the_fingerprint_holds_no_text_and_is_small(folder: Path) -> None:
    told = json.loads((folder / "beside.json").read_text(encoding="utf-8"))["compression"]
    assert set(told) == {"graph", "form", "processor", "answers"} and len(json.dumps(told)) < 20_000


def test_flags_are_read_where_the_system_tells_them(tmp_path: Path) -> None:
    from beside.engine.processor import flags

    (tmp_path / "cpuinfo").write_text("processor : 0\nflags\t\t: fpu avx2 avx512_vnni\n", encoding="utf-8")
    assert flags(tmp_path / "cpuinfo") == {"fpu", "avx2", "avx512_vnni"}
