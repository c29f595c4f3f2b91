"""The page of a release as a committee uses it: comments, conditions, changed minds, incidents, the stop button."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from beside.console.language import Language
from beside.console.words import Words
from beside.core.committee import Halt, Proceedings
from beside.core.gate import objections
from beside.core.recipe import Limit, Policy
from beside.core.types import Actor, Condition, Finding, Release, Signature
from beside.stages.committee import measured_anew

OLGA = Actor(name="olga", roles=("admin",))
ASKED = Policy(name="asked", signers={"reviewer": 2}, checklist={"data": "Will a person read each answer before it counts?"})
NOW = datetime(2026, 11, 3, tzinfo=UTC)


def post(visitor: Any, shown: Any, act: str = "", **data: str) -> Any:
    return visitor.post(f"/review/{shown.release.id}{'/' + act if act else ''}", data=data)


def held(shown: Any) -> Proceedings:
    found: Proceedings = shown.workspace.records.proceedings(OLGA, shown.release.id)
    return found


@pytest.fixture
def asked(make_approved: Any, show: Any, tmp_path: Any) -> Any:
    """A console with a draft whose policy has a checklist and two seats."""
    return show(make_approved(tmp_path, approve=False, policy=ASKED))


def test_a_comment_on_a_finding_is_shown_with_its_author_and_an_edit_keeps_the_earlier_words(draft: Any) -> None:
    visitor, finding = draft.visit("reviewer"), draft.release.finding_ids[0]
    answer = post(visitor, draft, "comment", text="Few rows <here>.", finding=finding)
    assert answer.url.fragment == f"talk-{finding}"
    assert "Few rows &lt;here&gt;." in answer.text and "1 comment" in answer.text
    [first] = held(draft).comments
    page = post(visitor, draft, "comment", text="Few rows, but enough.", finding=finding, replaces=first.id).text
    assert page.count("Few rows, but enough.") == 2  # as said, and in the field to edit it
    assert "1 earlier wording" in page and "Few rows &lt;here&gt;." in page
    other = post(draft.visit("builder"), draft, "comment", text="Not so.", replaces=first.id, finding=finding)
    assert other.status_code == 403


def test_whoever_is_not_signed_in_sees_the_talk_and_cannot_join_it(draft: Any) -> None:
    page = draft.visit().get(f"/review/{draft.release.id}").text
    assert "Nobody has said anything yet." in page
    for act in ("comment", "incident", "stop", "resolve"):
        assert f'/{act}"' not in page
        assert (
            post(draft.visit(), draft, act, text="hello", reason="hello", severity="low", sure="yes", about="x").status_code == 401
        )


def test_the_checklist_is_a_form_and_what_was_typed_survives_a_refusal(asked: Any) -> None:
    visitor = asked.visit("reviewer", "zh")
    page = visitor.get(f"/review/{asked.release.id}").text
    assert "每个回答在生效之前都有人看吗？" in page and 'name="answer-data"' in page
    given = {"decision": "approve", "reason": "read", "answer-data": "no", "condition": "only drafts"}
    refused = post(visitor, asked, **given)
    assert refused.status_code == 422
    assert "除“是”以外，都须附说明理由：data。" in refused.text
    assert re.search(r'value="no" checked', refused.text) and 'value="only drafts"' in refused.text
    page = post(visitor, asked, **given, **{"note-data": "Night shift answers alone."}).text
    assert "Night shift answers alone." in page and "only drafts" in page
    assert "还缺 1 位" in page


def test_a_changed_mind_stays_in_the_history(asked: Any) -> None:
    visitor = asked.visit("reviewer")
    post(visitor, asked, decision="reject", reason="Too few rows.")
    page = post(visitor, asked, decision="approve", reason="More came.", **{"answer-data": "yes"}).text
    assert page.count("changed their mind since") == 1
    assert "Too few rows." in page and "More came." in page


def test_a_blocking_condition_is_shown_and_met_by_somebody_else(asked: Any) -> None:
    one, two = asked.visit("reviewer"), asked.visit("admin")
    yes = {"decision": "approve", "reason": "Fine.", "answer-data": "yes"}
    page = post(one, asked, condition="only for drafts", blocking="yes", **yes).text
    assert "It is met" not in page
    page = post(two, asked, **yes).text
    assert "The condition of the reviewer is not met yet: only for drafts." in page
    [about] = re.findall(r'name="about" value="(condition-\w+)"', page)
    page = post(two, asked, "resolve", about=about, reason="The form says so.").text
    assert "Nothing. It may be served." in page
    assert "under 1 condition" in two.get("/review").text
    assert "under 1 condition" in two.get("/").text
    assert re.search(r"Condition of <b[^>]*>the reviewer</b>: <b[^>]*>only for drafts", two.get("/try").text)


def test_an_incident_suspends_and_people_lift_it(full_of_its_own: Any) -> None:
    shown = full_of_its_own
    page = post(shown.visit("user", "zh"), shown, "incident", severity="high", text="It named a patient.").text
    assert "已暂停" in page and "It named a patient." in page
    reviewer = shown.visit("reviewer")
    page = reviewer.get(f"/review/{shown.release.id}").text
    [about] = re.findall(r'name="about" value="(halt-\w+)"', page)
    page = post(reviewer, shown, "resolve", about=about, reason="The text was a test.").text
    assert "Nothing. It may be served." in page


@pytest.fixture
def full_of_its_own(make_approved: Any, show: Any, tmp_path: Any) -> Any:
    return show(make_approved(tmp_path))


def test_the_stop_button_takes_two_steps_and_a_reason(full_of_its_own: Any) -> None:
    shown = full_of_its_own
    visitor = shown.visit("reviewer")
    page = visitor.get(f"/review/{shown.release.id}").text
    assert '<summary class="button quiet">Stop this release …</summary>' in page
    assert post(visitor, shown, "stop", reason="Wrong refunds.").status_code == 422
    assert post(visitor, shown, "stop", reason=" ", sure="yes").status_code == 422
    page = post(visitor, shown, "stop", reason="Wrong refunds.", sure="yes").text
    assert re.search(r"the reviewer stopped it on 20[\d-]+ [\d:]+ UTC: Wrong refunds\.", page)
    assert "stopped" in visitor.get("/").text
    assert post(shown.visit("user"), shown, "stop", reason="Me too.", sure="yes").status_code == 403


@pytest.mark.parametrize("code", ["en", "zh"])
def test_all_that_a_committee_may_cause_is_said_in_the_persons_language(code: str) -> None:
    def signed(who: str, **more: Any) -> Signature:
        return Signature.model_validate(
            {"who": who, "role": "reviewer", "decision": "approve", "reason": "so", "at": NOW, "over": "seal", **more}
        )

    def halt(what: Any, cause: str = "") -> Halt:
        return Halt(
            id=f"{what}{cause}", release_id="r", what=what, reason="因为。", cause=cause, who="Mei", role="reviewer", at=NOW
        )

    rules = Policy(name="p", signers={"reviewer": 2}, separation=True, checklist={"data": "?"}, limits=(
        Limit(check="utility/report", metric="accuracy", limit=0.5, reason="so"),))  # fmt: skip
    facts: dict[str, Any] = {
        "id": "f",
        "run_id": "r",
        "check": "utility/report",
        "metric": "accuracy",
        "unit": "share",
        "better": "higher",
    }
    flat = Finding(**facts, value=0.9, low=0.9, high=0.9, n=100, seed=0, made_at=NOW)
    later = Finding(**{**facts, "id": "g"}, value=0.7, low=0.6, high=0.8, n=100, seed=0, made_at=NOW.replace(year=2027))
    given = [signed("Jon"), signed("Tom"), signed("Ann", over="b" * 64), signed("Bo", release_id="release-2")]
    stopped = Proceedings(halts=(halt("stop"), halt("suspension"), halt("suspension", "monitor drift")))
    told = objections(rules, [flat], given, "seal", NOW, release_id="release-1", makers=("Tom",), proceedings=stopped)
    bound = signed("Jon", conditions=(Condition(text="仅限草稿。", blocking=True),))
    told += objections(rules.model_copy(update={"answers_required": False}), [flat], [bound], "seal", NOW)

    release = Release(id="r", run_id="r", finding_ids=("f",), policy=rules, seal="s", bundle="b", card="c", made_at=NOW)
    told += measured_anew(release, [flat], [later])
    words = Words(Language(code))
    for reason in told:
        said = str(words.plain(reason))
        assert "lang=" not in said, reason
        assert code == "en" or re.search("[\u4e00-\u9fff]", said), reason
    assert len(told) >= 10
