"""A committee at work on a real release: who may sign what, what suspends it, what opens it again, what demands a new look."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from beside.core.errors import BadInput, BadOption, GateClosed, NotPermitted, UnknownName
from beside.core.quorum import signing_role
from beside.core.recipe import Policy
from beside.core.statements import stated
from beside.core.types import Actor, Condition, Reply
from beside.loop import Loop
from beside.stages.committee import restated
from beside.stages.review import Said

TOM, RITA, REMY = (
    Actor(name=name, roles=(role,)) for name, role in (("tom", "builder"), ("rita", "reviewer"), ("rémy", "reviewer"))
)
BOTH, PIA = Actor(name="beth", roles=("reviewer", "privacy_officer")), Actor(name="pia", roles=("privacy_officer",))
RULES = Policy(
    name="strict", signers={"reviewer": 2, "privacy_officer": 1}, separation=True, admin_stands_in=False,
    checklist={"data": "Is the text alike?"},
)  # fmt: skip
YES = Said(answers={"data": Reply(answer="yes")})


class Room:
    """One release and the people around it; an hour passes between two acts."""

    def __init__(self, made: Any) -> None:
        self.made, self.id = made, made.release.id
        self.now = datetime.now(UTC)

    def clock(self) -> datetime:
        self.now += timedelta(hours=1)
        return self.now

    def loop(self, actor: Actor) -> Loop:
        return Loop(self.made.workspace, actor, clock=self.clock)

    def sign(self, actor: Actor, decision: str = "approve", said: Said = YES) -> str:
        return self.loop(actor).review(self.id, decision, "I read it all.", said).state  # type: ignore[arg-type]

    def state(self) -> str:
        return self.loop(RITA).standing(self.id).state

    def stored(self) -> str:
        return str(self.made.workspace.records.release(RITA, self.id).state)


@pytest.fixture
def strict(make_approved: Callable[..., Any], tmp_path: Path) -> Room:
    return Room(make_approved(tmp_path, approve=False, policy=RULES))


@pytest.fixture
def plain(make_approved: Callable[..., Any], tmp_path: Path) -> Room:
    return Room(make_approved(tmp_path))


def test_two_reviewers_and_a_privacy_officer_open_it_and_each_takes_one_seat(strict: Room) -> None:
    assert [strict.sign(one) for one in (RITA, BOTH)] == ["draft", "draft"]
    standing = strict.loop(RITA).standing(strict.id)
    assert standing.seats == {"reviewer": ("rita", "beth"), "privacy_officer": ()}
    assert standing.missing == {"privacy_officer": 1}
    assert strict.sign(PIA) == "approved" == strict.state()


def test_who_holds_two_roles_signs_in_the_one_that_is_still_missing(strict: Room) -> None:
    strict.sign(RITA)
    strict.sign(REMY)
    assert strict.sign(BOTH) == "approved"
    assert strict.made.workspace.records.release(RITA, strict.id).signatures[-1].role == "privacy_officer"


def test_who_made_it_cannot_sign_nor_may_an_admin_stand_in(strict: Room) -> None:
    owner = strict.made.owner.model_copy(update={"roles": ("admin", "reviewer")})  # olga trained it, as the ledger tells
    made = strict.loop(owner)
    run = made.records.run(owner, strict.made.release.run_id)
    assert made.makers_of(run) == ("olga",)
    assert strict.loop(TOM).makers_of(run) == ("olga", "tom")
    release = strict.made.release.model_copy(update={"makers": ("olga", "tom")})

    for actor, why in (
        (owner, "keeps these duties apart"),
        (TOM, "keeps these duties apart"),
        (Actor(name="al", roles=("admin",)), "asks"),
    ):
        with pytest.raises(NotPermitted, match=why):
            signing_role(release, actor)
    with pytest.raises(NotPermitted, match="may not sign as a privacy_officer"):
        signing_role(release, RITA, "privacy_officer")


@pytest.mark.parametrize(
    "said, why",
    [
        (Said(), "not answered: data"),
        (Said(answers={"data": Reply(answer="no")}), "needs a note"),
        (Said(answers={"weather": Reply(answer="yes")}), "does not ask 'weather'"),
        (Said(answers=YES.answers, conditions=[Condition(text=" ")]), "condition is empty"),
    ],
)
def test_an_approval_with_open_questions_is_refused(strict: Room, said: Said, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        strict.sign(RITA, said=said)
    assert strict.sign(RITA, "reject", Said()) == "rejected"


def test_a_blocking_condition_waits_for_somebody_else(strict: Room) -> None:
    strict.sign(RITA, said=Said(answers=YES.answers, conditions=[Condition(text="only drafts", blocking=True)]))
    strict.sign(REMY)
    assert strict.sign(PIA) == "draft"
    [term] = strict.loop(RITA).standing(strict.id).conditions
    assert (term.who, term.condition.text, term.met) == ("rita", "only drafts", ())
    with pytest.raises(NotPermitted, match="set this condition"):
        strict.loop(RITA).resolve(strict.id, term.id, "I looked.")
    with pytest.raises(UnknownName):
        strict.loop(REMY).resolve(strict.id, "condition-9", "I looked.")
    strict.loop(REMY).resolve(strict.id, term.id, "The form says so now.")
    assert strict.state() == "approved" == strict.stored()


@pytest.mark.parametrize("who, severity, suspends", [("uma", "high", True), ("uma", "medium", False), ("pia", "low", True)])
def test_an_incident_suspends_when_it_is_severe_or_from_a_privacy_officer(
    plain: Room, who: str, severity: str, suspends: bool
) -> None:
    actor = PIA if who == "pia" else Actor(name="uma", roles=("user",))
    made, halt = plain.loop(actor).incident(plain.id, severity, "It named a patient.")
    assert (halt is not None) is suspends
    assert plain.state() == ("suspended" if suspends else "approved")
    if halt:
        assert (halt.cause, halt.who) == (made.id, who)
        with pytest.raises(GateClosed, match=rf"suspended by {who} on .* after {made.id}: It named a patient\."):
            plain.loop(plain.made.owner).serve(plain.id)


def test_a_monitor_that_failed_suspends_and_people_lift_it_with_a_reason(plain: Room) -> None:
    served = plain.loop(plain.made.owner).serve(plain.id)
    plain.loop(Actor(name="server", roles=("user",))).suspend(plain.id, "drift", "PSI 0.4 over 0.25 for a week")
    with pytest.raises(GateClosed, match=r"after monitor drift: PSI 0\.4"):
        served.check(datetime.now(UTC))
    loop = plain.loop(RITA)
    with pytest.raises(BadInput, match="reason is empty"):
        loop.resume(plain.id, " ")
    with pytest.raises(NotPermitted):
        plain.loop(TOM).resume(plain.id, "It is fine.")
    loop.resume(plain.id, "The new shop opened; the texts are alike again.")
    assert plain.state() == "approved" == plain.stored()
    served.check(datetime.now(UTC))
    with pytest.raises(BadInput, match="not suspended"):
        loop.resume(plain.id, "Again.")


def test_a_stop_outlives_old_signatures_and_a_rejection_outlives_a_stop(strict: Room) -> None:
    for actor in (RITA, REMY, PIA):
        strict.sign(actor)
    strict.loop(PIA).stop(strict.id, "It named a patient.")
    assert strict.state() == "stopped"
    assert [strict.sign(actor) for actor in (RITA, REMY)] == ["stopped", "stopped"]
    with pytest.raises(BadInput, match="already"):
        strict.sign(RITA)
    assert strict.sign(PIA) == "approved"
    strict.loop(RITA).stop(strict.id, "Once more.")
    assert strict.sign(REMY, "reject", Said()) == "rejected" == strict.state()


def test_an_approval_expires_and_a_full_round_renews_it(strict: Room) -> None:
    for actor in (RITA, REMY, PIA):
        strict.sign(actor)
    strict.now += timedelta(days=400)
    assert strict.state() == "expired"
    assert [strict.sign(actor) for actor in (RITA, REMY, PIA)] == ["expired", "expired", "approved"]


def test_what_was_measured_otherwise_since_demands_a_new_release(plain: Room) -> None:
    records, owner = plain.made.workspace.records, plain.made.owner
    [old] = records.findings(owner, "run-toy")
    records.add_findings(owner, [old.model_copy(update={"id": "again", "made_at": plain.clock(), "value": 0.9501})])
    assert plain.state() == "approved"
    records.add_findings(
        owner, [old.model_copy(update={"id": "worse", "made_at": plain.clock(), "value": 0.8, "low": 0.7, "high": 0.9})]
    )
    assert plain.state() == "draft"
    [told] = plain.loop(owner).standing(plain.id).objections
    assert "accuracy of utility/report was measured again" in told and "people signed over 0.950" in told
    with pytest.raises(GateClosed, match="measured again"):
        plain.loop(owner).serve(plain.id)


def test_a_statement_that_was_changed_after_the_seal_is_named(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    sealed = stated("intended_purpose", "en", "Sort mail.", "ann", now)
    (tmp_path / "statements.json").write_text(json.dumps([sealed.model_dump(mode="json")]))
    new = stated("contact", "en", "ann@shop.example", "ann", now)
    assert restated(tmp_path, [sealed, new]) == []
    changed = stated("intended_purpose", "en", "Decide on refunds.", "bob", now + timedelta(days=1))
    [told] = restated(tmp_path, [sealed, new, changed])
    assert told.startswith("The statement 'intended_purpose' was changed by bob on 20")
    assert restated(tmp_path / "nowhere", [sealed]) == []


@pytest.mark.parametrize("text", ["", "  ", "x" * 4001, "a\0b c"])
def test_a_comment_says_something_that_can_be_kept(plain: Room, text: str) -> None:
    with pytest.raises(BadInput):
        plain.loop(RITA).comment(plain.id, text)
    with pytest.raises(BadOption, match="severity"):
        plain.loop(RITA).incident(plain.id, "awful", "words")
