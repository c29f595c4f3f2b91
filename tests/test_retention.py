"""Periods of retention: what is due goes from every byte, what is not stays, and no approved release is broken unseen."""

from __future__ import annotations

import os
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from beside.api import daily
from beside.cli.commands import app
from beside.core.columns import Columns
from beside.core.errors import BadOption, Erased, GateClosed, NotPermitted
from beside.core.protecting import plan
from beside.core.types import Actor, Comparison, Example
from beside.loop import Loop
from beside.store.rows import read_rows, write_rows
from beside.store.sealing import Keys
from beside.store.settings import read_settings
from beside.store.workspace import Workspace

OWNER = Actor(name="olga", roles=("admin",))
NOW = datetime.now(UTC)
ROW = "cancel the subscription now"  # a training row of the approved release
OLD, YOUNG = "zebra question of long ago", "yak question of today"
SAID = "quail remark of long ago"


def loop_at(workspace: Workspace, days_ago: int = 0) -> Loop:
    """The loop as it was some days ago; records too are dated so."""
    moment = NOW - timedelta(days=days_ago)
    workspace.records.database.clock = lambda: moment
    return Loop(workspace, OWNER, clock=lambda: moment)


def settings(folder: Path, **periods: Any) -> None:
    """Writes the table of periods."""
    said = "".join(f"{name} = {value!r}\n" if isinstance(value, str) else f"{name} = {value}\n" for name, value in periods.items())
    (folder / "beside.toml").write_text(f"[retention]\n{said}", encoding="utf-8")


@pytest.fixture
def world(make_approved, tmp_path):
    """Makes a workspace whose release was approved, asked and corrected 100 days ago, and asked again today."""
    opened = []

    def made(**periods: Any) -> Loop:
        folder = tmp_path / "bank"
        folder.mkdir(exist_ok=True)
        settings(folder, **periods)
        approved = make_approved(folder, at=NOW - timedelta(days=100))
        opened.append(approved.workspace)
        old = loop_at(approved.workspace, 99)
        first = old.predict(old.serve(approved.release.id), [OLD, "walrus question that was corrected"])
        old.listen(first[1].id, False, "refund", note=SAID)
        new = loop_at(approved.workspace)
        new.predict(new.serve(approved.release.id), [YOUNG])
        return new

    yield made
    for workspace in opened:
        workspace.close()


def held_by(workspace: Workspace, words: str) -> list[str]:
    """The files of the state, the write-ahead log included, that hold words."""
    files = [path for path in workspace.state.rglob("*") if path.is_file()]
    return [path.name for path in files if words.encode() in path.read_bytes() or holds_row(path, words)]


def holds_row(path: Path, words: str) -> bool:
    """Whether a table of rows, which is packed, holds words."""
    with path.open("rb") as stream:
        if stream.read(4) != b"PAR1":
            return False
    return any(words in row.text for row in read_rows(path))


def test_without_a_period_nothing_is_ever_due(world):
    loop = world()
    assert not loop.retention().anything and loop.enforce_retention() is None
    assert held_by(loop.workspace, OLD)


def test_old_questions_go_from_every_byte_and_young_ones_stay(world):
    loop = world(predictions=90)
    [told] = [one for one in loop.retention().due if one.kind == "predictions"]
    assert (told.count, told.kept) == (2, 1), "the one that was corrected stays as long as the correction"
    assert abs(told.since - (NOW - timedelta(days=9))) < timedelta(seconds=1)
    done = loop.enforce_retention()
    assert done.removed == {"prediction": 1}
    assert held_by(loop.workspace, OLD) == []
    assert held_by(loop.workspace, YOUNG) and held_by(loop.workspace, "walrus question")
    assert loop.serve() and loop.workspace.check_ledger().trusted
    assert loop.enforce_retention() is None, "nothing is left to do"


def test_when_the_correction_is_due_its_question_goes_as_well(world):
    loop = world(predictions=90, answers=90)
    assert [(one.kind, one.count, one.kept) for one in loop.retention().due if one.days] == [
        ("predictions", 2, 0),
        ("answers", 1, 0),
    ]
    assert loop.enforce_retention().removed == {"prediction": 2, "answer": 1}
    for words in (OLD, SAID, "walrus question"):
        assert held_by(loop.workspace, words) == []


