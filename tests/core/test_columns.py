import pytest

from beside.core.columns import Columns, find_columns, folded, split_of
from beside.core.errors import BadInput

ROWS = [
    {"id": str(place), "message": f"my card number {place} was lost on the way", "intent": f"kind {place % 3}", "set": "train"}
    for place in range(30)
]


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("text", "label"), ("Message", "Category"), ("review", "Sentiment"), ("customer_message", "intent"), ("内容", "标签"),
        ("评论", "情感"), ("客户留言内容", "问题类别"), ("文本", "类别"), ("SENTENCE", "y"), ("tweet", "class"),
    ],
)  # fmt: skip
def test_common_headers_are_understood_in_english_and_chinese(text: str, label: str) -> None:
    found = find_columns(Columns(), [{"no": "1", label: "a", text: "some words"}])
    assert (found.text, found.label) == (text, label)


def test_everything_else_is_guessed_as_well() -> None:
    rows = [
        {
            "Question1": "how old",
            "Question2": "what age",
            "label": "1",
            "Customer ID": str(place),
            "性别": "男女"[place % 2],
            "Split": "TEST",
        }
        for place in range(9)
    ]
    found = find_columns(Columns(), rows)
    assert (found.text, found.pair, found.person, found.split, found.groups) == (
        "Question1",
        "Question2",
        "Customer ID",
        "Split",
        ("性别",),
    )
    assert any("'Customer ID' (guessed" in note for note in found.notes)


def test_what_a_person_names_wins_and_an_empty_name_means_none() -> None:
    rows = [{**row, "label": "x", "user": "u", "text": "t"} for row in ROWS]
    found = find_columns(Columns(text="message", label="intent", person="", split=""), rows)
    assert (found.text, found.label, found.person, found.split) == ("message", "intent", None, None)
    assert not found.guessed


def test_a_column_that_is_not_there_is_refused_with_a_close_one() -> None:
    with pytest.raises(BadInput, match="no column 'mesage' for the text") as caught:
        find_columns(Columns(text="mesage"), ROWS)
    assert "Columns: id, message, intent, set." in caught.value.hint
    assert "Did you mean 'message'?" in caught.value.hint
    with pytest.raises(BadInput, match="no column 'gender' for the group"):
        find_columns(Columns(groups=("gender",)), ROWS)


def test_a_doubtful_guess_is_noted() -> None:
    found = find_columns(Columns(), [{"text": "some words", "review": "others", "label": "a"}])
    assert found.text == "text"
    assert any("'review' would fit as well" in note for note in found.notes)


def test_unknown_headers_are_judged_by_what_stands_in_them() -> None:
    rows = [{"a": row["id"], "b": row["message"], "c": row["intent"]} for row in ROWS]
    found = find_columns(Columns(), rows)
    assert (found.text, found.label) == ("b", "c")


def test_a_file_without_a_header_is_refused_with_the_reason() -> None:
    with pytest.raises(BadInput, match="Cannot tell which column holds the label") as caught:
        find_columns(
            Columns(), [{"I lost my card on the way to the office yesterday": "where is my parcel", "lost_card": "parcel"}]
        )
    assert "The first line should name the columns" in caught.value.hint


def test_a_column_that_is_called_set_but_names_no_splits_is_no_split() -> None:
    assert find_columns(Columns(), [{**row, "set": "crockery"} for row in ROWS]).split is None
    assert find_columns(Columns(), ROWS).split == "set"


def test_ids_and_dates_of_messages_are_no_texts() -> None:
    found = find_columns(Columns(), [{"message_id": "7", "message_date": "2026", "body": "words", "label": "a"}])
    assert found.text == "body"


@pytest.mark.parametrize(
    ("word", "split"), [("TRAIN", "train"), (" Dev", "tune"), ("validation", "tune"), ("测试集", "test"), ("x", None)]
)
def test_words_for_splits_in_any_case(word: str, split: str | None) -> None:
    assert split_of(word) == split


def test_headers_are_compared_without_case_and_punctuation() -> None:
    assert folded("Customer ID") == folded("customerId") == folded("customer-id") == "customer_id"


def test_a_first_row_that_is_taken_for_a_header_is_noticed() -> None:
    rows = [
        {"I lost my card on the way": f"where is my parcel number {place}", "lost": ("lost", "parcel")[place % 2]}
        for place in range(9)
    ]
    with pytest.raises(BadInput, match="'lost' is a label further down as well"):
        find_columns(Columns(), rows)
