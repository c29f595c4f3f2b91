"""An ONNX graph with int8 weights in which every token has a scale of its own, so that no answer depends on what else is asked.

The range of activations is that of one token, measured while it runs, and that of a weight is its output channel's (the token-wise
form of ZeroQuant, Yao et al. 2022); word vectors have one scale each. Where training rows may be looked at, channels far out are
evened with their weights (SmoothQuant, Xiao et al. 2023). All of it is operators that ONNX Runtime brings.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np

LARGE = 1_000  # rows from which a table counts as word embeddings
CONTRIB = "com.microsoft"  # the domain of operators that ONNX Runtime adds
ONE_SIDED = 4  # times as far above zero as below: then values are lifted
LEAST = 1e-5  # of a channel's magnitude
SMALLEST = 1e-8  # of a range: a token of zeros stays one


def by_token(
    graph: Any, *, reduced: bool = False, embeddings: bool = True, seen: Mapping[str, tuple[np.ndarray, float]] | None = None
) -> Any:
    """The graph with int8 products.

    Args:
        graph: an ONNX model.
        reduced: weights of 7 bits, for processors whose products of bytes overflow (x86 before VNNI).
        embeddings: also the table of word vectors.
        seen: of what goes into each product, the largest magnitude of each channel and the lowest value (`channels_of`); with it
            channels are smoothed and one-sided values use all of a byte.
    """
    made = copy.deepcopy(graph)
    work = Rewriting(made, 63 if reduced else 127, seen or {})
    for node in list(made.graph.node):
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
        seen: see `by_token`.
    """

    def __init__(self, model: Any, largest: int, seen: Mapping[str, tuple[np.ndarray, float]]) -> None:
        from onnx import helper, numpy_helper

        self.model, self.largest = model, largest
        self.fixed = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
        self.nodes: list[Any] = []
        self.scales: dict[str, tuple[str, str]] = {}  # what goes into a product -> its bytes and its scale, for all that read it
        self.count = 0
        self.users: dict[str, list[Any]] = defaultdict(list)
        for node in model.graph.node:
            for name in node.input:
                self.users[name].append(node)
        self.smooth = {name: self.balance(name, channels) for name, (channels, _) in seen.items() if self.alone(name)}
        self.lift = {name: -low for name, (channels, low) in seen.items() if -low * ONE_SIDED < channels.max()}
        for name, value in (("one", 1.0), ("step", 1 / 127), ("whole", 1 / 255), ("smallest", SMALLEST)):
            self.put(f"int8.{name}", np.array(value, dtype=np.float32))
        for name, zero in (("zero", 128), ("low", 0)):
            self.put(f"int8.{name}", np.array(zero, dtype=np.uint8))
            self.put(f"int8.{name}s", np.array([zero], dtype=np.uint8))
        self.put("int8.flat", np.array([-1], dtype=np.int64))
        if all(one.domain != CONTRIB for one in model.opset_import):
            model.opset_import.append(helper.make_opsetid(CONTRIB, 1))

    def readers(self, name: str) -> list[str]:
        """The fixed matrices that something is multiplied by."""
        return [node.input[1] for node in self.users[name] if node.op_type == "MatMul" and node.input[1] in self.fixed]

    def alone(self, name: str) -> bool:
        """Whether these matrices multiply nothing else: layers that share one cannot each change it."""
        return all(len(self.users[matrix]) == 1 for matrix in self.readers(name))

    def balance(self, name: str, channels: np.ndarray) -> np.ndarray:
        """By what each channel is divided before it becomes bytes, and its weights multiplied (alpha 0.5), of median 1."""
        heaviest = np.max([np.abs(self.fixed[matrix]).max(axis=1) for matrix in self.readers(name)], axis=0)
        shares = np.sqrt(np.maximum(channels, LEAST) / np.maximum(heaviest, LEAST))
        return np.asarray(shares / np.median(shares), dtype=np.float32)

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

    def weight(self, name: str, axis: int, times: np.ndarray | None = None) -> tuple[str, np.ndarray]:
        """A matrix as bytes, and the scale of each of its columns (axis 0) or rows (axis 1); its rows times so much before."""
        value = self.fixed[name] if times is None else self.fixed[name] * times[:, None]
        scale = np.maximum(np.abs(value).max(axis=axis, keepdims=True), SMALLEST) / self.largest
        whole = f"{name}.int8"
        if all(one.name != whole for one in self.model.graph.initializer):
            self.put(whole, np.round(value / scale).astype(np.int8))
        return whole, scale.astype(np.float32)

    def quantized(self, name: str, width: int) -> tuple[str, str]:
        """What goes into a product as bytes, with the scale of each token."""
        if name not in self.scales:
            given = name
            if name in self.lift:  # values of one side: lifted above zero they use all of a byte
                given = self.add("Add", [name, self.put(f"int8.lift.{self.count}", np.array(self.lift[name], dtype=np.float32))])
            elif name in self.smooth:
                given = self.add("Mul", [name, self.put(f"int8.smooth.{self.count}", 1 / self.smooth[name])])
            # two reductions and one rounding pass over the rows are what ONNX Runtime does fastest here
            widest, step, zeros = [self.add("ReduceMax", [given], axes=[-1], keepdims=1)], "int8.whole", "int8.lows"
            if name not in self.lift:
                widest.append(self.add("Neg", [self.add("ReduceMin", [given], axes=[-1], keepdims=1)]))
                step, zeros = "int8.step", "int8.zeros"  # 128 stands for zero
            scale = self.add("Mul", [self.add("Max", [*widest, "int8.smallest"]), step])
            scales = self.add("Reshape", [scale, "int8.flat"])
            rows = self.add("Reshape", [given, self.put(f"int8.rows.{self.count}", np.array([-1, width], dtype=np.int64))])
            told = self.add("QuantizeLinear", [rows, scales, self.add("Expand", [zeros, self.add("Shape", [scales])])], axis=0)
            self.scales[name] = self.add("Reshape", [told, self.add("Shape", [name])]), scale
        return self.scales[name]

    def product(self, node: Any) -> None:
        """A product with a fixed matrix, in bytes."""
        name, matrix = node.input
        told, scale = self.quantized(name, len(self.fixed[matrix]))
        lifted = self.lift.get(name)
        whole, scales = self.weight(matrix, 0, None if lifted is not None else self.smooth.get(name))
        columns = self.put(f"int8.scales.{self.count}", scales[0])
        zero = "int8.zero" if lifted is None else "int8.low"
        found = self.add("MatMulIntegerToFloat", [told, whole, "int8.one", columns, zero], domain=CONTRIB)
        if lifted is None:
            self.add("Mul", [found, scale], node.output[0])
            return
        rounded = np.round(self.fixed[matrix] / scales) * scales
        self.lowered(self.add("Mul", [found, scale]), node.output[0], -lifted * rounded.sum(axis=0))

    def lowered(self, found: str, output: str, by: np.ndarray) -> None:
        """Takes back what lifting added to a product: in the bias where that follows, or by a sum of its own."""
        then = self.users[output]
        fixed = [] if len(then) != 1 else [name for name in then[0].input if name in self.fixed]
        bias = [name for name in fixed if self.fixed[name].shape == by.shape]
        constant = by.astype(np.float32)
        if bias and then[0].op_type == "Add":
            constant = self.fixed[bias[0]] + constant
            then[0].input[:] = [found, self.put(f"int8.bias.{self.count}", constant)]
        else:
            self.add("Add", [found, self.put(f"int8.bias.{self.count}", constant)], output)

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
        nodes = [copy.deepcopy(node) for node in self.nodes]
        del graph.node[:]
        graph.node.extend(nodes)
        used = {name for node in graph.node for name in node.input} | {one.name for one in graph.output}
        kept = [one for one in graph.initializer if one.name in used]
        del graph.initializer[:]
        graph.initializer.extend(kept)
        del graph.value_info[:]
        return self.model
