"""Whoever changes, moves, removes or cuts off entries of the ledger is found out, here and on another machine."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from beside.core.errors import Altered, BadInput
from beside.core.types import Actor
from beside.store.chain import HEAD, HeadFile, check_chain, export, read_export, read_head
from beside.store.keyring import Keyring
from beside.store.ledger import START, hash_at, hash_of, whole
from beside.store.records import Records

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
OLGA = Actor(name="olga", roles=("admin",))
CONTENT = ("at", "who", "verb", "subject", "detail")


class World:
    """Records with a signed head beside them."""

    def __init__(self, records: Records, folder: Path) -> None:
        self.records, self.folder = records, folder
        self.keys = Keyring(folder / "keys", "bank", clock=lambda: NOON)
        self.head = HeadFile(folder / HEAD, self.keys, partial(hash_at, records.database.engine))
        records.database.noted = self.head

    def check(self) -> Any:
        return check_chain(lambda: whole(self.records.database.engine), read_head(self.head.file), self.keys.known())

    def harm(self, *statements: str) -> None:
        with self.records.database.engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))


@pytest.fixture
def world(records: Records, fill: Callable[[Records], None], tmp_path: Path) -> World:
    """Seven entries, the head signed."""
    made = World(records, tmp_path)
    fill(records)
    return made


def test_a_whole_ledger_is_signed_up_to_its_end(world: World) -> None:
    found = world.check()
    assert (found.rows, found.head, found.trusted, found.notes) == (7, 7, True, ())
    assert found.signed_by == f"the key {world.keys.of_workspace().id} of this workspace"


def swap(table: str = "ledger") -> tuple[str, ...]:
    return (
        f"UPDATE {table} SET number = 99 WHERE number = 3",
        f"UPDATE {table} SET number = 3 WHERE number = 4",
        f"UPDATE {table} SET number = 4 WHERE number = 99",
    )


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (("UPDATE ledger SET who = 'eve' WHERE number = 3",), "row 3: 'eve: add findings run-1' was changed after it was written"),
        (("UPDATE ledger SET detail = '{}' WHERE number = 1",), "row 1: 'olga: add corpus corpus-1' was changed"),
        (("DELETE FROM ledger WHERE number = 4",), "row 4: entry 4 is missing, the next one is 'olga: predict release-1'"),
        (("DELETE FROM ledger WHERE number = 7",), "row 7: cut off, row 7 is missing"),
        (("DELETE FROM ledger WHERE number > 4",), "row 5: cut off, rows 5 to 7 are missing"),
        (("DELETE FROM ledger",), "row 1: cut off, rows 1 to 7 are missing"),
        (swap(), "row 3: 'olga: add release release-1' is entry 4 and was moved here"),
        (
            (
                "DELETE FROM ledger WHERE number = 3",
                *(f"UPDATE ledger SET number = {n - 1} WHERE number = {n}" for n in range(4, 8)),
            ),
            "row 3: 'olga: add release release-1' is entry 4 and was moved here",
        ),
    ],
)
def test_the_first_harm_is_named(world: World, harm: tuple[str, ...], told: str) -> None:
    world.harm(*harm)
    with pytest.raises(Altered) as found:
        world.check()
    assert told in found.value.message and found.value.hint


def test_contents_that_were_exchanged_are_named(world: World) -> None:
    third, fourth = (row for row in list(whole(world.records.database.engine))[2:4])
    for number, row in ((3, fourth), (4, third)):
        world.harm(f"UPDATE ledger SET verb = '{row.verb}', subject = '{row.subject}' WHERE number = {number}")
        detail = json.dumps(row.detail)
        with world.records.database.engine.begin() as connection:
            connection.execute(
                text("UPDATE ledger SET detail = :detail WHERE number = :number"), {"detail": detail, "number": number}
            )
    with pytest.raises(Altered, match="row 3: 'olga: add release release-1' is entry 4 and was moved here"):
        world.check()


def test_a_chain_that_was_computed_anew_is_found_out_by_its_head(world: World) -> None:
    rows, previous = list(whole(world.records.database.engine)), START
    world.harm("UPDATE ledger SET who = 'eve' WHERE number = 2")
    for row in rows:
        row = row.model_copy(update={"who": "eve"}) if row.number == 2 else row
        new = hash_of(row, row.number, previous)
        world.harm(f"UPDATE ledger SET previous = '{previous}', hash = '{new}' WHERE number = {row.number}")
        previous = new
    with pytest.raises(Altered, match="row 7 is not the one that was signed; the chain was computed anew"):
        world.check()


def test_rows_written_over_cut_ones_do_not_hide_the_cut(world: World, loop: Any) -> None:
    before = read_head(world.head.file)
    world.harm("DELETE FROM ledger WHERE number > 5")
    for place in range(4):
        world.records.count_test_use(OLGA, "corpus-1", "run-1", f"look {place}")
    assert read_head(world.head.file) == before, "the head that no longer fits is kept as evidence"
    with pytest.raises(Altered, match="at row 7: row 7 is not the one that was signed"):
        world.check()


@pytest.mark.parametrize(
    "change", [{"number": 5}, {"hash": "0" * 64}, {"at": "2020-01-01T00:00:00Z"}, {"key": "0" * 32}, {"value": "AAAA"}]
)
def test_an_altered_head_is_named(world: World, change: dict[str, Any]) -> None:
    world.head.file.write_text(json.dumps(json.loads(world.head.file.read_text()) | change))
    with pytest.raises(Altered, match="signed head of the ledger was altered"):
        world.check()


def test_a_damaged_or_a_missing_head_is_told(world: World) -> None:
    world.head.file.write_text("{")
    with pytest.raises(Altered, match=r"ledger\.head"):
        world.check()
    world.head.file.unlink()
    found = world.check()
    assert not found.trusted and "nobody can tell whether rows were cut off" in found.notes[0]
    world.records.count_test_use(OLGA, "corpus-1", "run-1", "audit")
    assert world.check().trusted, "the next write signs again"


def test_a_lost_key_stops_no_work_but_is_told(world: World) -> None:
    for file in world.keys.home.glob("*.pem"):
        file.rename(file.with_suffix(".away"))
    world.records.count_test_use(OLGA, "corpus-1", "run-1", "audit")
    found = world.check()
    assert (found.rows, found.head, found.trusted) == (8, 7, False) and "could not be used" in found.notes[0]
    for file in world.keys.home.glob("*.away"):
        file.rename(file.with_suffix(".pem"))
    world.records.count_test_use(OLGA, "corpus-1", "run-1", "audit")
    assert world.check().trusted


def test_a_head_under_another_key_is_not_believed(world: World, tmp_path: Path) -> None:
    found = check_chain(
        lambda: whole(world.records.database.engine), read_head(world.head.file), Keyring(tmp_path / "other").known()
    )
    assert not found.trusted and found.signed_by.startswith("an unknown key")


@pytest.fixture
def exported(world: World) -> tuple[World, Path]:
    file = world.folder / "ledger.jsonl"
    export(file, whole(world.records.database.engine), world.keys, NOON)
    return world, file


def elsewhere(file: Path, keys: Any = ()) -> Any:
    head, brought, entries = read_export(file)
    return check_chain(entries, head, keys or brought)


def test_an_export_is_checked_on_another_machine(exported: tuple[World, Path]) -> None:
    world, file = exported
    assert elsewhere(file).rows == 7 and elsewhere(file).trusted
    assert elsewhere(file).last == world.check().last


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda lines: [*lines[:3], lines[3].replace(b"olga", b"evel"), *lines[4:]], "at row 3: 'evel: add findings"),
        (lambda lines: [*lines[:3], *lines[4:]], "at row 3: entry 3 is missing"),
        (lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]], "at row 3: 'olga: add release release-1' is entry 4"),
        (lambda lines: lines[:-1], "at row 7: cut off"),
        (lambda lines: [*lines[:2], b"{", *lines[3:]], "at row 2: line 3"),
    ],
)
def test_an_edited_export_is_named(exported: tuple[World, Path], edit: Callable[[list[bytes]], list[bytes]], told: str) -> None:
    _, file = exported
    lines = file.read_bytes().rstrip(b"\n").split(b"\n")
    file.write_bytes(b"\n".join(edit(lines)) + b"\n")
    with pytest.raises(Altered) as found:
        elsewhere(file)
    assert told in found.value.message


def test_another_file_is_no_export(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("hello\n")
    for file in (tmp_path / "x", tmp_path / "nowhere"):
        with pytest.raises(BadInput, match=r"beside ledger export|no export|Cannot read"):
            read_export(file)


def test_keys_that_are_in_the_export_prove_only_that_it_is_of_one_piece(exported: tuple[World, Path], tmp_path: Path) -> None:
    _, file = exported
    assert not elsewhere(file, [Keyring(tmp_path / "mine").of_workspace()]).trusted
