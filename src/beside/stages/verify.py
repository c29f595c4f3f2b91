"""Bundle -> Verification: what anyone can check without a network: files, seal, signatures, policy, dates, the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from beside.core import gate
from beside.core.errors import Altered, BadInput, GateClosed
from beside.core.recipe import Policy
from beside.core.types import Finding, Release, Signature, Skipped, State, Value
from beside.store.bundle import MODEL_SIGNATURE, check_bundle, read_signatures, seal_of, write_signatures
from beside.store.carry import opened
from beside.store.chain import Chain, check_chain, read_export
from beside.store.files import DAMAGED, remove
from beside.store.keyring import Keyring
from beside.store.keys import Key
from beside.store.ledger import Entry
from beside.store.model_signature import check_model, sign_model
from beside.store.proof import (
    NOUN,
    SIGN_AGAIN,
    UNKNOWN,
    Attestation,
    Checked,
    attest,
    check_decisions,
    check_signed_bundle,
    decision_of,
    doubts,
    proof_of,
)

NOT_THERE = "none"


class Evidence(Value):
    """What `findings.json` in a bundle holds."""

    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]


class Verification(Value):
    """What a bundle says when it is checked on its own: unaltered, by whom it is signed, why it may or may not be served."""

    bundle: str
    release_id: str
    run_id: str
    seal: str
    files: int
    policy: Policy
    signatures: tuple[Signature, ...]
    proofs: tuple[Checked, ...]  # of the workspace over the seal, then one for each signature
    model_signature: str
    ledger: str
    objections: tuple[str, ...]
    hints: tuple[str, ...]
    state: State  # what people decided; it counts only when `good`

    @property
    def good(self) -> bool:
        """Whether it may be served: approved, and nothing speaks against it."""
        return self.state == "approved" and not self.objections


def verify(
    bundle: Path, now: datetime, known: Sequence[Key] = (), *, ledger: Path | None = None, trust_bundle_key: bool = False
) -> Verification:
    """Checks a bundle by itself, a folder or a zip file.

    Args:
        now: with time zone; decides about expiry.
        known: the public keys that are trusted on this machine.
        ledger: a file that `beside ledger export` wrote; every signature must stand in it.
        trust_bundle_key: believe the keys that lie in the bundle; it then shows that the bundle is of one piece, not whose it is.

    Raises:
        BadInput: there is no bundle there.
        Altered: a file, a signature or the ledger was changed; the message names it.
    """
    with opened(bundle) as folder:
        return checked(folder, str(bundle), now, known, ledger, trust_bundle_key)


def checked(folder: Path, name: str, now: datetime, known: Sequence[Key], ledger: Path | None, trusting: bool) -> Verification:
    """`verify` for a folder."""
    manifest, made, sealed = check_signed_bundle(folder, known)
    seal, signatures = seal_of(folder), read_signatures(folder)
    release, evidence = release_in(folder, name, manifest, seal, signatures)
    trusted = [*known, *keys_inside(made, signatures, release.id, now)] if trusting else known
    if trusting:
        _, _, sealed = check_signed_bundle(folder, trusted)
    decisions = check_decisions(signatures, release.id, seal, trusted)
    told, missing = in_ledger(signatures, release.id, ledger, trusted, trusting)
    reasons = [*gate.objections_to(release, evidence.findings, now), *doubts(sealed, decisions), *missing]
    return Verification(
        bundle=name, release_id=release.id, run_id=release.run_id, seal=seal, files=len(manifest["files"]), policy=release.policy,
        signatures=signatures, proofs=(sealed, *decisions),
        model_signature=check_model(folder, made.model_key) if made and made.model_key else NOT_THERE,
        ledger=told, objections=tuple(dict.fromkeys(reasons)), hints=hints(sealed, decisions),
        state=gate.state(release, evidence.findings, now),
    )  # fmt: skip


def release_in(
    folder: Path, name: str, manifest: dict[str, Any], seal: str, signatures: tuple[Signature, ...]
) -> tuple[Release, Evidence]:
    """The release that a sealed folder holds, and what was found about it.

    Raises:
        BadInput: it is no release.
    """
    try:
        facts = manifest["facts"]
        evidence = EVIDENCE.validate_json((folder / "findings.json").read_bytes())
        release = Release(
            id=facts["release"], run_id=facts["run"], policy=Policy.model_validate(facts["policy"]), seal=seal, bundle=name,
            finding_ids=tuple(one.id for one in evidence.findings), card=str(folder / "card.html"), signatures=signatures,
            makers=tuple(facts.get("makers", ())), made_at=datetime.min,
        )  # fmt: skip
    except (KeyError, TypeError, ValidationError, FileNotFoundError) as error:
        raise BadInput(f"'{name}' is sealed, but it is no release.", "Give the folder that `beside release` made.") from error
    return release, evidence


def keys_inside(made: Attestation | None, signatures: Sequence[Signature], release_id: str, now: datetime) -> list[Key]:
    """The keys that a bundle brings along, as if they were trusted."""
    brought = {(made.public, "workspace", release_id)} if made else set()
    for one in signatures:
        if one.proof and len(parts := one.proof.split(" ")) == 4:
            brought.add((parts[2], parts[1], one.who if parts[1] == "person" else release_id))
    return [
        Key.model_validate({"id": "", "kind": kind, "owner": owner, "public": public, "made_at": now, "ours": False})
        for public, kind, owner in sorted(brought)
        if kind in ("person", "workspace")
    ]


def in_ledger(
    signatures: Sequence[Signature], release_id: str, ledger: Path | None, known: Sequence[Key], trusting: bool
) -> tuple[str, list[str]]:
    """What a ledger says of the signatures: in words, and which of them it does not hold."""
    if ledger is None:
        return "not asked", []
    chain, entries = check_export(ledger, known, trusting)
    held = [one for entry in entries if entry.subject == release_id for one in entry.detail.get("signatures", [])]
    plain = [(one, one.model_dump(mode="json")) for one in signatures]
    gone = [f"The {NOUN[one.decision]} of {one.who} does not stand in the ledger." for one, told in plain if told not in held]
    gone += [] if chain.trusted else [f"The ledger is signed by {chain.signed_by}."]
    gone += list(chain.notes)
    return f"{chain.rows} entries, chain whole, signed by {chain.signed_by}", gone


def check_export(file: Path, known: Sequence[Key], trusting: bool = False) -> tuple[Chain, list[Entry]]:
    """An exported ledger, after every link and the signed head were checked.

    Raises:
        BadInput: it is no such file.
        Altered: an entry was changed, moved, removed or cut off; the message says which.
    """
    head, brought, entries = read_export(file)
    chain = check_chain(entries, head, [*known, *brought] if trusting else known)
    return chain, list(entries())


def hints(sealed: Checked, decisions: Sequence[Checked]) -> tuple[str, ...]:
    """What to do about proofs that are not enough."""
    bad = [one.words for one in (sealed, *decisions) if not one.good]
    told = [SIGN_AGAIN] if any(words.startswith("not signed") for words in bad) else []
    return tuple(told + ([UNKNOWN] if any("unknown key" in words for words in bad) else []))


def attest_release(made: Release, keys: Keyring, now: datetime, model_signing: bool = False) -> None:
    """Signs the seal of a release with the workspace's key, unless a signature that is good here stands already.

    Args:
        made: its bundle was checked a moment ago.
        model_signing: sign the model folder in the OpenSSF format as well.

    Raises:
        KeyUnusable: the key is lost, locked, or not kept safely.
        BadInput: the OpenSSF format is asked for, and its package is not installed.
    """
    folder = Path(made.bundle)
    if not model_signing and stands(folder, made, keys):
        return
    remove(folder / MODEL_SIGNATURE)
    public = sign_model(folder, keys.home, keys.ask) if model_signing else None
    attest(folder, made.id, keys, now, public)


def stands(folder: Path, made: Release, keys: Keyring) -> bool:
    """Whether a bundle carries a signature over its seal that is good here."""
    try:
        _, found, sealed = check_signed_bundle(folder, keys.known())
    except Altered:
        return False  # of the signature: all else was checked
    return found is not None and found.seal == made.seal and sealed.good


def adopt(made: Release, entries: Iterable[Entry], keys: Keyring, now: datetime) -> Release:
    """A release from before there were keys, signed now: its seal, and every decision that stands in the ledger.

    Args:
        entries: of a ledger whose chain was checked.

    Raises:
        GateClosed: a signature does not stand in the ledger as it is in the records.
        Altered: a file of the bundle is not what was sealed, or a proof that is there is false.
    """
    folder = Path(made.bundle)
    check_bundle(folder)
    if seal_of(folder) != made.seal:
        raise Altered(f"The file 'manifest.json' of the release '{made.id}' was altered: it is not what was sealed.", DAMAGED)
    told = [one for entry in entries if entry.subject == made.id for one in entry.detail.get("signatures", [])]
    recorded = [decision_of(Signature.model_validate(one)) for one in told]
    for one in made.signatures:
        if decision_of(one) not in recorded:
            hint = "It was not given through Beside, so nobody can attest it. Restore the database from a backup."
            raise GateClosed(f"The {NOUN[one.decision]} of '{one.who}' does not stand in the ledger.", hint)
    check_decisions(made.signatures, made.id, made.seal, keys.known())
    proved = tuple(one if one.proof else one.model_copy(update={"proof": proof_of(one, keys)}) for one in made.signatures)
    attest_release(made, keys, now)
    if proved:
        write_signatures(folder, proved)
    return made.model_copy(update={"signatures": proved})


EVIDENCE = TypeAdapter(Evidence)
