"""PDFs open, say what the other editions say, are the same bytes every time, and need no font that is not there."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import typst

from beside.cards import typeset
from beside.cards.dossier import DOCUMENTS, pdfs
from beside.cards.facts import Facts
from beside.cards.words import Words
from beside.core.statements import stated

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
WILD = '#import "@preview/x:1.0.0"\n#panic("x") $ * _ <label> @ref \\ // /* ` \\u{0} = h'


@pytest.fixture
def no_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typeset, "chinese_font", lambda: None)


def english(facts: Facts, name: str = "datasheet") -> bytes | None:
    return typeset.pdf(DOCUMENTS[name](facts, Words("en")))


def test_the_dossier_has_a_pdf_of_each_document_and_language(facts: Facts) -> None:
    made = pdfs(facts)
    languages = ("en", "zh") if typeset.chinese_font() else ("en",)
    assert set(made) == {f"dossier/{name}.{language}.pdf" for name in DOCUMENTS for language in languages}
    assert all(content.startswith(b"%PDF-") and content.rstrip().endswith(b"%%EOF") for content in made.values())


def test_the_same_document_gives_the_same_bytes(facts: Facts) -> None:
    assert english(facts) == english(replace(facts))
    changed = replace(facts, test_uses=facts.test_uses + 1)
    assert english(facts) != english(changed)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_pages_hold_every_source_of_the_document(facts: Facts, language: str) -> None:
    document = DOCUMENTS["technical-file"](facts, Words(language))
    given = typeset.layout(document)
    if given is None:
        pytest.skip("no Chinese font is installed")
    found = json.loads(typst.query(typeset.LAYOUT.read_bytes(), "metadata", field="value", **given))
    assert found == [row[0] for row in document.sections[-1].blocks[0].rows]
    headings = json.loads(typst.query(typeset.LAYOUT.read_bytes(), "heading.where(level: 1)", **given))
    assert len(headings) == len(document.sections) == 11


def test_what_people_write_is_shown_and_never_run(facts: Facts) -> None:
    said = stated("data_motivation", "en", WILD, "#eval(1)", NOON)
    assert (english(replace(facts, statements=(said,))) or b"").startswith(b"%PDF-")


def test_english_documents_need_no_font_of_the_machine(facts: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    real = typeset.fonts
    monkeypatch.setattr(typeset, "fonts", lambda outside: asked.append(outside) or real(outside))
    english(facts)
    assert asked == [False]


@pytest.mark.usefixtures("no_chinese")
def test_without_a_chinese_font_there_is_no_chinese_pdf_and_a_person_is_told_how_to_get_one(facts: Facts) -> None:
    assert typeset.pdf(DOCUMENTS["datasheet"](facts, Words("zh"))) is None
    said = stated("data_motivation", "zh", "客服", "李", NOON)
    assert english(replace(facts, statements=(said,))) is None and english(facts) is not None
    assert "fonts-noto-cjk" in typeset.without_chinese()


def test_the_manifest_can_name_what_the_bytes_depend_on() -> None:
    assert set(typeset.printer()) == {"typst", "chinese_font"}
