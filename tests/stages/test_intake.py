import csv
import errno
import json
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beside.core import registry
from beside.core.cleaning import clean, near_key, pseudonym, same_hash
from beside.core.columns import Columns
from beside.core.errors import BadInput, BesideError, NotEnoughData, StorageFailed, UnknownName
from beside.core.report import Report
from beside.core.types import SPLITS, Corpus, Example, Splits
from beside.stages.intake import intake
from beside.store.artifacts import Artifacts
from beside.store.rows import read_splits

NOW = datetime(2026, 1, 2, tzinfo=UTC)
PLACES = (
    "the station",
    "a taxi",
    "my office",
    "the park",
    "a bakery",
    "the cinema",
    "some hotel",
    "a museum",
    "the gym",
    "our garden",
)
THINGS = ("wallet", "phone", "umbrella", "passport", "jacket", "necklace", "laptop", "bicycle", "suitcase", "guitar")


class World:
    """A store in a folder, and the last import read back from it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.artifacts = Artifacts(folder / "artifacts")
        self.corpus: Corpus
        self.report: Report
        self.splits: Splits

    def write(self, rows: Sequence[Sequence[str]], name: str = "rows.csv") -> str:
        with (self.folder / name).open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, quoting=csv.QUOTE_ALL).writerows(rows)
        return str(self.folder / name)

    def take(self, source: str, **given: object) -> "World":
        settings = {"name": "mail", "now": NOW, "artifacts": self.artifacts, **given}
        self.corpus, self.report = intake(source, **settings)
        self.splits = read_splits(self.artifacts.path(self.corpus.examples))
        return self

    def rows(self) -> list[Example]:
        return [example for split in self.splits for example in split]

    def stored(self) -> list[Path]:
        return [path for path in self.artifacts.home.rglob("*") if path.is_file()]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def plain(count: int = 100, labels: int = 2) -> list[list[str]]:
    """Rows that are neither equal nor alike."""
    return [
        [
            f"{THINGS[place % 10]} {place * 7919 % 100003:x} left behind in {PLACES[place // 10 % 10]} {place * 104729 % 99991:x}",
            f"kind {place % labels}",
        ]
        for place in range(count)
    ]


def test_a_file_becomes_a_corpus_whose_every_row_is_accounted_for(world: World) -> None:
    world.take(world.write([["text", "label"], *plain()]))
    assert world.corpus.splits == {"train": 80, "tune": 10, "test": 10}
    assert world.corpus.labels == ("kind 0", "kind 1")
    assert {row.text: row.target for row in world.rows()} == dict(plain())
    assert (world.report.rows_read, world.report.kept, world.report.refused) == (100, 100, 0)
    assert world.report.labels[0].train + world.report.labels[0].tune + world.report.labels[0].test == 50
    assert world.report.characters.unit == "characters" and world.report.languages["English"] >= 50
    assert Report.model_validate(world.artifacts.read_json(world.corpus.report or "")) == world.report


def test_the_same_file_gives_the_same_corpus_and_another_seed_another_one(world: World) -> None:
    source = world.write([["text", "label"], *plain()])
    first = world.take(source, seed=1).corpus
    again = world.take(source, seed=1).corpus
    other = world.take(source, seed=2).corpus
    assert first == again and first.id.startswith("corpus-")
    assert other.id != first.id
    assert world.take(source, seed=1, name="post").corpus.id != first.id


def test_ids_and_splits_do_not_depend_on_the_order_of_the_rows(world: World) -> None:
    rows = plain()
    first = world.take(world.write([["text", "label"], *rows])).splits
    second = world.take(world.write([["text", "label"], *reversed(rows)])).splits
    for ours, theirs in zip(first, second, strict=True):
        assert {row.id for row in ours} == {row.id for row in theirs}


@st.composite
def wild_rows(draw: st.DrawFn) -> list[tuple[str, str, str]]:
    text = st.sampled_from([row[0] for row in plain(40)]) | st.text(max_size=30)
    rows = draw(
        st.lists(st.tuples(text, st.sampled_from(["a", "A", "b", "c"]), st.sampled_from(["", "ann", "bob", "eve"])), max_size=40)
    )
    return rows + [(text, label, "") for text, label in plain(30, 3)]


@given(wild_rows(), st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_no_row_is_lost_or_doubled_and_no_group_or_person_is_split(rows: list[tuple[str, str, str]], seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
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


def test_equal_rows_are_kept_once_and_shown(world: World) -> None:
    rows = plain()
    world.take(world.write([["text", "label"], *rows, rows[0], [f"  {rows[0][0]}\r\n", rows[0][1]], rows[1]]))
    assert (world.report.rows_read, world.report.kept, world.report.repeated) == (103, 100, 3)
    assert world.report.repeats[0].rows == 3
    assert world.report.repeats[0].lines == (2, 102, 103)


def test_a_text_with_two_labels_is_left_out_unless_most_rows_agree(world: World) -> None:
    rows = [*plain(), ["which one is it", "kind 0"], ["which one is it", "kind 1"]]
    rows += [["most say zero", "kind 0"], ["most say zero", "kind 0"], ["most say zero", "kind 1"]]
    world.take(world.write([["text", "label"], *rows]))
    assert (world.report.contradicted, world.report.repeated, world.report.conflicting_texts) == (3, 1, 2)
    found = {conflict.text: conflict for conflict in world.report.conflicts}
    assert found["which one is it"].labels == {"kind 0": 1, "kind 1": 1} and found["which one is it"].kept is None
    assert found["most say zero"].kept == "kind 0"
    assert [row.target for row in world.rows() if row.text in found] == ["kind 0"]


def test_near_duplicates_are_kept_counted_and_never_torn_apart(world: World) -> None:
    alike = [
        [f"{'!' * place} Hello, I would like to know WHERE my parcel from the book shop is?", f"kind {place % 2}"]
        for place in range(12)
    ]
    world.take(world.write([["text", "label"], *plain(), *alike]))
    assert (world.report.near_rows, world.report.near_groups, world.report.near_largest) == (12, 1, 12)
    assert world.report.near_conflicts >= 1
    assert world.report.near_examples[0].first_label != world.report.near_examples[0].second_label
    assert sum(any("parcel" in row.text for row in split) for split in world.splits) == 1


def test_spellings_of_a_label_are_merged_and_the_commonest_wins(world: World) -> None:
    rows = [
        [text, spelling]
        for (text, _), spelling in zip(
            plain(), ["Lost Card"] * 30 + ["lost card"] * 20 + ["ｌｏｓｔ  ｃａｒｄ"] * 10 + ["pin"] * 40, strict=True
        )
    ]
    world.take(world.write([["text", "label"], *rows]))
    assert world.corpus.labels == ("Lost Card", "pin")
    assert world.report.merged[0].spellings == {"Lost Card": 30, "lost card": 20, "ｌｏｓｔ  ｃａｒｄ": 10}


def test_splits_that_the_source_names_are_kept_and_leaks_between_them_reported(world: World) -> None:
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


def test_tune_is_cut_from_train_when_only_train_and_test_are_named(world: World) -> None:
    rows = [[text, label, "test" if place % 5 == 4 else "train"] for place, (text, label) in enumerate(plain())]
    world.take(world.write([["text", "label", "split"], *rows]))
    assert world.corpus.splits == {"train": 72, "tune": 8, "test": 20}
    assert "tune cut from train" in world.report.split
    assert {row.text for row in world.splits.test} == {text for text, _, split in rows if split == "test"}


def test_rows_with_an_unknown_split_are_refused_and_a_source_without_training_rows_too(world: World) -> None:
    rows = [[text, label, "test" if place else "perhaps"] for place, (text, label) in enumerate(plain())]
    with pytest.raises(BadInput, match="marks no row for training"):
        world.take(world.write([["text", "label", "split"], *rows]))
    world.take(world.write([["text", "label", "split"], *rows]), columns=Columns(split=""))
    assert world.report.kept == 100
    rows = [[text, label, "train" if place > 3 else "perhaps"] for place, (text, label) in enumerate(plain())]
    world.take(world.write([["text", "label", "split"], *rows]))
    assert world.report.refused_why == {"the column 'split' names no split (train, tune or dev or validation, test)": 4}


def test_one_persons_rows_stay_together_under_a_pseudonym(world: World) -> None:
    rows = [[text, label, f"person {place % 20}", "mf"[place % 2]] for place, (text, label) in enumerate(plain(200, 4))]
    world.take(world.write([["text", "label", "customer_id", "gender"], *rows]))
    assert world.report.persons == 20
    for person in {row.person for row in world.rows()}:
        assert sum(any(row.person == person for row in split) for split in world.splits) == 1
    assert pseudonym("person 3") in {row.person for row in world.rows()}
    assert {row.groups["gender"] for row in world.rows()} == {"m", "f"}


def test_greetings_that_everybody_sends_do_not_chain_all_persons_into_one_group(world: World) -> None:
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


def test_a_guessed_person_column_with_two_values_is_not_used_but_a_named_one_is(world: World) -> None:
    rows = [[text, label, f"author {place % 2}"] for place, (text, label) in enumerate(plain())]
    source = world.write([["text", "label", "author"], *rows])
    assert world.take(source).report.kept == 100
    assert any("names only 2 persons" in note for note in world.report.notes)
    with pytest.raises(NotEnoughData, match="too few independent rows"):
        world.take(source, columns=Columns(person="author"))


def test_small_data_has_every_label_of_three_rows_in_every_split(world: World) -> None:
    rows = [[text, label] for text, label in plain(33, 11)]
    world.take(world.write([["text", "label"], *rows]))
    assert all((row.train, row.tune, row.test) == (1, 1, 1) for row in world.report.labels)


def test_labels_that_are_too_rare_to_be_tested_are_named(world: World) -> None:
    world.take(world.write([["text", "label"], *plain(), ["something else entirely", "rare"]]))
    assert any("No test row" in note and "'rare'" in note for note in world.report.notes)


def test_dirty_text_is_cleaned_and_counted(world: World) -> None:
    rows = [*plain(), ["my\x00 card\x07 is\r\ngone ", "kind 0"]]
    world.take(world.write([["text", "label"], *rows]))
    assert world.report.cleaned == 1
    assert "my card is\ngone" in {row.text for row in world.rows()}


def test_pairs_of_texts_are_read_and_compared_as_pairs(world: World) -> None:
    rows = [
        [text, other[0], "01"[place % 2]] for place, ((text, _), other) in enumerate(zip(plain(), reversed(plain()), strict=True))
    ]
    world.take(world.write([["sentence1", "sentence2", "label"], *rows, [rows[0][0], "quite another", "1"]]))
    assert world.report.kept == 101
    assert {(row.text, row.pair) for row in world.rows()} >= {(rows[0][0], rows[0][1]), (rows[0][0], "quite another")}


def test_rows_that_cannot_be_used_are_refused_with_line_and_reason(world: World) -> None:
    rows = [*plain(), ["", "kind 0"], ["no label here", " "], ["x" * 1_000_001, "kind 1"]]
    world.take(world.write([["text", "label"], *rows]))
    assert [(row.line, row.why) for row in world.report.refusals] == [
        (102, "the column 'text' is empty"),
        (103, "the column 'label' is empty"),
        (104, "the text is longer than 1,000,000 characters"),
    ]


def test_of_many_refused_rows_a_hundred_are_shown_and_all_counted(world: World) -> None:
    world.take(world.write([["text", "label"], *plain(300), *[["", "kind 0"]] * 150]))
    assert (world.report.refused, len(world.report.refusals)) == (150, 100)


def test_token_lengths_are_reported_when_a_tokenizer_is_there(world: World) -> None:
    words: Callable[[Sequence[str]], list[int]] = lambda texts: [len(text.split()) for text in texts]  # noqa: E731
    rows = [*plain(99), ["word " * 300, "kind 0"]]
    world.take(world.write([["text", "label"], *rows]), token_lengths=words, unknown_tokens=lambda texts: [1] * len(texts))
    tokens = world.report.tokens
    assert tokens is not None
    assert tokens.cut == {"128": 1, "256": 1, "512": 0}
    assert (tokens.lengths.unit, tokens.lengths.most) == ("tokens", 300)
    assert tokens.unknown == pytest.approx(100 / sum(words([row.text for row in world.rows()])))


def half_labelled() -> list[list[str]]:
    return [["text", "label"], *[[text, label if place % 2 else ""] for place, (text, label) in enumerate(plain())]]


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        ([["text", "label"]], BadInput, "only a header"),
        ([["text", "label"], *[[text, "one"] for text, _ in plain()]], NotEnoughData, "one label, 'one'"),
        (half_labelled(), BadInput, "50 of 100 rows have no label"),
        ([["text", "label"], *[[text, text[::-1]] for text, _ in plain()]], BadInput, "these are not labels"),
        ([["text", "label"], *plain(2)], NotEnoughData, "too few independent rows"),
        ([["text", "label"], ["a", "x"], ["a", "y"]], NotEnoughData, "several labels"),
        ([["text", "label"], *[["", "x"]] * 9], BadInput, "None of the 9 rows can be used; line 2: the column 'text' is empty"),
    ],
)  # fmt: skip
def test_what_cannot_become_a_corpus_is_refused_and_nothing_is_stored(
    world: World, rows: list[list[str]], error: type[BesideError], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        world.take(world.write(rows))
    assert caught.value.exit_code == 2 and caught.value.hint
    assert world.stored() == []


def test_wrong_names_are_refused_before_anything_is_read(world: World) -> None:
    source = world.write([["text", "label"], *plain()])
    with pytest.raises(UnknownName, match="no task 'clasify'"):
        world.take(source, task="clasify")
    with pytest.raises(BadInput, match="no column 'lable'"):
        world.take(source, columns=Columns(label="lable"))
    with pytest.raises(BadInput, match="There is no file"):
        world.take(str(world.folder / "none.csv"))
    (world.folder / "rows.docx").write_bytes(b"PK")
    with pytest.raises(BadInput, match="No reader is for 'rows.docx'") as caught:
        world.take(str(world.folder / "rows.docx"))
    assert "delimited" in caught.value.hint
    assert world.stored() == []


def test_every_kind_of_file_gives_the_same_rows(world: World) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from openpyxl import Workbook

    rows = plain()
    sources = [world.write([["text", "label"], *rows])]
    for name, lines in (("rows.jsonl", "".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in rows)),):
        (world.folder / name).write_text(lines)
        sources.append(str(world.folder / name))
    pq.write_table(
        pa.table({"text": [text for text, _ in rows], "label": [label for _, label in rows]}), world.folder / "rows.parquet"
    )
    book = Workbook()
    for row in [["text", "label"], *rows]:
        book.active.append(row)
    book.save(world.folder / "rows.xlsx")
    sources += [str(world.folder / "rows.parquet"), str(world.folder / "rows.xlsx")]
    assert len({world.take(source).corpus.id for source in sources}) == 1


def test_a_full_disk_leaves_nothing_behind(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: object, **named: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    source = world.write([["text", "label"], *plain()])
    monkeypatch.setattr("beside.stages.intake.TemporaryFile", full)
    with pytest.raises(StorageFailed, match="No space left"):
        world.take(source)
    assert world.stored() == []


def test_progress_is_told_while_rows_are_read(world: World) -> None:
    class Heard:
        steps: list[tuple[str, int, int]] = []

        def say(self, text: str) -> None: ...

        def step(self, stage: str, done: int, total: int, note: str = "") -> None:
            self.steps.append((stage, done, total))

    heard = Heard()
    world.take(
        world.write([["text", "label"], *[[f"{place:x} {text}", label] for place, (text, label) in enumerate(plain() * 120)]]),
        progress=heard,
    )
    assert ("read", 5000, 0) in heard.steps and ("read", 12000, 12000) in heard.steps
    assert {stage for stage, _, _ in heard.steps} >= {"read", "write"}


def test_the_built_in_support_data_is_a_good_corpus(world: World) -> None:
    source = str(registry.HOME / "data" / "support" / "zh.csv")
    world.take(source)
    assert (world.report.refused, world.report.repeated, world.report.contradicted) == (0, 0, 0)
    assert all(min(row.train, row.tune, row.test) > 0 for row in world.report.labels)
    assert set(world.report.languages) == {"Chinese"}
