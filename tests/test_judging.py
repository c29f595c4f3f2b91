"""Attacked rows from a model to a person and back into training."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beside import judging
from beside.core.errors import BadInput
from beside.core.judging import KEPT, Judged
from beside.loop import Loop
from beside.stages import listen


@pytest.fixture
def loop(make_approved: Callable[..., Any], tmp_path: Path) -> tuple[Loop, str]:
    """A loop over a workspace with an approved release, and the release's id."""
    made = make_approved(tmp_path / "work")
    return Loop(made.workspace, made.owner), made.release.id


def test_training_rows_are_attacked_and_never_test_rows(loop: tuple[Loop, str], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    true = judging.attack

    def watched(subject: Any, texts: list[str], *given: Any, **more: Any) -> Any:
        asked.extend(texts)
        return true(subject, texts, *given, **more)

    monkeypatch.setattr(judging, "attack", watched)
    found = judging.attacked(*loop, rows=100)
    corpus = loop[0].records.corpora(loop[0].actor)[0]
    splits = loop[0].splits(corpus)
    assert sorted(asked) == sorted(row.text for row in splits.train)
    assert not {row.text for row in splits.test} & set(asked)
    assert all(one.ended == "fooled" and one.after != one.target for one in found)


def test_what_people_accept_becomes_training_rows_and_a_rate(loop: tuple[Loop, str]) -> None:
    rows = [
        Judged(edited="please cancel my purchase", same=True, label="cancel"),
        Judged(edited="where is my money", same=False, label="refund"),
        Judged(edited="gibberish of words", same=False, label=None),
    ]
    judging.judge(*loop, rows)
    said = loop[0].records.answers(loop[0].actor, loop[1])
    assert [answer.note == KEPT for _, answer in said] == [True, False, False]
    taught = {example.text: example.target for example in listen.corrections(said)}
    assert taught == {"please cancel my purchase": "cancel", "where is my money": "refund"}
    shares = judging.success(*loop)
    assert shares["kept"] is not None and (shares["kept"].value, shares["kept"].n) == (pytest.approx(1 / 3), 3)
    assert shares["raw"] is None and shares["judged"] is None, "no audit measured the attack"


def test_a_row_that_is_judged_again_counts_once(loop: tuple[Loop, str]) -> None:
    for same in (True, False):
        judging.judge(*loop, [Judged(edited="my parcel is slow", same=same, label="deliver")])
    kept = judging.success(*loop)["kept"]
    assert kept is not None and (kept.value, kept.n) == (0, 1)


def test_a_label_that_the_release_does_not_know_is_refused_before_anything_is_kept(loop: tuple[Loop, str]) -> None:
    with pytest.raises(BadInput, match="no label 'lost'"):
        judging.judge(*loop, [Judged(edited="a", same=True, label="cancel"), Judged(edited="b", same=True, label="lost")])
    assert loop[0].records.answers(loop[0].actor, loop[1]) == []


def test_from_the_command_line_a_table_goes_out_and_comes_back(
    make_approved: Callable[..., Any], beside: Any, tmp_path: Path
) -> None:
    made = make_approved(tmp_path / "work")
    place = ("--workspace", tmp_path / "work")
    ended = beside("attack", made.release.id, "--out", "rows.csv", *place, cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert "judged" in ended.out and "not measured" in ended.out
    with (tmp_path / "rows.csv").open(encoding="utf-8-sig", newline="") as file:
        head = next(csv.reader(file))
    with (tmp_path / "filled.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, ["my parcel is late", "my parcel is slow", "deliver", "cancel", "yes", ""]])
    ended = beside("attack", made.release.id, "--judged", "filled.csv", "--json", *place, cwd=tmp_path)
    assert ended.json["kept"]["value"] == 1
    assert beside("attack", made.release.id, "--out", "rows.csv", *place, cwd=tmp_path).code == 2, "never over a judged table"
