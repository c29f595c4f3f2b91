"""What a protection found and did, in words."""

from __future__ import annotations

from beside.cli.terminal import Terminal
from beside.core.anonymity import Anonymity
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


def anonymity_in_words(found: Anonymity) -> None:
    """Classes of rows that cannot be told apart: sizes, never values."""
    out = Terminal()
    share = f"{found.share:.1%} (95 % interval {found.low:.1%} to {found.high:.1%}, n {found.n:,})"
    out.say(
        f"{found.n:,} {found.unit} in {found.classes:,} classes by {', '.join(found.columns)}; smallest class {found.smallest:,}."
    )
    out.say(f"  in classes below {found.k}: {found.below:,} {found.unit}, {share}; lower is better; {found.alone:,} stand alone")
    out.say(f"  smallest classes: {', '.join(map(str, found.rarest))}")
    rows = [
        [one.column, f"{one.values:,}", f"{one.missing:,}", f"{one.smallest_without:,}", f"{one.share_without:.1%}"]
        for one in found.effects
    ]
    out.table(["column", "values", "missing", "smallest without it", f"below {found.k} without it"], rows)
    for sentence in found.advice():
        out.say(f"  -> {sentence}")


def reviewed_in_words(corpus: Corpus) -> None:
    """A corpus of rows that people looked at."""
    out = Terminal()
    rows = ", ".join(f"{count:,} {split}" for split, count in corpus.splits.items())
    out.say(f"Corpus {corpus.name} ({corpus.id}) for the task tag: {rows}; kinds: {', '.join(corpus.labels)}")
    out.say("  It holds the personal data itself; guard it as you guard its parent.")
    out.say(f"  next: beside train {corpus.name}")
