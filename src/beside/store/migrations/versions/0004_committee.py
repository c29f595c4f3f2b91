"""The committee: comments, incidents, halts and what people say of them; who made a release."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    about_release("comments", optional("finding_id"), optional("replaces"), *words("text", "who"))
    about_release("incidents", *words("severity", "text", "who", "role"))
    about_release("halts", *words("what", "reason", "cause", "who", "role"))
    about_release("resolutions", *words("about", "reason", "who", "role"))
    op.add_column("releases", sa.Column("makers", sa.Text, nullable=False, server_default="[]"))


def downgrade() -> None:
    op.drop_column("releases", "makers")
    for table in ("resolutions", "halts", "incidents", "comments"):
        op.drop_table(table)


def about_release(table: str, *columns: sa.Column[str]) -> None:
    """A table of what people say about releases."""
    release = sa.Column("release_id", sa.Text, sa.ForeignKey("releases.id"), nullable=False)
    number, name = sa.Column("number", WHOLE, primary_key=True), sa.Column("id", sa.Text, nullable=False, unique=True)
    op.create_table(table, number, name, release, *columns, sa.Column("at", sa.DateTime(timezone=True), nullable=False))
    op.create_index(f"ix_{table}_release_id", table, ["release_id"])


def words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def optional(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=True)
