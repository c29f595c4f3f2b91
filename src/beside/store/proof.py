"""Proofs in a bundle: the workspace's signature over the seal, and one over what each person decided.

`signature.json` signs the seal, so every file in the manifest, and names the hash of `model.sig`, which is no part of the manifest.
A person's proof is one line, `ed25519 person|workspace PUBLIC VALUE`, over the canonical JSON of their decision without the proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from beside.core.errors import Altered, BadInput
from beside.core.types import Actor, Release, Signature, Value
from beside.store import tables
from beside.store.bundle import ATTESTATION, MANIFEST, MODEL_SIGNATURE, SIGNATURES, check_bundle, seal_of
from beside.store.database import Database
from beside.store.files import DAMAGED, sha256_of, whole_file
from beside.store.keyring import Keyring
from beside.store.keys import ALGORITHM, Key, fingerprint, holds
from beside.store.ledger import append
from beside.store.permission import demand_role, readable_rows
from beside.store.trust import standing

SEAL, DECISION = "bundle", "decision"  # what a signature is for
NOUN = {"approve": "approval", "reject": "rejection"}
SIGN_AGAIN = "It was made before there were keys: `beside keys adopt RELEASE` where it was made signs it now."
UNKNOWN = "Compare the fingerprint with its owner, then: beside keys trust FILE"


class Attestation(Value):
    """What `signature.json` holds: the seal of one release, signed by a workspace."""

    algorithm: Literal["ed25519"] = "ed25519"
    key: str  # fingerprint
    public: str
    release_id: str
    seal: str
    at: datetime
    model_signature: str | None = None  # sha256 of model.sig
    model_key: str | None = None  # PEM of the key that model.sig is checked with
    value: str  # base64 of the signature over all the rest

    def content(self) -> dict[str, Any]:
        """What is signed."""
        return self.model_dump(mode="json", exclude={"value"})


class Checked(Value):
    """What one proof is worth on this machine."""

    who: str  # a person, or `workspace` for the seal
    role: str = ""
    decision: str = ""
    at: datetime | None = None
    good: bool
    words: str  # "signed by the key ... of 'rita'"


def attest(folder: Path, release_id: str, keys: Keyring, now: datetime, model_key: str | None = None) -> Attestation:
    """Signs the seal of a bundle with the workspace's key and writes `signature.json`.

    Args:
        model_key: PEM of the public key for `model.sig`, when that file lies in the bundle.

    Raises:
        KeyUnusable: the key is lost, locked, or not kept safely.
        StorageFailed: the disk is full or refuses the write; an earlier signature stays.
    """
    key = keys.of_workspace()
    file = folder / MODEL_SIGNATURE
    made = Attestation(
        algorithm="ed25519", key=key.id, public=key.public, release_id=release_id, seal=seal_of(folder), at=now, value="",
        model_signature=sha256_of(file) if file.is_file() else None, model_key=model_key if file.is_file() else None,
    )  # fmt: skip
    made = made.model_copy(update={"value": keys.sign(key, SEAL, made.content())})
    with whole_file(folder / ATTESTATION) as path:
        path.write_bytes(written(made))
    return made


def written(made: Attestation) -> bytes:
    """The bytes of `signature.json`."""
    return made.model_dump_json(indent=2, exclude_unset=True).encode() + b"\n"


def read_attestation(folder: Path) -> Attestation | None:
    """The signature over the seal as it stands; None when the bundle has none.

    Raises:
        Altered: one byte of the file is not what was signed.
    """
    file = folder / ATTESTATION
    if not file.is_file():
        return None
    content = file.read_bytes()
    try:
        made = Attestation.model_validate_json(content)
        fits = written(made) == content and fingerprint(made.public) == made.key
        if fits and holds(made.public, SEAL, made.content(), made.value):
            return made
    except (ValidationError, BadInput):
        pass
    raise Altered(f"The file '{ATTESTATION}' in the bundle '{folder}' was altered: it is not what was signed.", DAMAGED)


def proof_of(signature: Signature, keys: Keyring) -> str:
    """The proof of a person's decision: by their own key, or by the workspace's, which attests who was signed in.

    Raises:
        KeyUnusable: the key is lost, locked, or not kept safely.
    """
    own = keys.active("person", signature.who)
    key = own or keys.of_workspace()
    value = keys.sign(key, DECISION, decision_of(signature))
    return f"{ALGORITHM} {key.kind} {key.public} {value}"


def decision_of(signature: Signature) -> dict[str, Any]:
    """What a proof is over. Fields at their default are left out, so that a later version with more fields reads the same."""
    return signature.model_dump(mode="json", exclude={"proof"}, exclude_defaults=True)


def check_decision(signature: Signature, release_id: str, seal: str, known: Sequence[Key]) -> Checked:
    """What a person's decision is worth.

    Raises:
        Altered: it is not what was signed; the message says whose.
    """
    given: dict[str, Any] = {"who": signature.who, "role": signature.role, "decision": signature.decision, "at": signature.at}
    if signature.proof is None:
        return Checked(**given, good=False, words="not signed: it was given before there were keys")
    algorithm, kind, public, value = [*signature.proof.split(" "), "", "", "", ""][:4]
    whole = signature.proof == " ".join((ALGORITHM, kind, public, value)) and kind in ("person", "workspace")
    if algorithm != ALGORITHM or not whole or not holds(public, DECISION, decision_of(signature), value):
        told = f"The {NOUN[signature.decision]} of '{signature.who}' in '{SIGNATURES}' was altered, or signed by somebody else."
        raise Altered(told, DAMAGED)
    if signature.release_id not in ("", release_id):
        return Checked(**given, good=False, words=f"moved here: it was given for the release '{signature.release_id}'")
    if signature.over != seal:
        return Checked(**given, good=False, words=f"replayed: it was given over another seal, {signature.over[:16]}")
    person = kind == "person"
    found = standing(known, public, "person" if person else "workspace", signature.who if person else None)
    if not person and found.good and (own := own_key(signature, public, known)):
        words = f"attested by the workspace, though '{signature.who}' had the key {own.id} to sign with"
        return Checked(**given, good=False, words=words)
    how = "signed by" if person else "attested by the workspace, with"
    return Checked(**given, good=found.good, words=f"{how} {found.words}")


def own_key(signature: Signature, attested_by: str, known: Sequence[Key]) -> Key | None:
    """The key that a person had when they decided: who has one signs with it, so the workspace may not speak for them."""
    ours = any(key.ours for key in known if key.public == attested_by)
    for key in known:
        mine = (key.kind, key.owner, key.ours) == ("person", signature.who, ours)
        if mine and key.made_at <= signature.at and (key.changed_at is None or signature.at < key.changed_at):
            return key
    return None


def check_decisions(signatures: Sequence[Signature], release_id: str, seal: str, known: Sequence[Key]) -> tuple[Checked, ...]:
    """What every decision is worth. Raises as `check_decision` does."""
    return tuple(check_decision(one, release_id, seal, known) for one in signatures)


def check_signed_bundle(folder: Path, known: Sequence[Key]) -> tuple[dict[str, Any], Attestation | None, Checked]:
    """The manifest, the signature over it and what that is worth, after every file was checked.

    The signature comes first, so that an altered manifest is named itself, not the files that it now tells lies of.

    Raises:
        BadInput: there is no bundle there.
        Altered: a file was changed, is missing or was added; the message names it.
    """
    if not folder.is_dir():
        check_bundle(folder)
    made = read_attestation(folder)
    if made is None:
        return check_bundle(folder), None, Checked(who="workspace", good=False, words="not signed")
    if seal_of(folder) != made.seal:
        raise Altered(f"The file '{MANIFEST}' in the bundle '{folder}' was altered: it is not what was signed.", DAMAGED)
    manifest = check_bundle(folder)
    if manifest["facts"].get("release") != made.release_id:
        raise Altered(f"The file '{ATTESTATION}' in the bundle '{folder}' was made for '{made.release_id}'.", DAMAGED)
    file = folder / MODEL_SIGNATURE
    if (sha256_of(file) if file.is_file() else None) != made.model_signature:
        state = "was altered" if file.is_file() else "is missing"
        raise Altered(f"The file '{MODEL_SIGNATURE}' in the bundle '{folder}' {state}.", DAMAGED)
    found = standing(known, made.public, "workspace")
    return manifest, made, Checked(who="workspace", at=made.at, good=found.good, words=f"signed by {found.words}")


def doubts(seal: Checked, decisions: Sequence[Checked]) -> list[str]:
    """Why a bundle's proofs are not enough here, each a sentence; empty when they are."""
    told = [] if seal.good else [f"The bundle is {seal.words}."]
    return told + [f"The {NOUN[one.decision]} of {one.who} is {one.words}." for one in decisions if not one.good]


def save_proofs(database: Database, actor: Actor, release: Release) -> None:
    """Stores the proofs of signatures that were given before there were keys; nothing else of the release may differ.

    Raises:
        NotPermitted: the actor is no admin.
        BadInput: more than proofs changed.
    """
    demand_role(actor, (), "adopt a release")
    with database.write() as session:
        row = session.scalars(readable_rows(actor, tables.Releases).where(tables.Releases.id == release.id)).one()
        before: Release = row.read()
        if [decision_of(one) for one in before.signatures] != [decision_of(one) for one in release.signatures]:
            raise BadInput(f"More than proofs of '{release.id}' changed.", "Read it again.")
        row.signatures = release.signatures
        plain = [one.model_dump(mode="json") for one in release.signatures]
        append(session, actor.name, "adopt release", release.id, {"signatures": plain, "seal": release.seal}, database.clock())
