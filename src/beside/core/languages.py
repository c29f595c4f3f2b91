"""Which languages a corpus is in: the writing of each row, and for Latin letters a vote of function words. Says so when unsure.

No model and no download: a short text without a function word is "Latin letters, language unclear" rather than a guess.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np

OTHER, HAN, KANA, HANGUL, LATIN = 0, 1, 2, 3, 4
SCRIPTS = (
    "no letters", "Chinese", "Japanese", "Korean", "Latin letters, language unclear", "Cyrillic letters", "Arabic letters",
    "Greek", "Hebrew", "Thai", "Indian scripts", "other letters",
)  # fmt: skip
# (first code point, last code point, position in SCRIPTS)
RANGES = (
    (0x41, 0x5A, 4), (0x61, 0x7A, 4), (0xAA, 0x24F, 4), (0x250, 0x36F, 4), (0x370, 0x3FF, 7), (0x400, 0x52F, 5), (0x530, 0x58F, 11),
    (0x590, 0x5FF, 8), (0x600, 0x77F, 6), (0x780, 0x8FF, 11), (0x900, 0xDFF, 10), (0xE00, 0xE7F, 9), (0xE80, 0x10FF, 11),
    (0x1100, 0x11FF, 3), (0x1200, 0x1DFF, 11), (0x1E00, 0x1EFF, 4), (0x1F00, 0x1FFF, 7), (0x3040, 0x30FF, 2), (0x3130, 0x318F, 3),
    (0x3400, 0x4DBF, 1), (0x4E00, 0x9FFF, 1), (0xA000, 0xABFF, 11), (0xAC00, 0xD7AF, 3), (0xF900, 0xFAFF, 1), (0xFB50, 0xFEFC, 6),
    (0x10000, 0x1EFFF, 11), (0x20000, 0x3FFFF, 1),
)  # fmt: skip
NOT_LETTERS = ((0xD7, 0xD7), (0xF7, 0xF7), (0x10100, 0x1018F), (0x1D000, 0x1D7FF), (0x1F000, 0x1FBFF))
LATIN_PER_HAN = 4  # letters that weigh as much as one Chinese character
FUNCTION_WORDS = {
    "English": "the and is are was to of my i it you not for with that this have can do what how be your me we they at on please "
    "an has had will would could should there their when where why who or if but so from by get need help did does",
    "French": "le les des est et une du je pas que vous pour dans sur avec mon ma ne ce il elle nous au qui suis ont",
    "German": "der die das und ist ich nicht ein eine mit zu den von auf für wie bitte mein meine wir sie es auch im kann habe",
    "Spanish": "el los las es y una que no por para con mi se lo del en como pero yo está muy más qué tengo",
    "Italian": "il gli è e una che non per con mio sono di del della ho ma si come questo anche mi perché",
    "Portuguese": "os as é e uma que não para com meu minha do da em por eu você está muito mas um no na",
    "Dutch": "de het een en is niet ik van op te met dat voor mijn zijn aan wat hoe kan er maar ook naar",
}


def count_scripts(codes: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Position in SCRIPTS of each row's main writing, uint8, shape (rows,).

    Args:
        codes: code points of all rows, one after another.
        starts: where each row begins in `codes`; no row is empty.
    """
    script = script_table()[codes]
    counts = np.stack([np.add.reduceat(script == kind, starts, dtype=np.int64) for kind in range(len(SCRIPTS))], axis=1)
    counts[:, LATIN] = -(-counts[:, LATIN] // LATIN_PER_HAN)
    counts[:, KANA] += np.where(counts[:, KANA] * 5 >= counts[:, HAN], counts[:, HAN], 0)  # Japanese is kana among characters
    counts[:, OTHER] = 0
    main: np.ndarray = counts.argmax(axis=1).astype(np.uint8)
    return main


@cache
def script_table() -> np.ndarray:
    """Position in SCRIPTS of every code point."""
    table = np.zeros(0x110000, dtype=np.uint8)
    for first, last, kind in RANGES:
        table[first : last + 1] = kind
    for first, last in NOT_LETTERS:
        table[first : last + 1] = OTHER
    return table


def languages_of(texts: Sequence[str], scripts: Iterable[int]) -> list[str]:
    """The language of each text as far as it can be told."""
    return [latin_language(text) if script == LATIN else SCRIPTS[script] for text, script in zip(texts, scripts, strict=True)]


def spoken(texts: Sequence[str]) -> list[str]:
    """The language of each text of a corpus as far as it can be told; one of SCRIPTS or of FUNCTION_WORDS.

    A text in Latin letters without a function word is taken for the language that most other texts in Latin letters are in.
    """
    if not texts:
        return []
    packed = [np.frombuffer((text or " ").encode("utf-32-le", "replace"), dtype=np.uint32) for text in texts]
    starts = np.cumsum([0, *(len(one) for one in packed[:-1])])
    found = languages_of(texts, count_scripts(np.concatenate(packed), starts).tolist())
    latin = Counter(name for name in found if name in FUNCTION_WORDS)
    usual = latin.most_common(1)[0][0] if latin else SCRIPTS[LATIN]
    return [usual if name == SCRIPTS[LATIN] else name for name in found]


def latin_language(text: str) -> str:
    """The language with most different function words among the first 400 characters; unclear when there is none or a tie."""
    words = speakers().keys() & text[:400].casefold().replace("'", " ").split()
    votes: dict[str, int] = {}
    for word in words:
        for language in speakers()[word]:
            votes[language] = votes.get(language, 0) + 1
    best = max(votes.values(), default=0)
    winners = [language for language, count in votes.items() if count == best]
    return winners[0] if len(winners) == 1 else SCRIPTS[LATIN]


@cache
def speakers() -> dict[str, tuple[str, ...]]:
    """Function word -> the languages that have it."""
    words = sorted({word for listed in FUNCTION_WORDS.values() for word in listed.split()})
    return {word: tuple(language for language, listed in FUNCTION_WORDS.items() if word in listed.split()) for word in words}
