"""Statements of people about the model and its text; every version is kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True)
    words = [sa.Column(name, sa.Text, nullable=False) for name in ("key", "language", "text", "who")]
    moment = sa.Column("at", sa.DateTime(timezone=True), nullable=False)
    op.create_table("statements", number, sa.Column("id", sa.Text, nullable=False, unique=True), *words, moment)
    op.create_index("ix_statements_key", "statements", ["key"])


def downgrade() -> None:
    op.drop_table("statements")
