"""Replay: when a run goes on from an earlier one, some of its old rows are learned along with the new ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from beside.core.interfaces import Progress, Task
from beside.core.recipe import Recipe
from beside.core.types import Example
from beside.defences._defence import Base


@dataclass(frozen=True)
class Replay(Base):
    """Experience replay (Robins 1995; for language models de Masson d'Autume et al. 2019).

    Args:
        share: old rows for each new one; 1 = as many, as far as there are.
        seed: decides which.
    """

    share: float = 0.5
    seed: int = 0

    zh: ClassVar[str] = "Replay：从较早的运行继续训练时，与新数据一起再学一部分旧数据"
    touches: ClassVar[Literal["loss", "weights", "rows"]] = "rows"
    local: ClassVar[bool] = False
    of_old: ClassVar[bool] = True

    def configured(self, recipe: Recipe) -> Replay:
        return Replay(recipe.replay_share, recipe.seed)

    def why_not(self, task: Task, recipe: Recipe) -> str | None:
        return "a run that writes its answers cannot be gone on from" if task.writes else None

    def rows(
        self, new: Sequence[Example], old: Sequence[Example], labels: Sequence[str], task: Task, progress: Progress
    ) -> list[Example]:
        """The new rows and the old ones that were drawn, none that stands among the new or has a label that is gone."""
        texts, known = {row.text for row in new}, set(labels)
        fit = [row for row in old if row.text not in texts and known.issuperset(task.members(str(row.target)))]
        count = min(len(fit), round(self.share * len(new)))
        drawn = np.random.default_rng(self.seed).permutation(len(fit))[:count]
        progress.say(f"Replay: {count} of {len(old)} old rows are learned along with {len(new)} new ones.")
        return [*new, *(fit[place] for place in sorted(drawn.tolist()))]


defence = Replay()
