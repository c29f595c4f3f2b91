"""Whatever is changed in a bundle after it was signed, one byte of any file or a signature from elsewhere, is refused and named."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from beside.core.errors import Altered, BesideError, GateClosed
from beside.core.types import Actor
from beside.store.bundle import read_signatures, write_signatures
from beside.store.proof import DECISION, attest, check_decisions, decision_of, proof_of, read_attestation

NOON = datetime(2026, 1, 2, tzinfo=UTC)
ADMIN = Actor(name="olga", roles=("admin",))
FILES = (
    "card.html",
    "corpus.json",
    "findings.json",
    "manifest.json",
    "model/config.json",
    "model/model.safetensors",
    "recipe.toml",
    "run.json",
    "signature.json",
    "signatures.json",
)


def flip(file: Path, place: int) -> None:
    """Changes one bit of one byte."""
    content = bytearray(file.read_bytes())
    content[place % len(content)] ^= 1
    file.chmod(0o644)
    file.write_bytes(bytes(content))


@pytest.fixture
def signed(make_signed: Any, tmp_path: Path) -> Any:
    return make_signed(tmp_path)


def test_these_are_all_the_files_of_a_bundle(signed: Any) -> None:
    found = {path.relative_to(signed.folder).as_posix() for path in signed.folder.rglob("*") if path.is_file()}
    assert found == set(FILES)
    assert signed.verify().good and signed.serve()


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("part", [0.0, 0.25, 0.5, 0.75, 1.0])
def test_one_altered_byte_of_any_file_is_refused_and_the_file_named(signed: Any, name: str, part: float) -> None:
    served = signed.serve()
    size = (signed.folder / name).stat().st_size
    flip(signed.folder / name, int(part * (size - 1)))
    for use in (signed.verify, signed.serve, lambda: served.check(NOON), lambda: signed.verify(trust_bundle_key=True)):
        with pytest.raises(Altered, match=name):
            use()


@pytest.mark.parametrize("name", ["signature.json", "signatures.json"])
def test_every_single_byte_of_the_signatures_counts(signed: Any, name: str) -> None:
    file, whole = signed.folder / name, (signed.folder / name).read_bytes()
    release = signed.release

    def read() -> object:
        if name == "signature.json":
            return read_attestation(signed.folder)
        return check_decisions(read_signatures(signed.folder), release.id, release.seal, signed.keys.known())

    for place in range(len(whole)):
        flip(file, place)
        with pytest.raises(Altered, match=name):
            read()
        file.write_bytes(whole)
    assert read() and signed.verify().good


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_gone_is_named_or_its_absence_is_no_approval(signed: Any, name: str) -> None:
    (signed.folder / name).unlink()
    with pytest.raises(BesideError, match="not signed" if name == "signature.json" else name):
        signed.serve()
    if name.startswith("signature"):
        assert not signed.verify().good
    else:
        with pytest.raises(Altered, match=name):
            signed.verify()


def test_an_approval_moved_to_another_release_does_not_count(signed: Any, make_signed: Any) -> None:
    other = make_signed(signed.folder.parents[2], run="run-2")
    shutil.copy(signed.folder / "signatures.json", other.folder / "signatures.json")
    found = other.verify()
    assert not found.good and any("moved here: it was given for the release 'release-run-1'" in one for one in found.objections)
    with pytest.raises(GateClosed, match="moved here"):
        other.serve(other.release.model_copy(update={"signatures": signed.release.signatures}))


def test_an_approval_whose_text_is_made_to_fit_another_release_is_found_out(signed: Any, make_signed: Any) -> None:
    other = make_signed(signed.folder.parents[2], run="run-2")
    [one] = signed.release.signatures
    forged = one.model_copy(update={"release_id": other.release.id, "over": other.release.seal})
    write_signatures(other.folder, [forged])
    for use in (other.verify, lambda: other.serve(other.release.model_copy(update={"signatures": (forged,)}))):
        with pytest.raises(Altered, match=r"approval of 'rita' in 'signatures\.json' was altered"):
            use()


@pytest.mark.parametrize(
    "change",
    [{"who": "remy"}, {"role": "admin"}, {"reason": "looked at it"}, {"at": NOON + timedelta(days=1)}, {"decision": "reject"}],
)
def test_not_a_word_of_a_decision_can_be_changed(signed: Any, change: dict[str, Any]) -> None:
    write_signatures(signed.folder, [signed.release.signatures[0].model_copy(update=change)])
    with pytest.raises(Altered, match=r"signatures\.json"):
        signed.verify()


def test_an_approval_replayed_over_a_newer_seal_of_the_same_release_does_not_count(signed: Any) -> None:
    older = signed.release.signatures[0].model_copy(update={"over": "0" * 64, "proof": None})
    replayed = older.model_copy(update={"proof": proof_of(older, signed.keys)})
    write_signatures(signed.folder, [replayed])
    found = signed.verify()
    assert not found.good and "replayed: it was given over another seal, 0000000000000000" in found.proofs[1].words
    with pytest.raises(GateClosed, match="replayed"):
        signed.serve(signed.release.model_copy(update={"signatures": (replayed,)}))


def test_the_same_approval_twice_is_no_quorum_of_two(make_signed: Any, tmp_path: Path) -> None:
    two = make_signed(tmp_path, quorum=2)
    twice = (*two.release.signatures, *two.release.signatures)
    write_signatures(two.folder, twice)
    assert not two.verify().good
    with pytest.raises(GateClosed, match="1 of 2 needed approvals"):
        two.serve(two.release.model_copy(update={"signatures": twice, "state": "approved"}))


def test_an_expired_approval_is_refused_at_the_date_of_checking(make_signed: Any, tmp_path: Path) -> None:
    brief = make_signed(tmp_path, valid_days=30)
    served = brief.serve(at=NOON + timedelta(days=29))
    late = NOON + timedelta(days=30)
    assert brief.verify(NOON + timedelta(days=29)).good
    assert not brief.verify(late).good and "expired" in brief.verify(late).objections[0]
    for use in (lambda: brief.serve(at=late), lambda: served.check(late)):
        with pytest.raises(GateClosed, match="expired"):
            use()


def test_a_bundle_that_a_stranger_signed_all_over_is_of_an_unknown_key(signed: Any, make_signed: Any, tmp_path: Path) -> None:
    stranger = make_signed(tmp_path / "stranger")
    found = signed.verify(known=()), stranger.verify(known=signed.keys.known())
    for one in found:
        assert not one.good and "signed by an unknown key" in one.objections[0]
    fingerprint = stranger.keys.of_workspace().id
    assert fingerprint in found[1].objections[0] and "beside keys trust" in found[1].hints[0]
    assert stranger.verify(known=(), trust_bundle_key=True).good
    shutil.copytree(stranger.folder, signed.folder, dirs_exist_ok=True, copy_function=replace)
    taken = stranger.release.model_copy(update={"bundle": str(signed.folder)})
    with pytest.raises(GateClosed, match=f"unknown key {fingerprint}"):
        signed.serve(taken)


def replace(source: str, target: str) -> None:
    """Copies a file over a read-only one."""
    Path(target).unlink(missing_ok=True)
    shutil.copy(source, target)


def test_the_workspace_cannot_be_left_out_by_removing_its_signature_and_the_proofs(signed: Any) -> None:
    (signed.folder / "signature.json").unlink()
    bare = tuple(one.model_copy(update={"proof": None}) for one in signed.release.signatures)
    write_signatures(signed.folder, bare)
    found = signed.verify()
    assert not found.good and found.objections[-2:] == (
        "The bundle is not signed.",
        "The approval of rita is not signed: it was given before there were keys.",
    )
    with pytest.raises(GateClosed, match="not signed") as refused:
        signed.serve(signed.release.model_copy(update={"signatures": bare}))
    assert "beside keys adopt release-run-1" in refused.value.hint


def test_an_approval_signed_with_another_persons_key_does_not_count(signed: Any) -> None:
    eve = signed.keys.new(ADMIN, "eve")
    [one] = read_signatures(signed.folder)
    plain = one.model_copy(update={"proof": None})
    value = signed.keys.sign(eve, DECISION, decision_of(plain))
    write_signatures(signed.folder, [plain.model_copy(update={"proof": f"ed25519 person {eve.public} {value}"})])
    found = signed.verify()
    assert not found.good and f"the key {eve.id}, which is the key of 'eve'" in found.proofs[1].words


def test_a_revoked_key_ends_serving_at_once_and_a_retired_one_does_not(signed: Any) -> None:
    served = signed.serve()
    old = signed.keys.of_workspace()
    signed.keys.rotate(ADMIN, "workspace")
    served.check(NOON)
    assert signed.verify().good
    signed.keys.revoke(ADMIN, old.id)
    with pytest.raises(GateClosed, match=f"the key {old.id}, which was revoked"):
        served.check(NOON)


def test_a_signature_file_of_another_release_is_named(signed: Any, make_signed: Any) -> None:
    other = make_signed(signed.folder.parents[2], run="run-2")
    shutil.copy(other.folder / "signature.json", signed.folder / "signature.json")
    with pytest.raises(Altered, match=r"manifest\.json"):
        signed.verify()
    manifest = json.loads((signed.folder / "manifest.json").read_bytes())
    assert manifest["facts"]["release"] == "release-run-1"
    attest(signed.folder, "release-run-2", signed.keys, NOON)
    with pytest.raises(Altered, match=r"signature\.json.*release-run-2"):
        signed.verify()


def test_the_workspace_cannot_speak_for_somebody_who_had_a_key(signed: Any) -> None:
    later = signed.at + timedelta(hours=1)
    signed.keys.clock = lambda: later
    signed.keys.new(ADMIN, "rita")
    assert signed.verify().good, "she had none when she signed"
    [one] = signed.release.signatures
    after = one.model_copy(update={"at": later + timedelta(hours=1), "proof": None})
    workspace = signed.keys.of_workspace()
    value = signed.keys.sign(workspace, DECISION, decision_of(after))
    write_signatures(signed.folder, [after.model_copy(update={"proof": f"ed25519 workspace {workspace.public} {value}"})])
    assert not signed.verify().good and "though 'rita' had the key" in signed.verify().proofs[1].words
