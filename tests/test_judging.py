"""Attacked rows from a model to people and back into training."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from beside.core.attacking import Attacked
from beside.core.errors import BadInput, NotPermitted, UnknownName
from beside.core.interfaces import Silent
from beside.core.judging import AttackedRow, Opinion
from beside.core.registry import load
from beside.core.types import Actor, Finding
from beside.judging import CHECK
from beside.loop import Loop
from beside.store.conversion import standing, switch_on
from beside.store.key_source import environment
from beside.store.rows import read_splits

PLANTED = "zebra-8830"  # stands in changed texts and comments, and nowhere else


@pytest.fixture
def fooled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every attack succeeds at once, with `PLANTED` put before the text; the texts that were attacked."""
    seen: list[str] = []

    def loosely(check: Any, subject: Any, rows: Any, train: Any) -> list[Attacked]:
        seen.extend(text for text, _ in rows)
        return [
            Attacked(
                text=text, edited=f"{PLANTED} {text}", target=target, before=target, after="x", ended="fooled", edits=1, queries=2
            )
            for text, target in rows
        ]

    monkeypatch.setattr(type(load("checks", CHECK)), "loosely", loosely)
    monkeypatch.setattr(Loop, "base_of", lambda self, run: None)
    return seen


@pytest.fixture
def world(make_approved: Callable[..., Any], tmp_path: Path) -> Iterator[tuple[Loop, str]]:
    """A loop over a workspace with an approved release, and the release's id."""
    made = make_approved(tmp_path / "work")
    yield Loop(made.workspace, made.owner), made.release.id
    made.workspace.close()


def as_(loop: Loop, name: str, role: str) -> Loop:
    return Loop(loop.workspace, Actor(name=name, roles=(role,)), clock=loop.clock)


def rows_of(loop: Loop, release: str) -> tuple[AttackedRow, ...]:
    return loop.desk(release).rows


def test_training_rows_are_attacked_and_never_test_rows(world: tuple[Loop, str], fooled: list[str]) -> None:
    loop, release = world
    assert loop.attack_rows(release, 100) == 9
    splits = loop.splits(loop.records.corpora(loop.actor)[0])
    assert sorted(fooled) == sorted(row.text for row in splits.train)
    assert not {row.text for row in splits.test} & {row.text for row in rows_of(loop, release)}


def test_the_true_attack_keeps_rows_whose_answer_changed_with_both_answers(world: tuple[Loop, str]) -> None:
    loop, release = world
    assert loop.attack_rows(release) == len(rows_of(loop, release))
    for row in rows_of(loop, release):
        assert row.before == row.label != row.after
        assert max(row.after_probabilities, key=row.after_probabilities.__getitem__) == row.after


def test_more_rows_can_be_attacked_and_none_twice(world: tuple[Loop, str], fooled: list[str]) -> None:
    loop, release = world
    assert (loop.attack_rows(release, 4), loop.attack_rows(release, 4), loop.attack_rows(release, 6)) == (4, 0, 2)
    assert len(fooled) == len(set(fooled)) == 6
    assert [row.text for row in rows_of(loop, release)] == fooled, "in the order in which they were drawn"


def test_what_people_accept_is_a_training_row_of_the_same_person_with_its_origin(
    world: tuple[Loop, str], fooled: list[str]
) -> None:
    loop, release = world
    loop.attack_rows(release, 4)
    kept, other, changed, torn = rows_of(loop, release)
    for who, last in (("anna", "kept"), ("ben", "changed")):
        said = [(kept, "kept", None), (other, "kept", "cancel"), (changed, "changed", "cancel"), (torn, last, None)]
        as_(loop, who, "annotator").judge(
            release, [Opinion(attacked_id=row.id, meaning=meaning, label=label) for row, meaning, label in said]
        )
    splits = loop.splits(loop.corpus_of(release))
    marked = [row.model_copy(update={"person": f"person-{row.id}"}) for row in splits.train]
    taught = loop.accepted(release, splits._replace(train=marked))
    assert [(row.text, row.target, row.origin) for row in taught] == [
        (kept.edited, kept.label, f"judged:{kept.id}"), (other.edited, "cancel", f"judged:{other.id}")
    ]  # fmt: skip
    assert [row.person for row in taught] == [f"person-{kept.example_id}", f"person-{other.example_id}"]
    found = loop.rates(release)
    assert (found.rows, found.decided, found.unsure, found.accepted) == (4, 3, 1, 2)
    assert len(loop.accepted_at(release)) == 2 and as_(loop, "uma", "user").accepted_at(release) == []
    assert found.kept is not None and (found.kept.value, found.kept.n) == (pytest.approx(2 / 3), 3)
    assert found.raw is None and found.judged is None, "no audit measured the attack"


