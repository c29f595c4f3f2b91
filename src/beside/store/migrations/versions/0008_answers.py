"""Predictions of pairs of texts, and answers in the form of their task."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("predictions", sa.Column("pair", sa.Text, nullable=True))
    op.add_column("predictions", sa.Column("answer", sa.Text, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("predictions") as table:
        table.drop_column("answer")
        table.drop_column("pair")
