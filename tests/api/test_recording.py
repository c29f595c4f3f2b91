"""Answers of many requests are stored in one transaction; what is told is kept, and who may not ask fails alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from beside.api.recording import Recorder
from beside.core.errors import NotPermitted, StorageFailed
from beside.core.types import Actor, Prediction
from beside.store.watermark import Watermark
from beside.store.workspace import Workspace

BEN, EVE = Actor(name="ben", roles=("user",)), Actor(name="eve")


def answers(release: str, *names: str) -> list[Prediction]:
    said = {"label": "cancel", "probability": 0.9, "probabilities": {"cancel": 0.9, "refund": 0.1}, "made_at": datetime.now(UTC)}
    return [Prediction(id=f"prediction-{name}", release_id=release, text=name, **said) for name in names]


def put(recorder: Recorder, actor: Actor, predictions: list[Prediction]) -> Future[list[Prediction]]:
    future: Future[list[Prediction]] = Future()
    recorder.put(actor, predictions, future)
    return future


@pytest.fixture
def given(make_approved: Callable[..., Any], tmp_path: Path) -> Any:
    return make_approved(tmp_path)


def test_what_waits_is_stored_together_one_row_of_the_ledger_for_each_person(given: Any) -> None:
    records, release = given.workspace.records, given.release.id
    groups = [(BEN, answers(release, "a", "b")), (given.owner, answers(release, "c")), (BEN, answers(release, "d"))]
    records.add_answered(groups)
    newest = records.ledger(given.owner, limit=2)
    assert [(one.who, one.verb, one.detail["rows"]) for one in newest] == [("olga", "predict", 1), ("ben", "predict", 3)]
    assert {one.id for one in records.predictions(given.owner, release)} == {f"prediction-{name}" for name in "abcd"}


def test_who_may_not_ask_fails_alone(given: Any) -> None:
    recorder, release = Recorder(given.workspace.records), given.release.id
    with recorder.changed:  # all three come before the first is stored
        asked = [put(recorder, *each) for each in ((BEN, answers(release, "a")), (EVE, answers(release, "b")))]
        asked.append(put(recorder, BEN, answers(release, "c")))
    assert [one.result(20)[0].text for one in (asked[0], asked[2])] == ["a", "c"]
    with pytest.raises(NotPermitted):
        asked[1].result(20)


def test_what_was_told_is_there_for_another_process_and_soon_signed(given: Any) -> None:
    recorder = Recorder(given.workspace.records)
    put(recorder, BEN, answers(given.release.id, "a")).result(20)
    other = Workspace.open(given.workspace.folder, create=False)
    assert other.records.prediction(BEN, "prediction-a").text == "a"
    recorder.close()
    assert recorder.unflushed is None
    assert other.check_ledger().trusted
    other.close()


def test_a_disk_that_does_not_take_it_is_told_to_who_asked(given: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder(given.workspace.records)

    def full(groups: Any) -> Any:
        raise StorageFailed("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(given.workspace.records, "add_answered", full)
        with pytest.raises(StorageFailed):
            put(recorder, BEN, answers(given.release.id, "a")).result(20)
    assert put(recorder, BEN, answers(given.release.id, "a")).result(20)


def test_after_a_rest_it_stores_again(given: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("beside.api.recording.IDLE", 0.02)
    recorder = Recorder(given.workspace.records)
    for name in "ab":
        assert put(recorder, BEN, answers(given.release.id, name)).result(20)
        while recorder.thread is not None:
            time.sleep(0.01)


def test_a_write_that_is_flushed_says_so_to_the_database_and_one_that_is_not_does_not(given: Any) -> None:
    database = given.workspace.records.database
    for flushed, expected in ((False, 1), (True, 2), (False, 1)):
        with database.write(flushed=flushed) as session:
            assert session.execute(text("PRAGMA synchronous")).scalar() == expected


def test_the_watermark_moves_with_everything_but_answers_also_from_elsewhere(given: Any) -> None:
    records, moved = given.workspace.records, Watermark(given.workspace.records.database)
    first = moved()
    records.add_answered([(BEN, answers(given.release.id, "a"))])
    assert moved() == first
    other = Workspace.open(given.workspace.folder, create=False)
    run = records.run(given.owner, given.release.run_id)
    other.records.count_test_use(given.owner, run.corpus_id, run.id, "look")
    assert moved() == first + 1 == moved()
    other.close()
