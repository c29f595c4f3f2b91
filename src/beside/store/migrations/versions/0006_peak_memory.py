"""Runs tell how much memory their training took."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("peak_memory", sa.BigInteger, nullable=True))


def downgrade() -> None:
    op.drop_column("runs", "peak_memory")
