"""Spans of words: read in several forms, aligned with sub-words, and scored by whole entities."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beside.engine.tokens import Tokens, train_tokenizer
from beside.tasks._spans import canonical, joined, labelled, parsed, words, written
from beside.tasks.tag import IGNORED, tags, task

TEXT = "Anna Smith moved to New York, 上海很大。"


def read(cell: object, text: str = TEXT, raw: str | None = None) -> list[tuple[int, int, str]]:
    return parsed(canonical(json.dumps(cell), text, text if raw is None else raw))


def test_cells_hold_spans_in_several_forms() -> None:
    wanted = [(0, 10, "person"), (20, 28, "place")]
    assert read([[0, 10, "person"], [20, 28, "place"]]) == wanted
    assert (
        read([{"start": 20, "end": 28, "label": "place", "text": "New York"}, {"start": 0, "end": 10, "label": "person"}]) == wanted
    )
    assert read({"person": [[0, 10]], "place": [[20, 28]]}) == wanted
    assert read(["B-person", "I-person", "O"], "Anna Smith moved") == [(0, 10, "person")]
    assert read(["B-p", "I-p", "O", "O", "O"], "上海很大。") == [(0, 2, "p")]


def test_places_are_counted_in_the_text_as_it_stands_in_the_source() -> None:
    assert read([[2, 6, "person"]], "Anna called", "  Anna called ") == [(0, 4, "person")]
    assert read([[0, 5, "person"]], "Anna called") == [(0, 4, "person")], "the space at its end is cut off"


@pytest.mark.parametrize(
    "cell, why",
    [
        ([[0, 99, "x"]], "not in the text"), ([[0, 6, "x"], [4, 9, "y"]], "overlap"), (["B-x"], "1 labels for"),
        ([1, 2], "no list of spans"), (["X"] * 7, "not O, B-x"), ([[3, 3, "x"]], "not in the text"),
    ],
)  # fmt: skip
def test_what_names_no_spans_is_refused(cell: object, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read(cell)


def test_the_first_token_of_a_word_carries_its_label_and_the_others_are_ignored() -> None:
    tokens = Tokens(train_tokenizer(["an na sm ith mo ved to ne w yo rk", "很 大"] * 2, characters=True), 64)
    target = written([(0, 10, "person"), (20, 28, "place"), (30, 32, "place")])
    [one] = tokens.read([TEXT])
    [row] = task.encode([target], ("person", "place"), [one]).tolist()
    names = tags(("person", "place"))
    told = {one.spans[place]: names[value] for place, value in enumerate(row) if value != IGNORED}
    starts = {start: label for (start, _), label in told.items()}
    assert [starts[start] for start, _ in words(TEXT)] == labelled(parsed(target), words(TEXT))
    assert len(row) > len(told) == len(words(TEXT)), "there are tokens that go on a word"
    scores = np.zeros((1, len(row), len(names)), dtype=np.float32)
    for place, value in enumerate(row):
        scores[0, place, value if value != IGNORED else 4] = 9.0  # what the ignored tokens say must not matter
    assert task.decode(scores, ("person", "place"), [one]) == [target]


def test_words_behind_the_last_token_have_no_label_and_an_answer_says_where_its_words_stand() -> None:
    tokens = Tokens(train_tokenizer([TEXT] * 3, characters=True), 6)
    [one] = tokens.read([TEXT])
    scores = np.zeros((1, len(one.spans), 3), dtype=np.float32)
    scores[..., 1] = 5.0
    [said] = task.answers(scores, 1.0, ("person",), [one])
    assert said.answer and all(TEXT[span["start"] : span["end"]] == span["text"] for span in said.answer)
    assert max(span["end"] for span in said.answer) < len(TEXT) and 0 < said.probability < 1


def test_entities_count_when_kind_and_both_ends_are_right() -> None:
    # the example of conlleval: one right, one with a wrong end, one of a wrong kind, one missed
    wanted = [[(0, 2, "a"), (5, 8, "a")], [(1, 3, "b"), (6, 7, "b")]]
    said = [[(0, 2, "a"), (5, 7, "a")], [(1, 3, "a")]]
    found = task.score([written(spans) for spans in said], [written(spans) for spans in wanted], ("a", "b"))
    assert found["entity_precision"] == pytest.approx(1 / 3) and found["entity_recall"] == pytest.approx(1 / 4)
    assert found["entity_f1"] == pytest.approx(2 / 7)
    assert found["entity_macro_f1"] == pytest.approx((2 / 5 + 0) / 2)
    nothing = task.score(["[]"], ["[]"], ("a",))
    assert nothing["entity_f1"] == 0


def test_an_inside_that_continues_nothing_begins_a_span_of_its_own() -> None:
    places = [(0, 1), (1, 2), (2, 3), (3, 4)]
    assert joined(["I-a", "I-a", "I-b", "B-b"], places) == [(0, 2, "a"), (2, 3, "b"), (3, 4, "b")]


@given(st.text(alphabet="ab 上海,.1", min_size=1, max_size=30).map(str.strip).filter(bool), st.data())
def test_spans_on_whole_words_survive_the_way_through_labels(text: str, data: st.DataObject) -> None:
    whole = words(text)
    kinds = data.draw(st.lists(st.sampled_from(["O", "B-x", "B-y", "I-x"]), min_size=len(whole), max_size=len(whole)))
    spans = joined(kinds, whole)
    assert joined(labelled(spans, whole), whole) == spans
    assert parsed(canonical(written(spans), text, text)) == sorted(spans)
