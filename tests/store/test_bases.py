"""Bases that were pre-trained here, over SQLite and over PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from beside.core.errors import NotPermitted, UnknownName
from beside.core.pretraining import Base, Pretraining
from beside.core.types import Actor


@pytest.fixture
def base() -> Base:
    return Base(
        id="base-1", name="酒店", base="scratch", recipe=Pretraining(epochs=3), model="a" * 64, texts=900, tokens=70_000, steps=87,
        perplexity=41.5, low=38.0, high=45.25, n=47, history=({"epoch": 1.0, "loss": 4.5},), parameters=4_000_000, seed=0,
        seconds=12.5, versions={"torch": "2"}, made_at=datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
    )  # fmt: skip


def test_a_base_comes_back_equal_by_id_and_the_newest_by_name(records: Any, owner: Actor, base: Base) -> None:
    newer = base.model_copy(update={"id": "base-2"})
    records.add_base(owner, base)
    records.add_base(owner, base.model_copy(update={"seconds": 99.0}))
    records.add_base(owner, newer)
    assert records.bases(owner) == [newer, base]
    assert records.base(owner, "base-1") == base and records.base(owner, "酒店") == newer
    assert [entry.verb for entry in records.ledger(owner)] == ["pretrain", "pretrain"]


def test_who_may_train_may_keep_one_and_everybody_with_a_role_knows_of_it(
    records: Any, owner: Actor, stranger: Actor, base: Base
) -> None:
    user = Actor(name="carl", roles=("user",))
    for actor in (user, stranger):
        with pytest.raises(NotPermitted):
            records.add_base(actor, base)
    records.add_base(Actor(name="bo", roles=("builder",)), base)
    assert records.bases(user) == [base] and records.bases(stranger) == []
    with pytest.raises(NotPermitted, match="may not read a base"):
        records.base(stranger, "base-1")


def test_an_unknown_name_suggests_a_close_one(records: Any, owner: Actor, base: Base) -> None:
    records.add_base(owner, base)
    with pytest.raises(UnknownName) as refusal:
        records.base(owner, "base-11")
    assert "base-1" in refusal.value.hint
