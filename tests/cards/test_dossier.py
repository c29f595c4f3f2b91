"""The dossier prints nothing that is not in the facts, and says so where nobody wrote or measured."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from huggingface_hub import ModelCard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beside.cards.dossier import DOCUMENTS, printed, render
from beside.cards.facts import Facts
from beside.cards.numbers import number
from beside.cards.parts import id_of
from beside.cards.words import LANGUAGES, Words, read_words
from beside.core.errors import BadInput
from beside.core.questions import KEYS, QUESTIONS
from beside.core.statements import Statement, stated

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAMES = [f"dossier/{name}.{language}" for name in DOCUMENTS for language in LANGUAGES]
VOID = {"meta", "path", "rect", "circle", "line", "image", "use", "br"}


def a_statement(key: str = "oversight", text: str = "The shift lead may stop it.", language: str = "en") -> Statement:
    return stated(key, language, text, "Anna", NOON)


@pytest.fixture(scope="session")
def written(facts: Facts) -> dict[str, str]:
    """Every file of the dossier of a release in which two questions are answered."""
    said = (a_statement(), a_statement("intended_purpose", "分拣一个客服组的邮件。", "zh"))
    return {name: content.decode() for name, content in render(replace(facts, statements=said)).items()}


def one(facts: Facts, name: str, language: str, ending: str = "md") -> str:
    """One document alone."""
    document = DOCUMENTS[name](facts, Words(language))
    return printed(document, "dossier/x.{language}", up="../")[f"dossier/x.{language}.{ending}"].decode()


def shown(html: str) -> str:
    """What a person reads of a page, without pictures."""
    return re.sub(r"<style>.*?</style>|<svg.*?</svg>|<[^>]+>", " ", html, flags=re.DOTALL)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("ending", ["html", "md"])
def test_every_figure_is_one_of_the_facts(written: dict[str, str], facts: Facts, name: str, ending: str) -> None:
    text = written[f"{name}.{ending}"]
    body = shown(text) if ending == "html" else text.split("---\n", 2)[-1] if text.startswith("---") else text
    scores = [0.8]  # every score of the report of this world
    known = {number(value).lstrip("−") for one in facts.findings for value in (one.value, one.low, one.high)}
    known |= {number(score) for score in scores}
    found = set(re.findall(r"(?<![\w.])\d+\.\d{3}(?![\d.])", body))
    assert found <= known, found - known
    if "datasheet" not in name:
        assert {number(one.value) for one in facts.findings} <= found


@pytest.mark.parametrize("name", ["card", "technical-file"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_finding_stands_in_its_row_with_its_own_numbers(
    written: dict[str, str], facts: Facts, name: str, language: str
) -> None:
    rows = re.findall(r"^\| \*\*.+\]\(#finding-[^)]+\) \|$", written[f"dossier/{name}.{language}.md"], flags=re.M)
    told = {}
    for row in rows:
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]
        told[re.search(r"\(#(.+)\)", cells[7])[1]] = (cells[1], cells[2], cells[3])
    assert told == {one.id: (number(one.value), f"{number(one.low)} – {number(one.high)}", str(one.n)) for one in facts.findings}


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_to_a_source_with_its_hash(written: dict[str, str], facts: Facts, name: str) -> None:
    html, markdown = written[f"{name}.html"], written[f"{name}.md"]
    for text, link, anchor in ((html, r'href="#([^"]+)"', r'\bid="([^"]+)"'), (markdown, r"\]\(#([^)]+)\)", r'<a id="([^"]+)">')):
        anchors = re.findall(anchor, text)
        assert set(re.findall(link, text)) <= set(anchors) and len(set(anchors)) == len(anchors)
        assert {one.id for one in facts.findings} <= set(anchors)
    visible = shown(html)
    for digest in (facts.run.model, facts.corpus.examples, facts.corpus.report, *(one.evidence for one in facts.findings)):
        assert str(digest) in visible


def test_a_changed_finding_changes_the_documents(written: dict[str, str], facts: Facts) -> None:
    first = facts.findings[0].model_copy(update={"value": 0.777, "low": 0.701, "high": 0.842, "id": "finding-other"})
    changed = replace(facts, findings=(first, *facts.findings[1:]))
    for name in ("card", "technical-file"):
        text = one(changed, name, "en")
        assert "0.777 | 0.701 – 0.842" in text and "finding-other" in text and "0.900" not in text.split("---\n")[-1]
        assert "0.777" not in written[f"dossier/{name}.en.md"]


def test_what_nobody_wrote_is_called_unwritten(facts: Facts, written: dict[str, str]) -> None:
    bare = [one(facts, name, "en") for name in DOCUMENTS]
    for key in KEYS:
        assert any(f"*Not written yet.* ({key})".replace("_", r"\_") in text for text in bare), key
    assert "尚未填写" in one(facts, "technical-file", "zh")
    assert "*Not written yet.* (oversight)" not in written["dossier/technical-file.en.md"]


def test_a_statement_stands_with_author_date_language_and_source(written: dict[str, str]) -> None:
    for name in ("card", "technical-file"):
        text = written[f"dossier/{name}.zh.md"]
        assert "> The shift lead may stop it." in text and "Anna，2026-03-01 · 以英文写成" in text
        assert f"(#{id_of(a_statement())})" in text
    assert "Anna, 2026-03-01" in written["dossier/card.en.md"] and "written in Chinese" in written["dossier/card.en.md"]


def test_what_is_unknown_stays_unknown(facts: Facts) -> None:
    run = facts.run.model_copy(update={"versions": {}, "history": ()})
    corpus = facts.corpus.model_copy(update={"report": None})
    unknown = replace(facts, run=run, corpus=corpus, report=None, findings=(), evidence={}, skipped=())
    technical, sheet = one(unknown, "technical-file", "en"), one(unknown, "datasheet", "en")
    assert "Nothing was measured." in technical and "There is no intake report" in technical and "\n\nunknown (" in technical
    assert "**Languages**: unknown" in sheet and "**Persons told apart**: unknown" in sheet


def test_a_base_that_read_own_text_is_said_to_be_one_that_may_repeat_it(facts: Facts) -> None:
    recipe = facts.run.recipe.model_copy(update={"base": "base-0123456789ab"})
    own = replace(facts, run=facts.run.model_copy(update={"recipe": recipe}))
    assert "base-0123456789ab, pre-trained in the same workspace" in one(own, "technical-file", "en")
    assert "base-0123456789ab，在同一工作区用自有的无标注文本预训练" in one(own, "technical-file", "zh")
    assert "may repeat" not in one(facts, "technical-file", "en")


def test_the_technical_file_has_the_nine_sections_of_the_annex_and_the_datasheet_seven(written: dict[str, str]) -> None:
    for name, marks in (("technical-file", 9), ("datasheet", 7)):
        for language in LANGUAGES:
            found = re.findall(r"^## (\d)", written[f"dossier/{name}.{language}.md"], flags=re.M)
            assert found == [str(mark) for mark in range(1, marks + 1)]
    assert (
        "《个人信息保护法》第五十五条" in written["dossier/technical-file.zh.md"]
        and "不是法律意见" in written["dossier/technical-file.zh.md"]
    )


@pytest.mark.parametrize("name", ["card.md", "card.zh.md", "dossier/card.en.md"])
def test_the_markdown_card_is_one_that_the_hub_takes(written: dict[str, str], facts: Facts, name: str) -> None:
    data = ModelCard(written[name]).data
    assert data.pipeline_tag == "text-classification" and data.library_name == "beside" and data.eval_results
    assert [one.metric_value for one in data.eval_results] == [one.value for one in facts.findings]


class Balanced(HTMLParser):
    """Refuses tags that are not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        assert tag not in ("script", "iframe", "img", "link", "b1")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    text=st.text(min_size=1)
    | st.sampled_from(["</blockquote><script>x</script>", "{{ 7*7 }}", "# a\n- b\n> c\n```", "<img src=x>"])
)
def test_whatever_people_write_cannot_leave_its_place(facts: Facts, text: str) -> None:
    try:
        said = a_statement("data_motivation", text)
    except BadInput:
        return
    named = replace(facts, statements=(said,))
    html, markdown = one(named, "datasheet", "en", "html"), one(named, "datasheet", "en")
    page = Balanced()
    page.feed(html)
    page.close()
    assert page.open == []
    assert len(re.findall(r"^## ", markdown, flags=re.M)) == 8 and "<img" not in markdown and "<script" not in markdown


def test_both_languages_say_all_of_it() -> None:
    english, chinese = read_words("en"), read_words("zh")
    for name in ("document", "datasheet", "technical"):
        assert english[name].keys() == chinese[name].keys()
        for key, text in english[name].items():
            if isinstance(text, str):
                assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", chinese[name][key])), key
                assert re.search("[\u4e00-\u9fff]", chinese[name][key]) or key in ("sha256", "signed"), key
            else:
                assert [len(row) for row in text] == [len(row) for row in chinese[name][key]]


def test_the_same_facts_make_the_same_bytes_at_any_time(facts: Facts) -> None:
    assert one(facts, "technical-file", "zh", "html") == one(replace(facts), "technical-file", "zh", "html")
    later = replace(facts, statements=(a_statement().model_copy(update={"at": NOON + timedelta(days=9)}),))
    assert later.date == "2026-03-10" and facts.date == "2026-03-01"


def test_every_question_is_asked_in_some_document(facts: Facts) -> None:
    for language in LANGUAGES:
        text = " ".join(shown(one(facts, name, language, "html")) for name in DOCUMENTS)
        assert all(question.asked(language) in text for question in QUESTIONS)
