"""int8 forms of an ONNX graph, made in memory: weights as int8, activations measured while it runs or fixed beforehand.

ONNX Runtime's own convenience functions do the same by way of temporary files, where a model of an encrypted workspace must not be.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

MATRICES = ("MatMul", "Gemm")
TABLES = ("Gather",)  # word embeddings
INPUTS = ("ids", "mask")


def int8(
    graph: Any, *, channels: bool = False, reduced: bool = False, embeddings: bool = True, ranges: Mapping[str, Any] | None = None
) -> Any:
    """The graph with int8 weights (Jacob et al. 2018).

    Args:
        graph: an ONNX model with shapes (`read_graph`).
        channels: one scale per output channel instead of one per matrix.
        reduced: weights of 7 bits, for processors whose products of bytes overflow (x86 before VNNI).
        embeddings: also the table of word vectors.
        ranges: of each activation, lowest and highest (`ranges_of`); None = measured anew in each batch.
    """
    from onnxruntime.quantization import CalibrationMethod, QuantType
    from onnxruntime.quantization.calibrate import TensorsData
    from onnxruntime.quantization.onnx_quantizer import ONNXQuantizer
    from onnxruntime.quantization.quant_utils import QuantizationMode

    static = ranges is not None
    quantizer = ONNXQuantizer(
        copy.deepcopy(graph),
        channels,
        reduced,
        QuantizationMode.QLinearOps if static else QuantizationMode.IntegerOps,
        static,
        QuantType.QInt8,
        QuantType.QUInt8,
        TensorsData(CalibrationMethod.MinMax, dict(ranges)) if ranges is not None else None,
        None,
        None,
        [*MATRICES, *(TABLES if embeddings and not static else ())],
        {"MatMulConstBOnly": True},
    )
    with quiet():
        quantizer.quantize_model()
    return quantizer.model.model


def read_graph(file: Path) -> Any:
    """An ONNX model with the shapes of all that is inside."""
    import onnx
    from onnxruntime.quantization.quant_utils import add_infer_metadata

    model = onnx.shape_inference.infer_shapes(onnx.load_model_from_string(file.read_bytes()))
    add_infer_metadata(model)
    return model


def write_graph(model: Any, file: Path) -> None:
    """One file, without external data."""
    file.write_bytes(model.SerializeToString())


def ranges_of(model: Any, batches: Iterable[tuple[np.ndarray, np.ndarray]], cut: float) -> dict[str, tuple[Any, Any]]:
    """Lowest and highest of what goes into and comes out of each product with fixed weights.

    Args:
        model: an ONNX model.
        batches: ids and mask (B, L) each.
        cut: share of the values of a batch at either end that does not count, 0..0.5: single values far out cost the others their
            precision. Over the batches the mean is taken.
    """
    fixed = {one.name for one in model.graph.initializer}
    names = sorted({name for node in matrices(model, fixed) for name in (node.input[0], node.output[0])})
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for name, real in inside(model, names, batches):
        low, high = np.quantile(real, [cut, 1 - cut]) if cut else (real.min(), real.max())
        seen[name].append((float(low), float(high)))
    means = {name: np.mean(pairs, axis=0).astype(np.float32).tolist() for name, pairs in seen.items()}
    return {name: (np.array(min(low, 0), np.float32), np.array(max(high, 0), np.float32)) for name, (low, high) in means.items()}


def channels_of(model: Any, batches: Iterable[tuple[np.ndarray, np.ndarray]]) -> dict[str, tuple[np.ndarray, float]]:
    """Of what goes into each product with fixed weights: largest magnitude of each channel (H,), and lowest value of all.

    Args:
        model: an ONNX model.
        batches: ids and mask (B, L) each.
    """
    fixed, seen = {one.name for one in model.graph.initializer}, dict[str, tuple[np.ndarray, float]]()
    names = sorted({node.input[0] for node in matrices(model, fixed) if node.op_type == "MatMul"})
    for name, real in inside(model, names, batches):
        rows = real.reshape(-1, real.shape[-1])
        highest, lowest = np.abs(rows).max(axis=0), float(rows.min())
        before = seen.get(name, (highest, lowest))
        seen[name] = np.maximum(before[0], highest), min(before[1], lowest)
    return seen


def inside(model: Any, names: list[str], batches: Iterable[tuple[np.ndarray, np.ndarray]]) -> Iterator[tuple[str, np.ndarray]]:
    """What a graph holds by those names while it reads each batch, without padding: that says nothing."""
    import onnx
    import onnxruntime

    watched = copy.deepcopy(model)
    there = {one.name for one in watched.graph.output}
    watched.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names if name not in there)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL  # nothing watched may be fused away
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(watched.SerializeToString(), options, providers=["CPUExecutionProvider"])
    for ids_BL, mask_BL in batches:
        for name, value in zip(names, session.run(names, {"ids": ids_BL, "mask": mask_BL}), strict=True):
            yield name, value[mask_BL.astype(bool)] if value.shape[:2] == mask_BL.shape else value


def matrices(model: Any, fixed: set[str]) -> Iterator[Any]:
    """The nodes that multiply by weights."""
    yield from (node for node in model.graph.node if node.op_type in MATRICES and node.input[1] in fixed)


@contextmanager
def quiet() -> Iterator[None]:
    """Without the library's advice, which it gives to the root logger."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
