"""Rows and what people marked in them -> a corpus of the task `tag`, from which a recognizer learns."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from beside.core.cleaning import example_id
from beside.core.errors import NotEnoughData
from beside.core.span_reviews import Part, SpanReview, part_of
from beside.core.types import SPLITS, Corpus, Example, Split, content_id
from beside.store.artifacts import Artifacts
from beside.store.rows import write_rows

PARTS: tuple[Part, ...] = ("text", "pair")


def reviewed_corpus(
    corpus: Corpus,
    rows: Iterable[tuple[Split, Example]],
    said: Mapping[str, SpanReview],
    *,
    name: str,
    artifacts: Artifacts,
    now: datetime,
) -> Corpus:
    """A corpus of the rows that people looked at, each in the split it had; a second text is a row of its own.

    It holds the personal data itself: that is what is to be learned.

    Args:
        rows: those of the corpus, streamed.
        said: example -> what was said of it.

    Raises:
        NotEnoughData: nobody has looked at a row yet, or nobody has marked anything.
    """
    made: list[tuple[Split, Example]] = list(tagged(rows, said))
    labels = sorted({span.kind for review in said.values() for span in review.spans})
    if not made or not labels:
        hint = f"Look at rows on the page Protect, /protect/{corpus.id}, and mark what is personal data."
        raise NotEnoughData(f"Nothing was marked yet in the corpus '{corpus.name}'.", hint)
    digest = hashlib.sha256(json.dumps([[split, row.model_dump()] for split, row in made], sort_keys=True).encode())
    with artifacts.new_file() as file:
        write_rows(file.path, made)
    return Corpus(
        id=content_id("corpus", {"name": name, "parent": corpus.id, "rows": digest.hexdigest()}),
        name=name,
        task="tag",
        labels=tuple(labels),
        splits={split: sum(one == split for one, _ in made) for split in SPLITS},
        examples=file.id,
        parent=corpus.id,
        made_at=now,
    )


def tagged(rows: Iterable[tuple[Split, Example]], said: Mapping[str, SpanReview]) -> Iterator[tuple[Split, Example]]:
    """The rows that were looked at, with spans as their target."""
    seen = set[str]()
    for split, row in rows:
        review = said.get(row.id)
        for part in PARTS if review else ():
            text = part_of(row, part)
            spans = [[span.start, span.end, span.kind] for span in review.spans if span.part == part] if review else []
            target = json.dumps(spans, ensure_ascii=False)
            id = example_id(text, None, target)
            if text and id not in seen:
                seen.add(id)
                yield split, Example(id=id, text=text, target=target, person=row.person, origin="review")
