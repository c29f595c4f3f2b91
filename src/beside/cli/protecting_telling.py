"""What a protection found and did, in words."""

from __future__ import annotations

from beside.cli.terminal import Terminal
from beside.core.protecting import ProtectionReport
from beside.core.types import Corpus


def protection_in_words(corpus: Corpus, report: ProtectionReport) -> None:
    """The account of a protection: kinds and counts, and what to do about what it brought."""
    out = Terminal()
    share = f"personal data was found in {report.touched:,} of {report.rows:,} rows"
    out.say(f"Corpus {corpus.name} ({corpus.id}), child of {report.parent}: {share}.")
    rows = [[one.kind, one.action, f"{one.found:,}", f"{one.values:,}", f"{one.rows:,}"] for one in report.kinds if one.found]
    if rows:
        out.table(["kind", "action", "found", "different", "rows"], rows)
    if none := [one.kind for one in report.kinds if not one.found]:
        out.say(f"  looked for and not found: {', '.join(none)}")
    for note in report.notes():
        out.say(f"  {note}")
    out.say("  No recognizer finds everything: read a sample before the text leaves the house.")
    out.say(f"  next: beside train {corpus.name}")
