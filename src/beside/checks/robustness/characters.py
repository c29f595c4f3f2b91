"""Can somebody change the answer with misspelt words? The most important words are misspelt first, as DeepWordBug does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from beside.checks._rows import no_labelled_rows
from beside.checks.robustness._attack import merged, metrics, sampled, told
from beside.core.attacking import Attacked, Limits, attack
from beside.core.edits import Spot
from beside.core.interfaces import Subject
from beside.core.registry import load
from beside.core.types import Measurement, Splits

KINDS = ("typos", "ocr", "glyphs", "homophones")
COMMON = ("typos",)  # people read over a slip of the finger inside a word


@dataclass(frozen=True, kw_only=True)
class Characters:
    """Share of right answers that misspelt words change, 0..1, lower is better (Wilson intervals).

    The search is DeepWordBug's (Gao et al. 2018): words in the order of what the answer loses without them. Slips are those of
    `typos`, `ocr`, `glyphs` and, of sound, `homophones`; in Chinese characters that sound or look alike. A sentence encoder is
    itself fooled by misspelling, so no cosine can check the meaning here: the checked rate allows what people are known to read
    over, slips of the finger inside words (Pruthi et al. 2019), in one word of ten.
    """

    rows: int = field(default=60, metadata={"unit": "test rows", "reason": "an interval of 25 points at most, in seconds"})
    queries: int = field(default=80, metadata={"unit": "texts a row", "reason": "most rows end before it"})
    share: float = field(default=0.3, metadata={"unit": "share of words", "reason": "more can hardly be read"})
    checked_share: float = field(default=0.1, metadata={"unit": "share of words", "reason": "one word of ten, at least one"})
    slips: int = field(default=6, metadata={"unit": "slips a word", "reason": "drawn at random of all there are"})
    shown: int = field(default=20, metadata={"unit": "rows", "reason": "fooled rows kept for a person to read"})

    zh: ClassVar[str] = "有人故意写错几个字就能改变回答吗？按 DeepWordBug 的办法，先改最要紧的词。"
    metrics: ClassVar[dict[str, tuple[str, str]]] = metrics("characters", "misspelt words", "错字攻击")
    passes: ClassVar[int] = 6

    def why_not(self, subject: Subject, splits: Splits) -> str | None:
        return no_labelled_rows(subject, splits)

    def measure(self, subject: Subject, splits: Splits, rng: np.random.Generator) -> Iterator[Measurement]:
        """Raises NotEnoughData when no row was answered rightly."""
        rows = sampled(splits, self.rows, rng)

        def run(kinds: Sequence[str], share: float) -> list[Attacked]:
            found = [load("perturbations", kind) for kind in kinds]
            spots = [self.drawn(merged(*(one.spots(text) for one in found)), rng) for text, _ in rows]
            limits = Limits(share=share, queries=self.queries)
            return attack(subject, [text for text, _ in rows], [target for _, target in rows], spots, limits=limits)

        loose, tight = run(KINDS, self.share), run(COMMON, self.checked_share)
        yield from told("characters", loose, tight, self.shown, rng, {"source": ", ".join(KINDS)})

    def drawn(self, spots: Sequence[Spot], rng: np.random.Generator) -> list[Spot]:
        """Spots with a few of their slips each."""
        return [
            (start, end, [others[int(place)] for place in rng.permutation(len(others))[: self.slips]])
            for start, end, others in spots
        ]


check = Characters()
