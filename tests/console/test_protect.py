"""The page Protect: a text tried, rows looked at, a person's word kept; both languages, with and without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from beside.core.types import Example
from beside.store.rows import write_rows

SECRET = "13800138000"


@pytest.fixture(scope="module")
def made(make_approved: Callable[..., Any], show: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A console of a workspace with a corpus `inbox` of three rows."""
    approved = make_approved(tmp_path_factory.mktemp("protect"))
    records, artifacts = approved.workspace.records, approved.workspace.artifacts
    rows = [
        ("train", Example(id="1", text="nothing here", target="cancel")),
        ("train", Example(id="2", text=f"call {SECRET}, says <b>Ixmo</b>", target="refund")),
        ("test", Example(id="3", text="mail anna@example.com", target="refund")),
    ]
    with artifacts.new_file() as file:
        write_rows(file.path, rows)
    corpus = records.corpus(approved.owner, "corpus-toy")
    changes = {"id": "corpus-inbox", "name": "inbox", "examples": file.id, "splits": {"train": 2, "tune": 0, "test": 1}}
    records.add_corpus(approved.owner, corpus.model_copy(update=changes))
    return show(approved)


def test_a_text_shows_what_was_found_and_what_stands_in_its_place(made):
    page = made.visit().post("/protect", data={"text": f"<b>call</b> {SECRET}", "action": "mask"})
    assert page.status_code == 200 and "<b>call" not in page.text and "&lt;b&gt;call&lt;/b&gt; ****" in page.text
    assert re.search(rf'<mark class="found found-reach">{SECRET}<small>1 telephone</small></mark>', page.text)


def test_nothing_of_a_text_stands_in_an_address_or_in_the_records(made):
    answer = made.visit("builder").post("/protect", data={"text": f"call {SECRET}"}, follow_redirects=False)
    assert answer.status_code == 200 and "location" not in answer.headers
    owner = made.workspace.records.predictions
    assert SECRET not in str(owner)  # the page keeps none
    assert all(SECRET not in str(entry.detail) for entry in made.workspace.records.ledger(_admin()))


def _admin():
    from beside.core.types import Actor

    return Actor(name="olga", roles=("admin",))


@pytest.mark.parametrize("role,offered", [("", False), ("user", False), ("builder", True), ("admin", True)])
def test_surrogates_are_offered_to_those_who_may_use_the_secret(made, role, offered):
    assert ('value="surrogate"' in made.visit(role).get("/protect").text) is offered
    answer = made.visit(role).post("/protect", data={"text": f"call {SECRET}", "action": "surrogate"})
    assert answer.status_code == (200 if offered else 403) and (not offered or "154" in answer.text)


@pytest.mark.parametrize("data,status", [({"text": "a", "action": "burn"}, 422), ({"text": "a" * 20_001}, 422)])
def test_what_cannot_be_done_is_said_above_what_was_typed(made, data, status):
    page = made.visit().post("/protect", data=data)
    assert page.status_code == status and 'role="alert"' in page.text


def test_a_person_looks_through_the_rows_and_has_the_last_word(made):
    client = made.visit("reviewer")
    at = client.get("/protect/corpus-inbox/next")
    assert "row=2" in str(at.url) and "Row 2 of 3" in at.text and "&lt;b&gt;Ixmo&lt;/b&gt;" in at.text
    kept = re.findall(r'name="kept" value="([^"]+)"', at.text)
    assert kept == ["text:5:16:phone"]
    added = client.post("/protect/corpus-inbox", data={"row": 2, "kept": kept, "words": "Ixmo", "kind": "person", "go": "stay"})
    assert "row=2" in str(added.url) and re.findall(r'name="kept" value="([^"]+)"', added.text) == [*kept, "text:26:30:person"]
    taken = client.post("/protect/corpus-inbox", data={"row": 2, "kept": ["text:26:30:person"], "go": "on"})
    assert "row=3" in str(taken.url)
    [review] = made.workspace.records.span_reviews(_admin(), "corpus-inbox").values()
    assert [(span.start, span.kind) for span in review.spans] == [(26, "person")] and review.who == "the reviewer"
    client.post("/protect/corpus-inbox", data={"row": 3, "kept": ["text:5:21:email"]})
    assert "no row left" in client.get("/protect/corpus-inbox/next").text


def test_words_that_stand_nowhere_are_refused_and_kept_in_the_field(made):
    page = made.visit("reviewer").post("/protect/corpus-inbox", data={"row": 1, "words": "Nobody", "kind": "person"})
    assert page.status_code == 422 and 'value="Nobody"' in page.text and "do not stand in the row" in page.text


def test_rows_are_shown_to_the_staff_alone(made):
    for role in ("", "user"):
        assert made.visit(role).get("/protect/corpus-inbox").status_code == 403
        assert made.visit(role).post("/protect/corpus-inbox", data={"row": 1}).status_code == 403
        assert "/protect/corpus-inbox" not in made.visit(role).get("/protect").text
    assert made.visit("admin").get("/protect/corpus-inbox?row=9").status_code == 422


@pytest.mark.parametrize("path", ["/protect", "/protect/corpus-inbox?row=2"])
def test_pages_in_chinese_keep_no_english_words(made, path):
    page = made.visit("admin", "zh").get(path).text
    words = re.sub(
        r'<(\w+)[^>]*translate="no"[^>]*>.*?</\1>|<code>.*?</code>|<[^>]+>',
        " ",
        page.split('id="content">')[1].split("</main")[0],
        flags=re.S,
    )
    assert re.findall(r"\b[A-Za-z]{3,}", words) == []
