"""Can a thorough search change the answer by replacing words? Many combinations are tried side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from beside.checks.robustness._attack import metrics
from beside.checks.robustness._replacing import Replacing
from beside.core.interfaces import Subject
from beside.core.types import Measurement, Splits


@dataclass(frozen=True, kw_only=True)
class Beam(Replacing):
    """Share of right answers that a search over combinations of replaced words changes, 0..1, lower is better (Wilson intervals).

    Same words and constraints as `robustness/greedy_words`. `search` is `beam` (the best few texts go on) or `population`
    (genetic, Alzantot et al. 2018); both find edits that one word after the other misses, and ask more texts.
    """

    rows: int = field(default=30, metadata={"unit": "test rows", "reason": "fewer than greedy, for each row asks more"})
    search: str = field(default="beam", metadata={"unit": "search", "reason": "`beam` or `population`; a beam asks fewer texts"})

    zh: ClassVar[str] = "更彻底地搜索换词的组合，能改变回答吗？许多组合同时尝试。"
    metrics: ClassVar[dict[str, tuple[str, str]]] = metrics("beam", "searched combinations of words", "组合换词攻击")
    passes: ClassVar[int] = 6

    def __post_init__(self) -> None:
        if self.search not in ("beam", "population"):
            raise ValueError("search is `beam` or `population`.")

    def measure(self, subject: Subject, splits: Splits, rng: np.random.Generator) -> Iterator[Measurement]:
        """Raises NotEnoughData when no row was answered rightly, BadInput for a thesaurus that cannot be read."""
        yield from self.two_runs("beam", self.search, subject, splits, rng)


check = Beam()
