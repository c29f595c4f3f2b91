"""A model as an ONNX graph: written, loaded without external data, and asked as if it were torch's.

Tensor suffixes: B batch, L sequence length, H hidden size, K outputs of the head.
"""

from __future__ import annotations

import copy
import io
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from beside.core.errors import BadInput

GRAPH = "model.onnx"
OPSET = 17
TRACED = 7  # tokens of the texts that the exporter is shown
LARGEST = 1 << 31  # bytes that one ONNX file can hold
UNFUSED = ("SkipLayerNormFusion",)  # what ONNX Runtime fuses to its loss: that operator takes five times its parts' time
DOMAINS = ("", "ai.onnx", "com.microsoft", "ai.onnx.ml")  # of operators; any other would need code of its own


class Written(nn.Module):
    """What of a model goes into the graph."""

    def __init__(self, model: Any, apart: bool) -> None:
        super().__init__()
        self.model, self.apart = model, apart

    def forward(self, ids_BL: Tensor, mask_BL: Tensor) -> tuple[Tensor, ...]:
        """Logits (B, K), or (B, L, K) per token, and one vector per text (B, H); of a model without a head the vector alone."""
        states_BLH = self.model.states(ids_BL, mask_BL)
        vector_BH = self.model.pool(states_BLH, mask_BL)
        if self.apart:
            return (vector_BH,)
        return self.model.head(states_BLH if self.model.per_token else vector_BH), vector_BH


def graph_of(model: Any, apart: bool, longest: int | None = None) -> bytes:
    """The model as an ONNX file, for any number of texts of any length up to its longest.

    Args:
        apart: vectors are what is asked of it.
        longest: tokens of a text, at most; positions behind them are left out. None = as many as the base can read.

    Raises:
        BadInput: this architecture cannot be written so, or is too large for one file.
    """
    written = Written(copy.deepcopy(model).cpu(), apart).eval()  # a copy: the exporter changes modes
    written.model.encoder.set_attn_implementation("eager")  # torch's own brings operators for rows without any token: there is none
    places = getattr(getattr(written.model.encoder, "embeddings", None), "position_embeddings", None)
    if longest and isinstance(places, nn.Embedding):
        first = (places.padding_idx or 0) + 1  # RoBERTa counts from behind the padding
        places.weight = nn.Parameter(places.weight[: max(longest, TRACED) + first].detach())
    ids_BL = torch.arange(5, 5 + 2 * TRACED).reshape(2, TRACED) % model.encoder.config.vocab_size
    mask_BL = torch.ones_like(ids_BL)
    mask_BL[1, 5:] = 0
    names = ["vector"] if apart else ["logits", "vector"]
    free = {name: {0: "B", 1: "L"} for name in ("ids", "mask")} | {name: {0: "B"} for name in names}
    if model.per_token:
        free["logits"] = {0: "B", 1: "L"}
    file = io.BytesIO()
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # of shapes that are fixed while it is traced; what comes out is compared
            torch.onnx.export(
                written,
                (ids_BL, mask_BL),
                file,
                input_names=["ids", "mask"],
                output_names=names,
                dynamic_axes=free,
                opset_version=OPSET,
                dynamo=False,
            )
    except Exception as error:  # the exporter raises all kinds for what it does not know
        raise BadInput(
            f"This base cannot be written as an ONNX graph: {error}", "Use a form that torch answers: quantize=torch_bf16."
        ) from error
    content = file.getvalue()
    if len(content) >= LARGEST:
        raise BadInput("The model is too large for one ONNX file (2 GiB).", "Use quantize=torch_bf16.")
    return content


class Graph(nn.Module):
    """An ONNX graph that stands where a model stands (engine/model.py), without anything in it that learns.

    Args:
        content: the file.
        outputs: numbers that the head puts out, 0 for none.
        width: hidden size H.
        threads: of one pass; None = as torch has them.

    Raises:
        BadInput: it is no graph that may be run here.
    """

    per_token: bool = False
    border: int | None = None

    def __init__(self, content: bytes, outputs: int, width: int, threads: int | None = None) -> None:
        super().__init__()
        self.session = session_of(content, threads or torch.get_num_threads())
        self.outputs = [one.name for one in self.session.get_outputs()]
        self.head, self.width = SimpleNamespace(out_features=outputs), width
        self.place = nn.Parameter(torch.empty(0), requires_grad=False)  # says where it is: on the processor

    def run(self, name: str, ids_BL: Tensor, mask_BL: Tensor | None) -> Tensor:
        """One output for these ids; a mask of None says that no row is padded."""
        mask = torch.ones_like(ids_BL) if mask_BL is None else mask_BL
        found: np.ndarray = self.session.run([name], {"ids": ids_BL.numpy(), "mask": mask.numpy()})[0]
        return torch.from_numpy(found)

    def forward(self, ids_BL: Tensor, mask_BL: Tensor | None) -> Tensor:
        """Logits, (B, K), or (B, L, K) per token."""
        return self.run("logits", ids_BL, mask_BL)

    def vector(self, ids_BL: Tensor, mask_BL: Tensor | None) -> Tensor:
        """One vector per text, (B, H)."""
        return self.run("vector", ids_BL, mask_BL)


def session_of(content: bytes, threads: int) -> Any:
    """A session of ONNX Runtime on the processor. Raises BadInput: see `Graph`."""
    import onnx
    import onnxruntime

    try:
        read = onnx.load_model_from_string(content)
        must_be_whole(read)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # a waiting thread leaves the core to others
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"], disabled_optimizers=list(UNFUSED))
    except BadInput:
        raise
    except Exception as error:  # both libraries raise all kinds
        raise BadInput(f"The ONNX graph cannot be loaded: {error}", "The folder must be one that Beside saved.") from error


def must_be_whole(read: Any) -> None:
    """Does nothing when a graph needs nothing beside itself: no file with its weights, no operators of somebody's own.

    Raises:
        BadInput: it does.
    """
    import onnx
    from onnx.external_data_helper import uses_external_data

    graphs, nodes = [read.graph], []
    while graphs:
        graph = graphs.pop()
        nodes += graph.node
        held = [*graph.initializer, *(part for one in graph.sparse_initializer for part in (one.values, one.indices))]
        for node in graph.node:
            held += [one.t for one in node.attribute if one.type == onnx.AttributeProto.TENSOR]
            graphs += [one.g for one in node.attribute if one.type == onnx.AttributeProto.GRAPH]
        if any(uses_external_data(one) for one in held):
            raise BadInput("The ONNX graph has weights in another file; such are not read.", "Use the folder that Beside saved.")
    if foreign := sorted({node.domain for node in nodes} - set(DOMAINS)):
        raise BadInput(f"The ONNX graph uses operators of {', '.join(foreign)}.", f"Only {', '.join(DOMAINS[1:])} are run.")
    if not nodes or read.functions:
        raise BadInput("The ONNX graph is empty, or brings functions of its own.", "Use the folder that Beside saved.")


def is_there(folder: Path) -> bool:
    """Whether a model folder holds a graph; an empty file only waits for one."""
    file = folder / GRAPH
    return file.is_file() and file.stat().st_size > 0
