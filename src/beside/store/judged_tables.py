"""Tables of attacked rows and of what people say of them; both hold texts of the corpus, or what people wrote of those."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from beside.core import judging
from beside.store.columns import Stored, secret


class AttackedRows(Stored):
    """Training rows whose answer an attack changed."""

    __tablename__ = "attacked_rows"
    holds, kind = judging.AttackedRow, "attacked row"

    release_id: Mapped[str] = mapped_column(ForeignKey("releases.id"), index=True)
    attack: Mapped[str]
    example_id: Mapped[str] = mapped_column(index=True)
    text: Mapped[str] = secret("attacked_rows.text")
    edited: Mapped[str] = secret("attacked_rows.edited")
    label: Mapped[str] = secret("attacked_rows.label")
    before: Mapped[str] = secret("attacked_rows.before")
    after: Mapped[str] = secret("attacked_rows.after")
    before_probabilities: Mapped[Any] = secret("attacked_rows.before_probabilities", json=True)
    after_probabilities: Mapped[Any] = secret("attacked_rows.after_probabilities", json=True)
    made_at: Mapped[datetime]


class Judgements(Stored):
    """What people say of them; all is kept, a person's newest counts."""

    __tablename__ = "judgements"
    holds, kind = judging.Judgement, "judgement"

    attacked_id: Mapped[str] = mapped_column(ForeignKey("attacked_rows.id"), index=True)
    meaning: Mapped[str]
    label: Mapped[str | None] = secret("judgements.label", nullable=True)
    comment: Mapped[str] = secret("judgements.comment")
    who: Mapped[str]
    made_at: Mapped[datetime]
