"""The first schema: corpora, runs, what was found, releases, what was asked and answered, people, the ledger."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer, "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    made()
    judged()
    asked()
    kept()


def number() -> sa.Column[Any]:
    return sa.Column("number", WHOLE, primary_key=True)


def text(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text, nullable=nullable) for name in names]


def whole(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, WHOLE, nullable=False) for name in names]


def real(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Double, nullable=nullable) for name in names]


def flag(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean, nullable=False)


def moment(name: str) -> sa.Column[Any]:
    return sa.Column(name, MOMENT, nullable=False)


def reference(name: str, to: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, sa.ForeignKey(to), nullable=False)


def stored(table: str, *columns: sa.Column[Any], index: tuple[str, ...]) -> None:
    op.create_table(table, number(), sa.Column("id", sa.Text, nullable=False, unique=True), *columns)
    for name in index:
        op.create_index(f"ix_{table}_{name}", table, [name])


def made() -> None:
    names = [*text("name", "task", "labels", "splits", "examples"), *text("report", nullable=True), *text("protections")]
    stored("corpora", *names, *text("parent", nullable=True), moment("made_at"), index=("name",))
    how = [*text("recipe", "model", "scores", "history"), *whole("trainable", "parameters", "truncated")]
    rest = [*text("spent", "parent", nullable=True), *whole("seed"), *real("seconds"), *text("versions"), moment("made_at")]
    stored("runs", reference("corpus_id", "corpora.id"), *how, *rest, index=("corpus_id",))


def judged() -> None:
    numbers = [*real("value", "low", "high"), *whole("n"), *real("limit", nullable=True), *whole("seed")]
    said = [*text("check", "metric", "unit", "better"), *numbers, *text("evidence", nullable=True), moment("made_at")]
    stored("findings", reference("run_id", "runs.id"), *said, index=("run_id",))
    stored("skipped", reference("run_id", "runs.id"), *text("check", "why"), index=("run_id",))
    sealed = text("finding_ids", "policy", "seal", "bundle", "card", "signatures", "state")
    stored("releases", reference("run_id", "runs.id"), *sealed, moment("made_at"), index=("run_id",))
    sides = [reference("champion", "runs.id"), reference("challenger", "runs.id")]
    shares = [*whole("n"), *real("champion_accuracy", "challenger_accuracy", "gap", "low", "high")]
    rest = [*whole("only_champion", "only_challenger"), *real("p_value"), *text("verdict", "flipped")]
    stored("comparisons", *sides, *shares, *rest, index=("champion", "challenger"))


def asked() -> None:
    answer = [*text("text", "label"), *real("probability"), *text("probabilities"), flag("truncated"), moment("made_at")]
    stored("predictions", reference("release_id", "releases.id"), *answer, index=("release_id",))
    said = [flag("correct"), *text("label", nullable=True), *text("note", "who"), moment("made_at")]
    stored("answers", reference("prediction_id", "predictions.id"), *said, index=("prediction_id",))


def kept() -> None:
    uses = [reference("corpus_id", "corpora.id"), reference("run_id", "runs.id"), *text("verb", "who"), moment("at")]
    op.create_table("test_uses", number(), *uses)
    op.create_index("ix_test_uses_corpus_id", "test_uses", ["corpus_id"])
    person = [*text("name", "roles", "key_hash"), moment("added_at")]
    op.create_table("people", number(), *person, sa.UniqueConstraint("name"), sa.UniqueConstraint("key_hash"))
    token = sa.Column("token_hash", sa.Text, primary_key=True)
    op.create_table("web_sessions", token, *text("name", "roles"), moment("expires_at"))
    op.create_index("ix_web_sessions_name", "web_sessions", ["name"])
    row = [moment("at"), *text("who", "verb", "subject", "detail", "previous", "hash")]
    op.create_table("ledger", sa.Column("number", WHOLE, primary_key=True, autoincrement=False), *row, sa.UniqueConstraint("hash"))
