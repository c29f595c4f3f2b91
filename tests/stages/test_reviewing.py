"""A person has the last word on what is personal data in a row."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from beside.core.errors import BadInput, NotEnoughData, NotPermitted, UnknownName
from beside.core.span_reviews import PartSpan, places
from beside.core.types import Actor, Corpus, Example
from beside.loop import Loop
from beside.store.rows import CHUNK, read_at, read_pairs, write_rows
from beside.store.workspace import Workspace

NOW = datetime(2026, 1, 2, tzinfo=UTC)
ROWS = [
    ("train", Example(id="1", text="nothing here", target="a")),
    ("train", Example(id="2", text="call 13800138000, says qixmo", target="b")),
    ("tune", Example(id="3", text="from qixmo", pair="and mail anna@example.com", target="a")),
    ("test", Example(id="4", text="qixmo and 13900139000", target="b")),
]


@pytest.fixture
def loop(tmp_path: Path):
    workspace = Workspace.open(tmp_path)
    with workspace.artifacts.new_file() as file:
        write_rows(file.path, ROWS)
    splits = {"train": 2, "tune": 1, "test": 1}
    corpus = Corpus(id="corpus-inbox", name="inbox", task="match", labels=("a", "b"), splits=splits, examples=file.id, made_at=NOW)
    owner = Actor(name="olga", roles=("admin",))
    workspace.records.add_corpus(owner, corpus)
    yield Loop(workspace, owner, clock=lambda: NOW)
    workspace.close()


def test_a_row_shows_what_was_found_until_somebody_looked(loop):
    seen = loop.look("inbox", 2)
    assert (seen.number, seen.of, seen.review) == (2, 4, None)
    assert [(span.part, seen.example.pair[span.start : span.end], span.kind) for span in seen.spans] == [
        ("pair", "anna@example.com", "email")
    ]
    loop.review_spans("inbox", 2, [])
    assert loop.look("inbox", 2).spans == () and loop.look("inbox", 2).review.who == "olga"


def test_the_next_row_is_the_first_with_a_finding_that_nobody_looked_at(loop):
    assert loop.next_found("inbox", 0) == 1
    loop.review_spans("inbox", 1, [])
    assert loop.next_found("inbox", 0) == 2 and loop.next_found("inbox", 4) is None


def test_what_people_say_counts_when_the_corpus_is_protected(loop):
    row = loop.look("inbox", 1)
    marked_name = places(row.example, "qixmo", "person", row.spans)
    loop.review_spans("inbox", 1, marked_name)  # the number is no telephone's, says the person; the name is one
    child, report = loop.protect("inbox", "safe")
    texts = [example.text for _, example in read_pairs(loop.artifacts.path(child.examples))]
    assert texts[1] == "call 13800138000, says <PERSON>" and texts[3] == "qixmo and <PHONE>" and report.reviewed == 1
    loop.review_spans("inbox", 1, [])
    assert loop.protect("inbox", "safe")[0].id != child.id


def test_looking_without_a_change_is_no_other_content_and_no_error(loop):
    loop.protect("inbox", "safe")
    loop.review_spans("inbox", 0, [])
    assert loop.protect("inbox", "safe")[1].reviewed == 1


def test_corrections_become_a_corpus_that_a_recognizer_learns_from(loop):
    with pytest.raises(NotEnoughData, match="Nothing was marked"):
        loop.export_reviewed("inbox", "marked")
    for number in range(4):
        seen = loop.look("inbox", number)
        more = places(seen.example, "qixmo", "person", seen.spans) if "qixmo" in seen.example.text else []
        loop.review_spans("inbox", number, [*seen.spans, *more])
    made = loop.export_reviewed("inbox", "marked")
    rows = list(read_pairs(loop.artifacts.path(made.examples)))
    assert made.task == "tag" and made.labels == ("email", "person", "phone") and made.splits == {"train": 2, "tune": 2, "test": 1}
    found = {(row.text[start:end], kind) for _, row in rows for start, end, kind in json.loads(str(row.target))}
    assert found == {("13800138000", "phone"), ("qixmo", "person"), ("anna@example.com", "email"), ("13900139000", "phone")}
    assert loop.export_reviewed("inbox", "marked") == made and made.parent == "corpus-inbox"


def test_what_cannot_stand_in_a_row_is_refused(loop):
    def span(start: int, end: int, kind: str = "person") -> PartSpan:
        return PartSpan(part="text", start=start, end=end, kind=kind)

    for said, error in [
        ([span(0, 99)], BadInput),
        ([span(3, 3)], BadInput),
        ([span(0, 4), span(2, 6)], BadInput),
        ([span(0, 4, "name")], UnknownName),
    ]:
        with pytest.raises(error):
            loop.review_spans("inbox", 0, said)
    for number in (-1, 4):
        with pytest.raises(BadInput, match="no row"):
            loop.look("inbox", number)
    with pytest.raises(BadInput, match="marked already"):
        places(ROWS[1][1], "13800138000", "phone", [span(5, 16)])


def test_the_ledger_tells_who_spoke_and_quotes_nothing(loop):
    loop.review_spans("inbox", 1, places(ROWS[1][1], "qixmo", "person", []))
    entry = loop.records.ledger(loop.actor)[0]
    assert (entry.verb, entry.who, entry.detail) == ("review spans", "olga", {"row": "2", "spans": 1})


def test_rows_are_for_those_who_may_read_them(loop):
    loop.actor = Actor(name="ugo", roles=("user",))
    for call in (lambda: loop.look("inbox", 0), lambda: loop.review_spans("inbox", 0, []), lambda: loop.next_found("inbox", 0)):
        with pytest.raises(NotPermitted):
            call()
    loop.actor = Actor(name="anna", roles=("annotator",))
    assert loop.review_spans("inbox", 0, []).who == "anna"
    with pytest.raises(NotPermitted):
        loop.export_reviewed("inbox", "marked")


def test_rows_in_the_middle_of_a_large_corpus_are_found_by_their_place(tmp_path):
    file = tmp_path / "rows.parquet"
    write_rows(file, (("train", Example(id=str(place), text=f"text {place}")) for place in range(CHUNK + 5)))
    assert [row.id for _, row in read_at(file, CHUNK - 1, 3)] == [str(CHUNK - 1), str(CHUNK), str(CHUNK + 1)]
    assert len(read_at(file, CHUNK + 3, 10)) == 2 and read_at(file, CHUNK + 9, 1) == []
