"""Looking for drift at what a release was asked: planted shifts are found, told and acted on; the rest stays quiet."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from fastapi.testclient import TestClient
from tests.asked import TEXTS, foreign, usual

from beside.api.app import create_app
from beside.core.errors import BadInput, NotEnoughData, NotPermitted
from beside.core.types import Actor, Example, Prediction
from beside.drifting import MONITOR
from beside.loop import Loop
from beside.store.workspace import Workspace


def test_texts_like_the_tune_rows_raise_no_alarm_and_accuracy_is_estimated(asked):
    look = asked(usual()).drift_of()
    assert look.alarms == () and {one.aspect for one in look.shifts} == {
        "predictions", "confidence", "embeddings", "vocabulary", "language", "length",
    }  # fmt: skip
    assert (look.n, look.tune, look.skipped) == (120, 120, {})
    sure, atc = look.accuracy
    assert sure.low <= sure.value <= sure.high and atc.low <= atc.value <= atc.high
    assert abs(atc.value - look.tune_accuracy) < 0.1 > sure.value - 0.65  # the toy is right far oftener than it is sure


def test_other_texts_are_noticed_by_what_they_differ_in(asked):
    look = asked(usual(n=60) + foreign()).drift_of()
    assert {"embeddings", "vocabulary", "length"} <= set(look.alarms)


def test_another_mix_of_the_same_texts_moves_predictions_and_not_the_language(asked):
    rng = np.random.default_rng(3)
    look = asked([TEXTS["cancel"].format(rng.integers(1000)) for _ in range(100)]).drift_of()
    assert "predictions" in look.alarms and "language" not in look.alarms


def test_a_look_right_after_another_spends_nothing_and_is_refused(asked):
    loop = asked(usual())
    first = loop.drift_of()
    with pytest.raises(BadInput, match="short ago"):
        loop.drift_of()
    assert loop.looks(loop.name) == (first,)
    at = loop.clock() + timedelta(days=1)
    loop.clock = lambda: at
    assert loop.drift_of().shifts[0].alpha == pytest.approx(1 / 30 / 6)


def test_the_first_day_is_given_in_advance_and_paid_back(asked):
    loop = asked(usual())
    made = loop.records.release(loop.actor, loop.name).made_at
    at = made + timedelta(hours=1)
    loop.clock = lambda: at
    assert loop.drift_of().days == 1.0
    for hours, days in ((12, None), (49, 25 / 24), (61, 0.5)):
        at = made + timedelta(hours=hours)
        if days is None:
            with pytest.raises(BadInput, match="short ago"):
                loop.drift_of()
        else:
            assert loop.drift_of().days == pytest.approx(days)


def test_too_few_answers_prove_nothing(asked):
    with pytest.raises(NotEnoughData, match="29 stored answers"):
        asked(usual(n=29)).drift_of()


def test_an_approval_is_suspended_where_the_policy_says_so_and_only_once(asked):
    loop = asked(usual(n=40) + foreign(), on_drift="suspend")
    assert loop.drift_of().suspended
    [halt] = loop.standing(loop.name).suspensions
    assert halt.cause == f"monitor {MONITOR}" and "embeddings" in halt.reason and "fox" not in halt.reason
    assert loop.records.release(loop.actor, loop.name).state == "suspended"
    at = loop.clock() + timedelta(days=3)
    loop.clock = lambda: at
    again = loop.drift_of()
    assert again.alarms and not again.suspended and len(loop.standing(loop.name).suspensions) == 1


def test_a_drift_that_people_accepted_does_not_suspend_again_and_a_further_one_does(asked):
    loop = asked(usual(n=40) + foreign(), on_drift="suspend")
    assert loop.drift_of().suspended
    loop.later(hours=5)
    loop.resume(loop.name, "we sell to foxes now")
    loop.later(minutes=1)
    loop.ask(foreign(59, seed=3))
    loop.later(days=1)
    with pytest.raises(NotEnoughData, match="59 answers since people let it answer again"):
        loop.drift_of()
    loop.ask(foreign(101, seed=4))
    look = loop.drift_of()
    assert (look.alarms, look.accepted_n, look.n) == ((), 80, 80) and look.accepted is not None
    assert loop.records.release(loop.actor, loop.name).state == "approved"
    loop.later(minutes=1)
    loop.ask(usual())
    loop.later(days=1)
    again = loop.drift_of()
    assert again.suspended and again.begun == dict.fromkeys(again.alarms, again.at)


def test_an_alarm_alone_leaves_the_approval_where_the_policy_does_not_say_so(asked):
    loop = asked(usual(n=40) + foreign())
    assert loop.drift_of().alarms and loop.records.release(loop.actor, loop.name).state == "approved"


def test_personal_data_is_taken_out_of_the_tune_rows_where_it_is_out_of_what_is_asked(make_approved, tmp_path):
    given = make_approved(tmp_path)
    (tmp_path / "beside.toml").write_text('[serving]\npersonal_data = "protect"\n')
    loop = Loop(Workspace.open(tmp_path), given.owner)
    corpus = loop.corpus_of(given.release.id)
    loop.rows_at = lambda corpus: None
    import beside.drifting as module

    rows = [Example(id="a", text="write to anna@example.com", target="cancel")]
    read, module.read_rows = module.read_rows, lambda path, split: rows
    try:
        assert [row.text for row in loop.tune_rows(corpus)] == ["write to <EMAIL>"]
    finally:
        module.read_rows = read


def test_only_the_staff_sees_it(asked, make_approved):
    loop = asked(usual())
    anna = Loop(loop.workspace, Actor(name="anna", roles=("user",)))
    for act in (lambda: anna.drift(loop.name), lambda: anna.looks(loop.name)):
        with pytest.raises(NotPermitted):
            act()


def test_what_was_erased_since_is_not_compared(asked):
    loop = asked(usual(n=40))
    with loop.records.database.write() as session:
        from beside.store import tables

        for row in session.query(tables.Predictions).limit(5):
            session.delete(row)
    assert loop.drift_of().n == 35


def test_programs_and_prometheus_read_what_was_found(asked):
    loop = asked(usual(n=40) + foreign())
    look = loop.drift_of()
    key = loop.workspace.people.add(loop.actor, "rita", ["reviewer"])
    here = {"base_url": "http://127.0.0.1:8321", "client": ("127.0.0.1", 50_000), "headers": {"Authorization": f"Bearer {key}"}}
    client = TestClient(create_app(loop.workspace), **here)
    [told] = client.get(f"/v1/releases/{loop.name}/drift").json()
    assert told["alarms"] == list(look.alarms) and told["shifts"][0]["alpha"] == look.shifts[0].alpha
    page = client.get("/metrics").text
    assert f'beside_drift_alarm{{aspect="embeddings",release="{loop.name}"}} 1.0' in page
    assert f'beside_estimated_accuracy{{method="ATC",release="{loop.name}"}}' in page


def test_a_prediction_from_before_there_were_flags_is_read_as_one_without():
    at = "2026-01-01T00:00:00Z"
    old = Prediction(id="p", release_id="r", text="t", label="a", probability=0.5, probabilities={"a": 1.0}, made_at=at)
    assert (old.abstained, old.flags) == (False, ())
