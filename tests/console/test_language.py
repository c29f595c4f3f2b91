"""Which language a person reads, and that switching keeps the page."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from beside.console.language import Language, accepted


@pytest.mark.parametrize(
    "header, first",
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en;q=0.5, zh-Hans;q=0.9", "zh"),
        ("fr, en;q=0.1", "fr"),
        ("zh;q=0, en", "en"),
        ("de;q=x", None),
    ],
)
def test_what_a_browser_wants_most_comes_first(header, first):
    assert next(iter(accepted(header)), None) == first


def test_the_address_outweighs_the_cookie_and_the_cookie_the_browser(full):
    visitor = full.visit(language="en")
    assert '<html lang="en">' in visitor.get("/").text
    answer = visitor.get("/?lang=zh")
    assert '<html lang="zh-Hans">' in answer.text
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert '<html lang="zh-Hans">' in visitor.get("/review").text
    assert '<html lang="en">' in visitor.get("/review?lang=en").text
    assert '<html lang="en">' in visitor.get("/review").text


def test_a_language_that_is_not_there_changes_nothing(full):
    answer = full.visit().get("/?lang=xx")
    assert '<html lang="en">' in answer.text
    assert "set-cookie" not in answer.headers


def test_switching_keeps_the_page_and_drops_a_key(full):
    page = full.visit().get("/evidence?run=run-toy&lang=en").text
    assert 'href="/evidence?run=run-toy&amp;lang=zh"' in page
    assert "key=" not in full.visit().get("/sign-in?key=wrong").text.replace("?key=", "")


def test_dates_and_numbers_are_written_as_the_language_does():
    moment = datetime(2026, 11, 3, 10, 31, tzinfo=UTC).astimezone()
    english, chinese = Language("en"), Language("zh")
    assert english.day(moment) == "Nov 3, 2026"
    assert chinese.day(moment) == "2026年11月3日"
    assert english.moment(moment).endswith(moment.strftime("%H:%M"))
    assert english.number(12345.6789) == "12,345.679"
    assert english.count("%(n)s row", "%(n)s rows", 1) == "1 row"
    assert chinese.count("%(n)s row", "%(n)s rows", 2) == "2 行"


@pytest.mark.parametrize("value, shown", [(1.0, "> 99.9%"), (0.9999, "> 99.9%"), (0.5, "50.0%"), (0.0, "< 0.1%")])
def test_rounding_makes_nothing_certain(value, shown):
    assert Language("en").share(value) == shown
