"""Words replaced by what a masked language model would write in their place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from beside.core import wording
from beside.perturbations._words import Spot, chinese_words, kept, like, may_change, swapped, words
from beside.perturbations.synonyms import GRAMMAR, fits, interchangeable, is_han


@dataclass(frozen=True, kw_only=True)
class MaskedWords:
    """One word in so many hidden and guessed anew from its context (Garg & Ramakrishnan 2020, "BAE").

    A guess fits the context and need not mean the same: whoever asks for more than a plausible sentence compares the sentences.
    Negations, numbers, names, words of grammar and addresses stay; a guess has the ending of the word (-ing, -ed, -ly, -s), for
    want of a tagger that knows parts of speech, and is no form and no opposite of it. Chinese words of two characters are guessed
    as two hidden characters that make a word of the dictionary.
    """

    words_per_edit: int = field(default=6, metadata={"unit": "words", "reason": "one or two in a short sentence"})
    folder: str = field(default="", metadata={"unit": "folder", "reason": "a masked language model; empty: nothing is edited"})
    guesses: int = field(default=8, metadata={"unit": "words", "reason": "further ones seldom fit"})
    filler: Any = field(default=None, metadata={"unit": "model", "reason": "has `fill(texts, places, most)`; instead of a folder"})

    examples: ClassVar[tuple[str, ...]] = ()  # without a model nothing is known

    def edit(self, text: str, rng: np.random.Generator) -> str:
        """One edited copy; the text itself when no word has a guess that fits.

        Raises:
            BadInput: the folder holds no masked language model.
        """
        spots = self.spots(text)
        if not spots:
            return text
        length = sum(1 for word in wording.words(text) if word.text.isalpha())
        return swapped(text, spots, max(1, round(length / self.words_per_edit)), rng)

    def spots(self, text: str) -> list[Spot]:
        """Where words stand for which there are guesses, each with its guesses. Raises as `edit` does."""
        return self.spots_of([text])[0]

    def spots_of(self, texts: Sequence[str]) -> list[list[Spot]]:
        """The spots of many texts, guessed together. Raises as `edit` does."""
        filler = self.filler or (loaded(self.folder) if self.folder else None)
        found: list[list[Spot]] = [[] for _ in texts]
        places = [(row, *span) for row, text in enumerate(texts) for span in hideable(text)] if filler else []
        if not places or filler is None:
            return found
        guessed = filler.fill([texts[row] for row, _, _ in places], [span for _, *span in places], 2 * self.guesses)
        for (row, start, end), others in zip(places, guessed, strict=True):
            old = texts[row][start:end]
            plain = old if is_han(old) else old.casefold()
            fit = [other for other in others if other not in GRAMMAR and fits(plain, other) and interchangeable(plain, other)]
            if fit:
                found[row].append((start, end, [like(other, old) for other in fit[: self.guesses]]))
        return found


def hideable(text: str) -> Iterator[tuple[int, int]]:
    """Where words stand that may be guessed anew."""
    shouting = text.isupper()
    for spot in words(text):
        word = spot.group()
        name = word[:1].isupper() and not shouting and text[: spot.start()].rstrip()[-1:] not in ("", ".", "!", "?", "\n")
        if not name and len(word) > 2 and word.isascii() and word.casefold() not in GRAMMAR:
            yield spot.span()
    for one in chinese_words(text):
        if may_change(text, one.start) and not any(map(kept, one.text)) and one.text not in GRAMMAR:
            yield one.start, one.end


def loaded(folder: str) -> Any:
    """The masked language model of a folder, loaded once."""
    from beside.perturbations._filling import load_filler

    return load_filler(folder)


perturbation = MaskedWords()
