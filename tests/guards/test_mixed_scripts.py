"""Homoglyphs are noticed, and ordinary ways of mixing scripts are not."""

from __future__ import annotations

import pytest

from beside.guards.mixed_scripts import reason


@pytest.mark.parametrize(
    "text",
    [
        "log in to pаypal now",  # Cyrillic a
        "the аррӏе store",  # all Cyrillic
        "free Αpple gift",  # Greek capital Alpha
        "your pass\u200bword",
        "win a 𝐟𝐫𝐞𝐞 phone",
        "请登录 pаypal 领取红包",
    ],
)
def test_a_trick_is_noticed(text):
    assert reason(text)


@pytest.mark.parametrize(
    "text",
    [
        "我的 iPhone 15 和 WiFi 都坏了，微信转账 100 元",
        "Ｈｅｌｌｏ，全角字母",
        "Привет, купил IT-компанию и WhatsAppе",
        "Δt is 5 µs at 3 kΩ, β-carotene and αβ",
        "café, naïve, Straße, Łódź, İstanbul",
        "Москва is the capital; so is Αθήνα",
        "日本語とEnglish、한국어 text",
        "👩‍👩‍👧 family \ufe0f",
        "می‌خواهم",
        "plain ascii",
    ],
)
def test_ordinary_writing_is_not(text):
    assert reason(text) is None
