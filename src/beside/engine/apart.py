"""Training of a bi-encoder: query and candidate are read one by one, and the cosine with the right candidate shall beat all others.

Multiple-negatives ranking (Henderson et al. 2017): the candidates of the other rows of a batch are the negatives, with those that
rows call not relevant. Suffixes: B rows of a batch, C distinct candidates of it, H hidden size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from beside.core.errors import BadOption
from beside.core.interfaces import Progress
from beside.core.pairs import apart
from beside.engine.feed import Feed
from beside.engine.fit import Fit, Rows
from beside.engine.rows import bucketed
from beside.engine.runtime import TorchSubject
from beside.engine.team import Alone

EXPLICIT = 2  # candidates called not relevant that a query brings into a batch; with more of them they take turns by epoch


@dataclass(frozen=True, kw_only=True)
class ApartRows(Rows):
    """Rows of a query and a candidate each; the feed holds every distinct text once, whatever its part.

    Args:
        query: place in the feed of each row's query.
        candidate: and of its candidate.
        grades: how relevant it is, 0 or above.
    """

    query: np.ndarray
    candidate: np.ndarray
    grades: np.ndarray

    @cached_property
    def relevant(self) -> np.ndarray:
        """The rows to learn from."""
        return np.flatnonzero(self.grades > 0)

    @cached_property
    def known(self) -> dict[int, set[int]]:
        """Query -> what must not stand against it: all that is relevant to it, and its own text."""
        found = {int(query): {int(query)} for query in self.query}
        for row in self.relevant.tolist():
            found[int(self.query[row])].add(int(self.candidate[row]))
        return found

    @cached_property
    def against(self) -> dict[int, list[int]]:
        """Query -> the candidates that a row calls not relevant to it, and none calls relevant."""
        found: dict[int, list[int]] = {}
        for row in np.flatnonzero(self.grades == 0).tolist():
            query, candidate = int(self.query[row]), int(self.candidate[row])
            if candidate not in self.known[query]:
                found.setdefault(query, []).append(candidate)
        return found


def distinct(texts: Sequence[str]) -> list[str]:
    """Every text of these pairs once, in their order."""
    return list(dict.fromkeys(half for text in texts for half in apart(text) if half is not None))


def apart_rows(subject: TorchSubject, texts: Sequence[str], targets: list[str], progress: Progress, team: Alone) -> ApartRows:
    """Training rows as the loop takes them."""
    there = distinct(texts)
    place = {text: index for index, text in enumerate(there)}
    pairs = [apart(text) for text in texts]
    return ApartRows(
        feed=Feed(subject.model, subject.tokens.encode(there), subject.tokens.pad_id, progress, team),
        targets=targets,
        encoded=subject.task.encode(targets, subject.labels),
        query=np.array([place[query] for query, _ in pairs]),
        candidate=np.array([place[str(candidate)] for _, candidate in pairs]),
        grades=np.array([int(target) for target in targets]),
    )


class ApartFit(Fit):
    """The one training loop with batches and loss of a bi-encoder; everything else, resuming too, is the loop's own."""

    rows: ApartRows

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        if self.recipe.label_smoothing:
            raise BadOption("Setting label_smoothing has no effect with ranker=bi-encoder.", "Leave it at 0; see rank_temperature.")

    def plan(self, epoch: int) -> list[np.ndarray]:
        """The batches of an epoch, relevant rows only: a pure function of seed and epoch."""
        rows, lengths = self.rows.relevant, self.rows.feed.lengths
        both = lengths[self.rows.query[rows]] + lengths[self.rows.candidate[rows]]
        return [rows[batch] for batch in bucketed(both, self.batch_size, np.random.default_rng((self.recipe.seed, epoch)))]

    def part_of(self, batch: np.ndarray) -> Tensor:
        """Mean loss of the rows of a batch, one that is half as relevant counting half; processes share the making of vectors."""
        queries, place_B = np.unique(self.rows.query[batch], return_inverse=True)
        candidates = np.unique(np.concatenate([self.rows.candidate[batch], self.negatives(queries)]))
        own_B = np.searchsorted(candidates, self.rows.candidate[batch])
        known = [np.isin(candidates, list(self.rows.known[int(query)])) for query in queries]
        loss = negatives_loss(
            normalize(self.vectors(queries), dim=-1)[torch.from_numpy(place_B)],
            normalize(self.vectors(candidates), dim=-1),
            torch.from_numpy(own_B).to(self.device),
            torch.from_numpy(np.stack(known)[place_B]).to(self.device),
            self.targets_N[torch.from_numpy(batch)],
            self.recipe.rank_temperature,
        )
        return loss - loss.detach() if self.team.rank else loss  # its value counts once, its gradient through every text

    def vectors(self, texts: np.ndarray) -> Tensor:
        """Vectors of these texts of the feed, (len(texts), H); each process makes those of its share."""
        own = self.team.share(texts)
        with self.products():
            made = self.rows.feed.vectors(own).float() if len(own) else torch.zeros(0, self.model.width, device=self.device)
        return self.team.gather(made, len(texts))

    def negatives(self, queries: np.ndarray) -> np.ndarray:
        """Candidates that rows call not relevant to these queries, int64."""
        chosen: list[int] = []
        for query in queries.tolist():
            listed = self.rows.against.get(query, [])
            begin = self.epoch * EXPLICIT
            chosen += [listed[(begin + turn) % len(listed)] for turn in range(min(EXPLICIT, len(listed)))]
        return np.array(chosen, dtype=np.int64)


def negatives_loss(
    queries_BH: Tensor, candidates_CH: Tensor, own_B: Tensor, known_BC: Tensor, weights_B: Tensor, temperature: float
) -> Tensor:
    """Cross-entropy, in nats, of finding each row's own candidate among those of the batch.

    Args:
        queries_BH, candidates_CH: at unit length.
        own_B: place of each row's own candidate.
        known_BC: what is relevant to a row's query, so that it is no negative of it.
        weights_B: how much each row counts, above 0.
        temperature: that cosines are divided by.
    """
    scores_BC = queries_BH @ candidates_CH.T / temperature
    mine_BC = torch.zeros_like(known_BC).scatter_(1, own_B[:, None], True)
    each_B = cross_entropy(scores_BC.masked_fill(known_BC & ~mine_BC, -torch.inf), own_B, reduction="none")
    return (each_B * weights_B).sum() / weights_B.sum()