def test_the_judged_rate_is_the_raw_one_of_the_audit_times_what_people_accept(world: tuple[Loop, str], fooled: list[str]) -> None:
    loop, release = world
    run = loop.records.release(loop.actor, release).run_id
    raw = Finding(
        id="finding-raw", run_id=run, check=CHECK, metric="words_success", unit="share", better="lower", value=0.8, low=0.7,
        high=0.9, n=50, seed=0, made_at=loop.clock(),
    )  # fmt: skip
    loop.records.add_findings(loop.actor, [raw])
    loop.attack_rows(release, 4)
    loop.judge(release, [Opinion(attacked_id=row.id, meaning="kept") for row in rows_of(loop, release)])
    found = loop.rates(release)
    assert found.raw is not None and found.raw.n == 50
    assert found.judged is not None and found.judged.value == pytest.approx(0.8) and found.judged.low < 0.45


def test_accepted_rows_go_into_training_rows_alone(
    world: tuple[Loop, str], fooled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, release = world
    loop.attack_rows(release)
    loop.judge(release, [Opinion(attacked_id=row.id, meaning="kept") for row in rows_of(loop, release)])

    class Trained(Exception):
        pass

    def stop(*given: Any, **more: Any) -> None:
        raise Trained

    monkeypatch.setattr(Loop, "train", stop)
    with pytest.raises(Trained):
        loop.improve(release)
    child = loop.records.corpora(loop.actor)[0]
    before, after = loop.splits(loop.corpus_of(release)), read_splits(loop.artifacts.path(child.examples))
    assert child.parent == "corpus-toy" and (after.tune, after.test) == (before.tune, before.test)
    added = {row.text: row for row in after.train if row not in before.train}
    assert added.keys() == {row.edited for row in rows_of(loop, release)}
    assert all(row.origin.startswith("judged:attacked-") for row in added.values())


def test_a_row_that_is_judged_again_counts_once_and_the_same_word_is_kept_once(world: tuple[Loop, str], fooled: list[str]) -> None:
    loop, release = world
    loop.attack_rows(release, 1)
    [row] = rows_of(loop, release)
    for meaning, new in (("kept", 1), ("kept", 0), ("changed", 1)):
        assert len(loop.judge(release, [Opinion.model_validate({"attacked_id": row.id, "meaning": meaning})])) == new
    kept = loop.rates(release).kept
    assert kept is not None and (kept.value, kept.n) == (0, 1)
    assert len(loop.records.judgements(loop.actor, release)) == 2, "all that was said is kept"


def test_what_the_model_said_is_open_to_those_who_judged_every_row(world: tuple[Loop, str], fooled: list[str]) -> None:
    loop, release = world
    loop.attack_rows(release, 2)
    first, second = rows_of(loop, release)
    loop.judge(release, [Opinion(attacked_id=first.id, meaning="kept")])
    assert not loop.desk(release).open
    loop.judge(release, [Opinion(attacked_id=second.id, meaning="unsure")])
    assert loop.desk(release).open and not as_(loop, "rita", "reviewer").desk(release).open


def test_a_label_or_row_that_is_not_known_is_refused_before_anything_is_kept(world: tuple[Loop, str], fooled: list[str]) -> None:
    loop, release = world
    loop.attack_rows(release, 1)
    good = Opinion(attacked_id=rows_of(loop, release)[0].id, meaning="kept")
    with pytest.raises(BadInput, match="no label 'lost'"):
        loop.judge(release, [good, good.model_copy(update={"label": "lost"})])
    with pytest.raises(UnknownName, match="attacked-none"):
        loop.judge(release, [good, good.model_copy(update={"attacked_id": "attacked-none"})])
    assert loop.records.judgements(loop.actor, release) == []


@pytest.mark.parametrize("role", ["privacy_officer", "user", "annotator", "reviewer", "builder"])
def test_who_may_read_rows_may_attack_them_and_those_who_work_with_labels_judge(
    world: tuple[Loop, str], fooled: list[str], role: str
) -> None:
    loop, release = world
    loop.attack_rows(release, 1)
    one, opinion = as_(loop, "somebody", role), Opinion(attacked_id=rows_of(loop, release)[0].id, meaning="kept")
    assert bool(one.desk(release).rows) is (role != "user")
    may: dict[Callable[[], Any], bool] = {
        lambda: one.attack_rows(release, 2): role != "user",
        lambda: one.judge(release, [opinion]): role not in ("user", "privacy_officer"),
    }
    for call, allowed in may.items():
        if allowed:
            call()
        else:
            with pytest.raises((NotPermitted, UnknownName)):
                call()


def test_an_erasure_takes_attacked_copies_of_a_persons_rows_and_what_was_said_of_them(
    world: tuple[Loop, str], fooled: list[str]
) -> None:
    from beside.core.erasure import Asked

    loop, release = world
    loop.attack_rows(release)
    words, rows = "cancel the subscription now", rows_of(loop, release)
    own = next(row for row in rows if row.text == words)
    # the copy itself names nobody any more: it goes because of the row that it was made from
    other = next(row for row in rows if row.text != words)
    loop.judge(release, [Opinion(attacked_id=own.id, meaning="kept"), Opinion(attacked_id=other.id, meaning="kept", comment=words)])
    found = {one.kind: one.count for one in loop.person(Asked(words=(words,))).holders}
    assert (found["attacked row"], found["judgement"]) == (1, 2)
    quoted = [one for one in loop.access(Asked(words=(words,)))["quoted"] if one["kind"] == "attacked row"]
    assert [one["edited"] for one in quoted] == [own.edited]
    assert loop.erase(Asked(words=(words,))).complete
    assert own.id not in {row.id for row in rows_of(loop, release)}
    [left] = loop.records.judgements(loop.actor, release)
    assert left.attacked_id == other.id and left.comment == "[erased]"


def test_attacked_rows_go_with_the_rows_that_they_were_made_from_and_judgements_when_their_time_is_up(
    make_approved: Callable[..., Any], fooled: list[str], tmp_path: Path
) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "beside.toml").write_text('[retention]\nanswers = 30\ncorpora = 60\ntrained = "retire"\n', encoding="utf-8")
    made = make_approved(folder)
    loop = Loop(made.workspace, made.owner)
    today = loop.clock()
    loop.attack_rows(made.release.id, 2)
    loop.judge(made.release.id, [Opinion(attacked_id=row.id, meaning="kept") for row in rows_of(loop, made.release.id)])
    later = Loop(made.workspace, made.owner, clock=lambda: today + timedelta(days=31))
    [due] = [one for one in later.retention().due if one.kind == "answers"]
    assert due.count == 2
    swept = later.enforce_retention()
    assert swept is not None and swept.removed == {"judgement": 2} and len(rows_of(loop, made.release.id)) == 2
    latest = Loop(made.workspace, made.owner, clock=lambda: today + timedelta(days=61))
    swept = latest.enforce_retention()
    assert swept is not None and swept.removed["attacked row"] == 2 and rows_of(loop, made.release.id) == ()
    made.workspace.close()


