"""The page of what waits for a person, and an answer that is handed over."""

from __future__ import annotations

import pytest

LONG = "cancel " * 40


@pytest.fixture
def guarded(make_approved, tmp_path):
    from fastapi.testclient import TestClient

    from beside.api.app import create_app
    from beside.console import mount
    from beside.store.workspace import Workspace

    make_approved(tmp_path)
    (tmp_path / "beside.toml").write_text('[serving.guards]\nover_long = "hand over"\nmixed_scripts = "refuse"\n')
    workspace = Workspace.open(tmp_path)
    app = create_app(workspace)
    mount(app, workspace)
    return TestClient(app, base_url="http://127.0.0.1:8321", client=("127.0.0.1", 50_000), headers={"Accept": "text/html"})


def test_an_answer_that_is_handed_over_says_that_a_person_should_answer(guarded):
    page = guarded.post("/try", data={"text": LONG}).text
    assert "A person should answer this." in page and "It has" in page and "The model would say:" in page
    assert "1 question waits for a person" in page
    chinese = guarded.get("/try?lang=zh").text
    assert "1 个问题等待人来回答" in chinese


def test_the_page_lists_the_question_with_its_reason_until_somebody_answers(guarded):
    answer = guarded.post("/try", data={"text": LONG})
    listed = guarded.get("/waiting").text
    assert answer.url.path in listed and "It has" in listed and "1 question waits for an answer." in listed
    assert "它有" in guarded.get("/waiting?lang=zh").text
    guarded.post(answer.url.path, data={"correct": "yes"})
    assert "A person has said what is right" in guarded.get(f"{answer.url.path}?lang=en").text
    assert "No question waits." in guarded.get("/waiting?lang=en").text


def test_a_refused_text_is_told_in_the_readers_language(guarded):
    english = guarded.post("/try?lang=en", data={"text": "my pаypal"})
    assert english.status_code == 422 and "refused by the guard mixed_scripts" in english.text
    chinese = guarded.post("/try?lang=zh", data={"text": "my pаypal"}).text
    assert "护栏拒绝了这段文字" in chinese and "这段文字未被接受（mixed_scripts）" in chinese and "refused by" not in chinese
