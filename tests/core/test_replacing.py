"""Texts with replacements, and where their stretches went."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from beside.core.personal import Span
from beside.core.replacing import replaced


def spans_at(*places: tuple[int, int]) -> list[Span]:
    return [Span(start, end, "person", 0.9, "person") for start, end in places]


def test_a_stretch_moves_with_the_text_before_it():
    edits = replaced("Anna lives in Berlin", spans_at((0, 4)), lambda span: "<PERSON>")
    assert edits.text == "<PERSON> lives in Berlin"
    assert edits.moved(0, 4) == (0, 8) and edits.moved(14, 20) == (18, 24)


def test_a_stretch_that_begins_inside_a_value_grows_to_all_of_its_replacement():
    edits = replaced("Anna Berger lives", spans_at((0, 11)), lambda span: "<X>")
    assert edits.moved(0, 4) == (0, 3) and edits.moved(5, 17) == (0, 9)


def test_of_a_value_that_is_taken_out_nothing_is_left():
    edits = replaced("call Anna now", spans_at((5, 9)), lambda span: "")
    assert edits.text == "call  now" and edits.moved(5, 9) is None and edits.moved(0, 4) == (0, 4) and edits.moved(5, 13) == (5, 9)


@given(st.text(max_size=30), st.data())
def test_whatever_was_not_replaced_reads_the_same_in_its_new_place(text: str, data: st.DataObject):
    edges = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    places = list(zip(edges[::2], edges[1::2], strict=False))
    new = iter(data.draw(st.lists(st.text(max_size=5), min_size=3, max_size=3)))
    edits = replaced(text, spans_at(*places), lambda span: next(new))
    at = 0
    for start, end in [*places, (len(text), len(text))]:
        if start > at:
            moved = edits.moved(at, start)
            assert moved is not None and edits.text[slice(*moved)] == text[at:start]
        at = end
    for (start, end), place in zip(edits.before, edits.after, strict=True):
        assert edits.moved(start, end) == (place if place[1] > place[0] else None)
