"""How many share what others may know of them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beside.core.errors import BadInput, BadOption, NotEnoughData, UnknownName
from beside.core.interfaces import Silent
from beside.core.types import Example
from beside.stages.anonymity import k_anonymity


def rows_of(*groups: dict[str, str], target: str = "a") -> list[Example]:
    return [Example(id=str(place), text="x", target=target, groups=group) for place, group in enumerate(groups)]


def measure(rows: list[Example], *columns: str, k: int = 2):
    return k_anonymity(rows, columns, k, total=len(rows), progress=Silent())


def test_classes_are_counted_and_their_values_never_told():
    rows = rows_of(*[{"city": "Ulm", "age": "30"}] * 3, {"city": "Ulm", "age": "31"}, {"city": "Bonn", "age": "30"})
    found = measure(rows, "city", "age")
    assert (found.smallest, found.below, found.classes, found.alone, found.n, found.unit) == (1, 2, 3, 2, 5, "rows")
    assert found.share == 0.4 and found.low < 0.4 < found.high and found.rarest == (1, 1, 3)
    assert "Ulm" not in found.model_dump_json() and "31" not in json.dumps(found.advice())


def test_the_column_whose_absence_helps_most_comes_first():
    rows = rows_of(*({"city": "Ulm", "code": str(number)} for number in range(6)))
    found = measure(rows, "city", "code")
    assert [effect.column for effect in found.effects] == ["code", "city"] and found.effects[0].share_without == 0.0
    assert found.effects[0].smallest_without == 6 and "Without 'code'" in found.advice()[0]


def test_numbers_are_taken_in_steps_and_other_values_by_their_beginning():
    rows = rows_of(
        {"age": "31", "code": "AB1"}, {"age": "39", "code": "AB2"}, {"age": "40", "code": "ABC"}, {"age": "44", "code": "AB9"}
    )
    assert measure(rows, "age:10", "code:2").smallest == 2 and measure(rows, "age", "code:2").smallest == 1


def test_rows_of_one_person_count_once_and_tell_of_one_another():
    rows = [
        Example(id="1", text="x", groups={"city": "Ulm"}, person="p1"),
        Example(id="2", text="born on 3 May 1990", groups={"city": "Ulm"}, person="p1"),
        Example(id="3", text="I was born on 4 June 1990", groups={"city": "Ulm"}, person="p2"),
    ]
    found = measure(rows, "city", "birth_year")
    assert (found.unit, found.n, found.smallest) == ("persons", 2, 2)


def test_what_texts_tell_is_read_out_of_them():
    rows = [Example(id="1", text="身份证号11010519491231002X，请核对"), Example(id="2", text="no word of it")]
    for column in ("birth_year", "sex", "province"):
        effect = measure(rows, column).effects[0]
        assert (effect.values, effect.missing) == (1, 1)


def test_classes_with_one_target_are_told():
    rows = rows_of(*[{"city": "Ulm"}] * 3) + rows_of(*[{"city": "Bonn"}] * 2) + rows_of({"city": "Bonn"}, target="b")
    found = measure(rows, "city")
    assert found.smallest == 3 and found.one_target == 3 and "l-diversity" in found.advice()[-1]


def test_what_cannot_be_measured_is_refused():
    rows = rows_of({"city": "Ulm"})
    for error, columns, k in [
        (UnknownName, ["town"], 2), (BadOption, [], 2), (BadOption, ["city", "city:2"], 2), (BadOption, ["city:x"], 2),
        (BadOption, ["city"], 1), (BadInput, ["birth_year"], 2),
    ]:  # fmt: skip
        with pytest.raises(error):
            measure(rows, *columns, k=k)
    with pytest.raises(NotEnoughData):
        measure([], "city")


@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), min_size=1, max_size=40), st.integers(2, 6))
def test_counts_agree_with_counting_by_hand(pairs, k):
    found = measure(rows_of(*({"one": one, "two": two} for one, two in pairs)), "one", "two", k=k)
    sizes = [pairs.count(pair) for pair in pairs]
    assert found.smallest == min(sizes) and found.below == sum(size < k for size in sizes) and found.classes == len(set(pairs))
