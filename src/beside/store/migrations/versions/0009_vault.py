"""The vault of pseudonyms, and what people said of found spans."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    words = [sa.Column(name, sa.Text, nullable=False) for name in ("kind", "sealed", "persons")]
    unique = [sa.Column(name, sa.Text, nullable=False, unique=True) for name in ("token", "mark")]
    moment = sa.Column("made_at", sa.DateTime(timezone=True), nullable=False)
    op.create_table("vault", sa.Column("number", WHOLE, primary_key=True), *unique, *words, moment)
    said = [sa.Column(name, sa.Text, nullable=False) for name in ("example_id", "spans", "who")]
    corpus = sa.Column("corpus_id", sa.Text, sa.ForeignKey("corpora.id"), nullable=False)
    moment = sa.Column("at", sa.DateTime(timezone=True), nullable=False)
    op.create_table("span_reviews", sa.Column("number", WHOLE, primary_key=True), corpus, *said, moment)
    op.create_index("ix_span_reviews_corpus_id", "span_reviews", ["corpus_id"])
    op.create_index("ix_span_reviews_example_id", "span_reviews", ["example_id"])


def downgrade() -> None:
    op.drop_table("span_reviews")
    op.drop_table("vault")
