"""A model that ranks at work: a query and candidates, a query alone, and its scores on rows while it is trained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from beside.core.answers import Said
from beside.core.interfaces import Task
from beside.core.lexical import best
from beside.core.pairs import apart, is_pair, joined
from beside.core.ranking import DEPTH, Judged, Scores, by_vectors, judged, places, reranked, some, without_itself
from beside.core.types import Example

if TYPE_CHECKING:
    from beside.engine.runtime import TorchSubject

SHOWN = 10  # candidates in an answer to a query alone
DIGITS = 6  # decimals of a score
MOST_QUERIES = 100  # of the tune split, where every query costs `DEPTH` passes

Ranked = list[tuple[int, float]]  # place of a candidate and its score, best first


def order(subject: TorchSubject, query: str, documents: Sequence[str]) -> Ranked:
    """Every document, best first; scores as the task means them."""
    if subject.task.apart:
        scores = subject.embed(documents) @ subject.embed([query])[0]
    else:
        scores = subject.probabilities([joined(query, document) for document in documents])[:, 0]
    return [(at, round(float(scores[at]), DIGITS)) for at in best(scores, len(scores)).tolist()]


def search(subject: TorchSubject, query: str, count: int) -> Ranked:
    """The best of the candidates that are kept with the model; at most `DEPTH` where it reads a pair together."""
    kept = subject.catalogue
    if kept is None:
        return []
    if kept.vectors_CH is not None:
        scores_C = kept.vectors_CH @ subject.embed([query])[0]
        return [(at, round(float(scores_C[at]), DIGITS)) for at in best(scores_C, count).tolist()]
    first = kept.words.top(query, DEPTH).tolist()
    return [(first[at], score) for at, score in order(subject, query, [kept.texts[at] for at in first])[:count]]


def said(subject: TorchSubject, query: str, documents: Sequence[str] | None = None, count: int = SHOWN) -> Said:
    """The best candidates for a query as an answer: of these documents, or of what is kept with the model."""
    if documents is None:
        texts, found = subject.catalogue.texts if subject.catalogue else [], search(subject, query, count)
    else:
        texts, found = list(documents), order(subject, query, documents)[:count]
    form = [{"index": at, "score": score, "text": texts[at]} for at, score in found]
    sure = 0.0 if subject.task.apart or not found else found[0][1]  # a cosine is no probability
    return Said(label=texts[found[0][0]] if found else "", probability=sure, probabilities={}, answer=form)


class Among:
    """A model that orders the same documents for every query; anything else is the model's own.

    Args:
        documents: None = what is kept with the model.
        count: how many an answer holds at most.
    """

    searches, pairs = True, False

    def __init__(self, subject: TorchSubject, documents: Sequence[str] | None, count: int) -> None:
        self.subject, self.documents, self.count = subject, documents, count

    def __getattr__(self, name: str) -> Any:
        return getattr(self.subject, name)

    def answers(self, texts: Sequence[str]) -> list[Said]:
        """For each query the best documents, best first."""
        return [said(self.subject, text, self.documents, self.count) for text in texts]

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Tokens of the longest that is read for each query."""
        if self.documents is None:
            return self.subject.token_counts(texts)
        if self.subject.task.apart:
            longest = max(self.subject.token_counts(self.documents), default=0)
            return [max(longest, count) for count in self.subject.token_counts(texts)]
        return [max(self.subject.token_counts([joined(text, document) for document in self.documents])) for text in texts]


def answers(subject: TorchSubject, texts: Sequence[str]) -> list[Said]:
    """The answer to each text: candidates for a query alone; for a pair whether it is relevant."""
    pairs = [text for text in texts if is_pair(text)]
    of_pairs = iter(subject.task.answers(subject.logits(pairs), subject.temperature, subject.labels))
    return [next(of_pairs) if is_pair(text) else said(subject, text) for text in texts]


def cosines(subject: TorchSubject, texts: Sequence[str]) -> np.ndarray:
    """The cosine of the two texts of each pair, float32, (n, 1); every distinct text is read once."""
    pairs = [(one, one if other is None else other) for one, other in map(apart, texts)]
    there = list(dict.fromkeys(half for pair in pairs for half in pair))
    place = {text: index for index, text in enumerate(there)}
    vectors = subject.embed(there)
    first, second = ([place[pair[side]] for pair in pairs] for side in (0, 1))
    scores: np.ndarray = (vectors[first] * vectors[second]).sum(axis=1, keepdims=True)
    return scores.astype(np.float32)


def scores_of(
    subject: TorchSubject, task: Task, examples: Sequence[Example], temperature: float, say: Callable[[str], None] | None = None
) -> dict[str, float]:
    """The task's scores over all candidates of these rows, and a loss: of choosing the right one, in nats.

    Where a pair is read together it is over `MOST_QUERIES` queries, evenly drawn from all, and the loss is that of their pairs.
    """
    data = judged([example.text for example in examples], [str(example.target) for example in examples])
    if not data.queries:
        return {**dict.fromkeys(task.metrics, 0.0), "loss": 0.0}
    if task.apart:
        losses: list[float] = []
        found = places(data, watched(data, by_vectors(data, subject.embed), temperature, losses))
        loss = float(np.mean(losses))
    else:
        data = some(data, MOST_QUERIES)
        found = places(data, reranked(data, lambda texts: subject.logits(texts)[:, 0]))
        asked = [
            joined(query, data.candidates[at]) for query, known in zip(data.queries, data.relevant, strict=True) for at in known
        ]
        loss = float(np.logaddexp(0.0, -subject.logits(asked)[:, 0]).mean())
    if say:
        say(task.report(found, data.grades()))
    return {**task.score(found, data.grades(), subject.labels), "loss": loss}


def watched(data: Judged, scores: Scores, temperature: float, losses: list[float]) -> Any:
    """The same scores; of each query the negative log of the softmax of its best relevant candidate is noted on the way."""
    for query, row_C in scores:
        row_C = without_itself(data, query, row_C)
        scaled = row_C.astype(float) / temperature
        losses.append(float(np.logaddexp.reduce(scaled) - scaled[list(data.relevant[query])].max()))
        yield query, row_C
