"""Answers that are no single label are shown in a form of their own, and corrected by writing."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from beside.core.types import Actor, Prediction

LOCAL = Actor(name="local", roles=("user",))  # who asks without a key from the same machine


@pytest.fixture
def page(full):
    """`page(label=..., answer=...)`: the page of a stored answer of another form."""

    def shown(**given):
        kept = {"id": f"prediction-{uuid4().hex}", "release_id": full.release.id}
        kept |= {"text": "where is my parcel", "probability": 0.5, "made_at": datetime.now(UTC)}
        prediction = Prediction(**{**kept, "probabilities": {"refund": 0.4, "deliver": 0.9}, **given})
        full.workspace.records.add_predictions(LOCAL, [prediction])
        return full.visit().get(f"/try/{prediction.id}").text

    return shown


def test_a_set_of_labels_is_corrected_by_writing_and_its_bars_are_not_summed(page):
    shown = page(label="deliver", answer=["deliver"])
    assert 'type="radio"' not in shown and 'id="label" name="label" value="deliver"' in shown
    assert "The answer as programs get it" in shown and shown.count('<svg class="bar"') == 2


def test_no_label_at_all_is_an_answer(page):
    assert "none of the labels" in page(label="", answer=[])


def test_a_number_has_no_bars(page):
    shown = page(label="3.5", answer={"value": 3.5, "low": 3.0, "high": 4.0}, probabilities={})
    assert '<p class="large" translate="no">3.5</p>' in shown and '<svg class="bar"' not in shown


def test_a_path_is_one_label_and_corrected_by_choosing(page):
    assert 'type="radio" name="label" value="refund"' in page(label="deliver", answer={"path": [], "nodes": {}})


def test_a_written_answer_stands_as_it_was_written_and_is_corrected_in_a_field_of_several_lines(page):
    form = {"text": "it is\n\nlate", "tokens": 4, "finish_reason": "stop", "mean_log_probability": -0.1, "decoding": "beam"}
    shown = page(label="it is\n\nlate", answer=form, probabilities={})
    assert '<p class="words" translate="no">it is\n\nlate</p>' in shown and '<svg class="bar"' not in shown
    assert "4 tokens" in shown and "decoding: <" in shown and "it is\n\nlate</textarea>" in shown
    assert "50% sure" not in shown and "was cut there" not in shown


def test_a_written_answer_that_was_cut_short_says_so(page):
    form = {"text": "it is", "tokens": 2, "mean_log_probability": -0.1, "decoding": "greedy"}
    assert "was cut there" in page(label="it is", answer={**form, "finish_reason": "length"}, probabilities={})
    assert "The time for an answer was over" in page(label="it is", answer={**form, "finish_reason": "deadline"}, probabilities={})


def test_the_second_text_of_a_pair_stands_in_the_form(page):
    shown = page(label="deliver", pair="is it late?", answer=None)
    assert '<textarea id="pair"' in shown and "is it late?</textarea>" in shown


def test_who_sends_two_texts_to_a_release_that_reads_one_is_told_so(full):
    answer = full.visit().post("/try", data={"text": "where is it", "pair": "and now?"})
    assert answer.status_code == 422 and "this release reads one" in answer.text
    assert "where is it</textarea>" in answer.text


def test_names_are_marked_where_they_stand(page):
    shown = page(label='[[12, 18, "thing"]]', answer=[{"start": 12, "end": 18, "label": "thing", "score": 0.9}], probabilities={})
    assert 'where is my <mark class="for w4">parcel <small>thing</small></mark>' in shown
    assert "How sure it is" not in shown, "there are no bars below it"


def test_that_there_is_no_name_is_said_in_words(page):
    shown = page(label="[]", answer=[], probabilities={})
    assert "nothing found in the text" in shown and '<p class="large" translate="no">[]</p>' not in shown


def test_a_set_of_labels_is_read_without_bars_between_them(page):
    assert "deliver · refund" in page(label="deliver|refund", answer=["deliver", "refund"])


def test_what_cannot_be_explained_is_no_trouble(page):
    for given in ({"answer": ["deliver"]}, {"pair": "is it late?", "answer": None}):
        shown = page(label="deliver", **given)
        assert "is explained word by word" in shown and "This cannot be taken" not in shown


ORDER = [{"index": 1, "score": 0.81, "text": "It is on its way."}, {"index": 0, "score": -0.2, "text": "Refunds take a week."}]


def test_candidates_stand_in_their_order_and_the_right_one_is_chosen_among_them(page):
    shown = page(label="It is on its way.", answer=ORDER, probability=0.0, probabilities={})
    assert shown.index("The best candidates") < shown.index("It is on its way.</th>") < shown.index("Refunds take a week.</th>")
    assert "0.810" in shown and "it orders candidates of one query" in shown and "% sure" not in shown
    assert 'type="radio" name="label" value="Refunds take a week."' in shown
    assert 'name="candidates" value="Refunds take a week.\nIt is on its way."' in shown, "an edit is put to the same candidates"


def test_who_sends_candidates_to_a_release_that_ranks_nothing_is_told_so(full):
    answer = full.visit().post("/try", data={"text": "where is it", "candidates": "Here.\n\nThere."})
    assert answer.status_code == 422 and "ranks nothing" in answer.text and "where is it</textarea>" in answer.text


def test_only_the_best_of_many_are_no_candidates_to_ask_again(page):
    shown = page(label="It is on its way.", answer=[{"index": 7, "score": 0.81, "text": "It is on its way."}], probabilities={})
    assert 'name="candidates" value=' not in shown and "50.0% sure" in shown
