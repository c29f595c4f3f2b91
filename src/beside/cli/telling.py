"""Results in words: every number with its interval and n, every decision said."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from beside.cli.terminal import Terminal
from beside.core import registry
from beside.core.askable import order_of
from beside.core.asking import Neighbours
from beside.core.errors import BadInput
from beside.core.pairs import joined, shown
from beside.core.pretraining import Base
from beside.core.quorum import standing
from beside.core.report import Report
from beside.core.types import Corpus, Explanation, Finding, Prediction, Release, Run, Skipped
from beside.stages.improve import Improvement

LISTS = ("corpora", "bases", "runs", "findings", "releases", "erasures", "waiting")
LABELS_SHOWN = 15
SCORES = ("precision", "recall", "f1")
NOTHING = "(none)"  # what stands for an answer that no label applies
MARKS = {"pass": "pass", "fail": "FAIL", "inconclusive": "inconclusive", "no limit": ""}


def report_in_words(corpus: Corpus, report: Report) -> None:
    """The account of an import."""
    out = Terminal()
    out.say(f"Corpus {corpus.name} ({corpus.id}): {report.kept} of {report.rows_read} rows kept. {report.split}")
    for note in report.notes:
        out.say(f"  {note}")
    for refusal in report.refusals[:10]:
        out.say(f"  line {refusal.line} refused: {refusal.why}")
    if report.refused > 10:
        out.say(f"  and {report.refused - 10} more refused rows, in the stored report")
    rows = [[str(row.train), str(row.tune), str(row.test), row.label] for row in report.labels[:LABELS_SHOWN]]
    if rows:
        out.table(["train", "tune", "test", "label"], rows)
    if len(report.labels) > LABELS_SHOWN:
        out.say(f"  and {len(report.labels) - LABELS_SHOWN} more labels")
    for merged in report.merged:
        out.say(
            f"  merged into '{merged.label}': " + ", ".join(f"'{spelling}' ({rows})" for spelling, rows in merged.spellings.items())
        )
    left_out = f"  repeated rows left out {report.repeated}, contradicted {report.contradicted}"
    out.say(f"{left_out}, near-duplicate groups {report.near_groups}")
    for leak in report.leaks:
        out.say(
            f"  LEAK: {leak.same} rows of {leak.inside} stand in {leak.source} word for word, {leak.near} nearly (of {leak.rows})"
        )
    out.say("  languages: " + ", ".join(f"{language} {rows}" for language, rows in report.languages.items()))
    lengths = report.characters
    out.say(f"  characters per row: median {lengths.median}, 95 % up to {lengths.p95}, longest {lengths.most}")
    if report.tokens:
        cut = ", ".join(f"{rows} rows at {length}" for length, rows in report.tokens.cut.items())
        unknown = f"; {report.tokens.unknown:.1%} of its tokens are unknown to it" if report.tokens.unknown is not None else ""
        out.say(f"  the embedded base would cut {cut} tokens{unknown}")
        if report.tokens.unknown is not None and report.tokens.unknown > 0.15:
            out.say("  -> it cannot read this text: train with --base scratch, or a base for this language")


def base_in_words(base: Base, folder: Path) -> None:
    """What came out of a pre-training."""
    out = Terminal()
    learned = f"{base.texts:,} texts, {base.tokens:,} tokens, {base.steps:,} steps, {base.seconds:.0f} s"
    out.say(f"Base {base.name} ({base.id}), from {base.base}: {base.parameters / 1e6:.1f} M parameters; {learned}")
    measured = f"{base.perplexity:.2f} (95 % interval {base.low:.2f} to {base.high:.2f}, {base.n} texts held out)"
    out.say(f"  perplexity of hidden tokens {measured}; lower is better; the pass was chosen by these texts")
    out.say(f"  it may repeat what it read, guard it as you guard the text: {folder}")
    out.say(f"  next: beside train CORPUS --base {base.name}")


def run_in_words(run: Run) -> None:
    """What came out of a training."""
    out = Terminal()
    share = f"{run.trainable / 1e6:.2f} M of {run.parameters / 1e6:.2f} M parameters ({run.trainable / run.parameters:.2%})"
    memory = "" if run.peak_memory is None else f", peak memory {run.peak_memory / 2**20:.0f} MiB"
    out.say(f"Run {run.id}: {run.recipe.method} on {run.recipe.base}, {share}, {run.seconds:.0f} s{memory}")
    if run.scores:
        out.say(
            "  tune split (used for choosing; the audit has the honest numbers): "
            + ", ".join(f"{k} {v:.3f}" for k, v in run.scores.items())
        )
    if made := sum(int(row.get("augmented", 0)) for row in run.history):
        out.say(f"  learned from {made:,} edited copies of training rows as well, by {run.recipe.augment}")
    if spent := run.spent:
        promise = f"epsilon {spent['epsilon']:.3f} at delta {spent['delta']:.1e} for each {spent['unit']} ({spent['accountant']})"
        out.say(f"  privacy: {promise}; whoever trains on these rows again spends again")
    out.say(f"  next: beside audit {run.id}")


def findings_in_words(found: Sequence[Finding | Skipped]) -> None:
    """Every statement under its check, with interval, n, limit and verdict; what was skipped and why."""
    out = Terminal()
    findings = [one for one in found if isinstance(one, Finding)]
    width = max((len(one.metric) for one in findings), default=0)
    for check in dict.fromkeys(one.check for one in findings):
        rows = [row_of(one, width) for one in findings if one.check == check]
        out.say(check)
        out.table([""] * len(rows[0]), rows)
    for one in found:
        if isinstance(one, Skipped):
            out.say(f"not measured: {one.check}: {one.why}")


def report_of_labels(found: Sequence[Finding | Skipped], read: Callable[[str], Any]) -> None:
    """Precision, recall, F1 and support of each label on the test rows, as scikit-learn's classification report has them."""
    for one in found:
        evidence = read(one.evidence) if isinstance(one, Finding) and one.evidence else {}
        if evidence.get("kind") != "report":
            continue
        shown = [*evidence["rows"][:LABELS_SHOWN], *evidence["averages"]]
        cells = [[str(row["label"]), *(f"{row[key]:.3f}" for key in SCORES), str(row["support"])] for row in shown]
        out = Terminal()
        out.say("classification report on the test split")
        out.table(["label", *SCORES, "support"], cells)
        if len(evidence["rows"]) > LABELS_SHOWN:
            out.say(f"  and {len(evidence['rows']) - LABELS_SHOWN} more labels, on the page Evidence and on the card")


