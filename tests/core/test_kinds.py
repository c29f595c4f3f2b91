"""Names of kinds inside a text, in the language of the words around them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beside.core import registry
from beside.core.kinds import NAMES, placeholder
from beside.core.protecting import plan
from beside.protection import spans
from beside.protection.acting import Protector

NAMED = Protector(plan(default="name"))


@pytest.mark.parametrize(
    "text, said",
    [
        ("请致电 13800138000 联系我", "请致电 [电话号码] 联系我"),
        ("please call 13800138000 soon", "please call [telephone number] soon"),
        ("我的邮箱是 anna@example.com，call me at 13800138000", "我的邮箱是 [电子邮箱]，call me at [telephone number]"),
        ("13800138000 是我的电话", "[电话号码] 是我的电话"),
        ("13800138000", "[telephone number]"),
    ],
)
def test_a_kind_is_named_in_the_language_of_the_words_around_it(text, said):
    assert NAMED.text(text).text == said


def test_every_recognizer_has_a_name_in_both_languages():
    assert NAMES.keys() == set(registry.names("recognizers"))
    assert placeholder("something_new", "我", 1, 1) == "[something new]", "one that is added later is called by its name"


@pytest.mark.parametrize("kind", sorted(NAMES))
@pytest.mark.parametrize("frame", ["请联系 {} 谢谢", "please ask {} today", "{}"])
def test_what_stands_there_is_no_personal_data_itself(kind, frame):
    for name in NAMES[kind]:
        assert spans(frame.format(f"[{name}]")) == []


@given(st.text(), st.text(), st.sampled_from(sorted(NAMES)))
def test_any_text_around_a_value_gives_one_of_the_two_names(before, after, kind):
    text = f"{before}x{after}"
    assert placeholder(kind, text, len(before), len(before) + 1) in {f"[{name}]" for name in NAMES[kind]}
