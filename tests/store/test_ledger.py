"""Whoever changes the ledger is found out."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from beside.core.errors import Altered
from beside.store import ledger


def test_an_untouched_chain_is_sound(records, fill):
    assert ledger.check(records.database.engine) == 0
    fill(records)
    assert ledger.check(records.database.engine) == 7


@pytest.mark.parametrize(
    ("harm", "row"),
    [
        ("UPDATE ledger SET who = 'eve' WHERE number = 3", 3),
        ("UPDATE ledger SET detail = '{}' WHERE number = 1", 1),
        ("UPDATE ledger SET subject = subject || 'x' WHERE number = 7", 7),
        ("UPDATE ledger SET at = '2020-01-01 00:00:00' WHERE number = 4", 4),
        ("UPDATE ledger SET hash = 'f' WHERE number = 5", 5),
        ("DELETE FROM ledger WHERE number = 1", 1),
        ("DELETE FROM ledger WHERE number = 5", 5),
    ],
)
def test_one_changed_or_missing_row_is_noticed(records, fill, harm, row):
    fill(records)
    with records.database.engine.begin() as connection:
        connection.execute(text(harm))
    with pytest.raises(Altered, match=f"at row {row}:"):
        ledger.check(records.database.engine)


def test_a_row_put_in_between_is_noticed(records, fill, owner):
    fill(records)
    copy = "INSERT INTO ledger SELECT 8, at, 'eve', verb, subject, detail, previous, 'forged' FROM ledger WHERE number = 7"
    with records.database.engine.begin() as connection:
        connection.execute(text(copy))
    with pytest.raises(Altered, match="at row 8: 'eve"):
        ledger.check(records.database.engine)


def test_the_order_of_keys_does_not_change_a_hash():
    assert ledger.canonical({"b": {"d": 1, "c": [1.5, None]}, "a": "支"}) == ledger.canonical(
        {"a": "支", "b": {"c": [1.5, None], "d": 1}}
    )
