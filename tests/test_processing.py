"""The record of processing and the impact assessment: what is known stands there, what people must say is missing until said."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from beside.api.app import create_app
from beside.cards import words as card_words
from beside.cards.typeset import chinese_font
from beside.cli.commands import app
from beside.core.erasure import Asked
from beside.core.errors import NotPermitted, UnknownName
from beside.core.questions import KEYS
from beside.core.types import Actor
from beside.loop import Loop
from beside.store.permission import ROLES

MISSING = {"en": "not written", "zh": "尚未"}


@pytest.fixture
def loop(make_approved, tmp_path):
    """A loop over a workspace with an approved release, an export, a period and a backup."""
    folder = tmp_path / "bank"
    folder.mkdir()
    (folder / "beside.toml").write_text(
        '[workspace]\npurpose = "to sort <mail>"\n[retention]\npredictions = 77\nbackups = ["the shelf"]\n', encoding="utf-8"
    )
    made = make_approved(folder)
    yield Loop(made.workspace, made.owner)
    made.workspace.close()


def said(content: bytes) -> str:
    """A page as plain words."""
    body = content.decode().split("<body>")[1]
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


@pytest.mark.parametrize("name", ["record", "impact"])
def test_what_nobody_wrote_is_missing_until_it_is_written(loop, name):
    before = said(loop.paper(name, "html"))
    key, text = ("responsible", "Ixmo & Sons, Kiel") if name == "record" else ("necessity", "Less text would not do.")
    loop.state(key, text)
    after = said(loop.paper(name, "html"))
    assert after.count("Not written yet") == before.count("Not written yet") - 1
    shown = text.replace("&", "&amp;")
    assert shown not in before and shown in after and "olga" in after


def test_the_record_tells_what_the_workspace_knows(loop, tmp_path):
    loop.predict(loop.serve(), ["where is my parcel"])
    loop.export(loop.records.releases(loop.actor)[0].id, tmp_path / "out.zip")
    loop.state_purpose("corpus-toy", "answering customers", "contract")
    text = said(loop.paper("record", "html"))
    for known in (
        "to sort &lt;mail&gt;", "answering customers", "contract (GDPR 6 (1) b", "77 days", "the shelf", "out.zip", "SQLite",
        "not encrypted by Beside", "HTTP without TLS", "0 of 1 trainings", "Questions and answers of models 1",
    ):  # fmt: skip
        assert known in text, known
    assert "for ever: no period is set" in text


def test_what_the_system_cannot_know_is_printed_as_unknown(loop):
    assert re.search(r"toy · corpus-toy 12 unknown none", said(loop.paper("record", "html")))
    text = said(loop.paper("impact", "html"))
    assert "abroad (PIPL Art. 38) unknown" in text and "large scale unknown" in text
    assert "Privacy not measured" in text and "Fairness not measured" in text


def test_an_erasure_and_what_it_retired_show_in_the_next_edition(loop):
    assert "0 carried out, 0 of them incomplete" in said(loop.paper("record", "html"))
    loop.erase(Asked(words=("cancel the subscription now",)))
    text = said(loop.paper("record", "html"))
    assert "1 carried out, 0 of them incomplete" in text and "retired: its weights are deleted" in text
    assert "cancel the subscription" not in text


def test_a_broken_ledger_is_not_called_whole(loop):
    import sqlite3

    assert "the chain is whole" in said(loop.paper("record", "html"))
    with sqlite3.connect(loop.workspace.state / "records.sqlite") as database:
        database.execute("UPDATE ledger SET who = 'mallory' WHERE number = 2")
    assert "does NOT hold" in said(loop.paper("record", "html"))


@pytest.mark.parametrize("name", ["record", "impact"])
def test_the_chinese_edition_keeps_no_english_words(loop, name):
    text = said(loop.paper(name, "html", "zh"))
    known = {"Beside", "GDPR", "PIPL", "Art", "toy", "corpus", "release", "olga", "bank", "UTC", "sort", "mail", "the", "shelf"}
    known |= {"English", "SQLite", "HTTP", "TLS", "argon2id", "argon", "AES", "GCM", "IBAN", "record", "impact"}
    known |= {part for key in KEYS for part in key.split("_")}  # each question stands there with its key
    left = set(re.findall(r"\b[A-Za-z]{3,}", re.sub(r"&\w+;|(release|record|impact)-\w+", "", text)))
    assert left <= known, left - known


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("format", ["md", "pdf"])
def test_other_formats_print_the_same(loop, format, language):
    if format == "pdf" and language == "zh" and chinese_font() is None:
        pytest.skip("no Chinese font is installed")
    for name in ("record", "impact"):
        content = loop.paper(name, format, language)
        assert content.startswith(b"%PDF-" if format == "pdf" else b"#"), content[:40]


@pytest.mark.parametrize("given", [("diary", "md", "en"), ("record", "exe", "en"), ("record", "md", "fr")])
def test_what_there_is_not_is_refused_with_what_there_is(loop, given):
    with pytest.raises(UnknownName, match="There is no"):
        loop.paper(*given)


@pytest.mark.parametrize("role", ROLES)
def test_only_a_privacy_officer_or_an_admin_may_have_them_made(loop, role):
    other = Loop(loop.workspace, Actor(name="pat", roles=(role,)))
    if role in ("admin", "privacy_officer"):
        assert b"pat" in other.paper("record")
        return
    with pytest.raises(NotPermitted):
        other.paper("record")


def test_both_languages_have_the_same_words():
    home = Path(card_words.__file__).parent
    english, chinese = (tomllib.loads((home / f"processing.{code}.toml").read_text(encoding="utf-8")) for code in ("en", "zh"))
    assert {name: list(words) for name, words in english.items()} == {name: list(words) for name, words in chinese.items()}
    for name, words in english.items():
        for key, text in words.items():
            assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", chinese[name][key])), (name, key)


def test_the_commands_print_markdown_or_write_a_file(loop, tmp_path):
    run, at = CliRunner(), ["-w", str(loop.workspace.folder)]
    shown = run.invoke(app, ["record", *at])
    assert shown.exit_code == 0 and shown.stdout.startswith("# Record of processing activities")
    told = run.invoke(app, ["impact", *at, "--language", "zh", "--out", str(tmp_path / "i.html"), "--json"])
    assert json.loads(told.stdout)["path"] == str(tmp_path / "i.html")
    assert "个人信息保护影响评估" in (tmp_path / "i.html").read_text(encoding="utf-8")
    assert run.invoke(app, ["record", *at, "--format", "pdf"]).exit_code == 2


def test_over_http_they_are_sandboxed_and_for_those_who_may(loop):
    key = loop.workspace.people.add(loop.actor, "pat", ["privacy_officer"])
    client = TestClient(create_app(loop.workspace), base_url="http://127.0.0.1:8321", client=("127.0.0.1", 5))
    answer = client.get("/v1/documents/impact.en.html", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200 and answer.headers["content-security-policy"].startswith("sandbox")
    assert client.get("/v1/documents/impact.en.html").status_code == 403
    for odd in ("impact", "impact.en", "impact.en.html.exe", "..%2Frecord.en.md"):
        assert client.get(f"/v1/documents/{odd}", headers={"Authorization": f"Bearer {key}"}).status_code in (404, 422)


def test_tables_in_markdown_are_tables(loop):
    lines = loop.paper("record").decode().splitlines()
    ruler = lines[next(place for place, line in enumerate(lines) if line.startswith("| corpus")) + 1]
    assert re.fullmatch(r"\|(--+:?\|)+", ruler), ruler


def test_an_edition_is_as_of_the_moment_it_was_made(loop):
    at = datetime(2026, 1, 2, 3, 4, tzinfo=UTC) + timedelta(days=1)
    told = Loop(loop.workspace, loop.actor, clock=lambda: at).paper("record").decode()
    assert "2026-01-03 03:04 UTC" in told
