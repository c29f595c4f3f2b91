"""An ONNX graph with int8 weights in which every token has a scale of its own, so that no answer depends on what else is asked.

The range of activations is that of one token, measured while it runs, and that of a weight is its output channel's (the token-wise
form of ZeroQuant, Yao et al. 2022); word vectors have one scale each. All of it is standard operators.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

LARGE = 1_000  # rows from which a table counts as word embeddings
CONTRIB = "com.microsoft"  # the domain of operators that ONNX Runtime adds
SMALLEST = 1e-8  # of a range: a token of zeros stays one


def by_token(graph: Any, *, reduced: bool = False, embeddings: bool = True) -> Any:
    """The graph with int8 products.

    Args:
        graph: an ONNX model.
        reduced: weights of 7 bits, for processors whose products of bytes overflow (x86 before VNNI).
        embeddings: also the table of word vectors.
    """
    made = copy.deepcopy(graph)
    work = Rewriting(made, 63 if reduced else 127)
    for node in graph.graph.node:
        fixed = work.fixed
        if node.op_type == "MatMul" and node.input[1] in fixed and node.input[0] not in fixed and fixed[node.input[1]].ndim == 2:
            work.product(node)
        elif embeddings and node.op_type == "Gather" and node.input[0] in fixed and is_large(fixed[node.input[0]]):
            work.lookup(node)
        else:
            work.nodes.append(node)
    return work.done()


def is_large(table: np.ndarray) -> bool:
    """Whether a table is one of word vectors."""
    return table.ndim == 2 and len(table) >= LARGE and table.dtype == np.float32


class Rewriting:
    """A graph on its way to int8.

    Args:
        model: is changed.
        largest: of a weight as a number.
    """

    def __init__(self, model: Any, largest: int) -> None:
        from onnx import helper, numpy_helper

        self.model, self.largest = model, largest
        self.fixed = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
        self.nodes: list[Any] = []
        self.scales: dict[str, tuple[str, str]] = {}  # what goes into a product -> its bytes and its scale, for all that read it
        self.count = 0
        for name, value in (("one", 1.0), ("step", 1 / 127), ("smallest", SMALLEST)):
            self.put(f"int8.{name}", np.array(value, dtype=np.float32))
        self.put("int8.zero", np.array(128, dtype=np.uint8))
        self.put("int8.zeros", np.array([128], dtype=np.uint8))
        self.put("int8.flat", np.array([-1], dtype=np.int64))
        if all(one.domain != CONTRIB for one in model.opset_import):
            model.opset_import.append(helper.make_opsetid(CONTRIB, 1))

    def put(self, name: str, value: np.ndarray) -> str:
        """A constant of the graph; its name."""
        from onnx import numpy_helper

        self.model.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, kind: str, inputs: list[str], output: str = "", **attributes: Any) -> str:
        """A node; the name of what comes out."""
        from onnx import helper

        self.count += 1
        output = output or f"int8.{kind}.{self.count}"
        self.nodes.append(helper.make_node(kind, inputs, [output], name=f"int8.node.{self.count}", **attributes))
        return output

    def weight(self, name: str, axis: int) -> tuple[str, np.ndarray]:
        """A matrix as bytes, and the scale of each of its columns (axis 0) or rows (axis 1)."""
        value = self.fixed[name]
        scale = np.maximum(np.abs(value).max(axis=axis, keepdims=True), SMALLEST) / self.largest
        whole = f"{name}.int8"
        if all(one.name != whole for one in self.model.graph.initializer):
            self.put(whole, np.round(value / scale).astype(np.int8))
        return whole, scale.astype(np.float32)

    def quantized(self, name: str, width: int) -> tuple[str, str]:
        """What goes into a product as bytes, with the scale of each token."""
        if name not in self.scales:
            # two reductions and one rounding pass over the rows are what ONNX Runtime does fastest here
            highest = self.add("ReduceMax", [name], axes=[-1], keepdims=1)
            lowest = self.add("Neg", [self.add("ReduceMin", [name], axes=[-1], keepdims=1)])
            scale = self.add("Mul", [self.add("Max", [highest, lowest, "int8.smallest"]), "int8.step"])
            scales = self.add("Reshape", [scale, "int8.flat"])
            zeros = self.add("Expand", ["int8.zeros", self.add("Shape", [scales])])  # 128 stands for zero
            rows = self.add("Reshape", [name, self.put(f"int8.rows.{self.count}", np.array([-1, width], dtype=np.int64))])
            told = self.add("QuantizeLinear", [rows, scales, zeros], axis=0)
            self.scales[name] = self.add("Reshape", [told, self.add("Shape", [name])]), scale
        return self.scales[name]

    def product(self, node: Any) -> None:
        """A product with a fixed matrix, in bytes."""
        told, scale = self.quantized(node.input[0], len(self.fixed[node.input[1]]))
        whole, scales = self.weight(node.input[1], axis=0)
        columns = self.put(f"int8.scales.{self.count}", scales[0])
        found = self.add("MatMulIntegerToFloat", [told, whole, "int8.one", columns, "int8.zero"], domain=CONTRIB)
        self.add("Mul", [found, scale], node.output[0])

    def lookup(self, node: Any) -> None:
        """Word vectors from a table of bytes."""
        from onnx import TensorProto

        whole, scales = self.weight(node.input[0], axis=1)
        rows = self.add("Cast", [self.add("Gather", [whole, node.input[1]], axis=0)], to=TensorProto.FLOAT)
        scale = self.add("Gather", [self.put(f"int8.scales.{self.count}", scales), node.input[1]], axis=0)
        self.add("Mul", [rows, scale], node.output[0])

    def done(self) -> Any:
        """The graph, without the constants that nothing reads any more."""
        graph = self.model.graph
        del graph.node[:]
        graph.node.extend(self.nodes)
        used = {name for node in graph.node for name in node.input} | {one.name for one in graph.output}
        kept = [one for one in graph.initializer if one.name in used]
        del graph.initializer[:]
        graph.initializer.extend(kept)
        del graph.value_info[:]
        return self.model
