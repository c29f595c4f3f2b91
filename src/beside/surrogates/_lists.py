"""Lists that surrogates are taken from, from `data/surrogates`; read once, when first asked for."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

HOME = Path(__file__).parent.parent / "data" / "surrogates"


@cache
def table(language: str) -> dict[str, str]:
    """All lists of a language as they are written."""
    return {key: str(value) for key, value in tomllib.loads((HOME / f"{language}.toml").read_text(encoding="utf-8")).items()}


@cache
def words(language: str, key: str) -> tuple[str, ...]:
    """Words between spaces, or between bars where they have spaces themselves; each once."""
    text = table(language)[key]
    return tuple(dict.fromkeys(" ".join(one.split()) for one in (text.split("|") if "|" in text else text.split())))


@cache
def signs(language: str, key: str) -> tuple[str, ...]:
    """Single characters, each once."""
    return tuple(dict.fromkeys(sign for sign in table(language)[key] if not sign.isspace()))
