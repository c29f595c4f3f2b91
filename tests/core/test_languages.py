import pytest

from beside.core.cleaning import near_key
from beside.core.fingerprints import pack
from beside.core.languages import count_scripts, languages_of, spoken


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I lost my card and it is not in the car", "English"),
        ("Ich habe meine Karte nicht", "German"),
        ("je ne sais pas où est ma carte", "French"),
        ("no sé dónde está mi tarjeta", "Spanish"),
        ("我的iPhone卡丢了", "Chinese"),
        ("カードをなくしました", "Japanese"),
        ("카드를 잃어버렸어요", "Korean"),
        ("Где моя карта?", "Cyrillic letters"),
        ("बैंक कार्ड", "Indian scripts"),
        ("qwertz", "Latin letters, language unclear"),
        ("12345 !?", "no letters"),
        ("😀😀", "no letters"),
    ],
)
def test_the_language_is_told_or_said_to_be_unclear(text: str, language: str) -> None:
    packed = pack([near_key(text)])
    assert languages_of([text], count_scripts(packed.codes, packed.starts).tolist()) == [language]


def test_rows_are_judged_each_by_itself() -> None:
    texts = ["the card", "卡", "1", "карта", "the end of it"]
    packed = pack([near_key(text) for text in texts])
    found = languages_of(texts, count_scripts(packed.codes, packed.starts).tolist())
    assert found == ["English", "Chinese", "no letters", "Cyrillic letters", "English"]


def test_a_text_without_a_function_word_is_taken_for_what_most_others_in_latin_letters_are() -> None:
    texts = ["where is my card", "IBAN PIN", "我的卡丢了", "", "please block it", "il est où et le code"]
    assert spoken(texts) == ["English", "English", "Chinese", "no letters", "English", "French"]
    assert spoken(["IBAN PIN"]) == ["Latin letters, language unclear"]
    assert spoken([]) == []
