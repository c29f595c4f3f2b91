"""A corpus without its personal data: rows, splits, targets, the account, the ledger."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from beside.checks.privacy.reconstruction import gaps
from beside.core.errors import BadInput, NotPermitted
from beside.core.protecting import read_plan
from beside.core.types import Actor, Corpus, Example
from beside.loop import Loop
from beside.store.rows import read_pairs, write_rows
from beside.store.workspace import Workspace

NOW = datetime(2026, 1, 2, tzinfo=UTC)
Row = tuple[str, str, str | None]  # split, text, target
Make = Callable[..., Loop]


@pytest.fixture
def workspace(tmp_path: Path):
    opened = Workspace.open(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def make(workspace: Workspace) -> Make:
    """`make(rows, task=...)`: a loop over a workspace with a corpus `inbox` of these rows."""

    def made(rows: list[Row | tuple[str, Example]], task: str = "classify", labels: tuple[str, ...] = ("a", "b")) -> Loop:
        whole = [
            (row[0], row[1] if isinstance(row[1], Example) else Example(id=f"example-{place}", text=row[1], target=row[2]))  # type: ignore[misc]
            for place, row in enumerate(rows)
        ]
        with workspace.artifacts.new_file() as file:
            write_rows(file.path, whole)  # type: ignore[arg-type]
        splits = {split: sum(one == split for one, _ in whole) for split in ("train", "tune", "test")}
        corpus = Corpus(id="corpus-inbox", name="inbox", task=task, labels=labels, splits=splits, examples=file.id, made_at=NOW)
        owner = Actor(name="olga", roles=("admin",))
        workspace.records.add_corpus(owner, corpus)
        return Loop(workspace, owner, clock=lambda: NOW)

    return made


def rows_of(loop: Loop, corpus: Corpus) -> list[tuple[str, Example]]:
    return list(read_pairs(loop.artifacts.path(corpus.examples)))


PLAIN: list[Row] = [
    ("train", "call 13800138000 please", "a"),
    ("train", "mail anna@example.com", "b"),
    ("tune", "nothing here", "a"),
    ("test", "我的手机13900139000丢了", "b"),
]


def test_rows_keep_their_split_label_and_order_and_lose_their_personal_data(make):
    loop = make(PLAIN)
    child, report = loop.protect("inbox", "safe")
    rows = rows_of(loop, child)
    assert [(split, row.text, row.target) for split, row in rows] == [
        ("train", "call <PHONE> please", "a"),
        ("train", "mail <EMAIL>", "b"),
        ("tune", "nothing here", "a"),
        ("test", "我的手机<PHONE>丢了", "b"),
    ]
    assert child.parent == "corpus-inbox" and child.splits == {"train": 2, "tune": 1, "test": 1} and child.name == "safe"
    assert "phone=replace" in child.protections and report.touched == 3 and report.rows == 4
    assert [(one.kind, one.found, one.values) for one in report.kinds[:2]] == [("phone", 2, 2), ("email", 1, 1)]


def test_the_same_protection_again_is_the_same_corpus_and_another_plan_another(make):
    loop = make(PLAIN)
    first, again = loop.protect("inbox", "safe")[0], loop.protect("inbox", "safe")[0]
    other = loop.protect("inbox", "safe", read_plan(["mask"]))[0]
    assert first == again and other.id != first.id


def test_no_value_is_in_the_report_the_ledger_or_the_ids_of_the_rows(make):
    loop = make(PLAIN)
    child, report = loop.protect("inbox", "safe")
    told = report.model_dump_json() + json.dumps([entry.model_dump(mode="json") for entry in loop.records.ledger(loop.actor)])
    assert "13800138000" not in told and "anna" not in told
    before = {row.id for _, row in rows_of(loop, loop.records.corpus(loop.actor, "corpus-inbox"))}
    changed = [row.id for _, row in rows_of(loop, child)]
    assert not before & set(changed) and len(set(changed)) == 4


def test_the_ledger_tells_who_protected_and_how_much_was_found(make):
    loop = make(PLAIN)
    child, _ = loop.protect("inbox", "safe")
    entry = loop.records.ledger(loop.actor)[0]
    assert (entry.verb, entry.subject, entry.who) == ("protect", child.id, "olga") and entry.detail["found"] == {
        "phone": 2,
        "email": 1,
    }


def test_both_texts_of_a_pair_and_groups_are_protected(make):
    row = Example(
        id="x",
        text="13800138000",
        pair="or 13900139000",
        target="a",
        groups={"who": "anna@example.com", "age": "30"},
        person="person-1",
    )
    loop = make([("train", row)], task="match")
    child, report = loop.protect("inbox", "safe")
    [(_, made)] = rows_of(loop, child)
    assert (made.text, made.pair, made.groups) == ("<PHONE>", "or <PHONE>", {"who": "<EMAIL>", "age": "30"})
    assert made.person == "person-1" and report.in_groups == 1 and report.kinds[0].values == 2


def test_spans_of_a_tag_target_follow_the_text(make):
    text = "Mr. Baker wrote anna@example.com from Lyon"
    target = json.dumps([[4, 9, "person"], [16, 32, "mail"], [38, 42, "place"]])
    loop = make([("train", text, target)], task="tag", labels=("mail", "person", "place"))
    child, report = loop.protect("inbox", "safe", read_plan([], "person,email"))
    [(_, row)] = rows_of(loop, child)
    assert {(row.text[start:end], label) for start, end, label in json.loads(str(row.target))} == {
        ("<PERSON>", "person"), ("<EMAIL>", "mail"), ("Lyon", "place"),
    }  # fmt: skip
    assert report.spans_lost == 0 and child.labels == ("mail", "person", "place")


def test_spans_without_text_are_counted_and_their_label_goes(make):
    loop = make(
        [("train", "mail anna@example.com to depot", '[[5, 21, "mail"], [25, 30, "place"]]')], task="tag", labels=("mail", "place")
    )
    child, report = loop.protect("inbox", "safe", read_plan(["redact"], "email"))
    [(_, row)] = rows_of(loop, child)
    assert row.target == '[[9, 14, "place"]]' and report.spans_lost == 1 and child.labels == ("place",)


def test_a_written_answer_is_protected_like_the_text(make):
    loop = make([("train", "who?", "ask anna@example.com")], task="generate", labels=())
    child, _ = loop.protect("inbox", "safe")
    assert rows_of(loop, child)[0][1].target == "ask <EMAIL>"


def test_rows_that_become_alike_stay_in_their_splits_and_are_told(make):
    loop = make(
        [
            ("train", "call 13800138000", "a"),
            ("train", "call 13900139000", "b"),
            ("test", "call 13700137000", "a"),
            ("test", "hello", "b"),
        ]
    )
    child, report = loop.protect("inbox", "safe")
    assert child.splits == {"train": 2, "tune": 0, "test": 2} and len({row.id for _, row in rows_of(loop, child)}) == 4
    assert (report.same_text, report.across_splits, report.several_targets) == (2, 1, 1)
    assert any("kept its split" in note for note in report.notes())
    apart = loop.protect("inbox", "apart", read_plan(["hash"]))[1]
    assert (apart.same_text, apart.across_splits, apart.several_targets) == (0, 0, 0)


def test_a_row_of_personal_data_alone_never_becomes_empty(make):
    loop = make([("train", "13800138000", "a")])
    child, report = loop.protect("inbox", "safe", read_plan(["redact"]))
    assert rows_of(loop, child)[0][1].text == "<PHONE>" and report.emptied == 1


def test_hashes_hang_on_the_secret_of_the_workspace_unless_another_is_given(make):
    loop = make([("train", "13800138000", "a")])
    own, again = (loop.protect("inbox", name, read_plan(["hash"]))[0] for name in ("one", "two"))
    other = loop.protect("inbox", "three", read_plan(["hash"]), b"0123456789abcdef")[0]
    texts = [rows_of(loop, corpus)[0][1].text for corpus in (own, again, other)]
    assert texts[0] == texts[1] != texts[2] and (loop.workspace.state / "protect.key").stat().st_mode & 0o777 == 0o600


def test_who_may_not_change_corpora_may_not_protect_them(make):
    loop = make(PLAIN)
    loop.actor = Actor(name="ugo", roles=("user",))
    with pytest.raises(NotPermitted, match="protect"):
        loop.protect("inbox", "safe")
    with pytest.raises(BadInput, match="no name"):
        make(PLAIN).protect("inbox", " ")


def test_labels_that_look_personal_are_told_and_left(make):
    loop = make([("train", "x", "a")], labels=("anna@example.com", "other"))
    child, report = loop.protect("inbox", "safe")
    assert child.labels[0] == "anna@example.com" and report.in_labels == 1


def test_what_joins_a_protected_corpus_later_is_protected_as_it_was(make):
    loop = make(PLAIN)
    child, _ = loop.protect("inbox", "safe", read_plan(["email=mask", "hash"]))
    late = Example(id="late", text="again 13800138000, bert@example.com", target="a", origin="correction:prediction-1")
    [row] = loop.rows_like(child, [late])
    known = rows_of(loop, child)[0][1].text.split()[1]  # the hash of the same number
    assert row.text == f"again {known}, ****" and (row.target, row.origin) == ("a", late.origin)
    assert loop.texts_like(child, [late.text]) == [row.text] and loop.rows_like(
        loop.records.corpus(loop.actor, "inbox"), [late]
    ) == [late]


def test_the_command_tells_kinds_and_counts(tmp_path, beside):
    (tmp_path / "rows.csv").write_text(
        "text,label\n"
        + "".join(f"call me at 138001380{n:02d} about {word},{word}\n" for n, word in enumerate(["tea", "ink"] * 20)),
        "utf-8",
    )
    assert beside("import", "rows.csv", "--name", "inbox", cwd=tmp_path).code == 0
    told = beside("protect", "inbox", "--name", "safe", "--action", "hash", "--action", "phone=burn", "--json", cwd=tmp_path)
    assert told.code == 2 and "burn" in told.err
    told = beside("protect", "inbox", "--name", "safe", "--kinds", "phone,email", "--action", "hash", "--json", cwd=tmp_path)
    assert (
        told.code == 0
        and told.json["protections"] == ["email=hash", "phone=hash"]
        and told.json["protection"]["kinds"][0]["found"] >= 30
    )
    assert told.json["report"] and "13800138000" not in told.out + told.err
    words = beside("protect", "inbox", "--name", "safe2", cwd=tmp_path)
    assert words.code == 0 and "phone" in words.err and "next: beside train safe2" in words.err
    assert beside("protect", "--name", "x", cwd=tmp_path).code == 2


def test_an_audit_knows_the_rows_before_and_what_was_taken_out_of_them(make, toy_subject):
    loop = make(PLAIN)
    child = loop.protect("inbox", "safe")[0]
    again = loop.protect("safe", "safer")[0]
    inbox = loop.records.corpus(loop.actor, "inbox")
    assert loop.before_protection(child) == loop.before_protection(again) == inbox
    assert loop.before_protection(inbox) is None
    subject = toy_subject(lambda text: [0.0, 1.0], labels=("a", "b"))
    found = list(gaps(subject, loop.whole_splits(child), loop.whole_splits(inbox)))
    assert [(one.kind, one.value, one.filled("X")) for one in found] == [
        ("phone", "13800138000", "call X please"),
        ("email", "anna@example.com", "mail X"),
    ]
