"""The labels of a source as people spelled them, tidied: spellings that differ only by case, width or spaces are one label."""

from __future__ import annotations

from collections import Counter

from beside.core.cleaning import label_key


class LabelBook:
    """Counts spellings while rows stream by and gives every label a number."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}  # label_key -> number
        self.spelled: dict[str, int] = {}  # spelling -> number
        self.counts: Counter[str] = Counter()  # spelling -> rows

    def __len__(self) -> int:
        return len(self.numbers)

    def add(self, spelling: str) -> int:
        """The number of the label that this spelling means."""
        self.counts[spelling] += 1
        number = self.spelled.get(spelling)
        if number is None:
            number = self.spelled[spelling] = self.numbers.setdefault(label_key(spelling), len(self.numbers))
        return number

    def names(self) -> list[str]:
        """The name of each label: its commonest spelling (of equally common ones the first seen), with single spaces."""
        return [" ".join(max(spellings, key=spellings.__getitem__).split()) for spellings in self.spellings()]

    def spellings(self) -> list[dict[str, int]]:
        """Spelling -> rows, for each label, in the order they were first seen."""
        found: list[dict[str, int]] = [{} for _ in self.numbers]
        for spelling, number in self.spelled.items():
            found[number][spelling] = self.counts[spelling]
        return found
