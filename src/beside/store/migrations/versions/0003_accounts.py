"""Accounts: passwords, several API tokens per person, sessions that idle out. A key of before becomes a person's first token."""

from __future__ import annotations

import hashlib
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer, "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    people = op.get_bind().execute(sa.text("select name, roles, key_hash, added_at from people order by number")).fetchall()
    op.drop_table("people")  # made anew: SQLite cannot drop a column that must be unique
    op.drop_table("web_sessions")  # nobody's lasts longer than twelve hours; everybody signs in once more
    make_people()
    make_tokens()
    make_sessions()
    op.add_column("predictions", sa.Column("asked_by", sa.Text, nullable=True))
    for person in people:
        keep(person)


def make_people() -> None:
    secrets = [sa.Column(name, sa.Text, nullable=True) for name in ("password_hash", "code_hash", "outside")]
    times = [sa.Column("code_expires_at", MOMENT, nullable=True), sa.Column("disabled_at", MOMENT, nullable=True)]
    op.create_table(
        "people",
        sa.Column("number", WHOLE, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("roles", sa.Text, nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        *secrets,
        *times,
        sa.UniqueConstraint("code_hash"),
        sa.UniqueConstraint("outside"),
    )


def make_tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("person", sa.Text, sa.ForeignKey("people.name"), nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("roles", sa.Text, nullable=False),
        sa.Column("token_hash", sa.Text, nullable=False, unique=True),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.Column("last_day", sa.Text, nullable=True),
    )
    op.create_index("ix_tokens_person", "tokens", ["person"])


def make_sessions() -> None:
    op.create_table(
        "web_sessions",
        sa.Column("token_hash", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("name", "roles", "opened_by", "address")),
        *(sa.Column(name, MOMENT, nullable=False) for name in ("opened_at", "seen_at", "expires_at")),
    )
    op.create_index("ix_web_sessions_name", "web_sessions", ["name"])
    op.create_table(
        "sign_in_attempts",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("failures", WHOLE, nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.Column("open_at", MOMENT, nullable=False),
    )


def keep(person: Any) -> None:
    """Puts a person back, with the key as a token that does not expire; its id comes from the hash."""
    put = "insert into people (name, roles, added_at) values (:name, :roles, :at)"
    op.get_bind().execute(sa.text(put), {"name": person.name, "roles": person.roles, "at": person.added_at})
    token = (
        "insert into tokens (id, person, label, roles, token_hash, made_at) values (:id, :name, 'first key', :roles, :hash, :at)"
    )
    id = "token-" + hashlib.sha256(person.key_hash.encode()).hexdigest()[:12]
    op.get_bind().execute(
        sa.text(token),
        {"id": id, "name": person.name, "roles": person.roles, "hash": person.key_hash, "at": person.added_at},
    )
