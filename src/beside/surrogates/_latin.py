"""One word of a name in Latin letters becomes another, the same wherever it stands: in a name, in an e-mail address."""

from __future__ import annotations

from beside.core.drawing import Draw
from beside.surrogates._lists import words

PARTICLES = frozenset(
    [
        "de",
        "da",
        "do",
        "dos",
        "das",
        "del",
        "della",
        "di",
        "du",
        "la",
        "le",
        "van",
        "von",
        "der",
        "den",
        "ten",
        "ter",
        "bin",
        "ibn",
        "al",
        "el",
        "y",
        "e",
    ]
)
INITIALS = "ABCDEFGHJKLMNPRSTW"


def latin(word: str, draw: Draw) -> str:
    """One word of a name in Latin letters."""
    low = word.lower()
    if word in PARTICLES:
        return word
    if len(word) == 1:
        return cased(draw.another("initials", INITIALS, word.upper()).lower(), word)
    for kind in ("female", "male"):
        if low in words("en", kind):
            return cased(draw.another(f"en {kind}", words("en", kind), low), word)
    surnames = words("en", "surnames")
    return cased(draw.another("en surnames", surnames, low), word)


def cased(new: str, like: str) -> str:
    """A word in the case of another."""
    return new.upper() if like.isupper() else new if like.islower() else new.capitalize()
