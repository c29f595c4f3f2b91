"""Searches for edits that change an answer, over many rows at once: greedy, beam and population.

In each round the candidates of all rows still searched are asked together (core/questioning.py). No search knows a model or a
language: it picks among the others of spots (core/edits.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from beside.core.edits import Chosen, Spot, filled, without
from beside.core.interfaces import Subject
from beside.core.questioning import NEARNESS, Asked, Embed, asked_once, units


@dataclass
class Hunt:
    """One row under attack and how far the search for it has come."""

    text: str
    target: int  # the right label
    spots: list[Spot]
    most: int  # spots that may be filled
    left: int  # texts that the model may still be asked
    before: np.ndarray  # probabilities of the untouched text, (labels,)
    edited: str = ""
    chosen: Chosen = ()
    said: int = -1  # the answer to `edited`
    right: float = 1.0  # probability of the right label for `edited`
    fooled: bool = False
    asked: int = 1
    order: list[int] = field(default_factory=list)  # spots, the one that counts most first

    @property
    def live(self) -> bool:
        """Whether it is worth asking on."""
        return not self.fooled and self.left > 0


class Try(NamedTuple):
    """An edited text and what the model says of it."""

    chosen: Chosen
    text: str
    said: int
    right: float
    near: float  # cosine to the untouched text; 1 where nobody measures it


class Questions:
    """The one place where searches ask: the model, and how near an edited text is to the untouched one.

    Args:
        subject: the model under attack.
        embed: vectors of texts; None where sentences are not compared.
        least: the lowest cosine between an edited text and its original.
    """

    def __init__(self, subject: Subject, embed: Embed | None, least: float) -> None:
        self.asked, self.embed, self.least = Asked(subject.probabilities), Asked(embed) if embed else None, least
        self.vectors: dict[str, np.ndarray] = {}  # of untouched texts

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """Up to rounding, float, shape (len(texts), labels)."""
        return self.asked.roughly(texts)

    def tries(
        self, hunts: Sequence[Hunt], moves: Sequence[Sequence[Chosen]], *, best: bool = False, enough: int = 0
    ) -> list[list[Try]]:
        """What comes of each hunt's moves, as far as its queries reach; only those that help and stay near.

        A move helps when it changes the answer or lowers the probability of the right one below that of the untouched text; with
        `best` below what the hunt holds.

        Args:
            enough: of moves that change nothing, how many are wanted, those that hurt most; 0 = all.
        """
        moves = [some[: hunt.left] for hunt, some in zip(hunts, moves, strict=True)]
        texts = [[filled(hunt.text, hunt.spots, one) for one in some] for hunt, some in zip(hunts, moves, strict=True)]
        targets = np.repeat([hunt.target for hunt in hunts], [len(some) for some in texts])
        flat = self.asked.decisively([text for some in texts for text in some], targets)
        found: list[list[Try]] = []
        start = 0
        for hunt, some, edits in zip(hunts, moves, texts, strict=True):
            scores, start = flat[start : start + len(some)], start + len(some)
            hunt.left, hunt.asked = hunt.left - len(some), hunt.asked + len(some)
            tried = [
                Try(one, text, int(row.argmax()), float(row[hunt.target]), 1.0)
                for one, text, row in zip(some, edits, scores, strict=True)
            ]
            bar = hunt.right if best else float(hunt.before[hunt.target])
            found.append([one for one in tried if one.said != hunt.target or one.right < bar])
        return self.near(hunts, found, enough) if self.embed else found

    def near(self, hunts: Sequence[Hunt], found: Sequence[Sequence[Try]], enough: int = 0) -> list[list[Try]]:
        """Those of the tries whose text is near enough to the untouched one; those that hurt most first.

        A sentence is compared only where that can change the outcome: of tries that help, first those that change the answer,
        then, where none of them is near, those that hurt most, until enough are.
        """
        turned = [[one for one in some if one.said != hunt.target] for hunt, some in zip(hunts, found, strict=True)]
        others = [
            sorted((one for one in some if one.said == hunt.target), key=lambda one: one.right)
            for hunt, some in zip(hunts, found, strict=True)
        ]
        kept = self.compared(hunts, turned)
        done = [bool(some) for some in kept]
        size = enough or max(map(len, others), default=0)
        while any(rest and not over for rest, over in zip(others, done, strict=True)):
            asked = [[] if over else rest[:size] for rest, over in zip(others, done, strict=True)]
            others = [rest[size:] for rest in others]
            kept = [before + new for before, new in zip(kept, self.compared(hunts, asked), strict=True)]
            done = [over or len(some) >= (enough or len(some) + 1) for over, some in zip(done, kept, strict=True)]
            size *= 2
        return kept

    def compared(self, hunts: Sequence[Hunt], found: Sequence[Sequence[Try]]) -> list[list[Try]]:
        """Those of the tries whose text is near enough to the untouched one, in their order."""
        assert self.embed
        fresh = [hunt.text for hunt, some in zip(hunts, found, strict=True) if some and hunt.text not in self.vectors]
        if fresh:
            self.vectors |= zip(fresh, units(asked_once(self.embed.exact, fresh)), strict=True)
        own = [self.vectors[hunt.text] for hunt, some in zip(hunts, found, strict=True) for _ in some]
        if not own:
            return [[] for _ in hunts]
        texts, untouched = [one.text for some in found for one in some], np.array(own)
        vectors = self.embed.roughly(texts)
        doubtful = np.abs((units(vectors) * untouched).sum(axis=1) - self.least) < NEARNESS
        cosines = iter((units(self.embed.again(vectors, texts, doubtful)) * untouched).sum(axis=1))
        tried = [[one._replace(near=float(next(cosines))) for one in some] for some in found]
        return [[one for one in some if one.near >= self.least] for some in tried]


def greedy(hunts: Sequence[Hunt], questions: Questions) -> None:
    """TextFooler's search (Jin et al. 2020): word by word, the one that counts most first, each replaced by its best other."""
    rank(hunts, questions)
    for turn in range(max((len(hunt.order) for hunt in hunts), default=0)):
        live = [hunt for hunt in hunts if hunt.live and turn < len(hunt.order) and len(hunt.chosen) < hunt.most]
        moves = [list(options(hunt, hunt.chosen, [hunt.order[turn]])) for hunt in live]
        for hunt, tried in zip(live, questions.tries(live, moves, best=True, enough=1), strict=True):
            if not won(hunt, tried) and tried:
                take(hunt, min(tried, key=lambda one: one.right))


