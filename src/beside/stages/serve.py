"""Release, texts -> Predictions: opens only what is approved and unaltered, and looks again at every use."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from beside.core.errors import Altered, BadInput, GateClosed
from beside.core.gate import objections
from beside.core.interfaces import Explainer, Subject
from beside.core.registry import load as capability
from beside.core.types import Explanation, Finding, Prediction, Release
from beside.store.bundle import check_bundle, read_signatures, seal_of
from beside.store.files import DAMAGED

DIGITS = 6  # decimals of a probability; the same text differs by about 1e-7 with the batch it is padded in
MODEL = "model"  # folder of the model inside a bundle
EVIDENCE = "findings.json"  # what was found about it, sealed with it
EXPLAINER = "occlusion"  # needs answers only, so it works for every subject

Stamps = dict[str, tuple[int, int, int, int]]


class Served:
    """A release that answers. Made by `open_release`; safe to use from several threads when the subject is.

    Args:
        release: approved, with its signatures.
        findings: those that the release names.
        subject: the model inside the bundle.
        stamps: what the files of the bundle looked like while they were checked and loaded.
    """

    def __init__(self, release: Release, findings: Sequence[Finding], subject: Subject, stamps: Stamps) -> None:
        self.release = release
        self.findings = tuple(findings)
        self.subject = subject
        self.stamps = stamps

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that it answers with."""
        return self.subject.labels

    def check(self, now: datetime) -> None:
        """Does nothing while the release may answer. Cheap: files are hashed again only when their stamps differ.

        Raises:
            GateClosed: the approval has expired.
            Altered: a file of the bundle changed; the message names it.
        """
        must_be_open(self.release, self.findings, now)
        found = stamps_of(Path(self.release.bundle))
        if found != self.stamps:
            must_be_sealed(self.release, self.findings)
            self.stamps = found

    def predict(self, texts: Sequence[str], now: datetime) -> list[Prediction]:
        """One answer for each text, in order, each with an id of its own that a correction can name.

        Raises:
            BadInput: a text without a single character to read.
            GateClosed, Altered: as `check`.
        """
        self.check(now)
        for position, text in enumerate(texts, 1):
            must_be_text(text, f"Text {position} of {len(texts)}" if len(texts) > 1 else "The text")
        if not texts:
            return []
        counts = self.subject.token_counts(texts)
        rows = self.subject.probabilities(texts)  # (texts, labels)
        return [self.answer(*asked, now) for asked in zip(texts, rows.tolist(), counts, strict=True)]

    def answer(self, text: str, probabilities: Sequence[float], tokens: int, now: datetime) -> Prediction:
        """What the model says of one text."""
        best = max(range(len(self.labels)), key=probabilities.__getitem__)
        return Prediction(
            id=f"prediction-{uuid4().hex}",  # random: nobody can guess the id of another person's text
            release_id=self.release.id,
            text=text,
            label=self.labels[best],
            probability=round(probabilities[best], DIGITS),
            probabilities={label: round(share, DIGITS) for label, share in zip(self.labels, probabilities, strict=True)},
            truncated=tokens > self.subject.max_length,
            made_at=now,
        )

    def explain(self, text: str, now: datetime) -> Explanation:
        """Why it answers so: how much each word spoke for the answer.

        Raises:
            BadInput, GateClosed, Altered: as `predict`.
        """
        self.check(now)
        must_be_text(text, "The text")
        explainer: Explainer = capability("explainers", EXPLAINER)
        return explainer.explain(self.subject, text)