def row_of(finding: Finding, width: int) -> list[str]:
    """A finding in columns: metric, value, 95 % interval, n, limit and verdict; the same widths under every check."""
    interval = f"({finding.low:z.3f} to {finding.high:z.3f})"
    judged = f"{limit_in_words(finding):<8}  {MARKS[finding.verdict]}".rstrip()
    return [finding.metric.ljust(width), f"{finding.value:>z6.3f}", f"{interval:<18}", f"n {finding.n:<5}", judged]


def limit_in_words(finding: Finding) -> str:
    """The limit and the side a finding must be on."""
    if finding.limit is None:
        return "higher is better" if finding.better == "higher" else "lower is better"
    return f"{'>=' if finding.better == 'higher' else '<='} {finding.limit:g}"


def release_in_words(release: Release) -> None:
    """Where a release stands."""
    out = Terminal()
    signed = ", ".join(f"{one.who} ({one.role}): {one.decision}" for one in release.signatures) or "nobody yet"
    policy = f"policy {release.policy.name}, {release.policy.quorum} signature(s) needed"
    out.say(f"Release {release.id}: {release.state}; {policy}; signed by {signed}")
    for one in standing(release.signatures, release.seal):
        for condition in one.conditions:
            out.say(f"  condition of {one.who}{' (blocking)' if condition.blocking else ''}: {condition.text}")
    out.say(f"  seal {release.seal}\n  bundle {release.bundle}\n  card {release.card}")


def predictions_in_words(predictions: Sequence[Prediction]) -> None:
    """One line per text; of a release that ranks a line per candidate, best first, under the query."""
    for prediction in predictions:
        cut = "  (text was cut)" if prediction.truncated else ""
        cut += "  (a person should answer)" if prediction.abstained else ""
        asked = " ".join(shown(joined(prediction.text, prediction.pair)).split())
        if found := order_of(prediction.answer):
            lines = [f"{place:>4}\t{one['score']:.3f}\t{' '.join(one['text'].split())}\n" for place, one in enumerate(found, 1)]
            sys.stdout.write("".join([f"{asked}{cut}\n", *lines]))
            continue
        pair_score = prediction.answer.get("score") if isinstance(prediction.answer, dict) else None  # of a pair that was ranked
        sure = prediction.probability if pair_score is None else pair_score
        sys.stdout.write(f"{' '.join(prediction.label.split()) or NOTHING}\t{sure:.3f}\t{asked}{cut}\n")
    for reason in dict.fromkeys(flag.reason for prediction in predictions for flag in prediction.flags):
        sys.stderr.write(f"{reason}\n")


def explanation_in_words(explanation: Explanation, near: Neighbours | None = None) -> None:
    """The words by how much they spoke for the answer, whether that is reliable, and the nearest training rows."""
    sys.stdout.write(f"{explanation.label}\t{explanation.probability:.3f}\t({explanation.method})\n")
    for word in sorted(explanation.words, key=lambda word: -abs(word.weight)):
        sys.stdout.write(f"{word.weight:+.3f}\t{word.word}\n")
    sys.stdout.write(reliability_in_words(explanation))
    for row in near.rows if near else ():
        sys.stdout.write(f"near {row.similarity:.3f}\t{row.label or '-'}\t{' '.join(row.text.split())}\n")
    if near:
        sys.stdout.write(f"({near.of} of {near.total} training rows compared)\n")


