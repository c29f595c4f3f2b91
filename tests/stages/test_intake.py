"""Which rows become a corpus, and what the report says of them."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from beside.core import registry
from beside.core.report import Report

Plain = Callable[..., list[list[str]]]


def test_a_file_becomes_a_corpus_whose_every_row_is_accounted_for(world: Any, plain: Plain) -> None:
    world.take(world.write([["text", "label"], *plain()]))
    assert world.corpus.splits == {"train": 70, "tune": 10, "test": 20}
    assert world.corpus.labels == ("kind 0", "kind 1")
    assert {row.text: row.target for row in world.rows()} == dict(plain())
    assert (world.report.rows_read, world.report.kept, world.report.refused) == (100, 100, 0)
    assert world.report.labels[0].train + world.report.labels[0].tune + world.report.labels[0].test == 50
    assert world.report.characters.unit == "characters" and world.report.languages["English"] >= 50
    assert Report.model_validate(world.artifacts.read_json(world.corpus.report or "")) == world.report


def test_the_same_file_gives_the_same_corpus_and_another_seed_another_one(world: Any, plain: Plain) -> None:
    source = world.write([["text", "label"], *plain()])
    first = world.take(source, seed=1).corpus
    again = world.take(source, seed=1).corpus
    other = world.take(source, seed=2).corpus
    assert first == again and first.id.startswith("corpus-")
    assert other.id != first.id
    assert world.take(source, seed=1, name="post").corpus.id != first.id


def test_equal_rows_are_kept_once_and_shown(world: Any, plain: Plain) -> None:
    rows = plain()
    world.take(world.write([["text", "label"], *rows, rows[0], [f"  {rows[0][0]}\r\n", rows[0][1]], rows[1]]))
    assert (world.report.rows_read, world.report.kept, world.report.repeated) == (103, 100, 3)
    assert world.report.repeats[0].rows == 3
    assert world.report.repeats[0].lines == (2, 102, 103)


def test_a_text_with_two_labels_is_left_out_unless_most_rows_agree(world: Any, plain: Plain) -> None:
    rows = [*plain(), ["which one is it", "kind 0"], ["which one is it", "kind 1"]]
    rows += [["most say zero", "kind 0"], ["most say zero", "kind 0"], ["most say zero", "kind 1"]]
    world.take(world.write([["text", "label"], *rows]))
    assert (world.report.contradicted, world.report.repeated, world.report.conflicting_texts) == (3, 1, 2)
    found = {conflict.text: conflict for conflict in world.report.conflicts}
    assert found["which one is it"].labels == {"kind 0": 1, "kind 1": 1} and found["which one is it"].kept is None
    assert found["most say zero"].kept == "kind 0"
    assert [row.target for row in world.rows() if row.text in found] == ["kind 0"]


def test_spellings_of_a_label_are_merged_and_the_commonest_wins(world: Any, plain: Plain) -> None:
    rows = [
        [text, spelling]
        for (text, _), spelling in zip(
            plain(), ["Lost Card"] * 30 + ["lost card"] * 20 + ["ｌｏｓｔ  ｃａｒｄ"] * 10 + ["pin"] * 40, strict=True
        )
    ]
    world.take(world.write([["text", "label"], *rows]))
    assert world.corpus.labels == ("Lost Card", "pin")
    assert world.report.merged[0].spellings == {"Lost Card": 30, "lost card": 20, "ｌｏｓｔ  ｃａｒｄ": 10}


def test_dirty_text_is_cleaned_and_counted(world: Any, plain: Plain) -> None:
    rows = [*plain(), ["my\x00 card\x07 is\r\ngone ", "kind 0"]]
    world.take(world.write([["text", "label"], *rows]))
    assert world.report.cleaned == 1
    assert "my card is\ngone" in {row.text for row in world.rows()}


def test_pairs_of_texts_are_read_and_compared_as_pairs(world: Any, plain: Plain) -> None:
    rows = [
        [text, other[0], "01"[place % 2]] for place, ((text, _), other) in enumerate(zip(plain(), reversed(plain()), strict=True))
    ]
    world.take(world.write([["sentence1", "sentence2", "label"], *rows, [rows[0][0], "quite another", "1"]]))
    assert world.report.kept == 101
    assert {(row.text, row.pair) for row in world.rows()} >= {(rows[0][0], rows[0][1]), (rows[0][0], "quite another")}


def test_token_lengths_are_reported_when_a_tokenizer_is_there(world: Any, plain: Plain) -> None:
    words: Callable[[Sequence[str]], list[int]] = lambda texts: [len(text.split()) for text in texts]  # noqa: E731
    rows = [*plain(99), ["word " * 300, "kind 0"]]
    world.take(world.write([["text", "label"], *rows]), token_lengths=words, unknown_tokens=lambda texts: [1] * len(texts))
    tokens = world.report.tokens
    assert tokens is not None
    assert tokens.cut == {"128": 1, "256": 1, "512": 0}
    assert (tokens.lengths.unit, tokens.lengths.most) == ("tokens", 300)
    assert tokens.unknown == pytest.approx(100 / sum(words([row.text for row in world.rows()])))


def test_nothing_is_said_of_a_base_that_cannot_do_the_task(world: Any, plain: Plain) -> None:
    rows = [[text, f"the answer to {text}"] for text, _ in plain()]
    world.take(world.write([["text", "label"], *rows]), task="generate", token_lengths=lambda texts: [1] * len(texts))
    assert world.report.kept == len(rows) and world.report.tokens is None


def test_every_kind_of_file_gives_the_same_rows(world: Any, plain: Plain) -> None:
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


def test_progress_is_told_while_rows_are_read(world: Any, plain: Plain) -> None:
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


def test_the_built_in_support_data_is_a_good_corpus(world: Any) -> None:
    source = str(registry.HOME / "data" / "support" / "zh.csv")
    world.take(source)
    assert (world.report.refused, world.report.repeated, world.report.contradicted) == (0, 0, 0)
    assert all(min(row.train, row.tune, row.test) > 0 for row in world.report.labels)
    assert set(world.report.languages) == {"Chinese"}


def test_broken_code_points_of_json_are_mended_before_anything_is_stored(world: Any, plain: Plain) -> None:
    lines = [json.dumps({"text": text, "label": label}) for text, label in plain()]
    (world.folder / "rows.jsonl").write_text("\n".join([*lines, '{"text": "half \\ud83d of it", "label": "kind 0"}']))
    world.take(str(world.folder / "rows.jsonl"))
    assert "half \ufffd of it" in {row.text for row in world.rows()}
    assert world.report.cleaned == 1


def test_no_row_is_spared_for_tuning_when_labels_have_few(world: Any, plain: Plain) -> None:
    world.take(world.write([["text", "label"], *plain()[:30]]))
    assert world.corpus.splits == {"train": 24, "tune": 0, "test": 6}
    assert "none to tune on (under 20 rows per label)" in world.report.split
