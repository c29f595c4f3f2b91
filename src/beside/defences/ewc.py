"""EWC: when a run goes on from an earlier one, weights that its old rows depend on are held where they were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from beside.core.defending import Training
from beside.core.errors import BadOption
from beside.core.interfaces import Task
from beside.core.recipe import Recipe
from beside.defences._defence import Base, why_no_distance

if TYPE_CHECKING:
    from torch import Tensor

PLAIN = ("full", "lpft")  # methods whose weights are those of the earlier run, and no parts beside them


@dataclass(frozen=True)
class Ewc(Base):
    """Elastic weight consolidation (Kirkpatrick et al. 2017): half the strength times squared distances times Fisher information.

    The diagonal of it is measured before the first step, on old rows without dropout, with answers drawn from the model's own
    probabilities: with the rows' own answers it would vanish where the earlier training learned them by heart.

    Args:
        strength: how much a weight that matters is held back (lambda).
        count: old rows that the Fisher information is measured on.
    """

    strength: float = 100_000.0
    count: int = 256

    zh: ClassVar[str] = "EWC：从较早的运行继续训练时，把旧数据所依赖的权重留在原处"
    touches: ClassVar[Literal["loss", "weights", "rows"]] = "weights"
    local: ClassVar[bool] = False
    of_old: ClassVar[bool] = True
    of_head: ClassVar[bool] = True

    def configured(self, recipe: Recipe) -> Ewc:
        return Ewc(recipe.ewc_strength, recipe.ewc_rows)

    def why_not(self, task: Task, recipe: Recipe) -> str | None:
        if recipe.method not in (None, *PLAIN):
            return f"only the weights of {' and '.join(PLAIN)} are all those of the earlier run"
        return why_no_distance(task)

    def begin(self, training: Training) -> Consolidation:
        return Consolidation(self, training)


class Consolidation(Base):
    """EWC in one training: where the weights began, and how much each matters."""

    def __init__(self, options: Ewc, training: Training) -> None:
        self.options, self.training = options, training
        self.begun: list[Tensor] = []
        self.matters: list[Tensor] = []

    def penalty(self) -> Tensor | None:
        """The added loss, a scalar; measured first where nothing was put back."""
        if not self.begun:
            self.begun = [parameter.detach().clone() for parameter in self.training.learning()]
            self.matters = self.measured()
        parts = [
            (matters * (now - begun) ** 2).sum()
            for now, begun, matters in zip(self.training.learning(), self.begun, self.matters, strict=True)
        ]
        total: Tensor = sum(parts[1:], start=parts[0])
        return total * (self.options.strength / 2)

    def measured(self) -> list[Tensor]:
        """The diagonal Fisher information of the weights as they are, one tensor per parameter that learns.

        Raises:
            BadOption: there are no old rows.
        """
        import torch

        parameters = self.training.learning()
        sums, count = [torch.zeros_like(parameter) for parameter in parameters], 0
        luck = torch.Generator().manual_seed(self.training.recipe.seed)
        with self.training.without_dropout():
            for batch in self.training.old(self.options.count):
                logs_1K = batch.log_probabilities(batch.logits())
                drawn = torch.multinomial(logs_1K.detach().exp().cpu(), 1, generator=luck).to(logs_1K.device)
                found = torch.autograd.grad(logs_1K.gather(1, drawn).sum(), parameters, allow_unused=True)
                for whole, part in zip(sums, found, strict=True):
                    if part is not None:
                        whole += part.square()
                count += 1
        if not count:
            raise BadOption("The defence ewc needs the rows of an earlier run.", "Go on from one: --base RUN.")
        return [whole / count for whole in sums]

    def state(self) -> dict[str, Tensor]:
        """Where the weights began, and how much each matters."""
        both = {"begun": self.begun, "matters": self.matters}
        return {f"{name}.{place}": one for name, tensors in both.items() for place, one in enumerate(tensors)}

    def put_back(self, tensors: dict[str, Tensor]) -> None:
        """What `state` gave."""
        count = len(tensors) // 2
        self.begun, self.matters = ([tensors[f"{name}.{place}"] for place in range(count)] for name in ("begun", "matters"))


defence = Ewc()
