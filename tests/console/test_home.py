"""Home: where every model stands, what comes next, and who may start an improvement."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from beside.console.home import waiting
from beside.console.language import Language
from beside.console.standing import Facts, duration, stand
from beside.core.types import Actor, Answer, Comparison, Prediction

OWNER = Actor(name="olga", roles=("admin",))
NOW = datetime(2026, 11, 3, tzinfo=UTC)


@pytest.fixture
def facts(full):
    """The toy model's facts up to its approved release, which met every objection."""
    records = full.workspace.records
    found = [one for one in records.findings(OWNER) if one.id in full.release.finding_ids]
    return Facts(
        corpus=records.corpus(OWNER, "corpus-toy"), run=records.run(OWNER, "run-toy"), findings=found, release=full.release
    )


def said(correct: bool, label: str | None, at: datetime = NOW) -> tuple[Prediction, Answer]:
    asked = Prediction(id="p", release_id="r", text="t", label="a", probability=0.9, probabilities={"a": 0.9}, made_at=NOW)
    return asked, Answer(id="a", prediction_id="p", correct=correct, label=label, who="Mei", made_at=at)


def stands(facts: Facts) -> dict[str, str]:
    return {station.verb: station.stand for station in stand(facts, Language("en")).stations}


def test_a_line_has_one_place_where_it_stands_now(facts):
    without = {
        "train": {"run": None, "findings": (), "release": None},
        "audit": {"findings": (), "release": None},
        "release": {"release": None},
    }
    for verb, missing in without.items():
        found = stands(replace(facts, **missing))
        assert [name for name, where in found.items() if where == "now"] == [verb]
        assert set(list(found.values())[: list(found).index(verb)]) == {"done"}
    assert [name for name, where in stands(facts).items() if where == "now"] == ["listen"]


@pytest.mark.parametrize(
    "changes, step",
    [
        ({"findings": (), "release": None}, "beside audit run-toy"),
        ({"release": None}, "beside release run-toy"),
    ],
)
def test_the_next_action_is_a_command_that_can_be_typed(facts, changes, step):
    assert stand(replace(facts, **changes), Language("en")).step.command == step


def test_the_next_action_follows_people(facts):
    release = facts.release
    draft = release.model_copy(update={"state": "draft", "signatures": ()})
    rejected = release.model_copy(update={"state": "rejected"})
    untrained = stand(replace(facts, run=None, findings=(), release=None), Language("en")).step
    assert untrained.href == f"/train?corpus={facts.corpus.id}"
    for changed, place in (
        (draft, f"/review/{release.id}"),
        (rejected, f"/review/{release.id}"),
        (release, f"/try?release={release.id}"),
    ):
        assert stand(replace(facts, release=changed), Language("en")).step.href == place
    assert stands(replace(facts, release=rejected))["review"] == "stopped"
    assert stands(replace(facts, objections=("It expired.",)))["serve"] == "stopped"
    assert stand(replace(facts, waiting=2, answers=[said(False, "b")]), Language("en")).step.improve == release.id


def test_corrections_wait_until_a_child_corpus_holds_them(facts):
    pairs = [said(False, "b"), said(False, None), said(True, "a"), said(False, "b", NOW + timedelta(days=2))]
    child = facts.corpus.model_copy(update={"made_at": NOW + timedelta(days=1)})
    assert waiting(pairs, [], []) == 2
    assert waiting(pairs, [child], []) == 1
    assert waiting(pairs, [child], [NOW, NOW + timedelta(days=3)]) == 2, "accepted attacked rows wait as well"


def test_a_compared_challenger_ends_the_line(facts):
    comparison = Comparison(
        champion="run-toy",
        challenger="run-next",
        n=9,
        champion_accuracy=0.5,
        challenger_accuracy=0.5,
        gap=0,
        low=-0.1,
        high=0.1,
        only_champion=0,
        only_challenger=0,
        p_value=1,
        verdict="cannot tell",
        flipped=(),
    )
    assert set(stands(replace(facts, comparison=comparison, answers=[said(True, "a")])).values()) == {"done"}


def test_comparisons_name_the_winner_or_say_that_the_data_cannot_tell(full):
    assert 'id="improvements"' not in full.visit("user").get("/").text  # a comparison quotes test rows
    page = full.visit("reviewer").get("/").text
    row = page[page.index('id="improvements"') :]
    for told in ("run-next", "+0.250", "−0.100 to +0.500", "cannot tell", "0.300"):
        assert told in row


def test_work_in_progress_is_on_the_page_before_any_script_runs(draft):
    draft.workspace.report_progress({"stage": "audit", "done": 3, "total": 12, "note": "utility/report, about 5 s left"})
    page = draft.visit(language="zh").get("/").text
    assert 'value="25"' in page
    assert "约剩 5 秒" in page
    draft.workspace.report_progress(None)
    assert 'aria-live="polite" hidden>' in draft.visit().get("/").text


def test_only_a_reviewer_or_owner_starts_an_improvement(full, monkeypatch):
    started = []
    monkeypatch.setattr(
        "beside.console.home.start_improving", lambda workspace, actor, release: started.append((actor.name, release))
    )
    answer = full.visit("reviewer").post(f"/improve/{full.release.id}")
    assert started == [("the reviewer", full.release.id)]
    assert "The challenger is being trained." in answer.text


def test_an_improvement_that_failed_says_why_to_those_who_may_start_one(draft):
    (draft.workspace.state / "started.log").write_text(
        "Sequence length 84 tokens\nError: None of 2 corrections adds anything to corpus 'toy'.\n  -> Correct <some>.\n",
        encoding="utf-8",
    )
    page = draft.visit("reviewer", "zh").get("/").text
    assert "2 条更正没有给语料“toy”带来新内容。" in page
    assert "Correct &lt;some&gt;." in page
    assert "Correct &lt;some&gt;." not in draft.visit().get("/").text


def test_a_guest_who_wants_to_improve_is_told_who_may(full):
    answer = full.visit(language="zh").post(f"/improve/{full.release.id}")
    assert answer.status_code == 403
    assert "不能改进发布" in answer.text


@pytest.mark.parametrize("seconds, told", [(1, "1 second"), (94.4, "94 seconds"), (1260, "21 minutes"), (9000, "2 hours")])
def test_a_duration_is_said_in_the_unit_that_fits(seconds, told):
    assert duration(seconds, Language("en")) == told