def test_rows_that_a_served_release_was_trained_on_stay_with_it_and_are_told(world):
    loop = world(corpora=30)
    told = loop.retention()
    assert told.held == {"corpus-toy": loop.records.releases(OWNER)[0].id} and not told.anything
    assert [(one.count, one.kept) for one in told.due if one.kind == "corpora"] == [(12, 12)]
    assert loop.enforce_retention() is None and loop.serve()
    assert held_by(loop.workspace, ROW)


def test_where_the_setting_says_so_the_release_is_retired_with_its_rows(world):
    loop = world(corpora=30, trained="retire")
    [release] = loop.records.releases(OWNER)
    loop.records.add_comparison(OWNER, quoting())
    told = loop.retention()
    assert told.releases == {release.id: "approved"} and told.runs == ("run-toy",)
    done = loop.enforce_retention()
    assert done.removed == {"row": 12, "comparison": 1} and done.corpora == {"corpus-toy": None}
    assert held_by(loop.workspace, ROW) == []
    assert loop.standing(release.id).state == "retired"
    with pytest.raises(GateClosed, match="period"):
        loop.serve(release.id)
    with pytest.raises(Erased):
        loop.train("corpus-toy")
    assert held_by(loop.workspace, YOUNG), "questions have no period here"


def quoting() -> Comparison:
    """A comparison that quotes a test row."""
    plain = {"champion_accuracy": 0.5, "challenger_accuracy": 0.5, "gap": 0.0, "low": 0.0, "high": 0.0, "p_value": 1.0}
    flipped = ({"id": "x", "text": ROW, "target": "a", "before": "a", "after": "b"},)
    told = {"champion": "run-toy", "challenger": "run-toy", "n": 3, "only_champion": 0, "only_challenger": 0}
    return Comparison.model_validate({**told, **plain, "verdict": "cannot tell", "flipped": flipped})


def test_a_retired_release_holds_no_rows_back(world):
    loop = world(corpora=30)
    [release] = loop.records.releases(OWNER)
    loop.stop(release.id, "It is old.")
    assert loop.retention().held == {} and loop.enforce_retention().removed["row"] == 12
    assert held_by(loop.workspace, ROW) == []


def test_a_correction_is_as_old_as_itself_and_not_as_the_import(world):
    """The child corpus of an improvement keeps its young corrections when the import's rows go."""
    loop = world(corpora=30, trained="retire")
    corpus = loop.records.corpus(OWNER, "corpus-toy")
    rows = [("train", row) for row in read_rows(loop.artifacts.path(corpus.examples))]
    young = Example(id="c1", text="newt correction of today", target="refund", origin="correction:p1")
    for name, days, more in (
        ("a", 60, Example(id="c0", text="ibex correction", target="refund", origin="correction:p0")),
        ("b", 2, young),
    ):
        rows = [*rows, ("train", more)]
        with loop.artifacts.new_file() as file:
            write_rows(file.path, rows)
        parent = "corpus-toy" if name == "a" else "corpus-a"
        changes = {
            "id": f"corpus-{name}",
            "parent": parent,
            "examples": file.id,
            "splits": {"train": len(rows), "tune": 0, "test": 0},
        }
        loop.records.add_corpus(OWNER, corpus.model_copy(update={**changes, "made_at": NOW - timedelta(days=days)}))
    done = loop.enforce_retention()
    assert done.corpora["corpus-a"] is None and done.corpora["corpus-toy"] is None
    left = loop.records.corpus(OWNER, str(done.corpora["corpus-b"]))
    assert [row.text for row in read_rows(loop.artifacts.path(left.examples))] == [young.text]
    assert held_by(loop.workspace, "ibex correction") == [] and held_by(loop.workspace, ROW) == []
    loop_at(loop.workspace)
    assert loop.enforce_retention() is None, "what is left is young"


def test_values_in_the_vault_and_log_files_have_periods_of_their_own(world):
    loop = world(vault=30, logs=30)
    folder = loop.workspace.folder
    Keys.make(folder, f"file:{folder.parent / 'master.key'}")
    for days, who in ((60, "ada"), (1, "bob")):
        at = loop_at(loop.workspace, days)
        source = folder / f"{who}.csv"
        rows = [
            f"{who}{place},please write to {who}{place}@bank.example about card {place},{'ab'[place % 2]}" for place in range(40)
        ]
        source.write_text("who,text,label\n" + "\n".join(rows))
        corpus, _ = at.intake(str(source), who, Columns(text="text", label="label", person="who"))
        at.protect(corpus.id, f"safe-{who}", plan(kinds=("email",), default="pseudonym"))
    for name, days in (("started.log", 60), ("young.log", 1)):
        (loop.workspace.state / name).write_text("a line")
        os.utime(loop.workspace.state / name, (time.time() - days * 86_400,) * 2)
    now = loop_at(loop.workspace)
    assert {one.kind: one.count for one in now.retention().due if one.days} == {"vault": 40, "logs": 1}
    assert now.enforce_retention().removed == {"vault value": 40, "log file": 1}
    assert len(now.records.vault(OWNER)) == 40
    assert not (loop.workspace.state / "started.log").exists() and (loop.workspace.state / "young.log").exists()


