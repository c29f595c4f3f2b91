"""Which tokens a model has to guess: whole words, chosen anew in every pass. No torch.

Words are the product's own (`core/wording.py`): jieba's for Chinese, as in Cui et al. 2021 (Pre-Training with Whole Word Masking
for Chinese BERT), runs of letters and digits elsewhere. What a tokenizer makes of a word, one piece or several, is hidden or left
together; a token that reaches over a word's end ties its words to one another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from tokenizers import Tokenizer

from beside.core.wording import words
from beside.engine.tokens import CHUNK

SPECIAL = -1  # group of [CLS], [SEP] and their like: never hidden
MASKED, RANDOM = 0.8, 0.1  # of the chosen tokens; the rest stays as it is (Devlin et al. 2019)


@dataclass(frozen=True)
class Piece:
    """A text, or a part of one that is too long: token ids and, for each, the number of its word; both (L,), int32."""

    text: int  # position of the text it comes from
    ids: np.ndarray
    groups: np.ndarray


def pieces(tokenizer: Tokenizer, texts: Sequence[str], max_length: int) -> Iterator[Piece]:
    """All tokens of all texts in rows of at most `max_length` tokens, special ones included; cut between words where one ends."""
    ends = tokenizer.encode("").ids
    before, after = ends[: (len(ends) + 1) // 2], ends[(len(ends) + 1) // 2 :]
    room = max_length - len(ends)
    for start in range(0, len(texts), CHUNK):
        chunk = list(texts[start : start + CHUNK])
        for place, encoding in enumerate(tokenizer.encode_batch(chunk, add_special_tokens=False), start=start):
            ids, groups = np.array(encoding.ids, dtype=np.int32), word_groups(texts[place], encoding.offsets)
            for first, last in cuts(groups, room):
                yield Piece(
                    text=place,
                    ids=np.concatenate([before, ids[first:last], after]).astype(np.int32),
                    groups=np.concatenate(
                        [[SPECIAL] * len(before), groups[first:last] - groups[first], [SPECIAL] * len(after)]
                    ).astype(np.int32),
                )


def word_groups(text: str, spans: Sequence[tuple[int, int]]) -> np.ndarray:
    """The number of the word that each token belongs to, from 0 on, (L,), int32.

    Args:
        spans: first character of each token and the one behind its last, in order.
    """
    owner = np.arange(len(text) + 1)  # every character is on its own ...
    for word in words(text):
        owner[word.start : word.end] = word.start  # ... unless a word holds it
    firsts = owner[[start for start, _ in spans]]
    lasts = owner[[max(start, end - 1) for start, end in spans]]
    return np.concatenate([[0], np.cumsum(firsts[1:] > lasts[:-1])]).astype(np.int32)[: len(spans)]


def cuts(groups: np.ndarray, room: int) -> Iterator[tuple[int, int]]:
    """First token of each part and the one behind its last; only a word longer than `room` is cut itself."""
    first = 0
    while first < len(groups):
        last = min(first + room, len(groups))
        if last < len(groups) and groups[last] == groups[last - 1]:
            begins = int(np.searchsorted(groups, groups[last]))
            last = begins if begins > first else last
        yield first, last
        first = last


@dataclass(frozen=True)
class Masking:
    """How tokens are hidden.

    Args:
        share: of a row's tokens that are chosen, about; a row has one chosen word at least.
        mask_id: token that says "guess me".
        choices: ids that a random token is drawn from.
    """

    share: float
    mask_id: int
    choices: np.ndarray

    def apply(self, piece: Piece, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """The ids with words hidden, (L,), and the places to be guessed, (M,), in order; M is 0 only for a row without words."""
        content = np.flatnonzero(piece.groups != SPECIAL)
        ids = piece.ids.copy()
        if not len(content):
            return ids, content
        sizes = np.bincount(piece.groups[content])
        order = rng.permutation(len(sizes))
        ends = np.cumsum(sizes[order])
        # the word at the edge is in when more than half of it fits, so that the share comes out right on average
        taken = ends - sizes[order] / 2 <= self.share * len(content)
        taken[0] = True
        places = content[np.isin(piece.groups[content], order[taken])]
        luck = rng.random(len(places))
        ids[places[luck < MASKED]] = self.mask_id
        odd = places[(luck >= MASKED) & (luck < MASKED + RANDOM)]
        ids[odd] = rng.choice(self.choices, len(odd))
        return ids, places


def masking_for(tokenizer: Tokenizer, share: float, mask_id: int) -> Masking:
    """Masking with this tokenizer's vocabulary; special tokens are never drawn at random."""
    special = set(tokenizer.get_added_tokens_decoder())
    choices = np.array([id for id in range(tokenizer.get_vocab_size()) if id not in special], dtype=np.int32)
    return Masking(share, mask_id, choices)
