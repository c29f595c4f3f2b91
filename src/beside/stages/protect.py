"""Text in, text without personal data out; Corpus -> child Corpus, every row in the split it had."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import count

from beside.core.cleaning import example_id
from beside.core.interfaces import Progress, Task
from beside.core.personal import Span
from beside.core.protecting import KindFound, ProtectionReport, plan, same_value
from beside.core.registry import load
from beside.core.report import Report
from beside.core.span_reviews import SpanReview, as_spans
from beside.core.types import Corpus, Example, Split, content_id
from beside.protection import spans
from beside.protection.acting import Protected, Protector
from beside.protection.sameness import Sameness
from beside.store.artifacts import Artifacts
from beside.store.rows import write_rows

EVERY = 100  # rows between two reports of progress


def protect(
    text: str,
    actions: Mapping[str, str] | None = None,
    kinds: Sequence[str] | None = None,
    default: str = "replace",
    key: bytes | None = None,
) -> Protected:
    """A text without the personal data that the recognizers find in it.

    Args:
        text: any text.
        actions: kind -> mask (****), redact (nothing), replace (<PHONE>), hash (<PHONE:…>, HMAC-SHA-256, its first 64 bits) or
            surrogate (another value that looks like it).
        kinds: what to look for; None: every kind.
        default: the action for kinds that `actions` does not name.
        key: secret of `hash` and `surrogate`.

    Raises:
        UnknownName: if there is no such kind.
        BadInput: if there is no such action, or no key for one that needs it.
    """
    return Protector(plan(actions, kinds, default), key).text(text)


class Protection:
    """One pass over the rows of a corpus, and what was found on the way.

    Args:
        corpus: whose rows they are.
        protector: what is done with each text.
        progress: told of every hundredth row.
        reviews: example -> what a person says stands in it; there nothing else is looked for.
    """

    def __init__(
        self, corpus: Corpus, protector: Protector, progress: Progress, reviews: Mapping[str, SpanReview] | None = None
    ) -> None:
        self.corpus, self.protector, self.progress, self.reviews = corpus, protector, progress, reviews or {}
        self.reviewed = 0
        self.task: Task = load("tasks", corpus.task)
        self.found, self.rows_with = Counter[str](), Counter[str]()
        self.values: dict[str, set[int]] = {kind: set() for kind in protector.plan.kinds}
        self.rows = self.touched = self.in_groups = self.emptied = self.spans_lost = 0
        self.sameness = Sameness()
        self.digest = hashlib.sha256()
        self.members: set[str] = set()

    def over(self, rows: Iterable[tuple[Split, Example]]) -> Iterator[tuple[Split, Example]]:
        """The protected rows in their order, each in the split it had."""
        total, ids = sum(self.corpus.splits.values()), set[str]()
        for split, example in rows:
            if self.rows % EVERY == 0:
                self.progress.step("protect", self.rows, total, "rows")
            made = self.row(example)
            made = made.model_copy(update={"id": free(example_id(made.text, made.pair, made.target), ids)})
            self.sameness.add(example, made, split)
            self.digest.update(json.dumps([split, made.model_dump()], ensure_ascii=False, sort_keys=True).encode() + b"\n")
            self.rows += 1
            yield split, made
        self.progress.step("protect", total, total, "rows")

    def row(self, example: Example) -> Example:
        """One row without what was found in it; it has the id of the old one yet, which is a hash of the old text."""
        seen, review = set[str](), self.reviews.get(example.id)
        self.reviewed += review is not None
        text = self.text(example.text, seen, example.person, as_spans(review.spans, "text") if review else None)
        pair = None
        if example.pair is not None:
            pair = self.text(example.pair, seen, example.person, as_spans(review.spans, "pair") if review else None).text
        groups = {}
        for column, value in example.groups.items():
            kept = self.text(value, seen, example.person)
            self.in_groups += len(kept.spans)
            groups[column] = kept.text
        target = example.target
        if target is not None:
            target, lost = self.task.protected(target, text.edits, lambda answer: self.text(answer, seen, example.person).text)
            self.spans_lost += lost
            self.members.update(self.task.members(target))
        self.touched += bool(seen)
        self.rows_with.update(seen)
        return example.model_copy(update={"text": text.text, "pair": pair, "target": target, "groups": groups})

    def text(self, text: str, seen: set[str], person: str | None = None, said: Sequence[Span] | None = None) -> Protected:
        """A text without what was found in it, counted."""
        made = self.protector.text(text, person, said)
        for span in made.spans:
            seen.add(span.kind)
            self.found[span.kind] += 1
            self.values[span.kind].add(hash(same_value(span.kind, text[span.start : span.end])))
        self.emptied += made.emptied
        return made

    def report(self) -> ProtectionReport:
        """The account of the pass."""
        plan = self.protector.plan
        kinds = [
            KindFound(
                kind=kind,
                action=plan.action(kind),
                found=self.found[kind],
                rows=self.rows_with[kind],
                values=len(self.values[kind]),
            )
            for kind in sorted(plan.kinds, key=lambda kind: (-self.found[kind], kind))
        ]
        return ProtectionReport(
            parent=self.corpus.id,
            protections=plan.protections,
            rows=self.rows,
            touched=self.touched,
            reviewed=self.reviewed,
            kinds=tuple(kinds),
            in_groups=self.in_groups,
            in_labels=sum(bool(spans(label, plan.kinds)) for label in self.corpus.labels),
            emptied=self.emptied,
            spans_lost=self.spans_lost,
            **self.sameness.counts(),
        )


def protect_corpus(
    corpus: Corpus,
    rows: Iterable[tuple[Split, Example]],
    protector: Protector,
    *,
    name: str,
    artifacts: Artifacts,
    progress: Progress,
    now: datetime,
    reviews: Mapping[str, SpanReview] | None = None,
) -> tuple[Corpus, ProtectionReport]:
    """A child corpus without the personal data that is found, with an account of it. Rows are streamed; nothing is stored by half.

    Every row keeps its split, its person, its origin and its labels; spans of a target move with the text, a written answer and the
    second text of a pair are protected like the text. Ids are made anew, for they are hashes of the text.

    Args:
        rows: those of the corpus, with their splits.
        name: of the child.
        now: the time to be noted.
        reviews: example -> what a person says stands in it.

    Raises:
        StorageFailed: the disk is full.
    """
    work = Protection(corpus, protector, progress, reviews)
    with artifacts.new_file() as file:
        write_rows(file.path, work.over(rows))
    report = work.report()
    protections = (*corpus.protections, *(one for one in report.protections if one not in corpus.protections))
    told = intake_report(corpus, report, artifacts)
    content = {"name": name, "parent": corpus.id, "protections": protections, "rows": work.digest.hexdigest(), "report": told}
    child = corpus.model_copy(
        update={
            "id": content_id("corpus", content),
            "name": name,
            # a kind of span may be gone altogether; other targets keep their labels
            "labels": tuple(one for one in corpus.labels if one in work.members) if report.spans_lost else corpus.labels,
            "examples": file.id,
            "report": told,
            "protections": protections,
            "parent": corpus.id,
            "made_at": now,
        }
    )
    return child, report


def intake_report(corpus: Corpus, report: ProtectionReport, artifacts: Artifacts) -> str | None:
    """The parent's account of its import without the texts that it quotes, and with the account of the protection."""
    if corpus.report is None:
        return None
    known = Report.model_validate(artifacts.read_json(corpus.report))
    leaks = tuple(leak.model_copy(update={"examples": ()}) for leak in known.leaks)
    nothing = {"repeats": (), "conflicts": (), "near_examples": (), "refusals": (), "leaks": leaks}
    return artifacts.put_json(known.model_copy(update={**nothing, "protection": report}).model_dump(mode="json"))


def free(id: str, taken: set[str]) -> str:
    """The id itself, or with a number behind it when another row has it."""
    new = next(one for number in count(1) if (one := id if number == 1 else f"{id}-{number}") not in taken)
    taken.add(new)
    return new
