"""Reasons with their verdict, an edit beside the original, the nearest training rows: on the page Try it, without scripts."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from beside.console.try_it import moves
from beside.core.types import Faithfulness, Prediction


@pytest.fixture(scope="module")
def full(show, make_approved, tmp_path_factory):
    """A console with an approved release and nothing else."""
    return show(make_approved(tmp_path_factory.mktemp("asked")))


def ask(visitor, text="where is my parcel", **more):
    answer = visitor.post("/try", data={"text": text, **more})
    assert answer.status_code == 200
    return answer


@pytest.mark.parametrize(
    "language, doubt, checked",
    [("en", "No reliable explanation:", "Checked: the answer depends"), ("zh", "没有可靠的解释：", "已验证：")],
)
def test_reasons_say_whether_they_can_be_relied_on(full, monkeypatch, language, doubt, checked):
    visitor = full.visit(language=language)
    for reliable, said, unsaid in ((True, checked, doubt), (False, doubt, checked)):
        numbers = {"comprehensiveness": 0.5, "sufficiency": 0.1, "random_comprehensiveness": 0.2, "random_sufficiency": 0.3}
        told = Faithfulness(**numbers, gap=0.25, draws=5, reliable=reliable)
        monkeypatch.setattr("beside.stages.serve.faithfulness_of", lambda *asked, told=told: [told])
        page = ask(visitor).text
        assert said in page
        assert unsaid not in page


def test_an_edit_is_shown_beside_what_was_asked(full):
    visitor = full.visit()
    first = ask(visitor)
    assert "What if it were worded differently?" in first.text
    before = first.url.path.rsplit("/", 1)[1]
    second = ask(visitor, "where is my money", before=before)
    assert second.url.params["before"] == before
    assert "What the edit changed" in second.text
    assert f'href="/try/{before}#answer"' in second.text
    assert visitor.get(str(second.url)).text == second.text
    table = second.text[second.text.index("What the edit changed") :]
    assert len(re.findall(r"[+−-]\d\.\d{3}", table[: table.index("</table>")])) == 3


def test_an_edit_of_something_unknown_is_not_found(full):
    visitor = full.visit()
    page = ask(visitor).url.path
    assert visitor.get(f"{page}?before=prediction-1").status_code == 404


def test_the_nearest_training_rows_are_shown_on_request(full):
    visitor = full.visit("reviewer")
    page = ask(visitor)
    assert "Show the training rows nearest to this text" in page.text
    shown = visitor.get(f"{page.url.path}?near=true").text
    assert "training rows compared" in shown
    assert '<td translate="no">deliver</td>' in shown


def test_who_may_not_see_training_rows_is_not_offered_them(full):
    visitor = full.visit()
    page = ask(visitor)
    assert "Nearest training examples" not in page.text
    forced = visitor.get(f"{page.url.path}?near=true").text
    assert "training rows compared" not in forced


def test_labels_that_moved_most_come_first():
    def answered(**shares):
        facts = {
            "id": "p",
            "release_id": "r",
            "text": "t",
            "label": "a",
            "probability": 0.5,
            "made_at": datetime(2026, 1, 1, tzinfo=UTC),
        }
        return Prediction(probabilities=shares, **facts)

    found = moves(answered(a=0.5, b=0.3, c=0.2), answered(a=0.45, b=0.05, c=0.5))
    assert found == [("c", 0.2, 0.5), ("b", 0.3, 0.05), ("a", 0.5, 0.45)]
