"""Searches for edits that change an answer, over many rows at once: greedy, beam and population.

In each round the candidates of all rows still searched are asked together (core/tries.py). No search knows a model or a
language: it picks among the others of spots (core/edits.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from beside.core.edits import Chosen, without
from beside.core.tries import Hunt, Questions, Try


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
    pools: list[list[Try]] = [[Try((), hunt.text, hunt.target, hunt.right)] for hunt in hunts]
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
