"""Texts that no label fits: built in, in two languages, or from a file of the team's own."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from beside.core.errors import BadInput
from beside.core.languages import spoken

BUILT_IN = Path(__file__).parents[2] / "data" / "support"
LANGUAGES = {"English": "en", "Chinese": "zh"}
FEWEST = 4  # two to choose the score with, two to measure it on


def main_language(texts: Sequence[str]) -> str:
    """The language of most texts."""
    return Counter(spoken(texts)).most_common(1)[0][0]


def built_in(language: str) -> Path | None:
    """The file of built-in texts in a language; None when there is none."""
    return BUILT_IN / f"out_of_scope_{LANGUAGES[language]}.csv" if language in LANGUAGES else None


def read(file: Path, known: set[str]) -> list[str]:
    """The texts of a file, each once, without those that are `known` to be within scope.

    One text per line; or a table with commas whose first line names a column `text`.

    Raises:
        BadInput: the file cannot be read, or holds too few texts.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"Cannot read the texts out of scope in '{file}': {error}.", "Give a UTF-8 file, one per line.") from error
    head = next(csv.reader(lines[:1]), [])
    found = [row["text"] or "" for row in csv.DictReader(lines)] if "text" in head else lines
    texts = [text for text in dict.fromkeys(one.strip() for one in found) if text and text not in known]
    if len(texts) < FEWEST:
        raise BadInput(f"'{file}' holds {len(texts)} texts out of scope.", f"Give at least {FEWEST}, better 60 or more.")
    return texts
