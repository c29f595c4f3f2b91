"""Release, texts -> Predictions: opens only what is approved and unaltered, and looks again at every use."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import numpy as np

from beside.core.answers import Said
from beside.core.askable import among, answers_of, decoded, must_be_askable, must_be_explainable
from beside.core.committee import News
from beside.core.errors import Altered, GateClosed
from beside.core.faithfulness import faithfulness_of, ranked_explainers
from beside.core.gate import objections_to
from beside.core.interfaces import Explainer, Subject
from beside.core.pairs import apart
from beside.core.recipe import Policy
from beside.core.registry import load as capability
from beside.core.types import Explanation, Finding, Prediction, Release
from beside.core.wording import words
from beside.core.writing import Decoding
from beside.store.bundle import Stamps, read_signatures, seal_of, stamps_of
from beside.store.files import DAMAGED
from beside.store.keys import Key
from beside.store.memory import plain_folder
from beside.store.proof import check_decisions, check_signed_bundle, doubts

DIGITS = 6  # decimals of a probability; the same text differs by about 1e-7 with the batch it is padded in
MODEL = "model"  # folder of the model inside a bundle
EVIDENCE = "findings.json"  # what was found about it, sealed with it
FALLBACK = "occlusion"  # needs answers only, so it works for every subject
MANY_WORDS = 40  # from which on a question per word would take more than a second on two cores


class Served:
    """A release that answers. Made by `open_release`; safe to use from several threads when the subject is.

    Args:
        release: approved, with its signatures.
        findings: those that the release names.
        subject: the model inside the bundle.
        stamps: what the files of the bundle looked like while they were checked and loaded.
        keys: the public keys that are trusted at the moment.
        news: what the records say of the release at the moment; asked at every use, so that a stop holds at once everywhere.
    """

    def __init__(
        self,
        release: Release,
        findings: Sequence[Finding],
        subject: Subject,
        stamps: Stamps,
        keys: Callable[[], Sequence[Key]],
        news: Callable[[], News] | None = None,
    ) -> None:
        self.release, self.news = release, news
        self.findings = tuple(findings)
        self.subject = subject
        self.stamps = stamps
        self.keys, self.trusted = keys, keys()
        self.threshold: float | None = None  # probability up to which a person should answer instead; None = nobody signed one

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that it answers with."""
        return self.subject.labels

    @property
    def pairs(self) -> bool:
        """Whether it compares two texts."""
        return bool(getattr(self.subject, "pairs", False))

    @property
    def writes(self) -> bool:
        """Whether it writes its answers."""
        return hasattr(self.subject, "decoded")

    def decoding(self, how: Decoding | None, seconds: float | None = None) -> Served:
        """The same release for one call, its answers written as asked and within so many seconds.

        Raises:
            BadInput: it writes none and something is asked, or what is asked contradicts itself.
        """
        return self.through(decoded(self.subject, how, seconds))

    def among(self, candidates: Sequence[str] | None, count: int) -> Served:
        """The same release for one call that orders these candidates for each text, or those kept with the model; the best `count`.

        Raises:
            BadInput: it ranks nothing, or a candidate cannot be read.
        """
        return self.through(among(self.subject, candidates, count))

    def through(self, subject: Subject) -> Served:
        """The same release asked through another view of its model."""
        asked = copy.copy(self)
        asked.subject = subject
        return asked

    def check(self, now: datetime) -> None:
        """Does nothing while the release may answer. Cheap: files are hashed again only when their stamps differ.

        Raises:
            GateClosed: it was stopped or suspended, or the approval has expired.
            Altered: a file of the bundle changed; the message names it.
        """
        told = self.news() if self.news else News(self.release)
        self.release = told.release
        must_be_open(told, self.findings, now)
        found, trusted = stamps_of(Path(self.release.bundle)), self.keys()
        if found != self.stamps or trusted != self.trusted:
            must_be_sealed(self.release, self.findings, trusted)
            self.stamps, self.trusted = found, trusted

    def predict(
        self, texts: Sequence[str], now: datetime, look: Callable[[Sequence[str]], None] = lambda texts: None
    ) -> list[Prediction]:
        """One answer for each text, in order, each with an id of its own that a correction can name.

        Args:
            look: is shown texts that can be asked before the model reads them; what it raises is raised.

        Raises:
            BadInput: a text without a single character to read.
            GateClosed, Altered: as `check`.
        """
        self.check(now)
        for position, text in enumerate(texts, 1):
            must_be_askable(self.subject, text, f"Text {position} of {len(texts)}" if len(texts) > 1 else "The text")
        if not texts:
            return []
        look(texts)
        counts = self.subject.token_counts(texts)
        return [self.answer(*asked, now) for asked in zip(texts, answers_of(self.subject, texts), counts, strict=True)]

    def answer(self, asked: str, said: Said, tokens: int, now: datetime) -> Prediction:
        """What the model says of one text, or of two."""
        text, pair = apart(asked)
        return Prediction(
            id=f"prediction-{uuid4().hex}",  # random: nobody can guess the id of another person's text
            release_id=self.release.id,
            text=text,
            pair=pair,
            label=said.label,
            probability=round(said.probability, DIGITS),
            probabilities={label: round(share, DIGITS) for label, share in said.probabilities.items()},
            answer=said.answer,
            truncated=tokens > self.subject.max_length,
            made_at=now,
        )

    def explain(self, text: str, now: datetime) -> Explanation:
        """Why it answers so: how much each word spoke for the answer, and whether that is to be relied on.

        The same text always gets the same explanation: the random orders that it is compared with come from the text.

        Raises:
            BadInput, GateClosed, Altered: as `predict`; BadInput, too, for answers that are no single label of one text.
        """
        self.must_answer(text, now)
        must_be_explainable(self.subject)
        found = self.explainer_of(text).explain(self.subject, text)
        if not found.words:
            return found
        rng = np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"))
        [faithfulness] = faithfulness_of(self.subject, text, [found], rng)
        return found.model_copy(update={"faithfulness": faithfulness})

    def must_answer(self, text: str, now: datetime) -> None:
        """Does nothing when it may answer and the text can be read. Raises as `predict`."""
        self.check(now)
        must_be_askable(self.subject, text, "The text")

    def explainer_of(self, text: str) -> Explainer:
        """The explainer that the signed findings measured as the most faithful for this model, quick enough for this text.

        Without such a finding, or when it cannot explain this subject: occlusion.
        """
        long = len(words(text)) > MANY_WORDS
        for name in ranked_explainers(self.findings):
            explainer: Explainer = capability("explainers", name)
            if explainer.why_not(self.subject) is None and not (long and explainer.asks_per_word):
                return explainer
        fallback: Explainer = capability("explainers", FALLBACK)
        return fallback


