"""Proof from the command line: keys, the ledger, a bundle carried to another machine, each command in a process of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from beside.store.workspace import Workspace


class Place:
    """A folder in which commands are given."""

    def __init__(self, beside: Any, folder: Path) -> None:
        self.beside, self.folder = beside, folder
        folder.mkdir(exist_ok=True)

    def __call__(self, *args: object, code: int = 0) -> Any:
        ended = self.beside(*args, "--json", cwd=self.folder)
        assert ended.code == code, f"{args}: {ended.code}\n{ended.out}\n{ended.err}"
        assert "PRIVATE" not in ended.out + ended.err and "Traceback" not in ended.err
        return ended.json

    def words(self, *args: object, code: int = 0) -> str:
        ended = self.beside(*args, cwd=self.folder)
        assert ended.code == code, f"{args}: {ended.code}\n{ended.out}\n{ended.err}"
        return str(ended.out + ended.err)


@pytest.fixture(scope="module")
def bank(beside: Any, make_approved: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A workspace with an approved release, and what it gives to an auditor."""
    made = make_approved(tmp_path_factory.mktemp("bank"))
    made.workspace.close()
    place = Place(beside, made.workspace.folder)
    place("keys", "new", "rita", "--as", "rita")
    place("export", made.release.id, "release.zip")
    place("keys", "export", "bank.keys")
    place("ledger", "export", "ledger.jsonl")
    return place, made.release


@pytest.fixture
def auditor(beside: Any, tmp_path: Path) -> Place:
    return Place(beside, tmp_path / "auditor")


def test_a_release_is_checked_on_another_machine(bank: Any, auditor: Place) -> None:
    place, release = bank
    zipped, keys, ledger = (place.folder / name for name in ("release.zip", "bank.keys", "ledger.jsonl"))
    unknown = auditor("verify", zipped, code=1)
    assert "signed by an unknown key" in unknown["objections"][0] and unknown["state"] == "approved"
    assert auditor("verify", zipped, "--trust-bundle-key")["objections"] == []
    assert not (auditor.folder / ".beside").exists(), "checking leaves nothing behind"
    assert {one["owner"] for one in auditor("keys", "trust", keys)} == {place.folder.name, "rita"}
    found = auditor("verify", zipped, "--ledger", ledger)
    assert (found["release_id"], found["seal"], found["objections"]) == (release.id, release.seal, [])
    assert auditor("ledger", "verify", ledger)["trusted"]
    said = auditor.words("verify", zipped)
    assert "Verdict: may be served" in said and "attested by the workspace" in said


def test_the_workspace_checks_itself(bank: Any) -> None:
    place, release = bank
    assert place("verify", release.bundle)["objections"] == []
    found = place("ledger", "verify")
    assert found["trusted"] and found["head"] == found["rows"] > 4
    assert "every link fits" in place.words("ledger", "verify")
    assert [one["owner"] for one in place("keys", "list") if one["kind"] == "person"] == ["rita"]
    assert "rita" in place.words("keys", "list")


def test_a_ledger_from_elsewhere_that_was_edited_is_refused(bank: Any, auditor: Place) -> None:
    place, _ = bank
    lines = (place.folder / "ledger.jsonl").read_bytes().split(b"\n")
    edited = auditor.folder / "edited.jsonl"
    edited.write_bytes(b"\n".join([*lines[:2], *lines[3:]]))
    told = auditor("ledger", "verify", edited, code=2)
    assert told["error"]["code"] == "altered" and "at row 2: entry 2 is missing" in told["error"]["message"]
    assert auditor("ledger", "verify", place.folder / "ledger.jsonl", code=1)["signed_by"].startswith("an unknown key")


def test_entries_cut_off_the_ledger_are_missed(beside: Any, make_approved: Any, tmp_path: Path) -> None:
    made = make_approved(tmp_path / "shop")
    made.workspace.close()
    place = Place(beside, made.workspace.folder)
    opened = Workspace.open(place.folder)
    with opened.records.database.engine.begin() as connection:
        connection.execute(text("DELETE FROM ledger WHERE verb = 'sign release'"))
    opened.close()
    assert "cut off" in place("ledger", "verify", code=2)["error"]["message"]
    doctor = {one["name"]: one for one in place("doctor", code=1)}
    assert "cut off" in doctor["workspace"]["detail"]


def test_keys_are_rotated_revoked_and_missed(beside: Any, make_approved: Any, tmp_path: Path) -> None:
    made = make_approved(tmp_path / "shop")
    made.workspace.close()
    place, bundle = Place(beside, made.workspace.folder), made.release.bundle
    old = next(one for one in place("keys", "list") if one["kind"] == "workspace")
    new = place("keys", "rotate", "workspace")
    assert new["id"] != old["id"] and place("verify", bundle)["objections"] == []
    place("keys", "revoke", old["id"][:10])
    assert "which was revoked" in place("verify", bundle, code=1)["objections"][0]
    assert place("predict", made.release.id, "hello", code=1)["error"]["code"] == "gate_closed"
    (place.folder / ".beside" / "keys" / f"{new['id']}.pem").chmod(0o644)
    refused = place("ledger", "export", "x.jsonl", code=2)
    assert refused["error"]["code"] == "key_unusable" and "mode is 0644" in refused["error"]["message"]
    assert json.loads((place.folder / ".beside" / "keys" / "keys.json").read_text())[0]["status"] == "revoked"
