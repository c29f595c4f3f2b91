"""What a model that reads query and candidate together learns from besides relevant pairs: candidates that are not relevant."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from beside.core.lexical import BM25
from beside.core.pairs import apart, joined
from beside.core.ranking import DEPTH
from beside.core.types import Example


def sampled(examples: Sequence[Example], count: int, hard: bool, seed: int) -> list[Example]:
    """The rows, and for each relevant one `count` pairs of its query with another candidate of the corpus, target 0.

    Half of the hard ones, rounded up, come from the first `DEPTH` that BM25 finds for the query, where the model will have to tell
    them apart; the others by chance. A candidate that a row calls relevant to the query, or judges at all, is never taken.

    Args:
        examples: rows of pairs; equal rows and seed give equal negatives.
        count: for each relevant row; fewer where there are no more candidates.
    """
    pairs = [apart(row.text) for row in examples]
    candidates = sorted({str(candidate) for _, candidate in pairs})
    place = {candidate: index for index, candidate in enumerate(candidates)}
    judged: dict[str, set[int]] = {}
    for query, candidate in pairs:
        judged.setdefault(query, set()).add(place[str(candidate)])
    index, rng = BM25(candidates) if hard else None, np.random.default_rng((seed, 1))
    made = []
    for row, (query, _) in zip(examples, pairs, strict=True):
        if int(str(row.target)) == 0:
            continue
        near = [at for at in index.top(query, DEPTH).tolist() if at not in judged[query]] if index else []
        chosen = rng.permutation(near)[: -(-count // 2)].astype(int).tolist()
        for at in rng.integers(0, len(candidates), 4 * count).tolist():  # tries; most are free
            if len(chosen) < count and at not in judged[query] and at not in chosen:
                chosen.append(at)
        made += [
            Example(id=f"{row.id}-negative-{number}", text=joined(query, candidates[at]), target="0")
            for number, at in enumerate(chosen)
        ]
    return [*examples, *made]
