"""Base models that were pre-trained here."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    number, name = sa.Column("number", WHOLE, primary_key=True), sa.Column("id", sa.Text, nullable=False, unique=True)
    words = [sa.Column(name, sa.Text, nullable=False) for name in ("name", "base", "recipe", "model", "history", "versions")]
    counts = [sa.Column(name, WHOLE, nullable=False) for name in ("texts", "tokens", "steps", "n", "parameters", "seed")]
    measures = [sa.Column(name, sa.Double, nullable=False) for name in ("perplexity", "low", "high", "seconds")]
    moment = sa.Column("made_at", sa.DateTime(timezone=True), nullable=False)
    op.create_table("bases", number, name, *words, *counts, *measures, moment)
    op.create_index("ix_bases_name", "bases", ["name"])


def downgrade() -> None:
    op.drop_table("bases")
