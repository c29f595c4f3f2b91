"""Lists of names, places and the words around them, from `data/personal`; read once, when first asked for."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

HOME = Path(__file__).parent.parent / "data" / "personal"


@cache
def table(name: str) -> dict[str, str]:
    """A file of lists, as it is written."""
    return {key: str(value) for key, value in tomllib.loads((HOME / f"{name}.toml").read_text(encoding="utf-8")).items()}


@cache
def words(name: str, *keys: str) -> frozenset[str]:
    """Words between spaces."""
    return frozenset(word for key in keys for word in table(name)[key].split())


@cache
def phrases(name: str, *keys: str) -> frozenset[str]:
    """Phrases between bars."""
    return frozenset(" ".join(phrase.split()) for key in keys for phrase in table(name)[key].split("|") if phrase.strip())


@cache
def signs(name: str, *keys: str) -> frozenset[str]:
    """Single characters."""
    return frozenset(sign for key in keys for sign in table(name)[key] if not sign.isspace())


@cache
def any_of(name: str, *keys: str) -> str:
    """A regular expression for any of the words, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words(name, *keys), key=lambda word: (-len(word), word)))
