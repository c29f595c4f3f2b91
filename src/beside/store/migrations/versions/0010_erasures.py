"""Certificates of erasure and tombstones; for what the rows of a corpus may be used, and on which basis."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer, "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "erasures",
        *named(),
        *words("format", "workspace", "person", "basis", "who"),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=False),
        sa.Column("rows", WHOLE, nullable=False),
        *words("removed", "tombstones", "membership", "searched", "remaining", "yours", "notes", "key", "public", "value"),
    )
    op.create_index("ix_erasures_person", "erasures", ["person"])
    op.create_table(
        "tombstones",
        *named(),
        *words("thing", "erasure", "kept"),
        sa.Column("successor", sa.Text, nullable=True),
        sa.Column("at", MOMENT, nullable=False),
    )
    op.create_index("ix_tombstones_erasure", "tombstones", ["erasure"])
    for column in ("purpose", "legal_basis"):
        op.add_column("corpora", sa.Column(column, sa.Text, nullable=True))


def named() -> list[sa.Column[object]]:
    """The columns that every stored thing has."""
    return [sa.Column("number", WHOLE, primary_key=True), sa.Column("id", sa.Text, nullable=False, unique=True)]


def words(*names: str) -> list[sa.Column[object]]:
    """Columns of text."""
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def downgrade() -> None:
    with op.batch_alter_table("corpora") as table:
        table.drop_column("legal_basis")
        table.drop_column("purpose")
    op.drop_table("tombstones")
    op.drop_table("erasures")
