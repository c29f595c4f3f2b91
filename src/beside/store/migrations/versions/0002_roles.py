"""The roles get the names of the committee: owner becomes admin, caller becomes user."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NAMES = {"owner": "admin", "caller": "user"}


def upgrade() -> None:
    rename(NAMES)


def downgrade() -> None:
    rename({new: old for old, new in NAMES.items()})


def rename(names: dict[str, str]) -> None:
    """Says every person's and every open session's roles in the new words."""
    for table, key in (("people", "number"), ("web_sessions", "token_hash")):
        rows: Any = op.get_bind().execute(sa.text(f"select {key}, roles from {table}")).fetchall()  # names are the constants above
        for where, roles in rows:
            plain = json.loads(roles) if isinstance(roles, str) else roles
            renamed = json.dumps([names.get(role, role) for role in plain])
            op.get_bind().execute(
                sa.text(f"update {table} set roles = :roles where {key} = :where"), {"roles": renamed, "where": where}
            )
