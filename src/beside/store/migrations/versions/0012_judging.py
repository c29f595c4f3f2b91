"""Rows that an attack changed the answer of, and what people say of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer, "sqlite")
ATTACKED = ("attack", "example_id", "text", "edited", "label", "before", "after", "before_probabilities", "after_probabilities")


def upgrade() -> None:
    op.create_table("attacked_rows", *named("release_id", "releases.id"), *words(*ATTACKED), made_at())
    label: sa.Column[object] = sa.Column("label", sa.Text, nullable=True)
    said = [*words("meaning"), label, *words("comment", "who")]
    op.create_table("judgements", *named("attacked_id", "attacked_rows.id"), *said, made_at())
    for table, column in (("attacked_rows", "release_id"), ("attacked_rows", "example_id"), ("judgements", "attacked_id")):
        op.create_index(f"ix_{table}_{column}", table, [column])


def named(of: str, where: str) -> list[sa.Column[object]]:
    """The columns that every stored thing has, and what it belongs to."""
    return [
        sa.Column("number", WHOLE, primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column(of, sa.Text, sa.ForeignKey(where), nullable=False),
    ]


def words(*names: str) -> list[sa.Column[object]]:
    """Columns of text."""
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def made_at() -> sa.Column[object]:
    """When it was made."""
    return sa.Column("made_at", sa.DateTime(timezone=True), nullable=False)


def downgrade() -> None:
    op.drop_table("judgements")
    op.drop_table("attacked_rows")
