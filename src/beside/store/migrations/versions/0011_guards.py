"""What guards noticed about a text that was asked about, and whether a person should answer instead."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("predictions", sa.Column("abstained", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("predictions", sa.Column("flags", sa.Text, nullable=False, server_default="[]"))
    op.create_index("ix_predictions_abstained", "predictions", ["abstained"])


def downgrade() -> None:
    op.drop_index("ix_predictions_abstained", "predictions")
    with op.batch_alter_table("predictions") as table:
        table.drop_column("flags")
        table.drop_column("abstained")
