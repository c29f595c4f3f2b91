"""Statements and documents through loop, command line, API and console: one truth, checked bytes, the right people."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from beside.api.app import create_app
from beside.cards import typeset
from beside.console import mount
from beside.core.errors import Altered, BadOption, GateClosed, NotPermitted, UnknownName
from beside.core.questions import KEYS
from beside.core.recipe import Policy
from beside.core.types import Actor
from beside.loop import Loop

BUILDER = Actor(name="bea", roles=("builder",))
OFFICER = Actor(name="priya", roles=("privacy_officer",))


@pytest.fixture
def own(make_approved, tmp_path):
    """A workspace of its own with a draft release."""
    return make_approved(tmp_path, approve=False)


def client_of(own, role: str = "", language: str = "en") -> TestClient:
    """A browser on this machine; with the key of a person of that role when one is named."""
    app = create_app(own.workspace)
    mount(app, own.workspace)
    key = {"authorization": f"Bearer {own.workspace.people.add(own.owner, f'the {role}', [role])}"} if role else {}
    headers = {"accept-language": language, **key}
    return TestClient(app, base_url="http://127.0.0.1:8321", client=("127.0.0.1", 50_000), headers=headers)


def test_builders_and_privacy_officers_write_and_every_version_is_kept(own):
    Loop(own.workspace, BUILDER).state("oversight", "One person watches.")
    Loop(own.workspace, OFFICER).state("oversight", "Two people watch.")
    said = Loop(own.workspace, Actor(name="u", roles=("user",))).statements()
    assert [(one.who, one.text) for one in said] == [("priya", "Two people watch."), ("bea", "One person watches.")]
    assert [entry.verb for entry in own.workspace.records.ledger(own.owner)][:2] == ["write statement"] * 2


@pytest.mark.parametrize("role", ["annotator", "reviewer", "user"])
def test_others_may_not_write(own, role):
    with pytest.raises(NotPermitted):
        Loop(own.workspace, Actor(name="x", roles=(role,))).state("oversight", "Nobody watches.")
    with pytest.raises(NotPermitted, match="may not write as"):
        own.workspace.records.add_statement(BUILDER, Loop(own.workspace, OFFICER).state("contact", "desk@example.org"))


def test_a_release_says_what_was_missing_when_it_was_sealed(own):
    loop = Loop(own.workspace, own.owner)
    assert loop.missing_statements(own.release.id) == list(KEYS)
    loop.state("oversight", "The shift lead watches.")
    assert loop.missing_statements(own.release.id) == list(KEYS), "the sealed bundle does not change"


def test_what_was_written_is_in_the_bundle_and_a_required_statement_closes_the_gate(make_approved, tmp_path, own):
    policy = Policy(name="toy", statements=("oversight",))
    with pytest.raises(GateClosed, match="'oversight' is required by the policy"):
        make_approved(tmp_path / "other", approve=False, policy=policy)
    sealed = json.loads((Path(own.release.bundle) / "statements.json").read_text())
    manifest = json.loads((Path(own.release.bundle) / "manifest.json").read_text())
    assert sealed == [] and {"statements.json", "dossier/technical-file.en.pdf"} <= manifest["files"].keys()
    assert manifest["facts"]["pdf"] == typeset.printer()


def test_a_document_is_found_checked_and_refused_with_a_reason(own):
    loop = Loop(own.workspace, own.owner)
    for name in ("card", "datasheet", "technical-file"):
        for format in ("html", "md", "pdf"):
            assert loop.dossier(own.release.id, name, format, "en").is_file()
    with pytest.raises(BadOption, match="no document 'poem'"):
        loop.dossier(own.release.id, "poem")
    with pytest.raises(UnknownName):
        loop.document(own.release.id, "../manifest.json")
    file = loop.dossier(own.release.id, "card", "md")
    file.chmod(0o644)
    file.write_text("another card")
    with pytest.raises(Altered, match="dossier/card.en.md"):
        loop.dossier(own.release.id, "card", "md")


def test_a_release_made_without_a_chinese_font_says_how_to_get_one(make_approved, tmp_path, monkeypatch):
    monkeypatch.setattr(typeset, "chinese_font", lambda: None)
    own = make_approved(tmp_path, approve=False)
    with pytest.raises(UnknownName, match="no Chinese font was installed") as refused:
        Loop(own.workspace, own.owner).dossier(own.release.id, "card", "pdf", "zh")
    assert "fonts-noto-cjk" in refused.value.hint
    assert Loop(own.workspace, own.owner).dossier(own.release.id, "card", "html", "zh").is_file()


def test_the_api_lists_writes_and_gives_documents(own):
    builder = client_of(own, "builder")
    wrote = builder.put("/v1/statements", json={"key": "contact", "text": "desk@example.org", "language": "zh"})
    assert wrote.status_code == 200 and wrote.json()["who"] == "the builder"
    asked = {one["key"]: one for one in builder.get("/v1/statements").json()}
    assert list(asked) == list(KEYS) and asked["contact"]["statements"][0]["text"] == "desk@example.org"
    pdf = builder.get(f"/v1/releases/{own.release.id}/dossier/technical-file.en.pdf")
    assert pdf.content.startswith(b"%PDF-") and pdf.headers["content-type"] == "application/pdf"
    page = builder.get(f"/v1/releases/{own.release.id}/dossier/card.zh.html")
    assert page.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert builder.get(f"/v1/releases/{own.release.id}/dossier/poem.pdf").status_code == 404
    assert builder.put("/v1/statements", json={"key": "mood", "text": "good"}).status_code == 404
    assert builder.put("/v1/statements", json={"key": "contact", "text": " "}).status_code == 422
    assert client_of(own).put("/v1/statements", json={"key": "contact", "text": "me"}).status_code == 403


@pytest.mark.parametrize("language, words", [("en", "28 questions are not answered yet."), ("zh", "还有 28 个问题没有回答。")])
def test_the_page_asks_every_question_in_the_language_of_the_person(own, language, words):
    assert len(KEYS) == 28
    page = client_of(own, language=language).get("/statements").text
    assert words in page and page.count('class="asked unanswered"') == 28 and "<textarea" not in page


def test_a_person_writes_on_the_page_and_reads_it_there(own):
    builder = client_of(own, "builder")
    page = builder.post("/statements", data={"key": "oversight", "text": "The <b>shift</b> lead."}).text
    assert "The &lt;b&gt;shift&lt;/b&gt; lead." in page and "the builder" in page and "27 questions" in page
    again = builder.post("/statements", data={"key": "oversight", "text": "Two people."}).text
    assert "1 other version" in again
    refused = builder.post("/statements", data={"key": "oversight", "text": " "})
    assert refused.status_code == 422 and "The statement “oversight” says nothing." in refused.text


def test_the_page_of_a_release_links_its_documents(own):
    page = client_of(own).get(f"/review/{own.release.id}").text
    assert f'href="/v1/releases/{own.release.id}/dossier/technical-file.en.pdf"' in page
    assert f'href="/v1/releases/{own.release.id}/dossier/datasheet.zh.html"' in page


def test_the_commands_write_list_and_find(beside, own, tmp_path):
    here = own.workspace.folder
    written = beside("statement", "oversight", "The shift lead watches.", cwd=here)
    assert written.code == 0, written.err
    (tmp_path / "purpose.txt").write_text("Sorting mail.\nNothing else.", encoding="utf-8")
    assert beside("statement", "intended_purpose", "--file", tmp_path / "purpose.txt", cwd=here).code == 0
    listed = {one["key"]: one["statements"] for one in beside("statement", "--json", cwd=here).json}
    assert listed["oversight"][0]["text"] == "The shift lead watches." and listed["contact"] == []
    assert listed["intended_purpose"][0]["text"] == "Sorting mail.\nNothing else."
    assert "not written yet" in beside("statement", "contact", cwd=here).out
    assert beside("statement", "mood", "good", cwd=here).code == 2
    out = tmp_path / "file.pdf"
    assert beside("dossier", own.release.id, "--out", out, cwd=here).code == 0 and out.read_bytes().startswith(b"%PDF-")
    found = beside("dossier", own.release.id, "--name", "card", "--format", "md", cwd=here)
    assert Path(found.out.strip()).name == "card.en.md"
