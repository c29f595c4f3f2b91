"""A student of fewer layers, begun from the model's own, that learns its answers and its states."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import ClassVar

from beside.core.interfaces import Workbench


@dataclass(frozen=True, kw_only=True)
class Distill:
    """Knowledge distillation into every n-th layer (Sanh et al. 2019) on logits and states (TinyBERT, Jiao et al. 2020).

    Texts without an answer help: the teacher answers them. The student's distance is the mean square of logits (Kim et al. 2021),
    that of its states is measured against their own spread.
    """

    zh: ClassVar[str] = "层数更少的学生模型，从原模型的层开始，学习它的回答与隐藏状态。"
    last: ClassVar[bool] = False

    layers: int = field(default=0, metadata={"unit": "layers", "reason": "of the student; 0 = half of the teacher's"})
    epochs: int = field(default=3, metadata={"unit": "epochs", "reason": "over training rows and texts without an answer"})
    learning_rate: float = field(default=1e-4, metadata={"unit": "step size", "reason": "a student has farther to go"})
    states: bool = field(default=True, metadata={"unit": "yes or no", "reason": "also the states after each layer are learned"})

    def __post_init__(self) -> None:
        if self.layers < 0 or self.epochs < 1 or not 0 < self.learning_rate < 1:
            raise ValueError("layers are 0 or more, epochs 1 or more, learning_rate lies in 0..1")

    def why_not(self, bench: Workbench) -> str | None:
        """Its layers must be known, and its training rows may be looked at again."""
        if bench.private:
            return "the model keeps a promise of privacy, and its student would be shown the training rows again"
        if not bench.plain:
            return "its layers are not known, or hold parts that a method added; BERT's and RoBERTa's are, trained by full or lora"
        if bench.apart:
            return "it reads the texts of a pair one by one, which the student's training does not know"
        there = len(bench.model.layers)
        if max(1, self.layers) > there or (there == 1 and not self.layers):
            return f"it has {there} layer{'s' * (there > 1)}; a student of {self.layers or 'half as many'} would not be smaller"
        return None

    def compress(self, bench: Workbench) -> str:
        """Takes the layers over and trains them."""
        teacher = copy.deepcopy(bench.model).eval()
        there = len(bench.model.layers)
        count = self.layers or there // 2
        kept = [(place + 1) * there // count - 1 for place in range(count)]  # the last one stays the last
        bench.keep_layers(kept)
        hidden = [at + 1 for at in kept] if self.states else []
        said = bench.learn(teacher, epochs=self.epochs, learning_rate=self.learning_rate, hidden=hidden)
        return f"layers {', '.join(str(at + 1) for at in kept)} of {there} are the student; {said}"


compressor = Distill()
