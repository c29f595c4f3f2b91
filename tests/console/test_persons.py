"""The page Rights: a person looked up, copied, erased with a certificate; who may, what is refused, both languages."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from beside.api import starting
from beside.core.erasure import Asked
from beside.core.retention import Retention
from beside.core.types import Actor
from beside.loop import Loop

WORDS = "cancel the subscription now"  # a training row of the approved release
OLGA = Actor(name="olga", roles=("admin",))


@pytest.fixture
def made(make_approved: Any, show: Any, tmp_path: Any) -> Any:
    """A console of its own, with a privacy officer, an export and a backup that was noted."""
    folder = tmp_path / "bank"
    folder.mkdir()
    (folder / "beside.toml").write_text('[retention]\nbackups = ["shelf <nas>, 30 nights"]\n', encoding="utf-8")
    approved = make_approved(folder)
    loop = Loop(approved.workspace, approved.owner)
    loop.predict(loop.serve(approved.release.id), [f"please, {WORDS}", "where is my parcel"])
    loop.export(approved.release.id, tmp_path / "carried.zip")
    shown = show(approved)
    shown.keys["privacy_officer"] = approved.workspace.people.add(approved.owner, "the officer", ["privacy_officer"])
    return shown


def shown_words(page: str) -> str:
    """What a page says, without code and what is not to be translated."""
    body = page.split('id="content">')[1].split("</main")[0]
    return re.sub(
        r'<(\w+)[^>]*translate="no"[^>]*>.*?</\1>|<code>.*?</code>|<textarea.*?</textarea>|<[^>]+>', " ", body, flags=re.S
    )


@pytest.mark.parametrize("role", ["", "user", "builder", "reviewer"])
@pytest.mark.parametrize("path", ["", "/access", "/erase", "/resume"])
def test_nobody_else_sees_or_erases_a_person(made, role, path):
    client = made.visit(role)
    assert client.get("/persons").status_code in (401, 403)
    assert client.post(f"/persons{path}", data={"words": WORDS, "sure": "yes"}).status_code in (401, 403)
    assert "/persons" not in client.get("/").text.split("</nav>")[0]
    assert made.workspace.records.erasures(OLGA) == []


def test_the_preview_tells_all_that_holds_a_person_and_what_lies_outside(made):
    page = made.visit("privacy_officer").post("/persons", data={"words": WORDS})
    assert page.status_code == 200 and "shelf &lt;nas&gt;, 30 nights" in page.text
    said = " ".join(shown_words(page.text).split())
    assert "questions and answers of models" in said and "retired, its weights deleted" in said
    assert "carried.zip” on" in said, "the export of the release is told"


def test_whom_somebody_looks_for_is_in_no_address_and_in_no_ledger_entry(made):
    answer = made.visit("privacy_officer").post("/persons", data={"words": WORDS}, follow_redirects=False)
    assert answer.status_code == 200 and "location" not in answer.headers
    assert all(WORDS not in str(entry.detail) for entry in made.workspace.records.ledger(OLGA))


def test_a_form_of_another_web_site_is_refused(made):
    client = made.visit("privacy_officer")
    for told in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        for path in ("", "/access", "/erase", "/resume"):
            assert client.post(f"/persons{path}", data={"words": WORDS, "sure": "yes"}, headers=told).status_code == 403


@pytest.mark.parametrize(
    "data,status", [({}, 422), ({"words": "ab"}, 422), ({"name": "nobody"}, 200), ({"words": "x" * 5000}, 422)]
)
def test_what_cannot_be_looked_for_is_said(made, data, status):
    page = made.visit("privacy_officer", "zh").post("/persons", data=data)
    assert page.status_code == status
    if status == 422 and len(data.get("words", "")) < 5000:
        assert 'role="alert"' in page.text and not re.findall(
            r"[A-Za-z]{4,}", re.sub("--text WORDS|GDPR", "", shown_words(page.text))
        )


def test_their_copy_is_a_zip_file_and_taking_it_stands_in_the_ledger(made):
    answer = made.visit("privacy_officer").post("/persons/access", data={"words": WORDS})
    assert answer.headers["content-type"] == "application/zip" and answer.headers["cache-control"] == "no-store"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        told = json.loads(packed.read("everything.json"))
    assert [row["text"] for row in told["rows"]] == [WORDS]
    [entry] = [one for one in made.workspace.records.ledger(OLGA) if one.verb == "give access"]
    assert entry.who == "the officer"


def test_without_a_word_that_somebody_is_sure_nothing_is_erased(made):
    page = made.visit("privacy_officer").post("/persons/erase", data={"words": WORDS})
    assert page.status_code == 422 and "sure" in page.text
    assert made.workspace.progress() is None and made.workspace.records.tombstones(OLGA) == {}


def test_an_erasure_runs_to_its_certificate_and_no_process_list_shows_the_name(made, monkeypatch):
    begun: list[Any] = []
    real = subprocess.Popen
    monkeypatch.setattr(starting.subprocess, "Popen", lambda *given, **more: begun.append(real(*given, **more)) or begun[-1])
    client = made.visit("privacy_officer")
    answer = client.post("/persons/erase", data={"words": WORDS, "sure": "yes"}, follow_redirects=False)
    assert answer.status_code == 303 and WORDS not in answer.headers["location"]
    [process] = begun
    assert process.wait(120) == 0, (made.workspace.state / starting.LOG).read_text()
    assert WORDS not in " ".join(process.args) and sys.executable in process.args
    [done] = made.workspace.records.erasures(OLGA)
    assert done.who == "the officer" and done.complete
    page = client.get("/persons?started=1").text
    assert f"/persons/certificate/{done.id}.en.html" in page and "found nothing" in page
    paper = client.get(f"/persons/certificate/{done.id}.en.html")
    assert paper.headers["content-security-policy"].startswith("sandbox") and "30 nights" in paper.text
    assert "备份“" in client.get(f"/persons/certificate/{done.id}.zh.html").text
    assert client.get(f"/persons/certificate/{done.id}.json").json()["value"] == done.value
    for name in (f"{done.id}.exe", "../../records.sqlite", "erasure-nothing.json"):
        assert client.get(f"/persons/certificate/{name}").status_code == 404
    assert WORDS.encode() not in b"".join(file.read_bytes() for file in made.workspace.state.rglob("*") if file.is_file())


def test_an_erasure_that_was_cut_off_goes_on_from_the_page(made, monkeypatch):
    loop = Loop(made.workspace, OLGA)
    monkeypatch.setattr(Loop, "removed", lambda *given: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        loop.erase(Asked(words=(WORDS,)))
    client = made.visit("privacy_officer", "zh")
    assert "有一次删除中断了" in client.get("/persons").text
    begun: list[Any] = []
    monkeypatch.setattr("beside.console.persons.start_erasing", lambda *given: begun.append(given) or 1)
    assert client.post("/persons/resume", follow_redirects=False).status_code == 303
    assert begun[0][2].words == (WORDS,)


def test_the_page_in_chinese_keeps_no_english_words(made):
    client = made.visit("admin", "zh")
    for page in (client.get("/persons"), client.post("/persons", data={"words": WORDS})):
        left = {*re.findall(r"\b[A-Za-z]{3,}", shown_words(page.text).replace(str(made.workspace.folder.parent), ""))}
        assert left <= {"release", "shelf", "carried", "zip", "nas", "nights", "olga", "JSON", "beside", "toml", "GDPR"}, left


def test_looking_twice_changes_nothing(made):
    client = made.visit("privacy_officer")
    before = made.workspace.check_ledger().rows
    first = client.post("/persons", data={"words": WORDS}).text
    assert client.post("/persons", data={"words": WORDS}).text == first
    assert made.workspace.check_ledger().rows == before


def test_retention_shows_what_is_due_and_removes_it_when_somebody_is_sure(made, monkeypatch):
    workspace = made.workspace
    periods = Retention(predictions=1, corpora=1)
    monkeypatch.setattr(workspace, "settings", workspace.settings.model_copy(update={"retention": periods}))
    client = made.visit("privacy_officer")
    assert "Nothing is to be removed" in client.get("/persons/retention").text, "all of it is of today"
    later = datetime.now(UTC) + timedelta(days=3)
    monkeypatch.setattr("beside.console.persons.Loop", lambda *given: Loop(*given, clock=lambda: later))
    page = client.get("/persons/retention").text
    assert "Remove what is due" in page and made.release.id in page, "the approved release holds its rows"
    begun: list[Any] = []
    monkeypatch.setattr("beside.console.retention.start_retention", lambda *given: begun.append(given) or 1)
    assert client.post("/persons/retention").status_code == 422 and not begun
    answer = client.post("/persons/retention", data={"sure": "yes"}, follow_redirects=False)
    assert answer.status_code == 303 and begun[0][1].name == "the officer"
    chinese = made.visit("privacy_officer", "zh").get("/persons/retention").text
    assert not re.findall(r"[A-Za-z]{3,}", shown_words(chinese).replace("beside.toml", ""))
    for role in ("", "builder", "reviewer"):
        assert made.visit(role).get("/persons/retention").status_code in (401, 403)
