"""A trained model that looks for personal data beside the rules."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beside.core.answers import Said
from beside.core.errors import BadInput, UnknownName
from beside.core.protecting import plan
from beside.loop import Loop
from beside.protection.acting import Protector
from beside.protection.tagging import Tagger, kind_of, pieces


class Fruit:
    """Answers as a model of the task tag that has learned that fruits are people and rivers are places."""

    max_length = 40

    def __init__(self, labels: tuple[str, ...] = ("name", "scene", "game"), share: float = 0.9) -> None:
        self.labels, self.share = labels, share

    def answers(self, texts: Sequence[str]) -> list[Said]:
        return [Said(label="", probability=1.0, probabilities={}, answer=self.tagged(text)) for text in texts]

    def tagged(self, text: str) -> list[dict[str, Any]]:
        assert len(text) <= 40
        label = {"苹果": "name", "Apple": "name", "黄河": "scene", "象棋": "game"}
        return [
            {"start": hit.start(), "end": hit.end(), "label": label[hit.group()], "text": hit.group(), "probability": self.share}
            for hit in re.finditer("苹果|Apple|黄河|象棋", text)
        ]


def test_what_the_model_finds_joins_what_the_rules_find():
    protector = Protector(plan(), tagger=Tagger(Fruit(), "run-1"))
    made = protector.text("苹果在黄河边下象棋，手机13800138000")
    assert made.text == "<PERSON>在<ADDRESS>边下象棋，手机<PHONE>"
    assert [span.recognizer for span in made.spans] == ["run-1", "run-1", "phone"]


def test_only_kinds_that_are_asked_for_and_likely_finds_count():
    assert Tagger(Fruit(), "run-1").spans("苹果在黄河边", ["address"])[0].kind == "address"
    assert Protector(plan(kinds=["phone"]), tagger=Tagger(Fruit(), "run-1")).text("苹果").text == "苹果"
    assert Tagger(Fruit(share=0.4), "run-1").spans("苹果", ["person"]) == []


def test_a_text_longer_than_the_model_reads_is_asked_piece_by_piece():
    text = ("今天天气很好。" * 9 + "苹果来了。") * 5 + "so long a line without an end " * 4 + "Apple"
    found = Tagger(Fruit(), "run-1").spans(text, ["person"])
    assert [text[span.start : span.end] for span in found] == ["苹果"] * 5 + ["Apple"]


@settings(max_examples=80, deadline=None)
@given(st.text(alphabet="苹果a。 \n!x", max_size=200), st.integers(1, 50))
def test_pieces_are_the_text_in_order_and_short(text, most):
    parts = list(pieces(text, most))
    assert "".join(part for _, part in parts) == text and all(0 < len(part) <= most for _, part in parts)
    assert all(text[at : at + len(part)] == part for at, part in parts)


def test_labels_of_other_corpora_are_understood_and_foreign_ones_refused():
    assert [kind_of(label) for label in ("PER", "name", "company", "address", "phone", "movie")] == [
        "person",
        "person",
        "organisation",
        "address",
        "phone",
        None,
    ]
    with pytest.raises(BadInput, match="does not tag"):
        Tagger(Fruit(labels=("movie", "game")), "run-1")


def test_a_model_of_another_task_and_an_unknown_one_are_refused(approved):
    loop = Loop(approved.workspace, approved.owner)
    with pytest.raises(BadInput, match="classify"):
        loop.tagger(approved.release.id)
    with pytest.raises(UnknownName):
        loop.tagger("run-nowhere")
