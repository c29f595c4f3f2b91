"""Queries and candidates: which are relevant to which, and at which places a model ranks the relevant ones.

Rows are pairs of texts (core/pairs.py), query and candidate, with a grade of relevance as target. Suffixes: Q queries,
C candidates.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from beside.core.interfaces import Subject, Task
from beside.core.lexical import BM25, best
from beside.core.pairs import apart, joined
from beside.core.types import Example

DEPTH = 50  # candidates of a first pass that a model which reads query and candidate together ranks anew
CELLS = 8_000_000  # scores held at a time: 64 MB

Scores = Iterator[tuple[int, np.ndarray]]  # place of the query, and one number per candidate, higher is better


@dataclass(frozen=True)
class Judged:
    """Rows of pairs as queries, each with the grades of the candidates that are relevant to it.

    Args:
        queries: those that have a relevant candidate, in the order of the rows.
        candidates: all distinct ones of the rows, sorted: an order that tells nothing.
        relevant: of each query, place of a candidate -> its grade, above 0.
    """

    queries: list[str]
    candidates: list[str]
    relevant: list[dict[int, int]]

    def own(self, query: int) -> int | None:
        """Place of the candidate that is the query itself and not called relevant: it is no answer to itself, so it stands last."""
        text = self.queries[query]
        at = bisect_left(self.candidates, text)
        return at if at < len(self.candidates) and self.candidates[at] == text and at not in self.relevant[query] else None

    def grades(self) -> list[str]:
        """The targets of the queries, as `Rank.scorer` takes them: `2 1 1`."""
        return [" ".join(str(grade) for grade in known.values()) for known in self.relevant]


def judged(texts: Sequence[str], targets: Sequence[str], others: Iterable[str] = ()) -> Judged:
    """Queries and candidates of rows; the highest grade counts where a pair stands twice.

    Args:
        others: candidates that no row names, and that must be told from the relevant ones as well.
    """
    pairs = [apart(text) for text in texts]
    candidates = sorted({*(str(pair) for _, pair in pairs), *others})
    place = {candidate: index for index, candidate in enumerate(candidates)}
    found: dict[str, dict[int, int]] = {}
    for (query, candidate), target in zip(pairs, targets, strict=True):
        known, at = found.setdefault(query, {}), place[str(candidate)]
        if int(target) > 0:
            known[at] = max(known.get(at, 0), int(target))
    kept = {query: known for query, known in found.items() if known}
    return Judged(list(kept), candidates, list(kept.values()))


def some(data: Judged, count: int) -> Judged:
    """So many of the queries, evenly spread and the same each time; all candidates."""
    chosen = np.unique(np.linspace(0, len(data.queries) - 1, min(count, len(data.queries))).astype(int)).tolist()
    return Judged([data.queries[at] for at in chosen], data.candidates, [data.relevant[at] for at in chosen])


def catalogue(*splits: Iterable[Example]) -> list[str]:
    """Every distinct candidate of these rows, in their order."""
    seconds = (row.pair if row.pair is not None else apart(row.text)[1] for rows in splits for row in rows)
    return list(dict.fromkeys(second for second in seconds if second is not None))


def places(data: Judged, scores: Scores) -> list[str]:
    """Where the relevant candidates of each query stand, 1 = first, as `Rank.scorer` takes them: `3 17`."""
    found = [""] * len(data.queries)
    for query, row_C in scores:
        row_C = without_itself(data, query, row_C)
        at = np.fromiter(data.relevant[query], dtype=np.int64)
        before = (row_C[None, :] > row_C[at, None]).sum(axis=1)
        ties = ((row_C[None, :] == row_C[at, None]) & (np.arange(len(row_C)) < at[:, None])).sum(axis=1)
        found[query] = " ".join(map(str, (1 + before + ties).tolist()))
    return found


def by_words(data: Judged) -> Scores:
    """BM25 over the candidates."""
    index = BM25(data.candidates)
    for query, text in enumerate(data.queries):
        yield query, index.scores(text)


def constant(data: Judged, learned: Sequence[tuple[str, str]]) -> Scores:
    """One and the same order for every query: what answered most training queries first, then as the candidates stand.

    Args:
        learned: texts and targets of the training rows.
    """
    often: dict[str, int] = {}
    for text, target in learned:
        if int(target) > 0:
            second = str(apart(text)[1])
            often[second] = often.get(second, 0) + 1
    row_C = np.array([often.get(candidate, 0) for candidate in data.candidates], dtype=float)
    yield from ((query, row_C) for query in range(len(data.queries)))


def by_vectors(data: Judged, embed: Callable[[Sequence[str]], np.ndarray]) -> Scores:
    """Cosines of vectors; those of the candidates are computed once, scores for as many queries at a time as memory allows."""
    candidates_CH = unit(embed(data.candidates))
    some = max(1, CELLS // max(1, len(data.candidates)))
    for start in range(0, len(data.queries), some):
        scores_QC = unit(embed(data.queries[start : start + some])) @ candidates_CH.T
        yield from enumerate(scores_QC, start=start)


def reranked(data: Judged, score: Callable[[Sequence[str]], np.ndarray]) -> Scores:
    """The first `DEPTH` of BM25 in the order of `score` (texts of pairs -> a number each); the others behind, as BM25 has them."""
    index = BM25(data.candidates)
    for query, text in enumerate(data.queries):
        first_C = index.scores(text)
        top = best(without_itself(data, query, first_C), DEPTH)
        told = score([joined(text, data.candidates[at]) for at in top])
        row_C = first_C - first_C.max() - 1.0  # below every place of the first pass, in its order
        row_C[top] = 1.0 + np.argsort(np.argsort(told, kind="stable"), kind="stable")
        yield query, row_C


def reached(data: Judged) -> np.ndarray:
    """Of each query the share of its relevant candidates among the first `DEPTH` of BM25, 0..1, shape (queries,)."""
    index = BM25(data.candidates)
    firsts = (without_itself(data, query, index.scores(text)) for query, text in enumerate(data.queries))
    tops = (set(best(first_C, DEPTH).tolist()) for first_C in firsts)
    return np.array([len(top & known.keys()) / len(known) for top, known in zip(tops, data.relevant, strict=True)])


def without_itself(data: Judged, query: int, row_C: np.ndarray) -> np.ndarray:
    """The scores of a query, a candidate that is the query itself below all others."""
    own = data.own(query)
    if own is None:
        return row_C
    changed = row_C.copy()
    changed[own] = -np.inf
    return changed


def ranked_by(subject: Subject, data: Judged) -> Scores:
    """What a model says: cosines where it reads query and candidate apart, else its scores of the first pass's best."""
    if getattr(subject, "task").apart:  # noqa: B009, a Subject need not have one
        return by_vectors(data, subject.embed)
    return reranked(data, lambda texts: subject.logits(texts)[:, 0])


def scored(task: Task, texts: Sequence[str], targets: Sequence[str]) -> tuple[Callable[[Subject], list[str]], list[str]]:
    """What gives a model's answers to these rows as `task.scorer` takes them, and what they are held against.

    Of a task that ranks that is query by query, over the candidates of these rows.
    """
    if not task.ranks:
        return lambda subject: subject.predict(texts), list(targets)
    data = judged(texts, targets)
    return lambda subject: places(data, ranked_by(subject, data)), data.grades()


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors at length 1, float32; a vector of zeros stays one."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)
