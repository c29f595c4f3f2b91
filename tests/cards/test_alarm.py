"""An alarm says what changed, since when and what to do, in two languages that say the same."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import beside.cards
from beside.cards.alarm import alarm, changes, share, since, to_do
from beside.cards.words import Words
from beside.core.drift import Look, Shift
from beside.core.moved import Moved

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LENGTH = (Moved(what="length", before=40, now=1200),)


def look(*alarms, day=0, moved=LENGTH, **more):
    shifts = [
        Shift(aspect=one, measure="gap", value=0.2, p=0.001 if one in alarms else 0.5, alpha=0.005, moved=moved)
        for one in ("language", "length")
    ]
    facts = {"release_id": "release-1", "since": NOON - timedelta(days=9), "n": 1000, "tune": 300, "days": 1, "budget": 1, **more}
    return Look(at=NOON + timedelta(days=day), shifts=tuple(shifts), **facts)


def test_both_languages_say_the_same_things_with_the_same_figures():
    home = Path(beside.cards.__file__).parent
    read = [tomllib.loads((home / f"alarm.{code}.toml").read_text(encoding="utf-8")) for code in ("en", "zh")]
    english, chinese = ({(name, key): text for name, section in one.items() for key, text in section.items()} for one in read)
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", chinese[key])), key


@pytest.mark.parametrize(
    ("code", "told"), [("en", "half of the texts have up to 40 → 1,200 characters"), ("zh", "40 → 1,200 个字符")]
)
def test_what_changed_is_told_in_figures(code, told):
    title, words = alarm(look("length"), None, False, Words(code))
    assert "release-1" in title and told in words and "{" not in words


def test_what_to_do_depends_on_whether_it_still_answers():
    words = Words("en")
    assert "beside resume release-1" in to_do("release-1", True, words)[1]
    assert "nothing need be done" in to_do("release-1", False, words)[1]
    assert "nobody gets an answer" in alarm(look("length"), None, True, words)[1]


def test_since_when_it_is_so_depends_on_the_looks_before():
    words, first = Words("en"), look("length", begun={"length": NOON})
    assert "nobody had looked before" in since(first, None, words)
    assert "found nothing" in since(look("length", day=1), look(), words)
    assert "other differences" in since(look("language", day=1), first, words)
    assert "A reminder: noticed on 2026-11-20" in since(look("length", day=31, begun={"length": NOON}), first, words)
    assert "lengths have been different since 2026-11-20" in since(
        look("language", "length", day=2, begun={"length": NOON}), first, words
    )


def test_after_an_accepted_drift_it_is_compared_with_what_came_right_after():
    words = alarm(look("length", day=5, accepted=NOON, accepted_n=500), look("length"), False, Words("en"))[1]
    assert "has changed again since people let it answer on 2026-11-20" in words and "the 500 answers right after" in words
    assert "nobody had looked before" in words  # with these


def test_differences_too_small_to_show_are_said_to_be_spread_and_looks_from_before_show_none():
    words = Words("en")
    spread = look("length", moved=(Moved(what="sure", before=0.8, now=0.8001),)).shifts[1]
    assert "spread" in changes(spread, words) and changes(look("length", moved=()).shifts[1], words) == ""


@pytest.mark.parametrize(
    ("value", "shown"), [(0, "0 %"), (0.001, "<1 %"), (0.004999, "<1 %"), (0.5, "50 %"), (0.999, ">99 %"), (1, "100 %")]
)
def test_rounding_makes_nothing_certain(value, shown):
    assert share(value) == shown
