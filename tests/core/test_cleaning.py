from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from beside.core.cleaning import cell_text, clean, example_id, label_key, near_key, pseudonym, same_hash

WILD = st.text(alphabet=st.characters(exclude_categories=()), max_size=80)  # lone surrogates included


@given(WILD)
def test_cleaning_twice_changes_nothing_more_and_leaves_text_that_can_be_written(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert once.encode("utf-8").decode() == once
    assert once == once.strip()


def test_control_characters_go_and_line_ends_become_plain() -> None:
    assert clean("\ufeff a\x00b\r\nc\rd\u2028e\x1f\x7f ") == "ab\nc\nd\ne"


def test_a_lone_surrogate_becomes_the_replacement_character_and_a_pair_becomes_its_emoji() -> None:
    assert clean("x\ud800y") == "x\ufffdy"
    assert clean("\ud83d\ude00") == "😀"


def test_windows_quotes_that_were_read_as_latin_1_are_mended() -> None:
    assert clean("don\x92t wait\x85") == "don’t wait…"


def test_text_in_any_language_is_left_as_it_is() -> None:
    for text in ("我的卡丢了！", "naïve café", "कि की", "👩‍👩‍👧", "line one\n\tline two"):
        assert clean(text) == text


def test_cells_of_every_kind_become_text() -> None:
    values = [None, float("nan"), 3.0, 2.5, True, 7, date(2026, 1, 2), b"ok", ["a", 1], {"a": "é"}, "as is"]
    assert [cell_text(value) for value in values] == [
        "", "", "3", "2.5", "true", "7", "2026-01-02", "ok", '["a", 1]', '{"a": "é"}', "as is",
    ]  # fmt: skip
    assert cell_text(float("inf")) == "inf"


def test_labels_are_the_same_whatever_their_case_width_and_spaces() -> None:
    assert label_key("Lost  Card ") == label_key("ｌｏｓｔ card") != label_key("lost_card")


def test_near_keys_forget_punctuation_but_not_the_vowel_signs_of_hindi() -> None:
    assert near_key("Hello, World!") == near_key("hello world") == near_key("ＨＥＬＬＯ　ｗｏｒｌｄ。")
    assert near_key("कि") != near_key("की")
    assert near_key(":-)") and near_key(":-)") != near_key(":-(")


def test_the_same_text_has_the_same_hash_however_its_accents_are_composed() -> None:
    assert same_hash("café") == same_hash("cafe\u0301") != same_hash("cafe")
    assert same_hash("a", "b") != same_hash("b", "a") != same_hash("ab")


def test_ids_depend_on_content_alone() -> None:
    assert example_id("a", None, "x") == example_id("a", None, "x") != example_id("a", None, "y")
    assert example_id("a", None, "x").startswith("example-") and "anna" not in pseudonym("anna")
