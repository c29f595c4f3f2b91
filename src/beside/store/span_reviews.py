"""What people said of found spans: all is kept, the newest counts; the ledger tells who spoke, never what stands in a row."""

from __future__ import annotations

from sqlalchemy import select

from beside.core.errors import NotPermitted
from beside.core.span_reviews import PartSpan, SpanReview
from beside.core.types import Actor
from beside.store import tables
from beside.store.database import Database
from beside.store.ledger import append
from beside.store.permission import demand, readable, readable_rows
from beside.store.queries import require


class SpanReviewRecords:
    """Part of `Records`. Raises as `Records` tells."""

    database: Database

    def add_span_review(self, actor: Actor, review: SpanReview) -> None:
        """Stores what a person says stands in a row.

        Raises:
            NotPermitted: it is in another person's name.
        """
        demand(actor, tables.SpanReviews, "say what is personal data")
        if review.who != actor.name:
            raise NotPermitted(f"'{actor.name}' may not speak as '{review.who}'.", "Speak in your own name.")
        with self.database.write() as session:
            require(session, actor, tables.Corpora, {review.corpus_id})
            spans = [span.model_dump() for span in review.spans]
            session.add(
                tables.SpanReviews(
                    corpus_id=review.corpus_id, example_id=review.example_id, spans=spans, who=review.who, at=review.at
                )
            )
            detail = {"row": review.example_id, "spans": len(spans)}
            append(session, actor.name, "review spans", review.corpus_id, detail, self.database.clock())

    def span_reviews(self, actor: Actor, corpus_id: str) -> dict[str, SpanReview]:
        """Example -> what was said of it last."""
        chosen = readable_rows(actor, tables.SpanReviews).where(tables.SpanReviews.corpus_id == corpus_id)
        with self.database.read() as session:
            rows = session.scalars(chosen.order_by(tables.SpanReviews.number))
            return {row.example_id: review_of(row) for row in rows}

    def span_review(self, actor: Actor, corpus_id: str, example_id: str) -> SpanReview | None:
        """What was said last of one example; None when nothing was."""
        table = tables.SpanReviews
        chosen = select(table).where(readable(actor, table), table.corpus_id == corpus_id, table.example_id == example_id)
        with self.database.read() as session:
            row = session.scalars(chosen.order_by(table.number.desc()).limit(1)).first()
            return review_of(row) if row else None


def review_of(row: tables.SpanReviews) -> SpanReview:
    """A row as a value."""
    spans = tuple(PartSpan.model_validate(span) for span in row.spans)
    return SpanReview(corpus_id=row.corpus_id, example_id=row.example_id, spans=spans, who=row.who, at=row.at)
