"""The words of the card, one TOML file per language; a word that a file does not have falls back to the name itself."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from beside.core import naming

LANGUAGES = ("en", "zh")
# of the card, all documents, the datasheet, the technical file, papers on the rights of a person and on the processing, alarms
FILES = ("", "document.", "datasheet.", "technical.", "rights.", "processing.", "alarm.")


class Words:
    """All words of one language, by section and key.

    Args:
        language: `en` or `zh`.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self.sections = read_words(language)

    def __call__(self, key: str, **values: Any) -> str:
        """The sentence `key` of the section `card` with its `{placeholders}` filled in."""
        return str(self.sections["card"][key]).format(**values)

    def of(self, section: str, key: str, **values: Any) -> str:
        """The sentence `key` of any section, as `__call__` gives those of the card."""
        return str(self.sections[section][key]).format(**values)

    def name(self, section: str, key: str) -> str:
        """The word for `key`, say the metric `macro_f1`; a key that nobody translated is shown with spaces for underscores."""
        if section == "metrics":
            return naming.metric(key, self.language)
        return str(self.sections.get(section, {}).get(key, key.replace("_", " ")))

    def known(self, section: str, key: str) -> str | None:
        """The word for `key`, or None when this language has none."""
        word = self.sections.get(section, {}).get(key)
        return None if word is None else str(word)

    def sentence(self, text: str) -> str:
        """A sentence that others wrote, say the reason of a limit, in this language where it is known, else as it was written."""
        return str(self.sections.get("sentences", {}).get(text, text))


@cache
def read_words(language: str) -> dict[str, Any]:
    """All sections of a language, of all its TOML files."""
    sections: dict[str, Any] = {}
    for name in FILES:
        sections |= tomllib.loads((Path(__file__).parent / f"{name}{language}.toml").read_text(encoding="utf-8"))
    return sections