STEPS = ["buried", "remove_old", "removed", "compacted"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_sweep_that_was_killed_goes_on_with_the_same_call(world, monkeypatch, step, after):
    loop = world(corpora=30, predictions=90, trained="retire")
    home = type(loop.records) if step == "remove_old" else Loop
    real = getattr(home, step)

    def killed(self, *given):
        if after:
            real(self, *given)
        raise KeyboardInterrupt

    monkeypatch.setattr(home, step, killed)
    with pytest.raises(KeyboardInterrupt):
        loop.enforce_retention()
    monkeypatch.undo()
    assert loop.enforce_retention().corpora == {"corpus-toy": None}
    for words in (ROW, OLD):
        assert held_by(loop.workspace, words) == []
    assert loop.workspace.check_ledger().trusted and not (loop.workspace.state / "erasures" / "retention.json").exists()


@pytest.mark.parametrize("role, allowed", [("privacy_officer", True), ("builder", False), ("reviewer", False), ("user", False)])
def test_only_a_privacy_officer_or_an_admin_may(world, role, allowed):
    loop = world(predictions=90)
    other = Loop(loop.workspace, Actor(name="pat", roles=(role,)))
    if allowed:
        assert other.retention().anything and other.enforce_retention().who == "pat"
        return
    for act in (other.retention, other.enforce_retention):
        with pytest.raises(NotPermitted):
            act()


def test_the_ledger_tells_what_went_and_what_stayed(world):
    loop = world(predictions=90, corpora=30)
    done = loop.enforce_retention()
    told = {entry.verb: entry.detail for entry in loop.records.ledger(OWNER) if entry.subject == done.id}
    assert told["retention done"]["removed"] == {"prediction": 1}
    assert list(told["retention done"]["held"]) == ["corpus-toy"]


def test_a_running_server_enforces_the_periods_by_itself(world):
    loop = world(predictions=90)
    loop.workspace.records.database.clock = lambda: datetime.now(UTC)
    stop = threading.Event()
    thread = threading.Thread(target=daily.watch, args=(loop.workspace, stop), daemon=True)
    thread.start()
    until = time.monotonic() + 10
    while held_by(loop.workspace, OLD) and time.monotonic() < until:
        time.sleep(0.05)
    stop.set()
    thread.join(10)
    assert held_by(loop.workspace, OLD) == [] and not thread.is_alive()
    assert [one.who for one in loop.records.ledger(OWNER) if one.verb == "retention done"] == ["server"]


def test_a_server_that_finds_the_workspace_busy_tries_again_soon(world):
    loop = world(predictions=90)
    waits = []
    with loop.workspace.lock("train"):
        thread = threading.Thread(target=lambda: waits.append(daily.enforce(loop.workspace)))
        thread.start()
        thread.join(10)
    assert waits == [daily.SOON] and daily.enforce(loop.workspace) == daily.DAY


def test_the_command_shows_first_and_removes_with_yes(world):
    loop = world(predictions=90, corpora=30)
    run = CliRunner()
    shown = run.invoke(app, ["retention", "-w", str(loop.workspace.folder)])
    assert shown.exit_code == 0 and "stays for release-" in shown.output and held_by(loop.workspace, OLD)
    told = run.invoke(app, ["retention", "-w", str(loop.workspace.folder), "--yes", "--json"])
    assert told.exit_code == 0 and '"prediction": 1' in told.stdout
    assert held_by(loop.workspace, OLD) == []


@pytest.mark.parametrize(
    "text", ["predictions = 0", "predictions = 'soon'", "explanations = 3", "trained = 'burn'", "backups = 'x'"]
)
def test_a_period_that_is_none_is_refused_with_what_is_allowed(tmp_path, text):
    (tmp_path / "beside.toml").write_text(f"[retention]\n{text}\n", encoding="utf-8")
    with pytest.raises(BadOption) as refused:
        read_settings(tmp_path)
    assert refused.value.hint