def open_release(
    release: Release,
    findings: Sequence[Finding],
    *,
    load: Callable[[Path], Subject],
    keys: Callable[[], Sequence[Key]],
    now: datetime,
    news: Callable[[], News] | None = None,
) -> Served:
    """Opens a release for use, or refuses.

    Args:
        release: with its signatures.
        findings: of its run; only those that the release names count.
        load: model folder -> subject.
        keys: gives the public keys that are trusted; asked again at every use, so that a revocation counts at once.
        now: with time zone; decides about expiry.
        news: what the records say of it at any later moment.

    Raises:
        GateClosed: not approved, expired, a limit not met, evidence that is gone, or a key that is not trusted.
        Altered: the bundle is not what was signed; the message names the file.
    """
    folder = Path(release.bundle)
    signed = tuple(finding for finding in findings if finding.id in release.finding_ids)
    before, told = stamps_of(folder), news() if news else News(release)
    if told.proceedings.retired():  # its files are gone, and the reason is what a person needs to read
        must_be_open(told, signed, now)
    must_be_sealed(release, signed, keys())
    must_be_open(told, signed, now)
    with plain_folder(folder / MODEL) as model:
        subject = load(model)
    if stamps_of(folder) != before:  # what was loaded may not be what was hashed a moment ago
        raise Altered(f"The bundle '{folder}' changed while it was opened.", "Try again once nothing writes to it.")
    return Served(release, signed, subject, before, keys, news)


def newest_approved(releases: Sequence[Release]) -> Release:
    """The release that answers when none is named: the newest that was ever let through.

    When that one is stopped, suspended or retired it is given all the same, and the gate says who did so and why: an older
    model must not answer in its place without anybody having said so.

    Raises:
        GateClosed: there is none.
    """
    states = ("approved", "stopped", "suspended", "expired")
    known = [one for one in releases if one.state in states or (one.state == "retired" and one.signatures)]
    if not known:
        raise GateClosed("No release is approved, so nothing answers.", "Review one: beside review RELEASE approve --reason TEXT.")
    return max(known, key=lambda release: release.made_at)


def must_be_open(told: News, findings: Sequence[Finding], now: datetime) -> None:
    """Does nothing when the gate has no objection.

    Raises:
        GateClosed: it has; the message says all of them.
    """
    release = told.release
    reasons = [] if release.state == "approved" else [f"Its state is '{release.state}'."]
    reasons += objections_to(release, findings, now, told.proceedings, told.changes)
    if reasons:
        message = f"The release '{release.id}' may not be served. {' '.join(reasons)}"
        gone = told.proceedings.retired() is not None
        raise GateClosed(message, f"{'R' if gone else 'Review it again, or r'}elease a run that meets the policy.")


def must_be_sealed(release: Release, findings: Sequence[Finding], trusted: Sequence[Key]) -> None:
    """Does nothing when every file of the bundle is what was signed by keys of this machine's trust, and the records say the same.

    Raises:
        Altered: something is not; the message names the file.
        GateClosed: the bundle, or what a person decided, is not signed by a key that is trusted here.
    """
    folder = Path(release.bundle)
    if not folder.is_dir():
        raise Altered(f"The bundle '{folder}' of the release '{release.id}' is gone.", DAMAGED)
    manifest, _, sealed = check_signed_bundle(folder, trusted)
    facts, signatures = manifest["facts"], read_signatures(folder)
    told = {"manifest.json": seal_of(folder), "signatures.json": signatures, EVIDENCE: sealed_findings(folder)}
    recorded = {"manifest.json": release.seal, "signatures.json": release.signatures, EVIDENCE: set(findings)}
    for file, content in recorded.items():
        if told[file] != content:
            raise Altered(f"The file '{file}' of the release '{release.id}' and the records say different things.", DAMAGED)
    # read, not compared as text: a bundle from before a policy could say more is still the same policy
    if (facts["release"], Policy.model_validate(facts["policy"])) != (release.id, release.policy):
        raise Altered(f"The file 'manifest.json' of the release '{release.id}' names another release or policy.", DAMAGED)
    reasons = doubts(sealed, check_decisions(signatures, release.id, release.seal, trusted))
    if reasons:
        told_all = f"The release '{release.id}' may not be served. {' '.join(reasons)}"
        raise GateClosed(told_all, f"What was made before there were keys is signed by: beside keys adopt {release.id}")


def sealed_findings(folder: Path) -> set[Finding]:
    """The findings that were signed, as the bundle holds them."""
    content = json.loads((folder / EVIDENCE).read_bytes())
    return {Finding.model_validate(one) for one in content["findings"]}
