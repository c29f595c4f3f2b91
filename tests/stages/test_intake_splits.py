"""Which rows are trained, tuned and tested on."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beside.core.cleaning import clean, near_key, pseudonym, same_hash
from beside.core.columns import Columns
from beside.core.errors import BadInput, NotEnoughData
from beside.core.types import SPLITS

Plain = Callable[..., list[list[str]]]


THINGS = ("wallet", "phone", "umbrella", "passport", "jacket") * 8
TEXTS = [
    f"{word} left behind in {place * 7919 % 100003:x} {word[::-1]} {place * 104729 % 99991:x}" for place, word in enumerate(THINGS)
]


def test_ids_and_splits_do_not_depend_on_the_order_of_the_rows(world: Any, plain: Plain) -> None:
    rows = plain()
    first = world.take(world.write([["text", "label"], *rows])).splits
    second = world.take(world.write([["text", "label"], *reversed(rows)])).splits
    for ours, theirs in zip(first, second, strict=True):
        assert {row.id for row in ours} == {row.id for row in theirs}


@st.composite
def wild_rows(draw: st.DrawFn) -> list[tuple[str, str, str]]:
    text = st.sampled_from(TEXTS) | st.text(max_size=30)
    rows = draw(
        st.lists(st.tuples(text, st.sampled_from(["a", "A", "b", "c"]), st.sampled_from(["", "ann", "bob", "eve"])), max_size=40)
    )
    return rows + [(text, f"kind {place % 3}", "") for place, text in enumerate(TEXTS[:30])]


@given(wild_rows(), st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_no_row_is_lost_or_doubled_and_no_group_or_person_is_split(
    make_world: Any, rows: list[tuple[str, str, str]], seed: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = make_world(Path(folder))
        source = world.write([["text", "label", "person"], *rows])
        first = world.take(source, seed=seed, columns=Columns(person="person")).corpus
        assert world.take(source, seed=seed, columns=Columns(person="person")).corpus == first
    report, found = world.report, world.rows()
    given = {clean(text) for text, _, _ in rows}
    assert report.rows_read == report.kept + report.refused + report.repeated + report.contradicted + report.held_back
    assert (
        report.kept
        == len(found)
        == sum(world.corpus.splits.values())
        == sum(row.train + row.tune + row.test for row in report.labels)
    )
    assert len({row.id for row in found}) == len({same_hash(row.text) for row in found}) == len(found)
    assert {row.text for row in found} <= given
    for key in (lambda row: near_key(row.text), lambda row: row.person):
        places: dict[str, set[str]] = {}
        for split, ours in zip(SPLITS, world.splits, strict=True):
            for row in ours:
                places.setdefault(key(row) or row.id, set()).add(split)
        assert all(len(splits) == 1 for splits in places.values())


def test_near_duplicates_are_kept_counted_and_never_torn_apart(world: Any, plain: Plain) -> None:
    alike = [
        [f"{'!' * place} Hello, I would like to know WHERE my parcel from the book shop is?", f"kind {place % 2}"]
        for place in range(12)
    ]
    world.take(world.write([["text", "label"], *plain(), *alike]))
    assert (world.report.near_rows, world.report.near_groups, world.report.near_largest) == (12, 1, 12)
    assert world.report.near_conflicts >= 1
    assert world.report.near_examples[0].first_label != world.report.near_examples[0].second_label
    assert sum(any("parcel" in row.text for row in split) for split in world.splits) == 1


def test_splits_that_the_source_names_are_kept_and_leaks_between_them_reported(world: Any, plain: Plain) -> None:
    rows = [[text, label, ("Train", "DEV", "test")[place % 3]] for place, (text, label) in enumerate(plain())]
    rows += [[rows[0][0], rows[0][1], "test"], [f"{rows[3][0]}!!", rows[3][1], "test"]]
    world.take(world.write([["text", "label", "split"], *rows]))
    assert world.corpus.splits == {"train": 34, "tune": 33, "test": 35}
    assert world.report.split == "as the source names it: train, tune, test"
    leak = world.report.leaks[0]
    assert (leak.inside, leak.source, leak.same, leak.near, leak.rows) == ("test", "train", 1, 1, 35)
    assert {(look.first_line, look.second_line) for look in leak.examples} == {(102, 2), (103, 5)}
    ids = [row.id for row in world.rows()]
    assert len(set(ids)) == len(ids)


def test_tune_is_cut_from_train_when_only_train_and_test_are_named(world: Any, plain: Plain) -> None:
    rows = [[text, label, "test" if place % 5 == 4 else "train"] for place, (text, label) in enumerate(plain())]
    world.take(world.write([["text", "label", "split"], *rows]))
    assert world.corpus.splits == {"train": 72, "tune": 8, "test": 20}
    assert "cut from train: 10 % tune" in world.report.split
    assert {row.text for row in world.splits.test} == {text for text, _, split in rows if split == "test"}


def test_rows_with_an_unknown_split_are_refused_and_a_source_without_training_rows_too(world: Any, plain: Plain) -> None:
    rows = [[text, label, "test" if place else "perhaps"] for place, (text, label) in enumerate(plain())]
    with pytest.raises(BadInput, match="marks no row for training"):
        world.take(world.write([["text", "label", "split"], *rows]))
    world.take(world.write([["text", "label", "split"], *rows]), columns=Columns(split=""))
    assert world.report.kept == 100
    rows = [[text, label, "train" if place > 3 else "perhaps"] for place, (text, label) in enumerate(plain())]
    world.take(world.write([["text", "label", "split"], *rows]))
    assert world.report.refused_why == {"the column 'split' names no split (train, tune or dev or validation, test)": 4}


def test_one_persons_rows_stay_together_under_a_pseudonym(world: Any, plain: Plain) -> None:
    rows = [[text, label, f"person {place % 20}", "mf"[place % 2]] for place, (text, label) in enumerate(plain(200, 4))]
    world.take(world.write([["text", "label", "customer_id", "gender"], *rows]))
    assert world.report.persons == 20
    for person in {row.person for row in world.rows()}:
        assert sum(any(row.person == person for row in split) for split in world.splits) == 1
    assert pseudonym("person 3") in {row.person for row in world.rows()}
    assert {row.groups["gender"] for row in world.rows()} == {"m", "f"}


def test_greetings_that_everybody_sends_do_not_chain_all_persons_into_one_group(world: Any, plain: Plain) -> None:
    rows = [[text, label, f"person {place % 40}"] for place, (text, label) in enumerate(plain(400, 2))]
    rows += [[f"thank you so much{'!' * place}", "kind 0", f"person {place}"] for place in range(40)]
    world.take(
        world.write(
            [
                [
                    "text",
                    "label",
                    "user",
                ],
                *rows,
            ]
        )
    )
    assert min(world.corpus.splits.values()) > 20
    assert world.report.held_back > 0
    assert any("grouped by person alone" in note for note in world.report.notes)
    assert sum(any("thank" in row.text for row in split) for split in world.splits) == 1


def test_a_guessed_person_column_with_two_values_is_not_used_but_a_named_one_is(world: Any, plain: Plain) -> None:
    rows = [[text, label, f"author {place % 2}"] for place, (text, label) in enumerate(plain())]
    source = world.write([["text", "label", "author"], *rows])
    assert world.take(source).report.kept == 100
    assert any("names only 2 persons" in note for note in world.report.notes)
    with pytest.raises(NotEnoughData, match="too few independent rows"):
        world.take(source, columns=Columns(person="author"))


def test_small_data_has_every_label_of_three_rows_in_train_and_test(world: Any, plain: Plain) -> None:
    rows = [[text, label] for text, label in plain(33, 11)]
    world.take(world.write([["text", "label"], *rows]))
    assert all((row.train, row.tune, row.test) == (2, 0, 1) for row in world.report.labels)


def test_labels_that_are_too_rare_to_be_tested_are_named(world: Any, plain: Plain) -> None:
    world.take(world.write([["text", "label"], *plain(), ["something else entirely", "rare"]]))
    assert any("No test row" in note and "'rare'" in note for note in world.report.notes)


def test_a_text_that_train_and_test_label_differently_is_a_leak_and_stays(world: Any, plain: Plain) -> None:
    rows = [[text, label, ("train", "dev", "test")[place % 3]] for place, (text, label) in enumerate(plain())]
    world.take(world.write([["text", "label", "split"], *rows, [rows[0][0], "kind 1", "test"]]))
    assert (world.report.contradicted, world.report.kept, world.report.leaks[0].same) == (0, 101, 1)
    look = world.report.leaks[0].examples[0]
    assert (look.first_label, look.second_label, look.similarity) == ("kind 1", "kind 0", 1.0)
