"""From what was gathered and selected to the report: counts first, then a few examples of each kind."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from beside.core.cleaning import near_key, snippet
from beside.core.duplicates import distinct
from beside.core.fingerprints import similarity
from beside.core.gathering import Gathered
from beside.core.report import SHOWN, Conflict, LabelRows, Leak, Look, MergedLabel, Repeat, Report, Tokens, lengths_of
from beside.core.selection import Selection
from beside.core.splitting import TEST, TRAIN, TUNE
from beside.core.types import SPLITS

LINES = 5  # line numbers shown of one text
FEW = 10  # labels named in one sentence


class Account:
    """Writes the report of one import.

    Args:
        gathered: what was read.
        selection: what was decided.
    """

    def __init__(self, gathered: Gathered, selection: Selection) -> None:
        self.gathered, self.selection = gathered, selection
        self.names, self.members = gathered.labels.names(), gathered.labels.members()
        self.kept = selection.rows[~selection.held_back]  # places among the gathered rows
        self.splits = selection.splits[~selection.held_back]

    def report(self, *, source: str, task: str, seed: int, notes: Iterable[str], tokens: Tokens | None) -> Report:
        """The whole report."""
        gathered, selection = self.gathered, self.selection
        sizes = np.bincount(selection.near.group)
        labels = self.label_rows()
        persons = selection.persons[~selection.held_back]
        return Report(
            source=source, task=task, seed=seed,
            notes=(*notes, *gathered.columns.notes, *gathered.labels.notes(), *selection.notes, *self.label_notes(labels)),
            columns=gathered.columns.as_dict(),
            rows_read=gathered.rows_read, kept=len(self.kept),
            refused=gathered.refusals.total, refused_why=dict(gathered.refusals.why.most_common()),
            refusals=tuple(gathered.refusals.first), cleaned=gathered.cleaned,
            labels=labels, merged=self.merged(),
            repeated=int(selection.repeats.repeated.sum()), repeats=self.repeats(),
            contradicted=int(selection.repeats.contradicted.sum()),
            conflicting_texts=len(self.conflicting_texts()), conflicts=self.conflicts(),
            near_rows=int(sizes[sizes > 1].sum()), near_groups=int((sizes > 1).sum()),
            near_largest=int(sizes.max()) if sizes.max() > 1 else 0,
            near_conflicts=sum(bool(selection.labels[one] != selection.labels[other]) for one, other, _ in selection.near.pairs),
            near_examples=self.near_examples(),
            held_back=int(selection.held_back.sum()), leaks=self.leaks() if gathered.given is not None else (),
            persons=len(distinct(persons[persons >= 0])) if (persons >= 0).any() else None, persons_across=self.persons_across(),
            languages=dict(gathered.languages.most_common()),
            characters=lengths_of(gathered.length[self.kept], "characters"), tokens=tokens, split=selection.how,
        )  # fmt: skip

    def label_rows(self) -> tuple[LabelRows, ...]:
        """Rows of each label in each split, commonest label first."""
        of_targets = np.zeros((len(self.names), 3), dtype=np.int64)
        np.add.at(of_targets, (self.gathered.label[self.kept], self.splits), 1)
        counts: dict[str, np.ndarray] = {}
        for labels, rows in zip(self.members, of_targets, strict=True):
            for label in labels:
                counts[label] = counts.get(label, 0) + rows
        order = sorted((label for label, rows in counts.items() if rows.any()), key=lambda label: (-counts[label].sum(), label))
        return tuple(
            LabelRows(label=label, train=int(counts[label][TRAIN]), tune=int(counts[label][TUNE]), test=int(counts[label][TEST]))
            for label in order
        )

    def label_notes(self, labels: tuple[LabelRows, ...]) -> list[str]:
        """Sentences about labels that a split lacks."""
        notes = []
        untested = [row.label for row in labels if not row.test]
        untaught = [row.label for row in labels if not row.train]
        if untested:
            notes.append(f"No test row, so nothing will be known of: {listed(untested)}. They have too few independent rows.")
        if untaught:
            notes.append(f"No training row, so the model cannot learn: {listed(untaught)}.")
        gone = len({label for labels in self.members for label in labels}) - len(labels)
        if gone:
            notes.append(f"{gone} labels are gone because all of their rows were left out as contradictions.")
        return notes

    def merged(self) -> tuple[MergedLabel, ...]:
        """Labels with more than one spelling."""
        spelled = zip(self.names, self.gathered.labels.spellings(), strict=True)
        return tuple(MergedLabel(label=name, spellings=spellings) for name, spellings in spelled if len(spellings) > 1)

    def repeats(self) -> tuple[Repeat, ...]:
        """The texts that are repeated most."""
        again = self.selection.repeats
        said = again.text * len(self.names) + self.gathered.label
        values, times = np.unique(said[again.repeated], return_counts=True)
        most = values[np.argsort(-times, kind="stable")][:SHOWN]
        found = [np.flatnonzero(said == value) for value in most]
        return tuple(
            Repeat(text=self.text(rows[0]), label=self.label(rows[0]), rows=len(rows), lines=self.lines(rows)) for rows in found
        )

    def conflicting_texts(self) -> np.ndarray:
        """Numbers of the texts that have several labels."""
        return distinct(self.selection.repeats.text[self.selection.repeats.contradicted])

    def conflicts(self) -> tuple[Conflict, ...]:
        """The first texts with several labels."""
        found = []
        texts = self.selection.repeats.text
        for number in self.conflicting_texts()[:SHOWN]:
            rows = np.flatnonzero(texts == number)
            votes = dict(zip(*np.unique(self.gathered.label[rows], return_counts=True), strict=True))
            winner = next((self.names[label] for label, count in votes.items() if 2 * count > len(rows)), None)
            labels = {self.names[label]: int(count) for label, count in votes.items()}
            found.append(Conflict(text=self.text(rows[0]), labels=labels, kept=winner, lines=self.lines(rows)))
        return tuple(found)

    def near_examples(self) -> tuple[Look, ...]:
        """Near-duplicates with different labels first, then the least alike: there a person can judge the limit."""
        pairs = sorted(
            self.selection.near.pairs, key=lambda pair: (self.selection.labels[pair[0]] == self.selection.labels[pair[1]], pair[2])
        )
        return tuple(self.look(one, other, shared) for one, other, shared in pairs[:SHOWN])

    def leaks(self) -> tuple[Leak, ...]:
        """Rows that stand in two splits which the source itself named."""
        found = (self.leak(inside, source) for inside, source in ((TEST, TRAIN), (TEST, TUNE), (TUNE, TRAIN)))
        return tuple(leak for leak in found if leak.same or leak.near)

    def leak(self, inside: int, source: int) -> Leak:
        """Rows of one split that the other one holds, exactly or nearly."""
        splits, group = self.selection.splits, self.selection.near.group
        text = self.gathered.text[self.selection.rows]
        ours, theirs = np.flatnonzero(splits == inside), np.flatnonzero(splits == source)
        same = np.isin(text[ours], text[theirs])
        near = np.isin(group[ours], group[theirs]) & ~same
        examples = []
        for place in [*ours[same][:SHOWN], *ours[near][:SHOWN]][:SHOWN]:
            alike = theirs[text[theirs] == text[place]] if text[place] in text[theirs] else theirs[group[theirs] == group[place]]
            examples.append(self.look(place, alike[0]))
        return Leak(
            inside=SPLITS[inside],
            source=SPLITS[source],
            same=int(same.sum()),
            near=int(near.sum()),
            rows=len(ours),
            examples=tuple(examples),
        )

    def persons_across(self) -> int:
        """Persons with rows in more than one split; 0 unless the source named the splits."""
        persons = self.selection.persons
        known = persons >= 0
        pairs = distinct(persons[known] * 3 + self.selection.splits[known])
        return int((np.unique(pairs // 3, return_counts=True)[1] > 1).sum())

    def look(self, one: int, other: int, shared: float | None = None) -> Look:
        """Two selected rows side by side."""
        first, second = (int(self.selection.rows[place]) for place in (one, other))
        if shared is None:
            shared = similarity(*(near_key(self.gathered.spill.row(row).text) for row in (first, second)))
        return Look(
            first=self.text(first), second=self.text(second),
            first_line=int(self.gathered.line[first]), second_line=int(self.gathered.line[second]),
            first_label=self.label(first), second_label=self.label(second),
            first_split=SPLITS[self.selection.splits[one]], second_split=SPLITS[self.selection.splits[other]],
            similarity=round(shared, 3),
        )  # fmt: skip

    def text(self, row: int) -> str:
        """The beginning of a gathered row's text."""
        return snippet(self.gathered.spill.row(int(row)).text)

    def label(self, row: int) -> str:
        """A gathered row's label."""
        return self.names[int(self.gathered.label[row])]

    def lines(self, rows: np.ndarray) -> tuple[int, ...]:
        """Where the first of these rows stand in the source."""
        return tuple(int(line) for line in self.gathered.line[rows][:LINES])


def listed(names: list[str]) -> str:
    """The first names and how many more there are."""
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return ", ".join(f"'{name}'" for name in names[:FEW]) + more