def test_an_encrypted_workspace_holds_no_word_of_them_in_the_clear(
    world: tuple[Loop, str], fooled: list[str], tmp_path: Path
) -> None:
    loop, release = world
    loop.attack_rows(release, 2)
    comment = f"{PLANTED} is odd"
    loop.judge(release, [Opinion(attacked_id=row.id, meaning="kept", comment=comment) for row in rows_of(loop, release)])
    switch_on(loop.workspace, loop.actor, f"file:{tmp_path / 'master.key'}", environment, Silent())
    assert standing(loop.workspace).plain_values == 0
    held = [file for file in loop.workspace.state.rglob("*") if file.is_file() and PLANTED.encode() in file.read_bytes()]
    assert held == []
    assert rows_of(loop, release)[0].edited.startswith(PLANTED)


def test_from_the_command_line_a_table_goes_out_and_comes_back(
    make_approved: Callable[..., Any], beside: Any, tmp_path: Path
) -> None:
    made = make_approved(tmp_path / "work")
    place = ("--workspace", tmp_path / "work")
    ended = beside("attack", made.release.id, "--out", "rows.csv", *place, cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert "judged" in ended.out and "not measured" in ended.out
    with (tmp_path / "rows.csv").open(encoding="utf-8-sig", newline="") as file:
        head, *rows = csv.reader(file)
    with (tmp_path / "filled.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *([*row[:3], "yes", "", ""] for row in rows)])
    ended = beside("attack", made.release.id, "--judged", "filled.csv", "--json", *place, cwd=tmp_path)
    assert ended.json["rows"] == ended.json["decided"] == ended.json["accepted"] == len(rows)
    assert beside("attack", made.release.id, "--out", "rows.csv", *place, cwd=tmp_path).code == 2, "never over a judged table"