def reliability_in_words(explanation: Explanation) -> str:
    """Whether the answer rests on the words that were named, and how that was measured."""
    if explanation.faithfulness is None:
        return "no reliable explanation: the text holds no word to weigh\n"
    f = explanation.faithfulness
    doubt = "no reliable explanation: these words do no better than random ones"
    verdict = "the answer rests on these words" if f.reliable else doubt
    missed = f"; the weights miss their sum by {explanation.delta:+.3f}" if explanation.delta is not None else ""
    without = f"without the first words {f.comprehensiveness:.3f} (random order {f.random_comprehensiveness:.3f})"
    only = f"with only those {f.sufficiency:.3f} (random order {f.random_sufficiency:.3f})"
    return f"{verdict}{missed}\n  the probability falls by: {without}; {only}\n"


def improvement_in_words(made: Improvement) -> None:
    """Which of two models is better, or that the data cannot tell."""
    out, c = Terminal(), made.comparison
    out.say(f"Champion {c.champion}: accuracy {c.champion_accuracy:.3f} on {c.n} test rows")
    out.say(f"Challenger {c.challenger}: accuracy {c.challenger_accuracy:.3f}")
    alone = f"only champion right {c.only_champion}, only challenger right {c.only_challenger}"
    out.say(f"  gap {c.gap:+.3f}, 95 % interval {c.low:+.3f} to {c.high:+.3f}; {alone}")
    words = {
        "challenger": "the challenger is better",
        "champion": "the champion is better",
        "cannot tell": "the data cannot tell them apart",
    }
    out.say(f"  McNemar p = {c.p_value:.3f}: {words[c.verdict]}")
    if c.flipped:
        rows = [[f["before"], f["after"], f["target"], " ".join(f["text"].split())] for f in c.flipped[:20]]
        out.table(["was", "is now", "right", "text"], rows)
    out.say(f"  next: beside audit {c.challenger}")


def diagnosis_in_words(found: Sequence[dict[str, Any]]) -> None:
    """One line per thing that was looked at."""
    for one in found:
        remedy = f"  -> {one['remedy']}" if one["remedy"] else ""
        sys.stdout.write(f"{'ok ' if one['ok'] else 'NO '} {one['name']:<16} {one['detail']}{remedy}\n")


def lines_of(file: Path | None) -> list[str]:
    """The non-empty lines of a text file.

    Raises:
        BadInput: not there, or not UTF-8 text.
    """
    try:
        lines = [line.strip() for line in Path(str(file)).read_text(encoding="utf-8-sig").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"Cannot read '{file}': {error}.", "Give a UTF-8 text file, one text per line.") from error
    if not any(lines):
        raise BadInput(f"'{file}' holds no text.", "One text per line.")
    return [line for line in lines if line]


def capabilities() -> list[dict[str, str]]:
    """Every capability with its summary, read from source: nothing is imported but what may not be available here."""
    return [
        {"family": family, "name": name, "summary": registry.summary(family, name) + missing(family, name)}
        for family in registry.FAMILIES
        for name in registry.names(family)
    ]


def missing(family: str, name: str) -> str:
    """Why a perturbation can edit nothing here; empty when it can, and for all that work everywhere."""
    if family != "perturbations" or "def why_not" not in registry.source(family, name).read_text(encoding="utf-8"):
        return ""
    try:
        reason = registry.load(family, name).why_not()
    except BadInput as error:
        reason = error.message
    return f" (not available: {reason})" if reason else ""


def table_of(what: str, rows: Sequence[Any]) -> None:
    """A list for people, on stdout."""
    columns = {
        "corpora": ("id", "name", "task", "splits", "made_at"),
        "bases": ("id", "name", "base", "steps", "perplexity", "low", "high", "n", "seconds", "made_at"),
        "runs": ("id", "corpus_id", "scores", "seconds", "made_at"),
        "findings": ("run_id", "check", "metric", "value", "low", "high", "n", "verdict"),
        "releases": ("id", "run_id", "state", "bundle"),
        "waiting": ("id", "text", "label", "probability", "made_at"),
        "erasures": ("id", "rows", "removed", "remaining", "who", "ended_at"),
        "capabilities": ("family", "name", "summary"),
    }[what]
    for row in rows:
        plain = row if isinstance(row, dict) else row.model_dump(mode="json")
        sys.stdout.write("\t".join(cell(plain[column]) for column in columns) + "\n")
    if not rows:
        sys.stderr.write(f"No {what} yet.\n")


def cell(value: Any) -> str:
    """A value of any kind in one table cell."""
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {cell(item)}" for key, item in value.items())
    return str(value)
