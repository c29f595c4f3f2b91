"""Statements: what may be kept, which one counts, what a policy asks for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beside.core.errors import BadInput, BadOption, UnknownName
from beside.core.policies import read_policy
from beside.core.questions import KEYS, QUESTIONS
from beside.core.recipe import Policy
from beside.core.statements import LONGEST, answer, current, missing, objections, stated

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def a_statement(key="oversight", text="The shift lead watches.", language="en", hours=0):
    return stated(key, language, text, "Anna", NOON + timedelta(hours=hours))


def test_every_question_has_words_and_help_in_both_languages():
    assert len(set(KEYS)) == len(KEYS)
    for question in QUESTIONS:
        assert all(len(text) > 4 for text in (*question.en, *question.zh))
        assert any("\u4e00" <= sign <= "\u9fff" for sign in question.zh[0] + question.zh[1])
        assert not any("\u4e00" <= sign <= "\u9fff" for sign in question.en[0] + question.en[1])


def test_the_newest_counts_and_each_language_has_its_own():
    old, new, chinese = (
        a_statement(),
        a_statement(text="Two people watch.", hours=1),
        a_statement(text="由值班主管监督。", language="zh"),
    )
    assert current([new, old, chinese]) == (new, chinese)
    assert answer([old, new, chinese], "oversight", "zh") == chinese
    assert answer([old, new], "oversight", "zh") == new
    assert answer([old, new], "contact", "en") is None


@pytest.mark.parametrize("text", ["", " \n\t ", "x" * (LONGEST + 1), "a\x00b", "a\x1bb", "half \ud800 pair", "\ufffe"])
def test_what_no_page_can_show_is_refused(text):
    with pytest.raises(BadInput):
        a_statement(text=text)


def test_an_unknown_question_or_language_is_refused_with_what_there_is():
    with pytest.raises(UnknownName, match="no statement 'oversigt'") as refused:
        a_statement(key="oversigt")
    assert "Did you mean 'oversight'?" in refused.value.hint
    with pytest.raises(BadOption, match="language 'fr'"):
        a_statement(language="fr")


@given(st.text())
def test_a_statement_is_kept_as_it_was_written_or_refused(text):
    try:
        kept = a_statement(text=text).text
    except BadInput:
        return
    assert kept == text.replace("\r\n", "\n").strip()


def test_what_a_policy_requires_comes_first_and_is_objected_to():
    policy = Policy(name="p", statements=("oversight", "responsible"))
    assert objections(policy, {"responsible"}) == ["The statement 'oversight' is required by the policy and not written yet."]
    assert missing(policy, {"responsible"})[0] == "oversight" and len(missing(policy, {"responsible"})) == len(KEYS) - 1
    assert objections(Policy(name="p"), set()) == []


def test_the_strict_policy_requires_what_a_regulator_asks_first():
    assert set(read_policy("strict").statements) == {"intended_purpose", "foreseeable_misuse", "oversight", "responsible"}
    assert read_policy("default").statements == () == read_policy("sandbox").statements


def test_a_policy_cannot_require_a_question_that_there_is_not():
    with pytest.raises(ValueError, match="there is no statement 'mood'"):
        Policy(name="p", statements=("mood",))
