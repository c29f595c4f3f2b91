"""int8 weights and products in ONNX Runtime, in the form that is fastest on this machine without costing answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args

from beside.compressors._onnx_by_token import by_token
from beside.compressors._onnx_int8 import channels_of, int8, ranges_of, read_graph, write_graph
from beside.core.errors import BadInput
from beside.core.interfaces import Workbench

Form = Literal[
    "auto",
    "torch",
    "torch_bf16",
    "onnx",
    "int8_tokens",
    "int8_tokens_smooth",
    "int8_tokens_reduced",
    "int8_dynamic",
    "int8_dynamic_channels",
    "int8_dynamic_reduced",
    "int8_static",
    "int8_static_channels",
]
AUTO = tuple(form for form in get_args(Form) if form not in ("auto",))
SHOWN = ("int8_tokens_smooth", "int8_static", "int8_static_channels")  # forms that training rows are read for


@dataclass(frozen=True, kw_only=True)
class Quantize:
    """Post-training quantization (Jacob et al. 2018), chosen by measurement on the machine that is to serve.

    `tokens` measures the range of activations for each token; `dynamic` for a whole batch, so that an answer may depend on what
    else is asked; `static` has fixed ranges from training rows. `channels` has one scale per output channel of a matrix
    (`tokens` always has), `reduced` 7-bit weights, `smooth` evens channels far out by training rows.
    """

    zh: ClassVar[str] = "在 ONNX Runtime 中用 int8 权重与乘法，按本机实测选出最快且不损失答案的形式。"
    last: ClassVar[bool] = True

    form: Form = field(default="auto", metadata={"unit": "name", "reason": "auto = all are measured here and the best is taken"})
    loss: float = field(default=0.01, metadata={"unit": "score", "reason": "largest fall of the main score on the tune split"})
    flips: float = field(default=0.01, metadata={"unit": "share", "reason": "largest share of tune rows answered otherwise"})
    rows: int = field(default=256, metadata={"unit": "rows", "reason": "training rows that ranges and channels are read off"})
    cut: float = field(default=0.0005, metadata={"unit": "share", "reason": "of activations at either end that fix no range"})
    embeddings: bool = field(
        default=True, metadata={"unit": "yes or no", "reason": "word vectors in int8 too, where ranges are not fixed"}
    )

    def __post_init__(self) -> None:
        if not (0 <= self.loss <= 1 and 0 <= self.flips <= 1 and self.rows >= 1 and 0 <= self.cut < 0.5):
            raise ValueError("loss and flips lie in 0..1, rows are 1 or more, cut lies in 0..0.5")

    def why_not(self, bench: Workbench) -> str | None:
        """Ranges of activations are read off training rows, which a private model must not be shown again."""
        if bench.private and self.form in SHOWN:
            return "it keeps a promise of privacy, and ranges would be read off its training rows; use int8_tokens"
        return None

    def compress(self, bench: Workbench) -> str:
        """Makes the forms asked for, has them measured, and leaves the one chosen on the bench."""
        forms = [form for form in (AUTO if self.form == "auto" else (self.form,)) if not (bench.private and form in SHOWN)]
        makers: dict[str, Callable[[Path], None]] = {form: partial(self.make, bench, form) for form in forms}
        bench.forms(makers, self.loss, self.flips)
        left_out = f"; {', '.join(SHOWN)} would read training rows of a private model" if bench.private else ""
        return f"{len(forms)} form{'s' * (len(forms) > 1)} measured on this machine{left_out}"

    def make(self, bench: Workbench, form: str, folder: Path) -> None:
        """Writes the model in one form."""
        if form == "torch":
            return bench.whole(folder)
        if form == "torch_bf16":
            return bench.half(folder)
        file = bench.graph(folder)
        if form == "onnx":
            return None
        graph, reduced = read_graph(file), "reduced" in form
        if "tokens" in form:
            seen = channels_of(graph, self.shown(bench)) if form in SHOWN else None
            return write_graph(by_token(graph, reduced=reduced, embeddings=self.embeddings, seen=seen), file)
        ranges = ranges_of(graph, self.shown(bench), self.cut) if form in SHOWN else None
        made = int8(graph, channels="channels" in form, reduced=reduced, embeddings=self.embeddings, ranges=ranges)
        return write_graph(made, file)

    def shown(self, bench: Workbench) -> Iterator[tuple[Any, Any]]:
        """Token ids and mask of as many training rows as are asked for, in batches.

        Raises:
            BadInput: there is none.
        """
        texts = list(bench.texts)[:: max(1, len(bench.texts) // self.rows)][: self.rows]
        if not texts:
            raise BadInput("There are no training rows to fix the ranges of activations by.", "Choose a dynamic form.")
        return bench.ids(texts)


compressor = Quantize()