def beam(hunts: Sequence[Hunt], questions: Questions, *, width: int = 4, reach: int = 8) -> None:
    """Beam search: the best `width` texts go on, each with one more edit among the `reach` spots that count most."""
    rank(hunts, questions)
    beams: list[list[Chosen]] = [[()] for _ in hunts]
    for _ in range(max((hunt.most for hunt in hunts), default=0)):
        going = [place for place, hunt in enumerate(hunts) if hunt.live and beams[place]]
        live = [hunts[place] for place in going]
        moves = [
            list(dict.fromkeys(move for one in beams[place] for move in options(hunts[place], one, hunts[place].order[:reach])))
            for place in going
        ]
        for place, hunt, tried in zip(going, live, questions.tries(live, moves, enough=width), strict=True):
            best = sorted(tried, key=lambda one: one.right)[:width]
            beams[place] = [one.chosen for one in best if len(one.chosen) < hunt.most]
            if not won(hunt, tried) and best:
                take(hunt, best[0])


def population(
    hunts: Sequence[Hunt], questions: Questions, rng: np.random.Generator, *, members: int = 16, rounds: int = 8
) -> None:
    """Genetic search (Alzantot et al. 2018): texts are crossed, the fitter the likelier, and each child gets one more edit."""
    pools: list[list[Try]] = [[Try((), hunt.text, hunt.target, hunt.right, 1.0)] for hunt in hunts]
    for _ in range(rounds):
        going = [place for place, hunt in enumerate(hunts) if hunt.live and hunt.spots and hunt.most]
        live = [hunts[place] for place in going]
        moves = [children(hunts[place], pools[place], members, rng) for place in going]
        for place, hunt, tried in zip(going, live, questions.tries(live, moves), strict=True):
            pools[place] = sorted({one.text: one for one in [*pools[place], *tried]}.values(), key=lambda one: one.right)[:members]
            if not won(hunt, tried) and tried:
                take(hunt, pools[place][0])


