"""What was found in the rows of a corpus, looked at by a person who has the last word. Part of `Loop`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from beside.core.errors import BadInput
from beside.core.span_reviews import PartSpan, SpanReview, checked, part_of
from beside.core.types import Corpus, Example
from beside.part import Part
from beside.protection import spans
from beside.protection.echoes import with_echoes
from beside.stages import reviewed
from beside.store.permission import EXAMPLE_READERS, PROTECTORS, REVIEWERS_OF_SPANS, demand_role
from beside.store.rows import read_at, read_pairs

LOOKED_AT = 200  # rows that are read at a time when the next one with a finding is looked for


@dataclass(frozen=True)
class Look:
    """A row, and what stands in it."""

    corpus: Corpus
    number: int  # from 0
    of: int  # rows in all
    example: Example
    spans: tuple[PartSpan, ...]  # as a person said, or as was found
    review: SpanReview | None  # None: nobody has looked at it yet


class Reviewing(Part):
    """Part of `Loop`: shows what was found, and keeps what people say of it."""

    def look(self, corpus_id: str, number: int) -> Look:
        """A row of a corpus and the personal data in it.

        Raises:
            BadInput: there is no such row.
        """
        demand_role(self.actor, EXAMPLE_READERS, "read the rows of a corpus")
        corpus = self.records.corpus(self.actor, corpus_id)
        total = sum(corpus.splits.values())
        rows = read_at(self.artifacts.path(corpus.examples), number, 1) if 0 <= number < total else []
        if not rows:
            raise BadInput(f"There is no row {number + 1:,} in '{corpus.name}'.", f"It has {total:,}.")
        example = rows[0][1]
        review = self.records.span_review(self.actor, corpus.id, example.id)
        return Look(corpus, number, total, example, review.spans if review else found_in(example), review)

    def next_found(self, corpus_id: str, number: int) -> int | None:
        """The first row from this one on in which something was found that nobody has looked at yet; None when there is none."""
        demand_role(self.actor, EXAMPLE_READERS, "read the rows of a corpus")
        corpus = self.records.corpus(self.actor, corpus_id)
        seen = self.records.span_reviews(self.actor, corpus.id)
        file, at = self.artifacts.path(corpus.examples), number
        while rows := read_at(file, at, LOOKED_AT):
            for place, (_, example) in enumerate(rows, at):
                if example.id not in seen and found_in(example):
                    return place
            at += len(rows)
        return None

    def review_spans(self, corpus_id: str, number: int, said: Sequence[PartSpan]) -> SpanReview:
        """A person says what stands in a row; that is what counts when the corpus is protected. Raises as `checked`."""
        demand_role(self.actor, REVIEWERS_OF_SPANS, "say what is personal data")
        seen = self.look(corpus_id, number)
        review = SpanReview(
            corpus_id=seen.corpus.id,
            example_id=seen.example.id,
            spans=checked(seen.example, said),
            who=self.actor.name,
            at=self.clock(),
        )
        self.records.add_span_review(self.actor, review)
        return review

    def export_reviewed(self, corpus_id: str, name: str) -> Corpus:
        """The rows that people looked at become a corpus of the task `tag`, from which a recognizer learns."""
        demand_role(self.actor, PROTECTORS, "make a corpus of reviewed rows")
        with self.workspace.lock("protect"):
            corpus = self.records.corpus(self.actor, corpus_id)
            said = self.records.span_reviews(self.actor, corpus.id)
            rows = read_pairs(self.artifacts.path(corpus.examples))
            made = reviewed.reviewed_corpus(corpus, rows, said, name=name, artifacts=self.artifacts, now=self.clock())
            self.records.add_reviewed(self.actor, made, len(said))
            return self.records.corpus(self.actor, made.id)


def found_in(example: Example) -> tuple[PartSpan, ...]:
    """What the recognizers find in a row."""
    return tuple(
        PartSpan(part=part, start=span.start, end=span.end, kind=span.kind)
        for part in ("text", "pair")
        if (text := part_of(example, part))
        for span in with_echoes(text, spans(text))
    )
