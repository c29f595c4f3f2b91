"""The page of a release tells what the last looks for drift found, to those who may see it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from beside.core.drift import Estimated, Look, Shift
from beside.store.drift import add_look

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def look(release_id, day, p):
    shifts = [Shift(aspect="embeddings", measure="squared MMD", value=0.2, p=p, alpha=0.005)]
    shifts += [Shift(aspect="length", measure="gap", value=0.02, p=0.4, alpha=0.005)]
    sure = Estimated(method="ATC", value=0.71, low=0.65, high=0.77, n=240)
    when = NOW + timedelta(days=day)
    return Look(
        release_id=release_id, at=when, since=NOW, n=240, tune=120, days=1, budget=1, shifts=tuple(shifts), accuracy=(sure,),
        tune_accuracy=0.9,
    )  # fmt: skip


@pytest.fixture
def looked(full):
    state, id = full.workspace.state, full.release.id
    looks = (look(id, 0, 0.6), look(id, 1, 0.001))
    for place, one in enumerate(looks):
        add_look(state, one, looks[:place])
    yield full
    (state / "drift" / f"{id}.json").unlink()


def test_an_alarm_stands_on_the_page_of_the_release_with_its_figures(looked):
    page = looked.visit("reviewer").get(f"/review/{looked.release.id}").text
    assert "Alarm: what people ask is no longer like" in page and "0.0010" in page and "0.650 – 0.770" in page
    assert "Earlier looks" in page and "at most 1 in 30 days" in page
    chinese = looked.visit("reviewer", language="zh").get(f"/review/{looked.release.id}").text
    assert "警报：人们的提问" in chinese and "文字的含义" in chinese


def test_a_plain_user_does_not_see_it(looked):
    assert 'id="drift"' not in looked.visit("user").get(f"/review/{looked.release.id}").text


def test_without_a_look_there_is_no_section(full):
    assert 'id="drift"' not in full.visit("reviewer").get(f"/review/{full.release.id}").text
