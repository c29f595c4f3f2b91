"""Every word of the product has a Chinese one, and every sentence that it makes is known by its shape."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import beside
import beside.console
from beside.console import terms
from beside.console.language import CATALOGUES, Language
from beside.console.sentences import NOTES, SENTENCES
from beside.console.words import Words
from beside.core import registry
from beside.core.gate import objections
from beside.core.policies import POLICIES, read_policy
from beside.core.recipe import Limit, Policy
from beside.core.types import Finding, Signature

KEYWORDS = {"_": None, "N_": None, "say": None, "gettext": None, "ngettext": (1, 2), "count": (1, 2)}
HOME = Path(beside.console.__file__).parent
NOW = datetime(2026, 11, 3, tzinfo=UTC)
PLACEHOLDER = re.compile(r"%(?:\(\w+\)s|%)")


def said_by_pages() -> Iterator[str | tuple[str, ...]]:
    """Every message in templates and pages."""
    for _, _, message, _, _ in extract_from_dir(HOME, [("**.py", "python"), ("**.html", "jinja2")], keywords=KEYWORDS):
        yield message


def said_elsewhere() -> Iterator[str]:
    """What policies say of themselves, in their own files."""
    for file in POLICIES.glob("*.toml"):
        policy = read_policy(file.stem)
        yield from (policy.purpose, *(limit.reason for limit in policy.limits), *policy.checklist.values())


@pytest.fixture(scope="module")
def catalogue():
    with (CATALOGUES / "zh" / "LC_MESSAGES" / "beside.po").open("rb") as file:
        return {message.id: message.string for message in read_po(file, locale="zh") if message.id}


def test_every_word_has_a_chinese_one_and_no_chinese_word_is_left_over(catalogue):
    wanted = {*said_by_pages(), *said_elsewhere()}
    assert wanted - catalogue.keys() == set()
    assert catalogue.keys() - wanted == set()
    assert [message for message, chinese in catalogue.items() if not (chinese if isinstance(chinese, str) else all(chinese))] == []


def test_a_translation_fills_in_what_its_message_fills_in(catalogue):
    for message, chinese in catalogue.items():
        one, many = (message, message) if isinstance(message, str) else message
        for text in [chinese] if isinstance(chinese, str) else chinese:
            wanted = sorted(PLACEHOLDER.findall(many))
            assert sorted(PLACEHOLDER.findall(text)) in (wanted, sorted(PLACEHOLDER.findall(one)), [*wanted]), message


def test_the_aspect_of_every_check_has_a_name():
    for check in registry.names("checks"):
        assert check.split("/")[0] in terms.ASPECTS


def test_every_stage_of_work_has_a_name():
    source = Path(beside.__file__).parent
    told = {
        name for file in source.rglob("*.py") for name in re.findall(r'progress\.step\("(\w+)"', file.read_text(encoding="utf-8"))
    }
    assert told <= terms.STAGES.keys()
    assert {"read", "train", "audit"} <= told


@pytest.mark.parametrize(
    "note, told",
    [
        ("epoch 2/3, loss 0.512, about 40 s left", "约剩 40 秒"),
        ("about 3 min left", "约剩 3 分钟"),
        ("utility/report, about 1.5 h left", "约剩 1.5 小时"),
        ("rows", ""),
    ],
)
def test_what_work_says_of_itself_becomes_the_time_that_is_left(note, told):
    assert Words(Language("zh")).note({"note": note}) == told


@pytest.mark.parametrize("code", ["en", "zh"])
def test_all_that_the_gate_may_object_to_is_said_in_the_persons_language(code):
    limits = [Limit(check="utility/report", metric="macro_f1", limit=limit, reason="so") for limit in (0.9, 0.79)]
    policy = Policy(name="p", quorum=2, limits=tuple(limits), block_inconclusive=True)
    rejection = Signature(who="Mei", role="reviewer", decision="reject", reason="No: too few.\nReally.", at=NOW, over="seal")
    found = [
        Finding(
            id="f",
            run_id="r",
            check="utility/report",
            metric="macro_f1",
            unit="score",
            better=better,
            value=0.8,
            low=0.75,
            high=0.82,
            n=n,
            seed=0,
            made_at=NOW,
        )
        for better, n in (("higher", 100), ("higher", 9), ("lower", 100))
    ]
    reasons = objections(policy, [], [], "seal", NOW) + objections(policy, found, [rejection], "seal", NOW)
    approved = [rejection.model_copy(update={"decision": "approve", "who": who}) for who in ("Mei", "Jon")]
    reasons += objections(Policy(name="p", quorum=2), [], approved, "seal", NOW + timedelta(days=400))
    words = Words(Language(code))
    for reason in reasons:
        said = str(words.plain(reason))
        assert "lang=" not in said, reason
        assert code == "en" or re.search("[\u4e00-\u9fff]", said), reason
    assert len(reasons) >= 8


def test_the_shapes_of_sentences_name_what_their_messages_fill_in():
    for shape, message in (*SENTENCES, *NOTES):
        given = set(re.compile(shape).groupindex)
        assert set(re.findall(r"%\((\w+)\)s", message)) <= given


def test_a_sentence_whose_shape_nobody_knows_stays_and_is_marked_as_english():
    said = Words(Language("zh")).plain("The <moon> is full.")
    assert said == '<span lang="en" translate="no">The &lt;moon&gt; is full.</span>'
    assert Words(Language("zh")).plain("") == ""


def test_several_reasons_are_said_one_by_one():
    told = (
        "The release 'release-1' may not be served. Its state is 'draft'. 0 of 1 needed approvals by a reviewer over this bundle."
    )
    said = str(Words(Language("zh")).plain(told))
    assert not re.search(r"[A-Za-z]{3,}", said.replace("release-1", ""))


@pytest.mark.parametrize("value, shown", [(0.5, "+0.50"), (-0.25, "−0.25"), (0.0, "0.00"), (-0.001, "0.00")])
def test_a_gap_carries_its_sign(value, shown):
    assert Words(Language("en")).signed(value, 2) == shown