def open_release(release: Release, findings: Sequence[Finding], *, load: Callable[[Path], Subject], now: datetime) -> Served:
    """Opens a release for use, or refuses.

    Args:
        release: with its signatures.
        findings: of its run; only those that the release names count.
        load: model folder -> subject.
        now: with time zone; decides about expiry.

    Raises:
        GateClosed: not approved, expired, a limit not met, or evidence that is gone.
        Altered: the bundle is not what was signed; the message names the file.
    """
    folder = Path(release.bundle)
    signed = tuple(finding for finding in findings if finding.id in release.finding_ids)
    before = stamps_of(folder)
    must_be_sealed(release, signed)
    must_be_open(release, signed, now)
    subject = load(folder / MODEL)
    if stamps_of(folder) != before:  # what was loaded may not be what was hashed a moment ago
        raise Altered(f"The bundle '{folder}' changed while it was opened.", "Try again once nothing writes to it.")
    return Served(release, signed, subject, before)


def newest_approved(releases: Sequence[Release]) -> Release:
    """The release that answers when none is named.

    Raises:
        GateClosed: none is approved.
    """
    approved = [release for release in releases if release.state == "approved"]
    if not approved:
        raise GateClosed("No release is approved, so nothing answers.", "Review one: beside review RELEASE approve --reason TEXT.")
    return max(approved, key=lambda release: release.made_at)


def must_be_open(release: Release, findings: Sequence[Finding], now: datetime) -> None:
    """Does nothing when the gate has no objection.

    Raises:
        GateClosed: it has; the message says all of them.
    """
    reasons = [] if release.state == "approved" else [f"Its state is '{release.state}'."]
    reasons += objections(release.policy, findings, release.signatures, release.seal, now)
    if reasons:
        told = f"The release '{release.id}' may not be served. {' '.join(reasons)}"
        raise GateClosed(told, "Review it again, or release a run that meets the policy.")


def must_be_sealed(release: Release, findings: Sequence[Finding]) -> None:
    """Does nothing when every file of the bundle is what was signed, and the records say the same as the bundle.

    Raises:
        Altered: something is not; the message names the file.
    """
    folder = Path(release.bundle)
    if not folder.is_dir():
        raise Altered(f"The bundle '{folder}' of the release '{release.id}' is gone.", DAMAGED)
    facts = check_bundle(folder)["facts"]
    told = {"manifest.json": seal_of(folder), "signatures.json": read_signatures(folder), EVIDENCE: sealed_findings(folder)}
    recorded = {"manifest.json": release.seal, "signatures.json": release.signatures, EVIDENCE: set(findings)}
    for file, content in recorded.items():
        if told[file] != content:
            raise Altered(f"The file '{file}' of the release '{release.id}' and the records say different things.", DAMAGED)
    if (facts["release"], facts["policy"]) != (release.id, release.policy.model_dump(mode="json")):
        raise Altered(f"The file 'manifest.json' of the release '{release.id}' names another release or policy.", DAMAGED)


def sealed_findings(folder: Path) -> set[Finding]:
    """The findings that were signed, as the bundle holds them."""
    content = json.loads((folder / EVIDENCE).read_bytes())
    return {Finding.model_validate(one) for one in content["findings"]}


def must_be_text(text: str, what: str) -> None:
    """Does nothing when there is something to read.

    Raises:
        BadInput: there is not.
    """
    if not text.strip():
        raise BadInput(f"{what} is empty.", "Give at least one character other than a space.")
    if odd := unreadable(text):
        raise BadInput(f"{what} holds {odd}.", "Remove it; neither model nor database takes it.")


def unreadable(text: str) -> str:
    """What in a text no tokenizer or database takes, though JSON can spell it; empty when there is nothing."""
    if "\0" in text:
        return "the character NUL"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "half a character (a lone surrogate)"
    return ""


def stamps_of(folder: Path) -> Stamps:
    """Name -> modification time, size, inode and change time of every file below a folder.

    The change time is the system's own: unlike the modification time it cannot be set back.
    """
    found: Stamps = {}
    for home, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(home, name)
            told = os.lstat(path)
            found[os.path.relpath(path, folder)] = (told.st_mtime_ns, told.st_size, told.st_ino, told.st_ctime_ns)
    return found
