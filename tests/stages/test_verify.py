"""Whoever gets a bundle can check it without a network: what it is, who signed it, whether it may be served."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from beside.core.errors import Altered, BadInput, GateClosed, KeyUnusable
from beside.core.types import Actor
from beside.stages.verify import adopt, attest_release, verify
from beside.store.bundle import write_bundle, write_signatures
from beside.store.carry import pack
from beside.store.chain import export
from beside.store.keyring import Keyring
from beside.store.ledger import START, Entry, link
from beside.store.model_signature import installed, public_key

NOON = datetime(2026, 1, 2, tzinfo=UTC)
ADMIN = Actor(name="olga", roles=("admin",))
needs_package = pytest.mark.skipif(not installed(), reason="the extra `signing` is not installed")


@pytest.fixture
def signed(make_signed: Any, tmp_path: Path) -> Any:
    return make_signed(tmp_path)


def entry(subject: str, detail: dict[str, Any], who: str = "rita") -> Entry:
    row = Entry(number=1, at=NOON, who=who, verb="sign release", subject=subject, detail=detail, previous=START, hash="")
    return row.model_copy(update={"hash": link(row)})


def test_a_bundle_tells_all_of_itself(signed: Any) -> None:
    found = signed.verify(NOON + timedelta(days=1))
    assert (found.release_id, found.run_id, found.seal, found.files) == ("release-run-1", "run-1", signed.release.seal, 7)
    assert (found.good, found.state, found.objections, found.hints) == (True, "approved", (), ())
    key = signed.keys.of_workspace().id
    assert [(one.who, one.words) for one in found.proofs] == [
        ("workspace", f"signed by the key {key} of this workspace"),
        ("rita", f"attested by the workspace, with the key {key} of this workspace"),
    ]


def test_a_person_with_a_key_signs_with_it(make_signed: Any, tmp_path: Path) -> None:
    two = make_signed(tmp_path, quorum=2)
    key = two.keys.new(ADMIN, "remy")
    two.decide("remy")
    assert two.verify().proofs[2].words == f"signed by the key {key.id} of 'remy'" and two.verify().good


def test_another_machine_trusts_what_it_was_told_to_trust(make_signed: Any, tmp_path: Path) -> None:
    two = make_signed(tmp_path / "bank", quorum=2)
    two.keys.new(ADMIN, "remy")
    two.decide("remy")
    file, zipped = tmp_path / "bank.keys", tmp_path / "release.zip"
    file.write_text(json.dumps(two.keys.export(["workspace"])))
    assert pack(two.folder, zipped) == 10
    auditor = Keyring(tmp_path / "auditor")
    assert not verify(zipped, NOON, auditor.known()).good
    assert auditor.trust(ADMIN, file) == [two.keys.of_workspace().model_copy(update={"ours": False})]
    half = verify(zipped, NOON, auditor.known())
    assert [one.good for one in half.proofs] == [True, True, False] and "trusted workspace 'bank'" in half.proofs[0].words
    file.write_text(json.dumps(two.keys.export()))
    auditor.trust(ADMIN, file)
    whole = verify(zipped, NOON, auditor.known())
    assert whole.good and whole.seal == two.release.seal and whole.bundle == str(zipped)


def test_a_signature_over_another_seal_is_named_and_does_not_count(signed: Any) -> None:
    write_signatures(signed.folder, [signed.release.signatures[0].model_copy(update={"over": "0" * 64, "proof": None})])
    found = signed.verify()
    assert found.state == "draft" and any("0 of 1 needed approvals" in one for one in found.objections)


def test_a_decision_must_stand_in_the_ledger_when_there_is_one(signed: Any, tmp_path: Path) -> None:
    told = [one.model_dump(mode="json") for one in signed.release.signatures]
    held, lost = entry(signed.release.id, {"signatures": told}), entry("release-9", {"signatures": told})
    for row, expected in ((held, True), (lost, False)):
        export(tmp_path / "ledger", [row], signed.keys, NOON)
        found = signed.verify(ledger=tmp_path / "ledger")
        assert found.good is expected and "1 entries, chain whole" in found.ledger
    assert found.objections == ("The approval of rita does not stand in the ledger.",)
    stranger = verify(signed.folder, NOON, signed.keys.known(), ledger=exported_by_a_stranger(tmp_path, held))
    assert not stranger.good and "The ledger is signed by an unknown key" in stranger.objections[0]


def exported_by_a_stranger(folder: Path, row: Entry) -> Path:
    export(folder / "foreign", [row], Keyring(folder / "foreign keys"), NOON)
    return folder / "foreign"


def test_a_release_from_before_there_were_keys_is_adopted_only_with_decisions_from_the_ledger(signed: Any) -> None:
    (signed.folder / "signature.json").unlink()
    bare = tuple(one.model_copy(update={"proof": None, "release_id": ""}) for one in signed.release.signatures)
    write_signatures(signed.folder, bare)
    old = signed.release.model_copy(update={"signatures": bare})
    with pytest.raises(GateClosed, match="'rita' does not stand in the ledger"):
        adopt(old, [], signed.keys, NOON)
    assert not signed.verify().good
    rows = [entry(old.id, {"signatures": [one.model_dump(mode="json") for one in bare]})]
    adopted = adopt(old, rows, signed.keys, NOON)
    assert signed.verify().good and signed.serve(adopted)
    assert adopt(adopted, rows, signed.keys, NOON) == adopted


def test_releasing_again_leaves_a_good_signature_and_mends_a_bad_one(signed: Any) -> None:
    file = signed.folder / "signature.json"
    before = file.read_bytes()
    attest_release(signed.release, signed.keys, NOON + timedelta(days=1))
    assert file.read_bytes() == before
    file.write_bytes(before.replace(b"a", b"b"))
    attest_release(signed.release, signed.keys, NOON + timedelta(days=1))
    assert signed.verify().good and file.read_bytes() != before


def test_a_sealed_folder_that_is_no_release_is_refused(tmp_path: Path) -> None:
    write_bundle(tmp_path / "holiday", {"photo.txt": b"sea"}, {"year": 2025})
    with pytest.raises(BadInput, match="no release"):
        verify(tmp_path / "holiday", NOON)
    with pytest.raises(BadInput, match="no bundle"):
        verify(tmp_path / "nowhere", NOON)


@needs_package
def test_the_model_is_signed_in_the_openssf_format_and_its_own_program_says_so(signed: Any, tmp_path: Path) -> None:
    attest_release(signed.release, signed.keys, NOON, model_signing=True)
    assert signed.verify().good and signed.verify().model_signature.startswith("fits the model")
    public, model, signature = tmp_path / "public.pem", signed.folder / "model", signed.folder / "model.sig"
    public.write_text(public_key(signed.keys.home, signed.keys.ask))
    command = [sys.executable, "-m", "model_signing", "verify", "key", str(model), "--signature", str(signature)]
    quiet = {**os.environ, "OTEL_SDK_DISABLED": "true"}

    def said() -> subprocess.CompletedProcess[str]:
        return subprocess.run([*command, "--public_key", str(public)], capture_output=True, text=True, env=quiet, check=False)

    told = said()
    assert told.returncode == 0 and "succeeded" in told.stdout + told.stderr, told.stdout + told.stderr
    (model / "config.json").chmod(0o644)
    (model / "config.json").write_bytes(b'{"size": 4}')
    assert said().returncode != 0
    with pytest.raises(Altered, match=r"model/config\.json"):
        signed.verify()


@needs_package
def test_an_altered_or_removed_model_signature_is_named(signed: Any) -> None:
    attest_release(signed.release, signed.keys, NOON, model_signing=True)
    file = signed.folder / "model.sig"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + b" ")
    for use in (signed.verify, signed.serve):
        with pytest.raises(Altered, match=r"model\.sig"):
            use()
    file.unlink()
    for use in (signed.verify, signed.serve):
        with pytest.raises(Altered, match=r"model\.sig"):
            use()
    attest_release(signed.release, signed.keys, NOON)
    assert signed.verify().good and signed.verify().model_signature == "none"


@needs_package
def test_a_passphrase_locks_the_key_of_the_openssf_format_too(signed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BESIDE_PASSPHRASE", "correct horse")
    attest_release(signed.release, signed.keys, NOON, model_signing=True)
    assert signed.verify().good and b"ENCRYPTED" in (signed.keys.home / "model-signing.pem").read_bytes()
    monkeypatch.delenv("BESIDE_PASSPHRASE")
    with pytest.raises(KeyUnusable, match="locked by a passphrase"):
        attest_release(signed.release, signed.keys, NOON, model_signing=True)