def children(hunt: Hunt, pool: Sequence[Try], members: int, rng: np.random.Generator) -> list[Chosen]:
    """New members: of two parents each spot comes from either, then one spot is filled anew."""
    fitness = np.array([1.001 - one.right for one in pool])
    made: list[Chosen] = []
    for _ in range(members):
        first, second = (dict(pool[int(place)].chosen) for place in rng.choice(len(pool), size=2, p=fitness / fitness.sum()))
        mixed = {spot: other for one in (first, second) for spot, other in one.items() if rng.random() < 0.5 or first == second}
        spot = int(rng.integers(len(hunt.spots)))
        mixed[spot] = int(rng.integers(len(hunt.spots[spot][2])))
        while len(mixed) > hunt.most:
            mixed.pop(sorted(mixed.keys() - {spot})[int(rng.integers(len(mixed) - 1))])
        made.append(tuple(sorted(mixed.items())))
    return list(dict.fromkeys(made))


def rank(hunts: Sequence[Hunt], questions: Questions) -> None:
    """Orders each hunt's spots by what the answer loses with the word (Jin et al. 2020, equation 2); one query a spot.

    Raised when the answer changes, by what the new answer gains. Spots that the queries do not reach come last, in order.
    """
    live = [hunt for hunt in hunts if hunt.live]
    texts = [[without(hunt.text, start, end) for start, end, _ in hunt.spots[: hunt.left]] for hunt in live]
    flat = questions.probabilities([text for some in texts for text in some])
    start = 0
    for hunt, some in zip(live, texts, strict=True):
        scores, start = flat[start : start + len(some)], start + len(some)
        hunt.left, hunt.asked = hunt.left - len(some), hunt.asked + len(some)
        if not some:
            hunt.order = list(range(len(hunt.spots)))
            continue
        said = scores.argmax(axis=1)
        lost, gained = hunt.before[hunt.target] - scores[:, hunt.target], scores[np.arange(len(some)), said] - hunt.before[said]
        weights = lost + np.where(said != hunt.target, gained, 0.0)
        hunt.order = [*map(int, np.argsort(-weights, kind="stable")), *range(len(some), len(hunt.spots))]


def options(hunt: Hunt, chosen: Chosen, spots: Sequence[int]) -> Iterator[Chosen]:
    """What is chosen and one more: every other of each of the spots that is not filled yet."""
    taken = dict(chosen)
    for spot in spots:
        if spot not in taken:
            yield from (tuple(sorted((*chosen, (spot, other)))) for other in range(len(hunt.spots[spot][2])))


def won(hunt: Hunt, tried: Sequence[Try]) -> bool:
    """Whether a try changes the answer; the one nearest to the untouched text is taken."""
    changed = [one for one in tried if one.said != hunt.target]
    if changed:
        take(hunt, max(changed, key=lambda one: (one.near, -len(one.chosen))))
    return bool(changed)


def take(hunt: Hunt, one: Try) -> None:
    """A try becomes what the hunt holds."""
    if one.said != hunt.target or one.right < hunt.right:
        hunt.chosen, hunt.edited, hunt.said, hunt.right = one.chosen, one.text, one.said, one.right
        hunt.fooled = one.said != hunt.target
