"""Keys sign and are checked; a private part is kept from others, and lost or unsafe ones are told of plainly."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beside.core.errors import BadInput, BadOption, KeyUnusable, NotPermitted, UnknownName
from beside.core.types import Actor
from beside.store.keyring import Keyring
from beside.store.keys import PASSPHRASE, fingerprint, holds, new_private
from beside.store.trust import a_passphrase, standing
from beside.store.workspace import Workspace

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
OLGA, RITA, CARL = (
    Actor(name="olga", roles=("admin",)),
    Actor(name="rita", roles=("reviewer",)),
    Actor(name="carl", roles=("builder",)),
)


@pytest.fixture
def keys(tmp_path: Path) -> Keyring:
    return Keyring(tmp_path / "keys", "bank", clock=lambda: NOON)


def private_files(keys: Keyring) -> list[Path]:
    return sorted(keys.home.glob("*.pem"))


def test_the_workspace_gets_one_key_when_it_first_needs_one(keys: Keyring) -> None:
    assert keys.known() == ()
    key = keys.of_workspace()
    assert keys.of_workspace() == key == Keyring(keys.home).of_workspace()
    assert (key.kind, key.owner, key.status, key.ours, key.id) == ("workspace", "bank", "active", True, fingerprint(key.public))
    value = keys.sign(key, "bundle", {"b": 1, "a": "支"})
    assert holds(key.public, "bundle", {"a": "支", "b": 1}, value)
    assert not holds(key.public, "decision", {"a": "支", "b": 1}, value), "a signature serves one purpose only"
    assert not holds(key.public, "bundle", {"a": "支", "b": 2}, value)


def test_private_parts_are_for_their_owner_alone_and_are_told_nowhere(keys: Keyring) -> None:
    keys.new(OLGA, "rita")
    keys.of_workspace()
    assert len(private_files(keys)) == 2 and stat.S_IMODE(keys.home.stat().st_mode) == 0o700
    secrets = [line for file in private_files(keys) for line in file.read_text().splitlines() if not line.startswith("---")]
    told = json.dumps(keys.export()) + repr(keys.known()) + (keys.home / "keys.json").read_text()
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in private_files(keys))
    assert len(secrets) == 2 and not any(secret in told for secret in secrets)


def test_a_lost_key_is_called_lost_with_what_to_do(keys: Keyring) -> None:
    key = keys.of_workspace()
    private_files(keys)[0].unlink()
    with pytest.raises(KeyUnusable, match="key of the workspace is lost") as told:
        keys.sign(key, "bundle", {})
    assert "beside keys rotate workspace" in told.value.hint
    new = keys.rotate(OLGA, "workspace")
    assert new.public != key.public and keys.sign(keys.of_workspace(), "bundle", {})
    assert standing(keys.known(), key.public, "workspace").good, "what the lost key signed stands"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o666])
def test_a_key_that_others_can_read_is_refused(keys: Keyring, mode: int) -> None:
    key = keys.of_workspace()
    private_files(keys)[0].chmod(mode)
    with pytest.raises(KeyUnusable, match=f"its mode is {mode:04o}"):
        keys.sign(key, "bundle", {})


def test_a_damaged_key_and_a_damaged_register_are_told(keys: Keyring) -> None:
    key = keys.of_workspace()
    private_files(keys)[0].write_text("-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n")
    with pytest.raises(KeyUnusable, match="damaged"):
        keys.sign(key, "bundle", {})
    (keys.home / "keys.json").write_text("[{}]")
    with pytest.raises(KeyUnusable, match=r"keys\.json"):
        keys.known()


def test_a_passphrase_locks_a_key(keys: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    key = keys.new(RITA, "rita", "correct horse")
    assert b"ENCRYPTED" in private_files(keys)[0].read_bytes()
    with pytest.raises(KeyUnusable, match="locked by a passphrase"):
        Keyring(keys.home).sign(key, "decision", {})
    monkeypatch.setenv(PASSPHRASE, "wrong horse")
    with pytest.raises(KeyUnusable, match="passphrase is wrong"):
        Keyring(keys.home).sign(key, "decision", {})
    monkeypatch.setenv(PASSPHRASE, "correct horse")
    assert Keyring(keys.home).sign(key, "decision", {})
    with pytest.raises(BadOption, match="soon guessed"):
        a_passphrase("short")


def test_a_person_makes_their_own_key_and_an_admin_anybodys(keys: Keyring) -> None:
    assert keys.new(RITA, "rita").owner == "rita"
    assert keys.new(OLGA, "王").owner == "王"
    for actor, owner in ((CARL, "rita"), (CARL, None), (Actor(name="nobody"), "nobody")):
        with pytest.raises(NotPermitted):
            keys.new(actor, owner)
    with pytest.raises(BadInput, match="the key of 'rita' already"):
        keys.new(RITA, "rita")
    with pytest.raises(BadInput, match="no person's name"):
        keys.new(OLGA, "workspace")


def test_rotating_keeps_what_was_signed_and_revoking_does_not(keys: Keyring) -> None:
    old = keys.new(RITA, "rita")
    new = keys.rotate(RITA, "rita")
    assert keys.active("person", "rita") == new and len(private_files(keys)) == 1, "the old private part is gone"
    assert standing(keys.known(), old.public, "person", "rita").good
    keys.revoke(RITA, old.id[:8])
    assert not standing(keys.known(), old.public, "person", "rita").good
    assert standing(keys.known(), new.public, "person", "rita").good
    assert not standing(keys.known(), new.public, "person", "remy").good
    assert not standing(keys.known(), new.public, "workspace").good
    with pytest.raises(UnknownName, match="nobody"):
        keys.revoke(OLGA, "nobody")


def test_a_revoked_workspace_key_is_not_quietly_replaced(keys: Keyring) -> None:
    keys.of_workspace()
    keys.revoke(OLGA, "workspace")
    with pytest.raises(KeyUnusable, match="was revoked"):
        keys.of_workspace()
    assert keys.rotate(OLGA, "workspace") == keys.of_workspace()


def test_public_keys_travel_and_a_revocation_travels_too(keys: Keyring, tmp_path: Path) -> None:
    keys.of_workspace()
    rita, file, other = keys.new(RITA, "rita"), tmp_path / "public.json", Keyring(tmp_path / "other")
    file.write_text(json.dumps(keys.export()))
    assert [key.owner for key in other.trust(OLGA, file)] == ["bank", "rita"]
    assert standing(other.known(), rita.public, "person", "rita").good and other.active("person", "rita") is None
    with pytest.raises(BadInput, match="made elsewhere"):
        other.rotate(OLGA, "rita")
    keys.revoke(RITA, "rita")
    file.write_text(json.dumps(keys.export()))
    other.trust(OLGA, file)
    assert not standing(other.known(), rita.public, "person", "rita").good
    other.trust(OLGA, Path(write(tmp_path, {**keys.export(), "keys": [rita.model_dump(mode="json", exclude={"ours"})]})))
    assert not standing(other.known(), rita.public, "person", "rita").good, "an older file does not undo a revocation"
    with pytest.raises(NotPermitted):
        other.trust(CARL, file)


def write(folder: Path, content: Any) -> str:
    (folder / "given.json").write_text(json.dumps(content))
    return str(folder / "given.json")


def test_a_file_of_keys_that_lies_about_a_fingerprint_is_refused(keys: Keyring, tmp_path: Path) -> None:
    keys.of_workspace()
    good = keys.export()
    lie = {**good, "keys": [{**good["keys"][0], "id": "0" * 32}]}
    for content, why in ((lie, "is not the fingerprint"), ({"format": "other", "keys": good["keys"]}, "no file"), ([], "no file")):
        with pytest.raises(BadInput, match=why):
            keys.trust(OLGA, Path(write(tmp_path, content)))
    with pytest.raises(BadInput, match="Cannot read"):
        keys.trust(OLGA, tmp_path / "nowhere")


def test_what_people_do_with_keys_stands_in_the_ledger_without_the_private_part(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path / "bank")
    key = workspace.keys.new(OLGA, "rita")
    workspace.keys.revoke(OLGA, "rita")
    rows = workspace.records.ledger(OLGA)
    assert [(row.verb, row.who, row.subject) for row in rows] == [("revoke key", "olga", key.id), ("new key", "olga", key.id)]
    assert all(row.detail["public"] == key.public for row in rows)
    workspace.close()


@settings(max_examples=50, deadline=None)
@given(
    content=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_any_plain_data_can_be_signed_and_nothing_else_passes(content: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    ring = made_once(tmp_path_factory)
    key = ring.of_workspace()
    value = ring.sign(key, "bundle", content)
    assert holds(key.public, "bundle", content, value)
    assert not holds(key.public, "bundle", [content], value)


def made_once(factory: pytest.TempPathFactory, held: dict[str, Keyring] = {}) -> Keyring:  # noqa: B006
    if "ring" not in held:
        held["ring"] = Keyring(factory.mktemp("ring"))
    return held["ring"]


@settings(max_examples=100, deadline=None)
@given(public=st.text(max_size=60), value=st.text(max_size=100))
def test_nonsense_is_no_key_and_no_signature(public: str, value: str) -> None:
    assert not holds(public, "bundle", {}, value)
    with pytest.raises(BadInput, match="no public key"):
        fingerprint(public)


def test_a_key_made_under_any_umask_is_private(tmp_path: Path) -> None:
    import os

    before = os.umask(0)
    try:
        new_private(tmp_path / "deep" / "key.pem")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "deep" / "key.pem").stat().st_mode) == 0o600
