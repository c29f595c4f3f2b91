"""The labels of a source as people spelled them, tidied: spellings that differ only by case, width or spaces are one label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from beside.core.cleaning import label_key


class LabelBook:
    """Counts spellings while rows stream by and gives every target a number. Here a target is a label; other tasks have others.

    Attributes:
        takes_empty: whether an empty cell is an answer; otherwise it is a row that nobody has labelled.
        implied: what every row says where there is no label column at all; empty = there must be one.
        by_text: whether rows of one text stay in one split, and near-duplicates are told by the text alone, whatever its pair.
        constant: whether there is something to learn when every row has the same target.
    """

    takes_empty = False
    implied = ""
    by_text = False
    constant = False

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}  # label_key -> number
        self.spelled: dict[str, int] = {}  # spelling -> number
        self.counts: Counter[str] = Counter()  # spelling -> rows

    def __len__(self) -> int:
        return len(self.numbers)

    def read(self, cell: str, text: str, raw: str) -> int:
        """The number of the target in a cell.

        Args:
            cell: cleaned.
            text: the row's text, cleaned.
            raw: the row's text as it stands in the source; places in it are counted from its own beginning.

        Raises:
            ValueError: it is no target of this task; the message goes on from "the column 'x' ...".
        """
        return self.add(cell)

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

    def variety(self) -> int:
        """How many different labels there are, to tell labels from a column that is something else; 0 = cannot be told."""
        return len(self)

    def members(self) -> list[list[str]]:
        """The labels in each target, for the counts in the report; here a target is a label."""
        return [[name] for name in self.names()]

    def strata(self) -> list[int]:
        """The group of each target in which rows are split evenly; here every label is one."""
        return list(range(len(self)))

    def notes(self) -> list[str]:
        """Sentences for a person about what was read."""
        return []


class TargetBook(LabelBook):
    """Targets that are no single labels: every cell is brought into one canonical form, and that form is the target's name.

    Args:
        canonical: cell, text, raw text -> the target; raises ValueError as `read` does.
        members: the labels in a target.
    """

    def __init__(self, canonical: Callable[[str, str, str], str], members: Callable[[str], Sequence[str]]) -> None:
        super().__init__()
        self.canonical, self.members_of = canonical, members

    def read(self, cell: str, text: str, raw: str) -> int:
        return self.add(self.canonical(cell, text, raw))

    def add(self, spelling: str) -> int:
        self.counts[spelling] += 1
        return self.numbers.setdefault(spelling, len(self.numbers))

    def names(self) -> list[str]:
        return list(self.numbers)

    def spellings(self) -> list[dict[str, int]]:
        return [{name: self.counts[name]} for name in self.numbers]

    def variety(self) -> int:
        return 0

    def members(self) -> list[list[str]]:
        return [list(self.members_of(name)) for name in self.numbers]

    def strata(self) -> list[int]:
        """Rows with the same rarest label are split evenly; those without any label are a group of their own."""
        return by_rarest(self.members(), [self.counts[name] for name in self.numbers])


def by_rarest(members: Sequence[Sequence[str]], rows: Sequence[int]) -> list[int]:
    """A stratum for each target: that of the rarest label in it, as in iterative stratification (Sechidis et al. 2011)."""
    counts: Counter[str] = Counter()
    for labels, times in zip(members, rows, strict=True):
        for label in labels:
            counts[label] += times
    rarest = [min(labels, key=lambda label: (counts[label], label), default="") for labels in members]
    place = {label: index for index, label in enumerate(sorted(set(rarest)))}
    return [place[label] for label in rarest]
