"""The page Judge: two texts side by side, three buttons, and what comes of it; both languages, without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from beside.console import judge
from beside.core.judging import AttackedRow
from beside.core.types import Actor

OWNER = Actor(name="olga", roles=("admin",))


@pytest.fixture
def made(make_approved: Callable[..., Any], show: Callable[..., Any], tmp_path: Any) -> Any:
    """A console over a release with two attacked rows."""
    approved = make_approved(tmp_path)
    texts = [("my <b>parcel</b> is late", "my <b>package</b> is late"), ("我的包裹到晚了", "我的包裹到迟了")]
    rows = [
        AttackedRow(
            id=f"attacked-{place}", release_id=approved.release.id, attack="robustness/greedy_words", example_id=f"example-{place}",
            text=text, edited=edited, label="deliver", before="deliver", after="cancel", before_probabilities={"deliver": 0.91},
            after_probabilities={"cancel": 0.82}, made_at=approved.release.made_at,
        )
        for place, (text, edited) in enumerate(texts)
    ]  # fmt: skip
    approved.workspace.records.add_attacked(approved.owner, approved.release.id, rows)
    return show(approved)


def test_both_texts_stand_side_by_side_with_what_changed_marked_and_never_run(made):
    page = made.visit("reviewer").get(f"/judge/{made.release.id}").text
    assert "<b>parcel" not in page and "<b><mark" not in page
    assert '&lt;b&gt;<mark class="edit gone">parcel</mark>&lt;/b&gt;' in page
    assert '<mark class="edit come">package</mark>' in page
    assert "0 of 2 judged" in page


def test_judging_is_blind_until_every_row_is_judged(made):
    client, at = made.visit("reviewer"), f"/judge/{made.release.id}"
    assert "answer before" not in client.get(at).text and "91.0%" not in client.get(at).text
    page = client.post(at, data={"row": "attacked-0", "meaning": "kept", "comment": "<odd>"}).text
    assert "1 of 2 judged" in page and "我的包裹到" in page and "82.0%" not in page
    page = client.post(at, data={"row": "attacked-1", "meaning": "changed", "label": "refund"}).text
    assert "You have judged all 2 rows" in page and "82.0%" in page and "&lt;odd&gt;" in page
    assert "1 row is accepted" in page
    again = client.get(f"{at}?row=attacked-1").text
    assert 'aria-pressed="true"' in again and re.search(r'value="refund" checked', again)
    said = made.workspace.records.judgements(OWNER, made.release.id)
    assert [(one.meaning, one.label, one.who) for one in said] == [
        ("kept", None, "the reviewer"), ("changed", "refund", "the reviewer")
    ]  # fmt: skip


def test_a_form_without_an_answer_keeps_what_was_typed(made):
    page = made.visit("reviewer", "zh").post(f"/judge/{made.release.id}", data={"row": "attacked-1", "comment": "怪"})
    assert page.status_code == 422 and ">怪</textarea>" in page.text and "请按三个按钮之一" in page.text
    assert "我的包裹到" in page.text, "the same row"


def test_the_release_leads_to_its_attacked_rows_those_who_may_read_rows(made):
    link = f'href="/judge/{made.release.id}"'
    assert link in made.visit("builder").get(f"/review/{made.release.id}").text
    assert link not in made.visit("user").get(f"/review/{made.release.id}").text
    assert made.visit("user").get(f"/judge/{made.release.id}").status_code == 403


def test_an_attack_is_started_with_so_many_rows(made, monkeypatch):
    asked = []
    monkeypatch.setattr(judge, "start_attacking", lambda *given: asked.append(given[2:]))
    client, at = made.visit("builder"), f"/judge/{made.release.id}/attack"
    assert "The attack has begun" in client.post(at, data={"rows": "30"}).text
    assert asked == [(made.release.id, 30)]
    assert client.post(at, data={"rows": "0"}).status_code == 422


@pytest.mark.parametrize("judged", [False, True])
def test_pages_in_chinese_keep_no_english_words(made, judged):
    client, at = made.visit("admin", "zh"), f"/judge/{made.release.id}"
    for row in ("attacked-0", "attacked-1") if judged else ():
        client.post(at, data={"row": row, "meaning": "kept"})
    main = client.get(at).text.split('id="content">')[1].split("</main")[0]
    words = re.sub(r'<(\w+)[^>]*translate="no"[^>]*>.*?</\1>|<code>.*?</code>|<[^>]+>', " ", main, flags=re.S)
    assert re.findall(r"\b[A-Za-z]{3,}", words) == []
