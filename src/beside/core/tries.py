"""Tries of a search for edits that change an answer: what the model says of them, and how near they stay to the untouched text.

Most of what a search asks decides nothing. So a model's quick twin (core/questioning.py) is asked first; sentences are compared
only for tries that may end the search or carry it on; and the model itself is asked only for the one that would end it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import isnan, nan
from typing import NamedTuple

import numpy as np

from beside.core.edits import Chosen, Spot, filled
from beside.core.interfaces import Subject
from beside.core.questioning import MARGIN, NEARNESS, Asked, Embed, asked_once, units

WORTH = 32  # texts that make a pass worth its while: a smaller one takes about as long


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
    margin: float = 1.0  # between the two most probable labels
    near: float = 1.0  # cosine to the untouched text; 1 where nobody measures it, nan where it was not measured yet


Tries = list[Try]


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
    ) -> list[Tries]:
        """What comes of each hunt's moves, as far as its queries reach; only those that help and stay near.

        A move helps when it changes the answer or lowers the probability of the right one below that of the untouched text; with
        `best` below what the hunt holds. Where one changes the answer it is the only one that is given: the nearest of those.

        Args:
            enough: of moves that change nothing, how many are wanted, those that hurt most; 0 = all.
        """
        moves = [some[: hunt.left] for hunt, some in zip(hunts, moves, strict=True)]
        texts = [[filled(hunt.text, hunt.spots, one) for one in some] for hunt, some in zip(hunts, moves, strict=True)]
        for hunt, some in zip(hunts, moves, strict=True):
            hunt.left, hunt.asked = hunt.left - len(some), hunt.asked + len(some)
        told = read(self.asked.roughly([text for some in texts for text in some]), hunts, texts)
        unknown = nan if self.embed else 1.0
        tried = [
            [Try(one, text, *next(told), unknown) for one, text in zip(*each, strict=True)]
            for each in zip(moves, texts, strict=True)
        ]
        bars = [hunt.right if best else float(hunt.before[hunt.target]) for hunt in hunts]
        return self.settled(hunts, tried, bars, enough)

    def may_win(self, hunt: Hunt, one: Try) -> bool:
        """Whether a try changes the answer, or may do so once the model itself is asked."""
        return one.said != hunt.target or (self.asked.hurries and one.margin < MARGIN)

    def settled(self, hunts: Sequence[Hunt], found: Sequence[Tries], bars: Sequence[float], enough: int) -> list[Tries]:
        """The try that ends each hunt, or those that carry it on: near ones below the bar, those that hurt most first."""
        likely = [[one for one in some if self.may_win(hunt, one)] for hunt, some in zip(hunts, found, strict=True)]
        likely = self.compared(hunts, likely)
        ended = self.confirmed(hunts, [[one for one in some if one.near >= self.least] for some in likely])
        rest: list[Tries] = []
        for hunt, some, bar, (won, refuted) in zip(hunts, found, bars, ended, strict=True):
            others = [] if won else [*refuted, *(one for one in some if not self.may_win(hunt, one))]
            rest.append(sorted((one for one in others if one.right < bar), key=lambda one: one.right))
        size = enough or max(map(len, rest), default=0)
        while asked := sum(bool(self.deciding(some, enough, 1)) for some in rest):
            size = max(size, WORTH // asked)
            picked = [self.deciding(some, enough, size) for some in rest]
            new = self.compared(hunts, [[some[place] for place in places] for some, places in zip(rest, picked, strict=True)])
            for some, places, told in zip(rest, picked, new, strict=True):
                for place, one in zip(places, told, strict=True):
                    some[place] = one
            size *= 2
        return [
            [won] if won else [one for one in some if one.near >= self.least] for (won, _), some in zip(ended, rest, strict=True)
        ]

    def deciding(self, tried: Tries, enough: int, most: int) -> list[int]:
        """Places of the first tries, at most so many, whose nearness is not known and counts: until enough are near."""
        places, near = list[int](), 0
        for place, one in enumerate(tried):
            near += one.near >= self.least
            if len(places) == most or (enough and near >= enough):
                break
            if isnan(one.near):
                places.append(place)
        return places

    def confirmed(self, hunts: Sequence[Hunt], likely: Sequence[Tries]) -> list[tuple[Try | None, Tries]]:
        """Of tries that may change the answer the nearest that does, says the model itself; and those that turned out not to."""
        order = [sorted(some, key=lambda one: (-one.near, len(one.chosen))) for some in likely]
        if not self.asked.hurries:
            return [(next(iter(some), None), []) for some in order]
        won: list[Try | None] = [None] * len(hunts)
        refuted: list[Tries] = [[] for _ in hunts]
        size = 1
        while any(order):
            picked = [some[:size] for some in order]
            texts = [[one.text for one in some] for some in picked]
            told = read(asked_once(self.asked.exact, [text for some in texts for text in some]), hunts, texts)
            for place, (hunt, some) in enumerate(zip(hunts, picked, strict=True)):
                sure = [one._replace(said=said, right=right, margin=margin) for one in some for said, right, margin in [next(told)]]
                won[place] = won[place] or next((one for one in sure if one.said != hunt.target), None)
                refuted[place] += [one for one in sure if one.said == hunt.target]
                order[place] = [] if won[place] else order[place][size:]
            size *= 2
        return list(zip(won, refuted, strict=True))

    def compared(self, hunts: Sequence[Hunt], found: Sequence[Tries]) -> list[Tries]:
        """The tries in their order, each with its cosine to the untouched text, one that is known as it is."""
        if not self.embed:
            return [list(some) for some in found]
        fresh = [hunt.text for hunt, some in zip(hunts, found, strict=True) if some and hunt.text not in self.vectors]
        if fresh:
            self.vectors |= zip(fresh, self.embed.roughly(fresh), strict=True)
        asked = [(hunt.text, one.text) for hunt, some in zip(hunts, found, strict=True) for one in some if isnan(one.near)]
        if not asked:
            return [list(some) for some in found]
        own, texts = [own for own, _ in asked], [text for _, text in asked]
        cosines = near(self.embed.roughly(texts), np.array([self.vectors[text] for text in own]))
        if self.embed.hurries and (doubtful := np.flatnonzero(np.abs(cosines - self.least) < NEARNESS)).size:
            pairs = asked_once(self.embed.exact, [*(own[place] for place in doubtful), *(texts[place] for place in doubtful)])
            cosines[doubtful] = near(pairs[: len(doubtful)], pairs[len(doubtful) :])
        told = iter(cosines.tolist())
        return [[one._replace(near=next(told)) if isnan(one.near) else one for one in some] for some in found]


def near(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Cosine of each vector with the other one of its row, (texts,)."""
    found: np.ndarray = (units(first) * units(second)).sum(axis=1)
    return found


def read(scores: np.ndarray, hunts: Sequence[Hunt], texts: Sequence[Sequence[str]]) -> Iterator[tuple[int, float, float]]:
    """Of each text, hunt by hunt: the answer, the probability of the right label, and by how much the two most probable differ.

    Args:
        scores: probabilities, (texts, labels).
    """
    if not len(scores):
        return iter(())
    targets = np.repeat([hunt.target for hunt in hunts], [len(some) for some in texts])
    first = np.sort(scores, axis=1)
    margins = first[:, -1] - first[:, -2] if scores.shape[1] > 1 else np.ones(len(scores))
    told = scores.argmax(axis=1), scores[np.arange(len(scores)), targets], margins
    return zip(*(column.tolist() for column in told), strict=True)
