"""All that the card speaks of, gathered once: numbers, names and hashes, never the text of a row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import Any

from beside.core.compressing import Compression
from beside.core.recipe import Policy
from beside.core.statements import Statement
from beside.core.types import Corpus, Finding, Run, Skipped

DRAWN = ("confusion", "reliability", "bars", "curve")  # kinds of evidence that hold no text of a row


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a release is made of.

    Args:
        findings: judged by the limits of `policy`.
        counts: label -> split -> rows.
        report: the intake report as plain data; None when there is none.
        evidence: artifact id -> evidence, for the findings that have any.
        test_uses: how often the test split of the corpus was used.
        truth_texts: texts that the truth test asks.
        truth_limit: the largest difference of probabilities it lets pass.
        statements: what people wrote, the newest of each question and language.
        compression: what a compressed run tells of itself; None for one that was trained.
    """

    release_id: str
    run: Run
    corpus: Corpus
    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]
    policy: Policy
    counts: dict[str, dict[str, int]]
    report: dict[str, Any] | None
    evidence: dict[str, dict[str, Any]]
    test_uses: int
    truth_texts: int
    truth_limit: float
    statements: tuple[Statement, ...] = ()
    compression: Compression | None = None

    @property
    def date(self) -> str:
        """The day of the newest record in it, as an ISO date: nothing depends on the day it is printed."""
        times = [
            self.run.made_at,
            self.corpus.made_at,
            *(one.made_at for one in self.findings),
            *(one.at for one in self.statements),
        ]
        return max(time.astimezone(UTC) for time in times).date().isoformat()
