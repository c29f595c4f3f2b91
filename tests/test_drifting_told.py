"""Whom an alarm is told to, when again, and what it says: figures in the language of the workspace, no word of a text."""

from __future__ import annotations

import pytest
from tests.asked import foreign, usual

from beside.core.drift import WAYS, Told
from beside.core.errors import BadInput, NotPermitted
from beside.core.types import Actor
from beside.loop import Loop

HOOK = '[alerts]\nwebhook = "http://127.0.0.1:9/"\n'


@pytest.fixture
def sent(monkeypatch):
    """What is sent, and by which ways it arrives: a list of (title, words, facts, way), and `sent.works`."""

    class Sent(list):
        works = WAYS

    got = Sent()

    def send(alerts, title, words, facts, ways=WAYS):
        for way in ways if alerts else ():
            got.append((title, words, facts, way))
            works = way in got.works
            yield Told(way=way, sent=works, why="" if works else "it answered 500")

    monkeypatch.setattr("beside.drifting.send", send)
    return got


def a_day_later(loop):
    loop.later(days=1)
    return loop.drift_of()


def test_an_alarm_is_sent_with_its_figures_and_no_word_of_a_text(asked, sent):
    loop = asked(usual(n=40) + foreign(), HOOK)
    look = loop.drift_of()
    title, words, facts, _ = sent[0]
    assert (
        loop.name in title and "meaning of the texts: 0 % → 60 % of the texts" in words and "characters" in words and "ATC" in words
    )
    assert "It goes on answering" in words and "3. If its answers" in words
    assert facts["look"]["alarms"] == list(look.alarms) == list(look.news) and look.told[0].sent
    assert not any(word in f"{title}{words}{facts}" for word in ("fox", "parcel"))


def test_a_workspace_in_chinese_sends_chinese(asked, sent):
    asked(usual(n=40) + foreign(), f'[workspace]\nlanguage = "zh"\n{HOOK}', on_drift="suspend").drift_of()
    title, words, facts, _ = sent[0]
    assert "提的问题变了" in title and "文字的含义：" in words and "它的批准已被暂停" in words and facts["suspended"]


def test_without_alarm_nothing_is_sent(asked, sent):
    assert asked(usual(), HOOK).drift_of().told == () and sent == []


def test_an_alarm_is_told_once_and_after_30_days_as_a_reminder(asked, sent):
    loop = asked(usual(n=40) + foreign(), HOOK)
    first = loop.drift_of()
    for _ in range(3):
        last = a_day_later(loop)
        assert last.told == () == last.news and last.begun["length"] == first.at
    assert len(sent) == 2
    loop.later(days=26)
    assert a_day_later(loop).news and len(sent) == 4
    assert "A reminder: noticed on" in sent[-1][1]


def test_a_way_that_failed_is_tried_again_and_only_that_one(asked, sent):
    loop = asked(usual(n=40) + foreign(), HOOK)
    sent.works = ("webhook",)
    assert [(one.way, one.sent, one.why) for one in loop.drift_of().told] == [
        ("webhook", True, ""),
        ("email", False, "it answered 500"),
    ]
    assert [one.way for one in a_day_later(loop).told] == ["email"]
    sent.works = WAYS
    assert [(one.way, one.sent) for one in a_day_later(loop).told] == [("email", True)]
    assert a_day_later(loop).told == ()


def test_a_suspension_is_told_although_the_alarm_is_known(asked, sent):
    loop = asked(usual(n=40) + foreign(), HOOK, on_drift="suspend")
    loop.drift_of()
    loop.resume(loop.name, "good enough")
    loop.later(minutes=1)
    loop.ask(foreign(80))
    loop.later(minutes=1)
    loop.ask(usual(n=80))
    assert a_day_later(loop).suspended and len(sent) == 4
    assert "has changed again since people let it answer on" in sent[-1][1]


def test_a_trial_goes_the_same_ways_and_says_that_it_is_one(asked, sent):
    loop = asked(usual(n=30), HOOK)
    assert [one.way for one in loop.try_alerts()] == list(WAYS)
    title, words, facts, _ = sent[0]
    assert "trial" in title and "Nothing has drifted" in words and facts == {"trial": True}


def test_a_trial_needs_somebody_to_send_it_to_and_somebody_who_may(asked, sent):
    loop = asked(usual(n=30))
    with pytest.raises(BadInput, match="Nobody is named"):
        loop.try_alerts()
    with pytest.raises(NotPermitted):
        Loop(loop.workspace, Actor(name="anna", roles=("user",))).try_alerts()
