"""Asking and correcting with plain forms: no script is needed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from beside.console.try_it import bars, pieces
from beside.core.types import Actor, Explanation, Prediction, WordWeight

OWNER = Actor(name="olga", roles=("admin",))


@pytest.fixture
def visitor(full):
    return full.visit()


def ask(visitor, text="where is my parcel"):
    answer = visitor.post("/try", data={"text": text})
    assert answer.status_code == 200
    return answer


def test_an_answer_has_an_address_of_its_own_and_says_how_sure_it_is(visitor):
    answer = ask(visitor)
    assert re.fullmatch(r"/try/prediction-\w+", answer.url.path)
    assert '<p class="large" translate="no">deliver</p>' in answer.text
    assert re.search(r"\d\d\.\d% sure", answer.text)
    assert answer.text.count('<svg class="bar"') == 3
    assert visitor.get(answer.url.path).text == answer.text
    assert '<html lang="zh-Hans">' in visitor.get(f"{answer.url.path}?lang=zh").text


def test_a_right_answer_is_confirmed_and_stored(full, visitor):
    answer = ask(visitor)
    thanks = visitor.post(answer.url.path, data={"correct": "yes"})
    assert "Thank you. It is stored." in thanks.text
    (_, said) = full.workspace.records.answers(OWNER, full.release.id)[-1]
    assert (said.correct, said.label, said.who) == (True, "deliver", "local")


def test_a_wrong_answer_is_corrected_and_stored_in_the_persons_name(full):
    visitor = full.visit("user")
    answer = ask(visitor)
    assert re.findall(r'type="radio" name="label" value="(\w*)"', answer.text).count("deliver") == 0
    thanks = visitor.post(answer.url.path, data={"correct": "no", "label": "refund", "note": "money, not the parcel"})
    assert "You said that the right answer is <b" in thanks.text
    prediction, said = full.workspace.records.answers(OWNER, full.release.id)[-1]
    assert prediction.text == "where is my parcel"
    assert (said.correct, said.label, said.note, said.who) == (False, "refund", "money, not the parcel", "the user")


def test_wrong_without_a_right_label_is_stored_too(visitor):
    thanks = visitor.post(ask(visitor).url.path, data={"correct": "no", "label": ""})
    assert "You said that the answer is wrong." in thanks.text


@pytest.mark.parametrize("language, told", [("en", "This release knows no label “moon”."), ("zh", "这个发布不认识标签“moon”。")])
def test_a_label_that_is_not_known_is_refused_and_the_note_is_kept(full, language, told):
    visitor = full.visit(language=language)
    answer = visitor.post(ask(visitor).url.path, data={"correct": "no", "label": "moon", "note": "kept <i>"})
    assert answer.status_code == 422
    assert told in answer.text
    assert "kept &lt;i&gt;" in answer.text


@pytest.mark.parametrize(
    "text, told", [("", "The text is empty."), (" \n", "The text is empty."), ("x" * 20_001, "The text has 20,001 characters.")]
)
def test_what_cannot_be_asked_is_told_above_what_was_typed(visitor, text, told):
    answer = visitor.post("/try", data={"text": text})
    assert answer.status_code == 422
    assert told in answer.text
    assert f">{text}</textarea>" in answer.text


def test_a_long_text_says_that_only_its_beginning_was_read(visitor):
    assert "only its beginning was used" in ask(visitor, "my parcel is late " * 20).text
    assert "only its beginning was used" not in ask(visitor).text


def test_an_answer_that_is_not_there_is_a_page(visitor):
    assert "There is no prediction called" in visitor.get("/try/prediction-none").text
    assert visitor.post("/try/prediction-none", data={"correct": "yes"}).status_code == 404


def test_where_nothing_is_approved_the_page_leads_to_review(draft):
    page = draft.visit().get("/try").text
    assert "No release is approved yet" in page
    assert '<textarea id="text"' not in page
    assert draft.visit().post("/try", data={"text": "hello"}).status_code == 409


def test_an_answer_outlives_its_release(make_approved, show, tmp_path):
    shown = show(make_approved(tmp_path))
    visitor = shown.visit("admin", language="zh")
    answer = ask(visitor)
    visitor.post(f"/review/{shown.release.id}", data={"decision": "reject", "reason": "Not any more."})
    page = visitor.get(answer.url.path)
    assert page.status_code == 200
    assert "deliver" in page.text
    assert "不可以服务" in page.text


def test_the_application_suggests_a_reply_in_the_language_of_the_message(make_approved, show, tmp_path, monkeypatch):
    (tmp_path / "beside.toml").write_text('[workspace]\napplication = "support"\n', encoding="utf-8")
    visitor = show(make_approved(tmp_path)).visit()
    assert 'data-text="' in visitor.get("/try").text
    assert "Suggested reply" not in ask(visitor).text
    monkeypatch.setattr(
        "beside.applications.support.replies", lambda language: dict.fromkeys(("deliver", "refund"), f"in {language}")
    )
    assert "in en</blockquote>" in ask(visitor).text
    assert "in zh</blockquote>" in ask(visitor, "where is my parcel 包裹").text


def test_pieces_give_the_whole_text_back_and_shade_by_weight():
    text = "no, the parcel!"
    words = [WordWeight(word="parcel", start=8, end=14, weight=0.5), WordWeight(word="no", start=0, end=2, weight=-0.25)]
    found = pieces(
        text, Explanation(label="a", probability=0.9, method="m", words=tuple(sorted(words, key=lambda word: word.start)))
    )
    assert "".join(piece.text for piece in found) == text
    assert [(piece.text, piece.shade) for piece in found if piece.shade is not None] == [("no", 4), ("parcel", 9)]


def test_noise_is_not_drawn_large():
    words = (WordWeight(word="a", start=0, end=1, weight=0.004),)
    assert [piece.shade for piece in pieces("a", Explanation(label="a", probability=0.9, method="m", words=words))] == [0]


def test_labels_beyond_the_fifth_share_a_bar():
    shares = {f"label {place}": share for place, share in enumerate([0.4, 0.3, 0.1, 0.08, 0.06, 0.04, 0.02])}
    asked = Prediction(
        id="p", release_id="r", text="t", label="label 0", probability=0.4, probabilities=shares, made_at=datetime.now(UTC)
    )
    drawn = bars(asked)
    assert [label for label, _ in drawn] == [*list(shares)[:5], None]
    assert sum(share for _, share in drawn) == pytest.approx(1)


def test_an_expired_release_answers_nothing_and_says_so(make_approved, show, tmp_path):
    shown = show(make_approved(tmp_path, at=datetime.now(UTC) - timedelta(days=400)))
    answer = shown.visit(language="zh").post("/try", data={"text": "where is my parcel"})
    assert answer.status_code == 409
    assert "到期" in answer.text
